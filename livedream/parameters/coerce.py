"""How the arguments of a message become the value of a parameter."""

import math
from collections.abc import Callable, Sequence
from numbers import Real

from livedream.parameters.parameter import Parameter, Value

TEXT = 1000  # characters of a "text" at most
Argument = object  # whatever a message holds
Coerced = tuple[Value, bool]  # a value, and whether it had to be clamped


class Refused(ValueError):
    """The arguments cannot be this parameter's value."""


class Colour(bytes):
    """OSC's type `r`: red, green, blue and alpha, 0 to 255 each."""


_NUMBERS = (float, int, Real)  # the usual ones first: to ask Real is slow


def value(parameter: Parameter, arguments: Sequence[Argument]) -> Coerced:
    """The parameter's value for these arguments, and whether it had to be clamped. Raises Refused, OverflowError."""
    return _BY_TYPE[parameter.type](parameter, arguments)


def _number(argument: Argument) -> float:
    if not isinstance(argument, _NUMBERS):
        raise Refused(f"a {type(argument).__name__} where a number is wanted")
    if not math.isfinite(argument):
        raise Refused("not a finite number")
    return argument  # type: ignore[return-value]  # a numpy or fractions number, converted by the caller


def _one(arguments: Sequence[Argument]) -> Argument:
    if len(arguments) != 1:
        raise Refused(f"{len(arguments)} arguments where 1 is wanted")
    return arguments[0]


def _clamp(parameter: Parameter, number: float) -> float:
    return min(max(number, parameter.low), parameter.high)


def _to_float(parameter: Parameter, arguments: Sequence[Argument]) -> Coerced:
    number = float(_number(_one(arguments)))
    if parameter.low <= number <= parameter.high:
        return number, False
    return float(_clamp(parameter, number)), True


def _to_int(parameter: Parameter, arguments: Sequence[Argument]) -> tuple[int, bool]:
    number = round(_number(_one(arguments)))
    inside = int(_clamp(parameter, number))
    return inside, inside != number


def _to_bool(parameter: Parameter, arguments: Sequence[Argument]) -> Coerced:
    return _number(_one(arguments)) > 0, False


def _to_trigger(parameter: Parameter, arguments: Sequence[Argument]) -> Coerced:
    return (not arguments or _number(_one(arguments)) > 0), False


def _to_choice(parameter: Parameter, arguments: Sequence[Argument]) -> Coerced:
    name = _one(arguments)
    if not isinstance(name, str):
        index, clamped = _to_int(parameter, arguments)
        if not clamped or f"{name:g}" not in parameter.choices:
            return index, clamped
        name = f"{name:g}"  # 90 is no index of 0, 90, 180, 270, and yet clear
    if name not in parameter.choices:
        raise Refused(f"no choice called {name[:40]!r}")
    return parameter.choices.index(name), False


def _to_vector(parameter: Parameter, arguments: Sequence[Argument]) -> Coerced:
    length = parameter.length
    if len(arguments) == 1 and isinstance(arguments[0], Colour) and length in (3, 4):
        arguments = [each / 255 for each in arguments[0]]
    elif len(arguments) == 1 and isinstance(arguments[0], list | tuple):
        arguments = arguments[0]
    arguments = arguments[:length]
    if len(arguments) != length and not (parameter.is_colour and len(arguments) == 3):  # its alpha stays
        raise Refused(f"{len(arguments)} arguments where {length} are wanted")
    numbers = tuple(float(_number(each)) for each in arguments)
    inside = tuple(float(_clamp(parameter, each)) for each in numbers)
    return inside, inside != numbers


def _to_text(parameter: Parameter, arguments: Sequence[Argument]) -> Coerced:
    text = _one(arguments)
    if not isinstance(text, str):
        text = f"{_number(text):g}"
    if not text.strip() or len(text) > TEXT:
        raise Refused(f"{len(text)} characters where 1 to {TEXT} are wanted")
    return text.strip(), False


_BY_TYPE: dict[str, Callable[[Parameter, Sequence[Argument]], Coerced]] = {
    "float": _to_float,
    "int": _to_int,
    "bool": _to_bool,
    "trigger": _to_trigger,
    "choice": _to_choice,
    "vector": _to_vector,
    "text": _to_text,
}
