"""Numbers of a show file, which anybody may have written."""

from typing import Any


def number_of(value: Any) -> float:
    """Return a number. Raises ValueError for anything else, and for one that is no finite number."""
    if not isinstance(value, bool | int | float) or not abs(value) < 1e300:
        raise ValueError
    return value


def integer(value: Any) -> int:
    """Return a whole number from 0. Raises ValueError for anything else."""
    if not isinstance(value, int) or not 0 <= value < 1 << 53:
        raise ValueError
    return value
