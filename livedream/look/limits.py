"""Limits on a shader's text: more could keep a compiler busy for ever, or exhaust its memory or stack.

Compilers expand macros without a limit, and walk expressions and else-chains recursively; a live picture runs in the
same process as they do. The limits lie far above what people write.
"""

from dataclasses import dataclass

from livedream.look.tokens import Token

MAX_DEPTH = 200  # brackets within each other
OPERATORS = 2000  # in one statement
COMMAS = 40000  # in one statement: the entries of a table
ELSES = 1500
LOOPS = 1000
ELEMENTS = 65536  # largest array
EXPANDED = 500_000  # tokens after macro expansion
CHAIN = 60  # macros within macros

OPENING, CLOSING = frozenset("([{"), frozenset(")]}")


class LimitError(ValueError):
    """A limit is exceeded; the text says which.

    Attributes:
        token: index of the token where it shows.
    """

    def __init__(self, token: int, what: str) -> None:
        super().__init__(what)
        self.token = token


def check(tokens: list[Token]) -> None:
    """Raise LimitError if a shader goes beyond a limit."""
    depth = operators = commas = elses = loops = 0
    for at, token in enumerate(tokens):
        text = token.text
        if token.is_blank:
            continue
        if text in OPENING:
            depth += 1
        elif text in CLOSING:
            depth = max(depth - 1, 0)
        if text in ("{", "}", ";"):
            operators = commas = 0
        elif text == ",":
            commas += 1
        elif token.kind == "other" and text not in "()[].":
            operators += 1
        elif text == "else":
            elses += 1
        elif text in ("for", "while"):
            loops += 1
        elif token.kind == "number" and tokens[at - 1].text == "[" and _size(text) > ELEMENTS:
            raise LimitError(at, f"an array of {text} elements; at most {ELEMENTS}")
        if depth > MAX_DEPTH:
            raise LimitError(at, f"brackets more than {MAX_DEPTH} deep")
        if operators > OPERATORS or commas > COMMAS:
            raise LimitError(at, f"one statement with more than {OPERATORS} operators or {COMMAS} commas")
        if elses > ELSES or loops > LOOPS:
            raise LimitError(at, f"more than {ELSES} else or {LOOPS} loops")
    _check_macros(tokens)


def _size(text: str) -> float:
    try:
        return float(int(text.rstrip("uU"), 0))
    except ValueError:
        return 0.0


@dataclass(frozen=True)
class _Macro:
    """A macro's parameters, the words of its body, and the index of the token where it is defined."""

    parameters: frozenset[str]
    body: list[str]
    at: int


def _check_macros(tokens: list[Token]) -> None:
    """Refuse macros that grow: `#define A B B`, `#define B C C`, … doubles with every line."""
    macros, rest = _definitions(tokens)
    if not macros:
        return
    expansion = _Expansion(macros)
    for name, macro in macros.items():
        if expansion.measure(name, 0) and expansion.sizes[name] > EXPANDED:
            raise LimitError(macro.at, f"the macro {name} grows to more than {EXPANDED} words")
    if expansion.total(rest, None, 0) > EXPANDED:
        raise LimitError(next(iter(macros.values())).at, f"its macros grow to more than {EXPANDED} words")


class _Expansion:
    """How large macros become, without expanding them.

    Attributes:
        sizes: words that a macro, by name, expands to.
        copies: how often a macro repeats what stands in its argument.
    """

    def __init__(self, macros: dict[str, _Macro]) -> None:
        self.macros = macros
        self.sizes: dict[str, float] = {}
        self.copies: dict[str, float] = {}

    def measure(self, name: str, chain: int) -> bool:
        """Fill in sizes and copies of a macro, `chain` macros deep; False if there is none of that name."""
        if name not in self.macros:
            return False
        if name not in self.sizes:
            macro = self.macros[name]
            if chain > CHAIN:
                raise LimitError(macro.at, f"more than {CHAIN} macros within each other")
            self.sizes[name] = self.copies[name] = 1.0  # a macro is not expanded within itself
            self.sizes[name] = self.total(macro.body, None, chain + 1)
            self.copies[name] = max([1.0, *(self.total(macro.body, each, chain + 1) for each in macro.parameters)])
        return True

    def total(self, words: list[str], only: str | None, chain: int) -> float:
        """Count the words that these expand to, or how many of them are `only`.

        Words in a macro's argument count as often as the macro repeats it.
        """
        found, factor = 0.0, 1.0
        calls: list[float] = []  # the factor to go back to at each closing parenthesis
        for at, word in enumerate(words):
            if only is None:
                found += (self.sizes[word] if self.measure(word, chain) else 1.0) * factor
            elif word == only:
                found += factor
            if word == "(":
                calls.append(factor)
                if at and self.measure(words[at - 1], chain):
                    factor *= self.copies[words[at - 1]]
            elif word == ")" and calls:
                factor = calls.pop()
            if found > EXPANDED:
                break
        return min(found, EXPANDED + 1.0)


def _definitions(tokens: list[Token]) -> tuple[dict[str, _Macro], list[str]]:
    """Return every macro by name (of several, the longest), and all words outside of macros."""
    macros: dict[str, _Macro] = {}
    rest: list[str] = []
    at = 0
    while at < len(tokens):
        token = tokens[at]
        at += 1
        if token.is_blank:
            continue
        if token.text != "define" or not rest or rest[-1] != "#":
            rest.append(token.text)
            continue
        start = at
        while at < len(tokens) and tokens[at].text != "\n":
            at += 1
        named = _macro(tokens[start:at], start)
        if named and (named[0] not in macros or len(macros[named[0]].body) < len(named[1].body)):
            macros[named[0]] = named[1]
    return macros, rest


def _macro(line: list[Token], start: int) -> tuple[str, _Macro] | None:
    """Return the name and the macro that a line after `#define` defines; None for an empty one."""
    words = [each.text for each in line if not each.is_blank]
    if not words:
        return None
    name, body = words[0], words[1:]
    parameters: frozenset[str] = frozenset()
    named = next(i for i, each in enumerate(line) if each.text == name)
    if named + 1 < len(line) and line[named + 1].text == "(" and ")" in body:  # a parenthesis right after the name
        end = body.index(")")
        parameters, body = frozenset(body[1:end]) - {","}, body[end + 1 :]
    return name, _Macro(parameters, body, start)
