"""Loops of a shader that need not end are made to end.

A loop whose turns can be counted from its text (for, from a number to a number, in steps of a number) stays as it is,
up to PLAIN turns together with the loops around it. Every other loop also asks a counter that allows TURNS turns for
each drawn pixel, all such loops together: `while (true)` then ends. What this cannot bound: a function with many turns
called from a loop with many turns, and the time of one turn.
"""

import itertools

TURNS = 16384
PLAIN = 65536
NEAR = 4000  # tokens looked through for the end of a body without braces
DEEP = 60  # braces around a loop beyond which its turns are not counted

COUNTER = f"int isf_turns = 0;\nbool isf_more() {{ return ++isf_turns <= {TURNS}; }}\n"


def guard(made: list) -> None:
    """Put the counter into the loops of these glsl.Tokens, in place."""
    numbers = _constants(made)
    ends = _pairs(made)
    counted: list[tuple[int, int]] = []  # (index where the loop's body ends, turns) of the loops around
    for at, token in enumerate(made):
        if token.kind != "name" or token.text not in ("for", "while"):
            continue
        opening = _next(made, at + 1)
        if opening >= len(made) or made[opening].text != "(":
            continue
        closing = ends.get(opening, len(made))
        if closing == len(made):
            continue
        if token.text == "while":
            _insert(made, opening + 1, closing)
            continue
        semicolons = _semicolons(made, opening, closing)
        if len(semicolons) != 2:
            continue
        first, second = semicolons
        counted = [each for each in counted if each[0] > at]
        body = _body_end(made, closing, ends)
        turns = None
        if token.depth <= DEEP:
            turns = _turns(made, (opening, first, second, closing), body, numbers)
        around = 1.0
        for _, each in counted:
            around *= each
        if turns is not None and turns * around <= PLAIN:
            counted.append((body, max(int(turns), 1)))
        else:
            _insert(made, first + 1, second)


def _insert(made: list, start: int, stop: int) -> None:
    """The condition between two tokens becomes `isf_more() && (…)`. One that declares a variable is left alone."""
    words = [each for each in made[start:stop] if each.kind not in ("space", "comment")]
    if any(a.kind == "name" and b.kind == "name" for a, b in itertools.pairwise(words)):
        return
    made[start - 1].text += " isf_more()" + " && (" * bool(words)
    made[stop].text = ")" * bool(words) + made[stop].text


def _next(made: list, at: int) -> int:
    while at < len(made) and made[at].kind in ("space", "comment"):
        at += 1
    return at


def _semicolons(made: list, opening: int, closing: int) -> list[int]:
    return [at for at in range(opening, closing) if made[at].text == ";"]


def _pairs(made: list) -> dict[int, int]:
    """For every opening brace and parenthesis, where it is closed."""
    found: dict[int, int] = {}
    open_: list[int] = []
    for at, token in enumerate(made):
        if token.text in ("{", "("):
            open_.append(at)
        elif token.text in ("}", ")"):
            while open_ and made[open_[-1]].text != {"}": "{", ")": "("}[token.text]:
                open_.pop()  # never closed
            if open_:
                found[open_.pop()] = at
    return found


def _body_end(made: list, closing: int, ends: dict[int, int]) -> int:
    """Where the statement after a loop's parenthesis ends, or a place well after it."""
    parentheses = 0
    for at in range(closing + 1, min(closing + NEAR, len(made))):
        text = made[at].text
        parentheses += {"(": 1, ")": -1}.get(text, 0)
        if text == "{":  # also that of a loop within: for (…) for (…) { … }
            return ends.get(at, len(made))
        if text == ";" and parentheses <= 0:
            return at
    return min(closing + NEAR, len(made))


def _constants(made: list) -> dict[str, float]:
    """Names that mean one number everywhere: #define N 8 and const int N = 8;"""
    words = [each for each in made if each.kind not in ("space", "comment")]
    found: dict[str, list[str]] = {}
    for at, token in enumerate(words[:-1]):
        if token.text == "define" and words[at - 1].text == "#" and at + 2 < len(words):
            found.setdefault(words[at + 1].text, []).append(words[at + 2].text)
        elif token.text == "const" and at + 5 < len(words) and words[at + 3].text == "=" and words[at + 5].text in ";,":
            found.setdefault(words[at + 2].text, []).append(words[at + 4].text)
    single = {name: _number(values[0]) for name, values in found.items() if len(values) == 1}
    return {name: value for name, value in single.items() if value is not None}


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _turns(made: list, marks: tuple[int, int, int, int], body: int, numbers: dict[str, float]) -> float | None:
    """How often a for loop turns, where its text says so."""

    def words(start: int, stop: int) -> list[str]:
        return [each.text for each in made[start + 1 : stop] if each.kind not in ("space", "comment")]

    def value(parts: list[str]) -> float | None:
        if len(parts) == 2 and parts[0] in "+-":
            inner = value(parts[1:])
            return inner if parts[0] == "+" or inner is None else -inner
        if len(parts) == 1:
            return numbers.get(parts[0], _number(parts[0]))
        if len(parts) == 4 and parts[0] in ("int", "float") and parts[1] == "(" and parts[3] == ")":
            return value(parts[2:3])
        return None

    opening, first, second, closing = marks
    start, condition, step = words(opening, first), words(first, second), words(second, closing)
    if start and start[0] in ("int", "float", "uint"):
        start = start[1:]
    if len(start) < 3 or start[1] != "=" or len(condition) < 3 or condition[0] != start[0]:
        return None
    name = start[0]
    begin = value(start[2:])
    compare = condition[1]
    limit = condition[2:]
    if limit[0] == "=":
        compare, limit = compare + "=", limit[1:]
    end = value(limit)
    text = "".join(step)
    if text in (f"{name}++", f"++{name}"):
        by = 1.0
    elif text in (f"{name}--", f"--{name}"):
        by = -1.0
    elif len(step) >= 4 and step[0] == name and step[1] in "+-" and step[2] == "=":
        by = value(step[3:])
        by = None if by is None else by if step[1] == "+" else -by
    else:
        return None
    if (
        begin is None
        or end is None
        or not by
        or compare not in ("<", "<=", ">", ">=")
        or (by > 0) != (compare[0] == "<")
    ):
        return None
    if _assigned(made, closing + 1, body, name):
        return None
    return max((end - begin) / by, 0.0) + 1.0


def _assigned(made: list, start: int, stop: int, name: str) -> bool:
    """Whether the variable that counts may be changed within the body."""
    words = [each.text for each in made[start : stop + 1] if each.kind not in ("space", "comment")]
    for at, word in enumerate(words):
        if word != name:
            continue
        before, after = words[max(at - 2, 0) : at], words[at + 1 : at + 3]
        if after[:1] == ["="] and after[1:2] != ["="]:
            return True
        if len(after) == 2 and after[0] in "+-*/%&|^" and after[1] == "=":
            return True
        if after in (["+", "+"], ["-", "-"]) or before in (["+", "+"], ["-", "-"]):
            return True
    return False
