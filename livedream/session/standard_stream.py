"""Standard output and error as a thread of its own may write them: without Python's buffers and their locks."""

import io
import os
import sys
import time
from typing import Literal

WAIT = 0.05  # seconds until the next try where a stream was made not to wait by another program


class StandardStream:
    """One of the two, as it is now. What silences the file descriptor later does not silence this.

    A thread that hangs in a write to `sys.stdout` holds its lock, and the program could not end.

    Attributes:
        terminal: Whether a person watches it.
    """

    def __init__(self, name: Literal["stdout", "stderr"]):
        self._stream = getattr(sys, name)  # None without a console on Windows
        self._raw: io.RawIOBase | None = None
        self.terminal = self._stream is not None and self._stream.isatty()
        self._newline = "\n" if self.terminal else os.linesep
        try:
            # A dup of a Windows console is opened as a console, too, which takes UTF-8.
            self._raw = open(os.dup(self._stream.fileno()), "wb", buffering=0)  # noqa: SIM115  # open to the end
        except (AttributeError, OSError, ValueError):  # a notebook's or a test's stream
            self.terminal = False

    def write(self, text: str) -> None:
        """Write a text; waits until it is taken. A stream that is gone is left alone: the show goes on."""
        try:
            if self._raw is None:
                if self._stream is not None:
                    self._stream.write(text)
                    self._stream.flush()
                return
            encoding = self._stream.encoding or "utf-8"
            data = text.replace("\n", self._newline).encode(encoding, "replace")
            while data:
                written = self._raw.write(data)
                if written is None:
                    time.sleep(WAIT)
                data = data[written or 0 :]
        except (OSError, ValueError):
            self._raw = self._stream = None

    def columns(self) -> int:
        """Return the width of the terminal in cells at this moment."""
        try:
            return (self._raw and os.get_terminal_size(self._raw.fileno()).columns) or 80
        except (OSError, ValueError):
            return 80

    def in_foreground(self) -> bool:
        """Tell whether the terminal is ours: after `livedream run &` the shell's prompt is there."""
        if sys.platform == "win32" or self._raw is None:
            return True
        try:
            return os.tcgetpgrp(self._raw.fileno()) == os.getpgrp()
        except OSError:  # not the terminal that controls this program
            return True


def ansi_understood() -> bool:
    """Tell whether the terminal clears lines when it is told so; on Windows, ask its console to."""
    if os.environ.get("TERM") == "dumb":
        return False
    if sys.platform != "win32":
        return True
    import ctypes

    kernel, mode = ctypes.windll.kernel32, ctypes.c_uint32()
    console = kernel.GetStdHandle(-11)  # standard output
    processing = 4  # ENABLE_VIRTUAL_TERMINAL_PROCESSING
    return bool(kernel.GetConsoleMode(console, ctypes.byref(mode))) and bool(
        kernel.SetConsoleMode(console, mode.value | processing)
    )
