"""What makes a compiler of shaders run for ever, or out of memory or stack, is refused before it sees it.

Compilers expand macros without a limit, and walk expressions and else-chains recursively; a live picture runs in the
same process as they do. The limits lie far above what people write.
"""

DEEP = 200  # brackets within each other
OPERATORS = 2000  # in one statement
COMMAS = 40000  # in one statement: the entries of a table
ELSES = 1500
LOOPS = 1000
ELEMENTS = 65536  # of an array
EXPANDED = 500_000  # tokens after macros
CHAIN = 60  # macros within macros

OPENING, CLOSING = frozenset("([{"), frozenset(")]}")


class TooMuch(ValueError):
    """`token` is the index of the token where it shows; the text says what."""

    def __init__(self, token: int, what: str):
        super().__init__(what)
        self.token = token


def check(made: list) -> None:
    """Raise TooMuch when these glsl.Tokens go beyond a limit."""
    deep = operators = commas = elses = turns = 0
    for at, token in enumerate(made):
        text = token.text
        if token.kind in ("space", "comment"):
            continue
        if text in OPENING:
            deep += 1
        elif text in CLOSING:
            deep = max(deep - 1, 0)
        if text in ("{", "}", ";"):
            operators = commas = 0
        elif text == ",":
            commas += 1
        elif token.kind == "other" and text not in "()[].":
            operators += 1
        elif text == "else":
            elses += 1
        elif text in ("for", "while"):
            turns += 1
        elif token.kind == "number" and made[at - 1].text == "[" and _size(text) > ELEMENTS:
            raise TooMuch(at, f"an array of {text} elements; at most {ELEMENTS}")
        if deep > DEEP:
            raise TooMuch(at, f"brackets more than {DEEP} deep")
        if operators > OPERATORS or commas > COMMAS:
            raise TooMuch(at, f"one statement with more than {OPERATORS} operators or {COMMAS} commas")
        if elses > ELSES or turns > LOOPS:
            raise TooMuch(at, f"more than {ELSES} else or {LOOPS} loops")
    _macros(made)


def _size(text: str) -> float:
    try:
        return float(int(text.rstrip("uU"), 0))
    except ValueError:
        return 0.0


def _macros(made: list) -> None:
    """Refuse macros that grow: `#define A B B`, `#define B C C`, … doubles with every line."""
    bodies, rest = _definitions(made)
    if not bodies:
        return
    sizes: dict[str, float] = {}  # words that a macro comes to
    copies: dict[str, float] = {}  # how often it repeats what stands in its argument

    def known(name: str, chain: int) -> bool:
        if name not in bodies:
            return False
        if name not in sizes:
            parameters, body, at = bodies[name]
            if chain > CHAIN:
                raise TooMuch(at, f"more than {CHAIN} macros within each other")
            sizes[name] = copies[name] = 1.0  # a macro is not expanded within itself
            sizes[name] = total(body, None, chain + 1)
            copies[name] = max([1.0, *(total(body, each, chain + 1) for each in parameters)])
        return True

    def total(words: list[str], only: str | None, chain: int) -> float:
        """Words that these come to, or how many of them are `only`. Those in a macro's argument count as often as it
        is repeated."""
        found, factor = 0.0, 1.0
        calls: list[float] = []  # the factor to go back to at each closing parenthesis
        for at, word in enumerate(words):
            if only is None:
                found += (sizes[word] if known(word, chain) else 1.0) * factor
            elif word == only:
                found += factor
            if word == "(":
                calls.append(factor)
                if at and known(words[at - 1], chain):
                    factor *= copies[words[at - 1]]
            elif word == ")" and calls:
                factor = calls.pop()
            if found > EXPANDED:
                break
        return min(found, EXPANDED + 1.0)

    for name, (_, _, at) in bodies.items():
        if known(name, 0) and sizes[name] > EXPANDED:
            raise TooMuch(at, f"the macro {name} grows to more than {EXPANDED} words")
    if total(rest, None, 0) > EXPANDED:
        raise TooMuch(next(iter(bodies.values()))[2], f"its macros grow to more than {EXPANDED} words")


def _definitions(made: list) -> tuple[dict[str, tuple[set[str], list[str], int]], list[str]]:
    """Every macro: its parameters, its body, and where it stands; and all words outside of macros."""
    bodies: dict[str, tuple[set[str], list[str], int]] = {}
    rest: list[str] = []
    at = 0
    while at < len(made):
        token = made[at]
        at += 1
        if token.kind in ("space", "comment"):
            continue
        if token.text != "define" or not rest or rest[-1] != "#":
            rest.append(token.text)
            continue
        line, start = [], at
        while at < len(made) and made[at].text != "\n":
            line.append(made[at])
            at += 1
        words = [each.text for each in line if each.kind not in ("space", "comment")]
        if not words:
            continue
        name, body = words[0], words[1:]
        parameters: set[str] = set()
        named = next(i for i, each in enumerate(line) if each.text == name)
        if named + 1 < len(line) and line[named + 1].text == "(" and ")" in body:  # a parenthesis right after the name
            end = body.index(")")
            parameters, body = set(body[1:end]) - {","}, body[end + 1 :]
        before = bodies.get(name)
        if before is None or len(before[1]) < len(body):
            bodies[name] = (parameters, body, start)
    return bodies, rest
