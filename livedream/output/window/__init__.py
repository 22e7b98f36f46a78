"""Windows on this machine's screens."""

from livedream.output.window.monitors import display_available
from livedream.output.window.serve import run
from livedream.output.window.window import Window

__all__ = ["Window", "display_available", "run"]
