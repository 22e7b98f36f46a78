"""Waiting for something to become true, the one way that all tests do it."""

import time
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")


def until(
    condition: Callable[[], Result],
    seconds: float = 60.0,
    *,
    act: Callable[[], object] = lambda: None,
    pause: float = 0.01,
) -> Result:
    """Wait until `condition()` is true and return what it returned; fail with AssertionError after `seconds`.

    Args:
        condition: Called again and again.
        seconds: The longest time to wait. It only bounds a test that fails: be generous.
        act: Called before every look, for what may get lost and has to be repeated.
        pause: Seconds from one look to the next.
    """
    end = time.monotonic() + seconds
    while True:
        act()
        if got := condition():
            return got
        assert time.monotonic() < end, f"did not become true within {seconds:g} s"
        time.sleep(pause)
