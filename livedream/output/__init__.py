"""Where frames go. Every kind of output has a file and a line in kinds.py."""

from livedream.output.output import Options, Output, log, stop_all

__all__ = ["Options", "Output", "log", "stop_all"]
