"""The loop that serves all windows of a show, on the main thread."""

import threading
import time
from collections.abc import Callable, Sequence

from livedream.output.window.window import Window

IDLE = 0.05  # seconds between two looks for a window while there is none
EVENTS = 1 / 60  # seconds between two looks at keyboard and mouse while no frame comes


def run(windows: Callable[[], Sequence[Window]], over: Callable[[], bool]) -> None:
    """Serve the windows of a show on the main thread.

    A new window is opened, one that is gone or to stop is closed. A window that cannot open or breaks says so in its
    `error` and is retried if that may help; the others go on.

    Args:
        windows: Returns the windows of this moment; there may be none.
        over: Returns whether to end.
    """
    wake = threading.Event()
    served: set[Window] = set()
    try:
        while not over():
            present = list(windows())
            for window in served.difference(present):
                window.close_quietly()
            served = set(present)
            waiting = next((window for window in present if window.fills_screen), None)
            for window in present:
                window.wake = wake
                # Two that wait for their monitors in turn would halve the rate.
                window.waits_for_monitor = window is waiting
                window.serve()
            if present:
                wake.wait(EVENTS)
                wake.clear()
            else:
                time.sleep(IDLE)  # not an event's wait: its lock could be held when a signal handler sets one
    finally:
        for window in served:
            window.close_quietly()
