"""Conversions between the data of a message, a control's position (0..1) and a parameter's value."""

from livedream.control.midi.controls import Binding
from livedream.parameters import Parameter, Value


def position(data: int, bits: int = 7) -> float:
    """Return the position for a message's data: the middle (64, 8192) is exactly 0.5, the highest exactly 1."""
    half = 1 << (bits - 1)
    return data / half / 2 if data <= half else 0.5 + (data - half) / (half - 1) / 2


def data(position: float, bits: int = 7) -> int:
    """Return the nearest data for a position."""
    half = 1 << (bits - 1)
    return round(position * 2 * half) if position <= 0.5 else half + round((position - 0.5) * 2 * (half - 1))


def steps(encoding: str, data: int) -> int:
    """Return how many steps a relative encoder was turned, clockwise above 0."""
    if encoding == "twos":  # 1, 2 … clockwise; 127, 126 … back
        return data - 128 if data > 63 else data
    if encoding == "signed":  # 1, 2 … clockwise; 65, 66 … back
        return 64 - data if data > 64 else data % 64
    return data - 64  # 65, 66 … clockwise; 63, 62 … back


def ends(binding: Binding, parameter: Parameter) -> tuple[float, float]:
    """Return the parameter's values at the lowest and the highest position, within its range."""
    low = parameter.low if binding.low is None else binding.low
    high = parameter.high if binding.high is None else binding.high
    return min(max(low, parameter.low), parameter.high), min(max(high, parameter.low), parameter.high)


def value_at(binding: Binding, parameter: Parameter, position: float) -> float | int:
    """Return the parameter's value at a position; integers and choices get bands of equal width."""
    low, high = ends(binding, parameter)
    if parameter.type not in ("int", "choice"):
        return low + (high - low) * position
    count = abs(round(high - low)) + 1
    index = min(int(position * count), count - 1)
    return round(low) + (index if high >= low else -index)


def position_of(binding: Binding, parameter: Parameter, value: Value) -> float:
    """Return the position for a parameter's value, or the nearest one where the binding does not cover it."""
    low, high = ends(binding, parameter)
    if not isinstance(value, int | float):  # a text or a vector has no position
        return 0.0
    if parameter.type == "bool":
        return float(value)
    if parameter.type in ("int", "choice"):
        count = abs(round(high - low)) + 1
        at = (abs(value - round(low)) + 0.5) / count if (value - low) * (high - low) >= 0 else 0.0
    else:
        at = (value - low) / (high - low) if high != low else 0.0
    return min(max(at, 0.0), 1.0)
