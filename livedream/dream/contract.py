"""Contract 1: the components a dream file may have, and the inputs and outputs of each.

The rules that hold a file to it stand in three places: graph_rules.py (the ONNX graph), component_rules.py (the
components cut from it) and metadata.py (the JSON beside them).
"""

import re
from dataclasses import dataclass

from livedream.dream.dream import Component, Shape

CONTRACT = 1
OPSETS = range(18, 21)
NEWEST_IR = 10
LARGEST = 1 << 30  # bytes of weights and values
NAME = r"[A-Za-z0-9_]+"
CONTROL = r"[a-z][a-z0-9_]*"
COMPONENT = re.compile(r"[a-z][a-z0-9_]*")
RESERVED = ("feedback", "knob", "latent", "load", "scene")  # livedream's own names under /livedream/dream/


@dataclass(frozen=True)
class Port:
    """A row of the table: an input or output that a component may have.

    Attributes:
        pattern: a regular expression that its name, without the component's prefix, matches in full.
        dtype: numpy's name of its element type.
        shape: its shape, where a letter means any size; None allows any shape.
        words: how messages write the name.
        needed: whether the component must have it.
    """

    pattern: str
    dtype: str
    shape: tuple[int | str, ...] | None
    words: str
    needed: bool = False


def _latent(prefix: str = "") -> Port:
    words = f"{prefix}latent or {prefix}latent.NAME"
    return Port(rf"{re.escape(prefix)}latent(\.{NAME})?", "float32", (1, "Z"), words, needed=True)


_STATE = Port(rf"state\.{NAME}", "float32", None, "state.NAME")
_NEXT_STATE = Port(rf"next\.state\.{NAME}", "float32", None, "next.state.NAME")
_NOISE = Port("noise", "float32", (1, "N"), "noise")
_UNIFORM = Port("uniform", "float32", (1, "U"), "uniform")
_CONTROL = Port(rf"control\.{CONTROL}", "float32", ("k",), "control.NAME")
_IMAGE = Port("image", "uint8", (1, "H", "W", 4), "image", needed=True)
_LAYER = Port(rf"layer\.{NAME}", "uint8", ("T", "H", "W", 4), "layer.NAME")
_MEMORY = Port("memory", "uint8", ("K", "H", "W", 4), "memory")
_RECALL = Port(rf"recall\.{NAME}", "float32", None, "recall.NAME")

# Inputs and outputs by component.
TABLE: dict[str, tuple[tuple[Port, ...], tuple[Port, ...]]] = {
    "step": ((_latent(), _STATE, _NOISE, _UNIFORM, _CONTROL), (_latent("next."), _NEXT_STATE)),
    "recall": ((_latent(), _CONTROL), (Port("index", "int64", ("K",), "index", needed=True), _RECALL)),
    "decode": (
        (_latent(), _STATE, _NOISE, _CONTROL, _MEMORY, _RECALL),
        (Port("frame", "uint8", ("T", "H", "W", 4), "frame"), _LAYER, _NEXT_STATE),
    ),
    "encode": ((_IMAGE,), (_latent(),)),
    "apply": (
        (_IMAGE, _STATE, _CONTROL),
        (Port("frame", "uint8", (1, "H2", "W2", 4), "frame", needed=True), _NEXT_STATE),
    ),
}


def find(ports: tuple[Port, ...], name: str) -> Port | None:
    """Return the row that a value's name (without prefix) belongs to."""
    return next((port for port in ports if re.fullmatch(port.pattern, name)), None)


def latents(component: Component | None) -> dict[str, Shape]:
    """Return the shapes of a component's latent inputs by name, in the graph's order."""
    values = component.inputs.items() if component else ()
    return {name: value.shape for name, value in values if name.split(".")[0] == "latent"}


def component_of(name: str) -> str:
    """Return the component that a value's name begins with, or "" when it begins with none."""
    component, slash, rest = name.partition("/")
    return component if slash and rest and COMPONENT.fullmatch(component) else ""
