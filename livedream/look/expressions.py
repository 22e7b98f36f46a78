"""Arithmetic of WIDTH and HEIGHT in a look's header: "floor($WIDTH/16.0)", "max($WIDTH*$scale, 1)".

A small parser makes a postfix program, and a stack machine runs it; nothing reaches Python's own evaluation. Length
and nesting are limited, and every arithmetic error (division by zero, overflow, a negative root) gives NaN or infinity.
"""

import math
import re
from collections.abc import Callable, Collection, Mapping

LENGTH = 2000  # characters
NESTING = 32  # parentheses, functions and powers within each other

NUMBER = r"(\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)"
TOKEN = re.compile(rf"\s*(?:{NUMBER}|\$?([A-Za-z_]\w*)|(\*\*|[<>=!]=|&&|\|\||.))")
CONSTANTS = {"pi": math.pi, "tau": math.tau, "e": math.e, "phi": (1 + math.sqrt(5)) / 2}
Function = Callable[..., float | complex]

FUNCTIONS: dict[str, tuple[int, int, Function]] = {  # by name: least arguments, most, function
    "abs": (1, 1, abs),
    "acos": (1, 1, math.acos),
    "asin": (1, 1, math.asin),
    "atan": (1, 2, lambda y, x=1.0: math.atan2(y, x)),
    "atan2": (2, 2, math.atan2),
    "average": (1, 64, lambda *a: sum(a) / len(a)),
    "ceil": (1, 1, lambda a: float(math.ceil(a))),
    "clamp": (3, 3, lambda a, low, high: min(max(a, low), high)),
    "cos": (1, 1, math.cos),
    "exp": (1, 1, math.exp),
    "floor": (1, 1, lambda a: float(math.floor(a))),
    "if": (3, 3, lambda a, b, c: b if a else c),
    "int": (1, 1, lambda a: float(math.trunc(a))),
    "ln": (1, 1, math.log),
    "log": (1, 1, math.log10),
    "log2": (1, 1, math.log2),
    "max": (1, 64, max),
    "min": (1, 64, min),
    "mod": (2, 2, lambda a, b: a - b * math.floor(a / b)),
    "pow": (2, 2, lambda a, b: a**b),
    "round": (1, 1, lambda a: float(math.floor(a + 0.5))),
    "sign": (1, 1, lambda a: math.copysign(1.0, a) if a else 0.0),
    "sin": (1, 1, math.sin),
    "sqrt": (1, 1, math.sqrt),
    "sum": (1, 64, lambda *a: sum(a)),
    "tan": (1, 1, math.tan),
    "trunc": (1, 1, lambda a: float(math.trunc(a))),
}
OPERATORS: dict[str, Function] = {
    "||": lambda a, b: float(bool(a) or bool(b)),
    "&&": lambda a, b: float(bool(a) and bool(b)),
    "<": lambda a, b: float(a < b),
    "<=": lambda a, b: float(a <= b),
    ">": lambda a, b: float(a > b),
    ">=": lambda a, b: float(a >= b),
    "==": lambda a, b: float(a == b),
    "!=": lambda a, b: float(a != b),
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "%": math.fmod,
    "**": lambda a, b: a**b,
}
LEVELS = (("||",), ("&&",), ("<", "<=", ">", ">=", "==", "!="), ("+", "-"), ("*", "/", "%"))  # loosest first


class Expression:
    """A parsed expression.

    Args:
        text: the expression.
        names: variables that it may read.

    Attributes:
        names: variables that it reads.

    Raises:
        ValueError: what is wrong: an unknown name, a missing bracket, an expression without end.
    """

    def __init__(self, text: str, names: Collection[str]) -> None:
        if len(text) > LENGTH:
            raise ValueError(f"is {len(text)} characters long; at most {LENGTH}")
        self.text = text
        self.names: set[str] = set()
        self._known = names
        # A number, a variable's name, or a function with the count of its arguments.
        self._program: list[float | str | tuple[Function, int]] = []
        self._tokens = [match.groups() for match in TOKEN.finditer(text) if match.group().strip()]
        self._at = 0
        self._depth = 0
        self._binary(0)
        if self._at < len(self._tokens):
            raise ValueError(f"has {self._next()!r} where nothing more was expected")
        del self._tokens, self._known

    def value(self, variables: Mapping[str, float]) -> float:
        """Return the result; NaN or infinity where the arithmetic has none."""
        stack: list[float] = []
        for step in self._program:
            if isinstance(step, float):
                stack.append(step)
            elif isinstance(step, str):
                stack.append(float(variables[step]))
            else:
                function, count = step
                arguments = stack[-count:]
                del stack[-count:]
                stack.append(_applied(function, arguments))
        return stack[0]

    def _peek(self) -> str:
        """Return the next token's text, empty at the end."""
        if self._at == len(self._tokens):
            return ""
        return next(part for part in self._tokens[self._at] if part is not None)

    def _next(self) -> str:
        text = self._peek()
        self._at += 1
        return text

    def _binary(self, level: int) -> None:
        """Parse operators of one level of precedence, from left to right."""
        if level == len(LEVELS):
            self._signed()
            return
        self._binary(level + 1)
        while self._peek() in LEVELS[level]:
            operator = self._next()
            self._binary(level + 1)
            self._program.append((OPERATORS[operator], 2))

    def _signed(self) -> None:
        signs = []
        while self._peek() in ("+", "-", "!"):
            signs.append(self._next())
        self._power()
        for sign in reversed(signs):
            if sign == "-":
                self._program.append((lambda a: -a, 1))
            elif sign == "!":
                self._program.append((lambda a: float(not a), 1))

    def _power(self) -> None:
        """Parse a ** b, also written a ^ b, from right to left; it binds more tightly than a sign before it."""
        self._operand()
        if self._peek() in ("**", "^"):
            self._next()
            self._deeper(self._signed)
            self._program.append((OPERATORS["**"], 2))

    def _deeper(self, parse: Callable[[], None]) -> None:
        self._depth += 1
        if self._depth > NESTING:
            raise ValueError(f"is nested more than {NESTING} deep")
        parse()
        self._depth -= 1

    def _operand(self) -> None:
        if self._at == len(self._tokens):
            raise ValueError("ends where a number or a name was expected" if self._at else "is empty")
        number, name, other = self._tokens[self._at]
        self._at += 1
        if number is not None:
            self._program.append(float(number))
        elif name is not None and self._peek() == "(" and (name in FUNCTIONS or name in CONSTANTS):
            self._call(name)
        elif name is not None and name in self._known:
            self.names.add(name)
            self._program.append(name)
        elif name is not None and name in CONSTANTS:
            self._program.append(CONSTANTS[name])
        elif name is not None:
            raise ValueError(f"reads {name!r}, which is neither WIDTH, HEIGHT nor an input with a number")
        elif other == "(":
            self._deeper(lambda: self._binary(0))
            self._close()
        else:
            raise ValueError(f"has {other!r} where a number or a name was expected")

    def _call(self, name: str) -> None:
        self._next()
        count = 0
        while self._peek() != ")":
            self._deeper(lambda: self._binary(0))
            count += 1
            if self._peek() != ",":
                break
            self._next()
        self._close()
        least, most, function = FUNCTIONS.get(name, (0, 0, None))
        if not least <= count <= most:
            raise ValueError(f"gives {name}() {count} arguments")
        self._program.append((function, count) if function else CONSTANTS[name])

    def _close(self) -> None:
        if self._next() != ")":
            raise ValueError("lacks a closing parenthesis")


def _applied(function: Function, arguments: list[float]) -> float:
    try:
        result = function(*arguments)
    except OverflowError:
        return math.inf
    except (ValueError, ZeroDivisionError):
        return math.nan
    return math.nan if isinstance(result, complex) else float(result)
