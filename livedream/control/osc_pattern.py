"""Address patterns of OSC 1.0 (`*`, `?`, `[a-z]`, `{a,b}`), matched against the known addresses at a bounded cost."""

import functools
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

LONGEST = 256  # characters of a pattern
PARTS = 24  # wildcards, characters and alternatives of one segment, apart from plain text
RATE, BURST = 20_000, 5_000  # steps of matching a second, and at once: a step is an address visited or found
KNOWN = 256  # answers that are remembered

SIGNS = frozenset("*?[]{}")

Segments = Mapping[str, Any]  # the next segments by name; "" marks that an address ends


class Refused(ValueError):
    """The pattern is not one, or costs too much."""


class _Token(NamedTuple):
    """Text to follow, one of several texts, one of several characters (or none of them), or anything."""

    texts: tuple[str, ...] = ()
    characters: str = ""
    other: bool = False
    star: bool = False


def is_pattern(address: str) -> bool:
    """Whether an address has signs of a pattern."""
    return not SIGNS.isdisjoint(address)


@functools.lru_cache(maxsize=KNOWN)
def _tokens(segment: str) -> tuple[_Token, ...]:
    tokens: list[_Token] = []
    at = 0
    while at < len(segment):
        sign = segment[at]
        if sign == "*":
            if not (tokens and tokens[-1].star):
                tokens.append(_Token(star=True))
            at += 1
        elif sign == "?":
            tokens.append(_Token(other=True))
            at += 1
        elif sign in "[{":
            end = segment.find("]" if sign == "[" else "}", at)
            inside = segment[at + 1 : end]
            if end < 0 or not SIGNS.isdisjoint(inside):
                raise Refused("a bracket without its end, or one within another")
            tokens.append(_class(inside) if sign == "[" else _Token(texts=tuple(inside.split(","))))
            at = end + 1
        elif sign in "]}":
            raise Refused("a bracket without its beginning")
        else:
            end = next((n for n in range(at, len(segment)) if segment[n] in SIGNS), len(segment))
            tokens.append(_Token(texts=(segment[at:end],)))
            at = end
    if sum(max(1, len(each.texts)) for each in tokens) > PARTS:
        raise Refused(f"more than {PARTS} parts")
    return tuple(tokens)


def _class(inside: str) -> _Token:
    """Read what stands between square brackets: characters and ranges, `!` before them for all others."""
    other = inside.startswith("!")
    inside, characters, at = inside[other:], "", 0
    while at < len(inside):
        if inside[at + 1 : at + 2] == "-" and at + 2 < len(inside):
            low, high = ord(inside[at]), ord(inside[at + 2])
            characters += "".join(map(chr, range(low, min(high, 0x7F) + 1)))
            at += 3
        else:
            characters += inside[at]
            at += 1
    return _Token(characters=characters, other=other)


def matches(segment: str, name: str) -> bool:
    """Whether one segment of a pattern matches one of an address. Raises Refused."""
    at = {0}
    for token in _tokens(segment):
        if token.star:
            at = set(range(min(at), len(name) + 1))
        elif token.texts:
            at = {n + len(each) for n in at for each in token.texts if name.startswith(each, n)}
        else:
            at = {n + 1 for n in at if n < len(name) and (name[n] in token.characters) != token.other}
        if not at:
            return False
    return len(name) in at


class Matcher:
    """Finds the known addresses that patterns match. One thread at a time may use it."""

    def __init__(self, prefix: str, clock: Callable[[], float] = time.monotonic) -> None:
        """Prepare to match.

        Args:
            prefix: what every address begins with; "" for nothing.
            clock: tells seconds, for the steps that are left.
        """
        self._prefix, self._clock = prefix, clock
        self._of: object = None  # the addresses that what follows is about
        self._tree: dict[str, Any] = {}
        self._found: dict[str, tuple[str, ...]] = {}
        self._left, self._at = float(BURST), clock()

    def find(self, pattern: str, addresses: Iterable[str]) -> tuple[str, ...]:
        """Return the addresses that a pattern matches, in their order.

        Args:
            pattern: a whole address, with its prefix and slash.
            addresses: all that are known, below the prefix; the same object as long as they are the same.

        Raises:
            Refused: it is no pattern, or patterns have cost too much within this second.
        """
        if addresses is not self._of:
            self._of, self._found, self._tree = addresses, {}, {}
            for each in addresses:
                node = self._tree
                for segment in f"{self._prefix}/{each}".split("/")[1:]:
                    node = node.setdefault(segment, {})
                node[""] = each
        now = self._clock()
        self._left, self._at = min(BURST, self._left + (now - self._at) * RATE), now
        if self._left <= 0:
            raise Refused("too many patterns")
        found = self._found.get(pattern)
        if found is None:
            if len(pattern) > LONGEST:
                raise Refused(f"a pattern of {len(pattern)} characters")
            if len(self._found) >= KNOWN:
                self._found.clear()
            found = self._found[pattern] = tuple(self._search(self._tree, pattern.split("/")[1:]))
        self._left -= 1 + len(found)
        return found

    def _search(self, node: Segments, segments: list[str]) -> Iterable[str]:
        if not segments:
            return [node[""]] if "" in node else []
        segment, rest = segments[0], segments[1:]
        if not is_pattern(segment):
            return self._search(node[segment], rest) if segment and segment in node else []
        self._left -= len(node)
        names = [name for name in node if name and matches(segment, name)]
        return [each for name in names for each in self._search(node[name], rest)]
