"""How a message's arguments become the value of a parameter."""

import math
from collections.abc import Sequence
from numbers import Real

from livedream.parameters.parameter import Parameter


class _Refused(ValueError):
    """The arguments cannot be this parameter's value."""


_NUMBERS = (float, int, Real)  # the usual ones first: to ask Real is slow


def _number(value) -> float | int:
    if not isinstance(value, _NUMBERS):
        raise _Refused(f"a {type(value).__name__} where a number is wanted")
    if not math.isfinite(value):
        raise _Refused("not a finite number")
    return value


def _one(arguments: Sequence):
    if len(arguments) != 1:
        raise _Refused(f"{len(arguments)} arguments where 1 is wanted")
    return arguments[0]


def within(value, low: float, high: float):
    return min(max(value, low), high)


def clamp(parameter: Parameter, value):
    return within(value, parameter.low, parameter.high)


# Each takes a parameter and a message's arguments, and returns the value and whether it had to be clamped.
def _to_float(parameter, arguments):
    value = float(_number(_one(arguments)))
    if parameter.low <= value <= parameter.high:
        return value, False
    return float(clamp(parameter, value)), True


def _to_int(parameter, arguments):
    value = round(_number(_one(arguments)))
    inside = int(clamp(parameter, value))
    return inside, inside != value


def _to_bool(parameter, arguments):
    return _number(_one(arguments)) > 0, False


def _to_trigger(parameter, arguments):
    return (not arguments or _number(_one(arguments)) > 0), False


def _to_choice(parameter, arguments):
    value = _one(arguments)
    if not isinstance(value, str):
        index, clamped = _to_int(parameter, arguments)
        if not clamped or f"{value:g}" not in parameter.choices:
            return index, clamped
        value = f"{value:g}"  # 90 is no index of 0, 90, 180, 270, and yet clear
    if value not in parameter.choices:
        raise _Refused(f"no choice called {value[:40]!r}")
    return parameter.choices.index(value), False


def _to_vector(parameter, arguments):
    if len(arguments) != parameter.length:
        raise _Refused(f"{len(arguments)} arguments where {parameter.length} are wanted")
    values = tuple(float(_number(each)) for each in arguments)
    inside = tuple(float(clamp(parameter, each)) for each in values)
    return inside, inside != values


TEXT = 1000  # characters at most
TEXTS = 16  # in one frame at most


def _to_text(parameter, arguments):
    value = _one(arguments)
    if not isinstance(value, str):
        value = f"{_number(value):g}"
    if not value.strip() or len(value) > TEXT:
        raise _Refused(f"{len(value)} characters where 1 to {TEXT} are wanted")
    return value.strip(), False


COERCE = {
    "float": _to_float,
    "int": _to_int,
    "bool": _to_bool,
    "trigger": _to_trigger,
    "choice": _to_choice,
    "vector": _to_vector,
    "text": _to_text,
}
