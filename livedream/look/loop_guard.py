"""Loops of a shader that need not end are made to end.

A loop whose iterations can be counted from its text (for, from a number to a number, in steps of a number) stays as it
is, up to COUNTED iterations together with the loops around it. Every other loop also asks a counter that allows
ITERATIONS for each drawn pixel, all such loops together: `while (true)` then ends. This cannot bound a function with
many iterations called from a loop with many, nor the time of one iteration.
"""

import itertools
import math

from livedream.look.tokens import Token, pairs, significant, words

ITERATIONS = 16384
COUNTED = 65536
NEAR = 4000  # tokens looked through for the end of a body without braces
MAX_DEPTH = 60  # braces around a loop beyond which its iterations are not counted

COUNTER = f"int isf_iterations = 0;\nbool isf_more() {{ return ++isf_iterations <= {ITERATIONS}; }}\n"


def guard(tokens: list[Token]) -> None:
    """Add the counter to the conditions of the loops, in place."""
    constants = _constants(tokens)
    ends = pairs(tokens)
    around: list[tuple[int, int]] = []  # enclosing counted loops: end of the body, iterations
    for at, token in enumerate(tokens):
        if token.kind != "name" or token.text not in ("for", "while"):
            continue
        opening = significant(tokens, at + 1)
        if opening >= len(tokens) or tokens[opening].text != "(":
            continue
        closing = ends.get(opening, len(tokens))
        if closing == len(tokens):
            continue
        if token.text == "while":
            _insert(tokens, opening + 1, closing)
            continue
        semicolons = [each for each in range(opening, closing) if tokens[each].text == ";"]
        if len(semicolons) != 2:
            continue
        first, second = semicolons
        around = [each for each in around if each[0] > at]
        body = _body_end(tokens, closing, ends)
        count = None
        if token.depth <= MAX_DEPTH:
            count = _iterations(tokens, (opening, first, second, closing), body, constants)
        if count is not None and count * math.prod(each for _, each in around) <= COUNTED:
            around.append((body, max(int(count), 1)))
        else:
            _insert(tokens, first + 1, second)


def _insert(tokens: list[Token], start: int, stop: int) -> None:
    """Make the condition between two tokens `isf_more() && (…)`; one that declares a variable is left alone."""
    condition = [each for each in tokens[start:stop] if not each.is_blank]
    if any(a.kind == "name" and b.kind == "name" for a, b in itertools.pairwise(condition)):
        return
    tokens[start - 1].text += " isf_more()" + " && (" * bool(condition)
    tokens[stop].text = ")" * bool(condition) + tokens[stop].text


def _body_end(tokens: list[Token], closing: int, ends: dict[int, int]) -> int:
    """Return where the statement after a loop's parenthesis ends, or a place well after it."""
    parentheses = 0
    for at in range(closing + 1, min(closing + NEAR, len(tokens))):
        text = tokens[at].text
        parentheses += {"(": 1, ")": -1}.get(text, 0)
        if text == "{":  # also the brace of a loop within: for (…) for (…) { … }
            return ends.get(at, len(tokens))
        if text == ";" and parentheses <= 0:
            return at
    return min(closing + NEAR, len(tokens))


def _constants(tokens: list[Token]) -> dict[str, float]:
    """Return the names that mean one number everywhere: #define N 8 and const int N = 8;"""
    text = words(tokens)
    found: dict[str, list[str]] = {}
    for at, word in enumerate(text[:-1]):
        if word == "define" and text[at - 1] == "#" and at + 2 < len(text):
            found.setdefault(text[at + 1], []).append(text[at + 2])
        elif word == "const" and at + 5 < len(text) and text[at + 3] == "=" and text[at + 5] in ";,":
            found.setdefault(text[at + 2], []).append(text[at + 4])
    single = {name: _number(values[0]) for name, values in found.items() if len(values) == 1}
    return {name: value for name, value in single.items() if value is not None}


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _iterations(
    tokens: list[Token], marks: tuple[int, int, int, int], body: int, constants: dict[str, float]
) -> float | None:
    """Return how often a for loop iterates, if its text says so.

    Args:
        tokens: the shader.
        marks: indices of the loop's parenthesis, its two semicolons and its closing parenthesis.
        body: index at which its body ends.
        constants: names that mean a number.
    """
    opening, first, second, closing = marks
    start, condition = words(tokens[opening + 1 : first]), words(tokens[first + 1 : second])
    if start and start[0] in ("int", "float", "uint"):
        start = start[1:]
    if len(start) < 3 or start[1] != "=" or len(condition) < 3 or condition[0] != start[0]:
        return None
    name, compare, limit = start[0], condition[1], condition[2:]
    if limit[0] == "=":
        compare, limit = compare + "=", limit[1:]
    begin, end = _value(start[2:], constants), _value(limit, constants)
    step = _step(words(tokens[second + 1 : closing]), name, constants)
    if begin is None or end is None or not step or compare not in ("<", "<=", ">", ">="):
        return None
    if (step > 0) != (compare[0] == "<") or _assigned(words(tokens[closing + 1 : body + 1]), name):
        return None
    return max((end - begin) / step, 0.0) + 1.0


def _value(parts: list[str], constants: dict[str, float]) -> float | None:
    """Return the number that words mean: 8, -8, N or float(8)."""
    if len(parts) == 2 and parts[0] in "+-":
        inner = _value(parts[1:], constants)
        return inner if parts[0] == "+" or inner is None else -inner
    if len(parts) == 1:
        return constants.get(parts[0], _number(parts[0]))
    if len(parts) == 4 and parts[0] in ("int", "float") and parts[1] == "(" and parts[3] == ")":
        return _value(parts[2:3], constants)
    return None


def _step(parts: list[str], name: str, constants: dict[str, float]) -> float | None:
    """Return by how much the last part of a for loop moves the variable of this name: i++, i -= 2."""
    text = "".join(parts)
    if text in (f"{name}++", f"++{name}"):
        return 1.0
    if text in (f"{name}--", f"--{name}"):
        return -1.0
    if len(parts) < 4 or parts[0] != name or parts[1] not in "+-" or parts[2] != "=":
        return None
    step = _value(parts[3:], constants)
    return step if step is None or parts[1] == "+" else -step


def _assigned(body: list[str], name: str) -> bool:
    """Tell whether the variable that counts may be changed within the body."""
    for at, word in enumerate(body):
        if word != name:
            continue
        before, after = body[max(at - 2, 0) : at], body[at + 1 : at + 3]
        if after[:1] == ["="] and after[1:2] != ["="]:
            return True
        if len(after) == 2 and after[0] in "+-*/%&|^" and after[1] == "=":
            return True
        if after in (["+", "+"], ["-", "-"]) or before in (["+", "+"], ["-", "-"]):
            return True
    return False
