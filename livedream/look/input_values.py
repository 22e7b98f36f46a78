"""Values of a look's inputs as its shader takes them."""

import math
from collections.abc import Iterable
from typing import SupportsFloat, SupportsIndex, SupportsInt, cast

from livedream.look.source import Input, Value

LARGEST = 3e38  # largest f32, about
INT_RANGE = (-(1 << 31), (1 << 31) - 1)


def finite(value: object) -> float:
    """Return a value as f32 can hold it; 0.0 if it is no such number."""
    try:
        number = float(cast(SupportsFloat, value))
    except (TypeError, ValueError, OverflowError):
        return 0.0
    return number if abs(number) < LARGEST else 0.0


def uniform_value(each: Input, value: object) -> Value | None:
    """Return a value as its uniform takes it: the default if it is no such number, None for pictures and sound."""
    if each.default is None:
        return None
    try:
        return _converted(each, each.default, each.default if value is None else value)
    except (TypeError, ValueError, OverflowError):
        return each.default


def _converted(each: Input, default: Value, value: object) -> Value:
    if each.type in ("event", "bool"):
        return bool(value)
    if each.type == "long":
        return min(max(int(cast(SupportsInt | SupportsIndex, value)), INT_RANGE[0]), INT_RANGE[1])
    if each.type == "float":
        number = float(cast(SupportsFloat, value))
        return number if abs(number) < LARGEST else default
    numbers = tuple(float(part) for part in cast(Iterable[SupportsFloat], value))
    good = len(numbers) == len(cast(tuple[float, ...], default)) and all(abs(part) < LARGEST for part in numbers)
    return numbers if good else default


def side(value: float, own: int, most: int) -> int:
    """Return a side of a buffer in 1..most; `own`, the picture's, where the arithmetic has no answer."""
    if math.isnan(value):
        return own
    return int(min(max(value, 1.0), float(most)))
