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


class Midi(bytes):
    """OSC's type `m`: port, status and two data bytes."""


_NUMBERS = (float, int, Real)  # the usual ones first: to ask Real is slow
_WORDS = {"true": 1.0, "on": 1.0, "false": 0.0, "off": 0.0}
_DIGITS = 32  # characters of a number written as text at most


def value(parameter: Parameter, arguments: Sequence[Argument]) -> Coerced:
    """The parameter's value for these arguments, and whether it had to be clamped. Raises Refused, OverflowError.

    What comes after the arguments that are wanted is ignored: some programs add a name or a cue's number.
    """
    return _BY_TYPE[parameter.type](parameter, arguments)


def _number(argument: Argument) -> float:
    if isinstance(argument, str):
        argument = _read(argument)
    if not isinstance(argument, _NUMBERS):
        raise Refused(f"{_name(argument)} where a number is wanted")
    if not math.isfinite(argument):
        raise Refused("not a finite number")
    return argument  # type: ignore[return-value]  # a numpy or fractions number, converted by the caller


def _read(text: str) -> float:
    """Read a number written as text."""
    try:
        if len(text) <= _DIGITS and "_" not in text:
            return float(text)
    except ValueError:
        pass
    raise Refused(f"{text[:40]!r} where a number is wanted")


def _name(argument: Argument) -> str:
    return "nothing" if argument is None else f"a {type(argument).__name__}"


def _first(arguments: Sequence[Argument]) -> Argument:
    if not arguments:
        raise Refused("no argument where 1 is wanted")
    return arguments[0]


def _clamp(parameter: Parameter, number: float) -> float:
    return min(max(number, parameter.low), parameter.high)


def _to_float(parameter: Parameter, arguments: Sequence[Argument]) -> Coerced:
    first = _first(arguments)
    number = first if type(first) is float and first - first == 0.0 else float(_number(first))
    if parameter.low <= number <= parameter.high:
        return number, False
    return float(_clamp(parameter, number)), True


def _to_int(parameter: Parameter, arguments: Sequence[Argument]) -> tuple[int, bool]:
    number = round(_number(_first(arguments)))
    inside = int(_clamp(parameter, number))
    return inside, inside != number


def _switched(argument: Argument) -> bool:
    """Whether the argument says on: a number above 0, a word, a note that begins, a control above 0."""
    if isinstance(argument, str) and argument.strip().lower() in _WORDS:
        return _WORDS[argument.strip().lower()] > 0
    if isinstance(argument, Midi) and argument[1] >> 4 in (8, 9, 11):
        return argument[1] >> 4 != 8 and argument[3] > 0
    return _number(argument) > 0


def _to_bool(parameter: Parameter, arguments: Sequence[Argument]) -> Coerced:
    return _switched(_first(arguments)), False


def _to_trigger(parameter: Parameter, arguments: Sequence[Argument]) -> Coerced:
    return not arguments or arguments[0] is None or _switched(arguments[0]), False  # None: N, its type in OSCQuery


def _to_choice(parameter: Parameter, arguments: Sequence[Argument]) -> Coerced:
    name = _first(arguments)
    if not isinstance(name, str):
        index, clamped = _to_int(parameter, arguments)
        if not clamped or f"{name:g}" not in parameter.choices:
            return index, clamped
        name = f"{name:g}"  # 90 is no index of 0, 90, 180, 270, and yet clear
    if name not in parameter.choices:
        if name.isascii() and name.isdigit() and len(name) < 6 and int(name) < len(parameter.choices):
            return int(name), False
        raise Refused(f"no choice called {name[:40]!r}")
    return parameter.choices.index(name), False


def _to_vector(parameter: Parameter, arguments: Sequence[Argument]) -> Coerced:
    length = parameter.length
    first = _first(arguments)
    if isinstance(first, Colour) and length in (3, 4):
        arguments = [each / 255 for each in first]
    elif isinstance(first, list | tuple):
        arguments = first
    arguments = arguments[:length]
    if len(arguments) != length and not (parameter.is_colour and len(arguments) == 3):  # its alpha stays
        raise Refused(f"{len(arguments)} arguments where {length} are wanted")
    numbers = tuple(float(_number(each)) for each in arguments)
    inside = tuple(float(_clamp(parameter, each)) for each in numbers)
    return inside, inside != numbers


def _to_text(parameter: Parameter, arguments: Sequence[Argument]) -> Coerced:
    text = _first(arguments)
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
