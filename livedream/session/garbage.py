"""The garbage collector while a show plays. This is state of the whole process."""

import gc
import threading

SETTLED = 5.0  # seconds into a show after which nothing more is imported


class GarbageFreeze:
    """Takes what was imported out of the garbage collector's sight, at `start` and once the show has settled.

    To walk through all of it would stop every thread for 30 ms. The page imports more after the start.
    """

    def __init__(self) -> None:
        self._settled = threading.Timer(SETTLED, gc.freeze)
        self._settled.daemon = True

    def start(self) -> None:
        """Freeze now, and again in SETTLED seconds."""
        gc.freeze()
        self._settled.start()

    def stop(self) -> None:
        """Do not freeze again."""
        self._settled.cancel()
