"""GLSL cut into tokens; comments and line breaks stay, so that a compiler's line numbers are the file's own."""

import re
from collections.abc import Iterable

TOKEN = re.compile(
    r"(?P<comment>//[^\n]*|/\*[\s\S]*?(?:\*/|\Z))"
    r"|(?P<dropped>^[ \t]*\#[ \t]*(?:version|extension|line|include|pragma)\b[^\n]*)"
    r"|(?P<number>(?:0[xX][0-9a-fA-F]+|\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)(?:lf|LF|[fFuUlL])?)"
    r"|(?P<name>[A-Za-z_]\w*)"
    r"|(?P<space>\n|[^\S\n]+|\\\n)"
    r"|(?P<other>[^\n])",
    re.MULTILINE,
)


class Token:
    """A piece of the text.

    Attributes:
        kind: "comment", "number", "name", "space" or "other".
        text: its characters; a translation may change them.
        depth: how many braces are open around it.
    """

    __slots__ = ("depth", "kind", "text")

    def __init__(self, kind: str, text: str) -> None:
        self.kind, self.text, self.depth = kind, text, 0

    @property
    def is_blank(self) -> bool:
        """Whether it is white space or a comment, which mean nothing to a compiler."""
        return self.kind in ("space", "comment")


def tokenize(text: str) -> list[Token]:
    """Cut a shader into tokens, none left out.

    Directives that the translation replaces become empty; characters beyond ASCII, which compilers refuse, become
    question marks.
    """
    text = re.sub(r"[^\x09\x0a\x20-\x7e]", "?", text.replace("\x0c", " ").replace("\x0b", " "))
    found = []
    depth = 0
    for match in TOKEN.finditer(text):
        token = Token(match.lastgroup or "other", match.group())
        if token.kind == "dropped":
            token.kind, token.text = "space", ""
        elif token.kind == "number":
            token.text = _literal(token.text)
        elif token.text == "}":
            depth = max(depth - 1, 0)
        token.depth = depth
        if token.text == "{":
            depth += 1
        found.append(token)
    return found


def _literal(text: str) -> str:
    """Return 1f, which some compilers accepted, as 1.0, and drop suffixes that GLSL 3.30 does not have."""
    if text[:2].lower() == "0x":
        return text.rstrip("lL")
    if text[-1] in "fF":
        body = text.rstrip("lLfF")
        return body if any(each in body for each in ".eE") else body + ".0"
    return text.rstrip("lL")


def words(tokens: Iterable[Token]) -> list[str]:
    """Return the texts of the tokens that are neither space nor comment."""
    return [each.text for each in tokens if not each.is_blank]


def significant(tokens: list[Token], start: int, step: int = 1) -> int:
    """Return the index of the first token from `start` on that is not blank; len(tokens) or -1 if there is none."""
    while 0 <= start < len(tokens) and tokens[start].is_blank:
        start += step
    return start


def next_significant(tokens: list[Token], at: int, count: int) -> list[int]:
    """Return the indices of the next `count` tokens after `at` that are not blank, fewer at the end."""
    found: list[int] = []
    while len(found) < count:
        at = significant(tokens, at + 1)
        if at >= len(tokens):
            break
        found.append(at)
    return found


def blank(tokens: list[Token], start: int, stop: int) -> None:
    """Remove a range of tokens from the text, in place; line breaks stay."""
    for token in tokens[start:stop]:
        token.text = "\n" * token.text.count("\n")
        token.kind = "space"


def pairs(tokens: list[Token]) -> dict[int, int]:
    """Return, for every opening brace and parenthesis, where it is closed."""
    opening_of = {"}": "{", ")": "("}
    found: dict[int, int] = {}
    opened: list[int] = []
    for at, token in enumerate(tokens):
        if token.text in ("{", "("):
            opened.append(at)
        elif token.text in opening_of:
            while opened and tokens[opened[-1]].text != opening_of[token.text]:
                opened.pop()  # never closed
            if opened:
                found[opened.pop()] = at
    return found
