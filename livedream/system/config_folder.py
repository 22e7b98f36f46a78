"""The folder of what the user has set up on this machine, and what is to survive the program."""

import os
import sys
from pathlib import Path


def folder() -> Path:
    """Where it is kept, as the system's programs do; it need not be there yet."""
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "livedream"
    if sys.platform == "win32" and os.environ.get("APPDATA"):
        return Path(os.environ["APPDATA"]) / "livedream"
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "livedream"
