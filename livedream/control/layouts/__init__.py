"""Layouts for controllers on a tablet, made from the parameter table: `livedream params --layout KIND -o FILE`."""

from collections.abc import Callable, Iterable
from pathlib import Path

from livedream.control.layouts import open_stage_control, touchosc
from livedream.control.osc_address import PREFIX, normal_prefix
from livedream.parameters import Parameter
from livedream.system.atomic import atomic_write

FEEDBACK_PORT = 9001  # where a controller listens, if it is set up as docs/controllers.md says

KINDS: dict[str, Callable[[Iterable[Parameter], str, int], bytes]] = {
    "touchosc": touchosc.made,
    "open-stage-control": open_stage_control.made,
}


def write(kind: str, path: Path, parameters: Iterable[Parameter], prefix: str = PREFIX) -> None:
    """Write the layout of that kind, one of KINDS, for all of `parameters`. UserError if the file cannot be written."""
    atomic_write(path, KINDS[kind](parameters, normal_prefix(prefix), FEEDBACK_PORT))
