"""Libraries that only some inputs and outputs need, and that are therefore installed on request."""

import importlib.util
import sys

from livedream import UserError

SYSTEMS = {"win32": "Windows", "darwin": "macOS"}


def need(kind: str, module: str, platform: str | None = None) -> None:
    """Raise UserError, saying what to install, unless `module` is installed. Nothing is imported.

    Args:
        kind: The kind of output, or "--in " and the kind of input; the package's extra has the same name.
        module: The module that the kind needs.
        platform: `sys.platform` of the only system that the module exists for.
    """
    if platform is not None and sys.platform != platform:
        others = "ndi:NAME works" if kind.startswith("--in ") else "ndi:NAME and omt:NAME work"
        raise UserError(f"{kind}: this is for {SYSTEMS[platform]} only; {others} everywhere")
    if sys.modules.get(module) is None and importlib.util.find_spec(module) is None:
        raise UserError(f"{kind}: {module} is not installed; pip install 'livedream[{kind.split()[-1]}]'")
