"""Ctrl-C in a training run: the first asks it to finish, the second stops it at once."""

import contextlib
import signal
import threading
from collections.abc import Iterator


class Interrupted(Exception):
    """Ctrl-C was pressed during training."""


class Interrupt:
    """Whether Ctrl-C was pressed.

    Attributes:
        asked: it was.
        handled: the run is finishing already.
    """

    def __init__(self) -> None:
        self.asked = self.handled = False

    def check(self) -> None:
        """Raise Interrupted when Ctrl-C was pressed and the run is not finishing yet."""
        if self.asked and not self.handled:
            raise Interrupted

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Take note of the first Ctrl-C in here; the second raises KeyboardInterrupt."""

        def ask(*_: object) -> None:
            if self.asked:
                raise KeyboardInterrupt
            self.asked = True

        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = signal.signal(signal.SIGINT, ask)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)
