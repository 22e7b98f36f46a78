"""The loop that serves all windows of a show, on the main thread."""

import threading
import time
from collections.abc import Callable, Sequence

from livedream import UserError
from livedream.output.window.window import Window

IDLE = 0.05  # seconds between two looks for a window while there is none
EVENTS = 1 / 60  # seconds between two looks at keyboard and mouse while no frame comes


def run(windows: Callable[[], Sequence[Window]], over: Callable[[], bool]) -> None:
    """Serve the windows that `windows()` gives from one loop on the main thread, until `over()`.

    There may be none, and others at every moment: one that is new opens, one that is gone or to stop is closed. One
    that cannot open or breaks is named in its `error`, retried if that may help, and the others go on.
    """
    wake = threading.Event()
    served: dict[Window, tuple[float, float]] = {}  # when to try again, and how long to wait the next time
    try:
        while not over():
            present = list(windows())
            for window in [each for each in served if each not in present]:
                del served[window]
                window._close()
            waiting = next((each for each in present if each.fills_screen), None)
            for window in present:
                window._wake = wake
                window._waits = window is waiting  # two that wait for their monitors in turn would halve the rate
                served[window] = _serve(window, *served.get(window, (0.0, window.waits[0])))
            if present:
                wake.wait(EVENTS)
                wake.clear()
            else:
                time.sleep(IDLE)  # not an event's wait: its lock could be held when a signal comes to set one
    finally:
        for window in served:
            window._close()


def _serve(window: Window, at: float, wait: float) -> tuple[float, float]:
    """One round for one window: open it if it is not, look at its events, show its newest frame.

    at: when to try to open it (monotonic).  wait: seconds to wait when that fails.  Returns both for the next round.
    """
    try:
        if window._stopping:
            window._close()
        elif window._closed or window.state == "failed":
            return at, wait
        elif window._window is not None or time.monotonic() >= at:
            if window._window is None:
                window.open(*window._shape)
                window.say("up")
            window.pump()
            if window._closed:
                _closed(window)
            elif (frame := window.take(0)) is not None:
                window.deliver(frame)
    except Exception as error:
        window._close()
        if isinstance(error, UserError) and not window.sent:
            window.say("failed", str(error))
        else:  # what has been seen to work may work again
            window.say("retrying", f"{window.name}: {error or type(error).__name__}")
            return time.monotonic() + wait, min(2 * wait, window.waits[1])
    return at, wait


def _closed(window: Window) -> None:
    window._close()
    window.say("closed")
    if window.on_close is not None:
        window.on_close()
