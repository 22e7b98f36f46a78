"""The beat of tapped tempo."""

from collections.abc import Sequence
from itertools import pairwise

FORGET = 2.0  # seconds from one tap to the next after which a new series begins
FEWEST, MOST = 4, 8  # taps of a series that are needed, and that are used
ASIDE = 0.2  # share of a beat; a tap that lies farther off the others is left out


def series(taps: Sequence[float], at: float) -> tuple[float, ...]:
    """Return the taps, in seconds, that belong to one series with a tap at `at`."""
    if taps and not 0 < at - taps[-1] <= FORGET:
        taps = ()
    return (*taps, at)[-MOST:]


def beat(taps: Sequence[float]) -> tuple[float, float] | None:
    """Return (seconds between beats, seconds of the last beat): the least-squares line through the taps.

    A tap that was missed or came twice does no harm. None for fewer than FEWEST that agree.
    """
    if len(taps) < FEWEST:
        return None
    period = sorted(b - a for a, b in pairwise(taps))[(len(taps) - 1) // 2]
    agreed = max((_agreeing(taps, each, period) for each in taps), key=len)
    if len(agreed) < FEWEST:
        return None
    numbers, times = list(agreed), list(agreed.values())
    n, t = sum(numbers) / len(numbers), sum(times) / len(times)
    period = sum((i - n) * (at - t) for i, at in agreed.items()) / sum((i - n) ** 2 for i in numbers)
    return period, t + (numbers[-1] - n) * period


def _agreeing(taps: Sequence[float], origin: float, period: float) -> dict[int, float]:
    """Return the taps near a whole number of beats from `origin`, by that number."""
    found: dict[int, float] = {}
    for each in taps:
        beats = (each - origin) / period
        if abs(beats - round(beats)) <= ASIDE:
            found.setdefault(round(beats), each)
    return found
