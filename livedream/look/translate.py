"""Translate the text of a shader, written for GLSL 1.10 to 3.30 or WebGL, into GLSL 3.30 core."""

import re
from collections.abc import Iterable, Iterator, Set

from livedream.look import builtin_functions, loop_guard
from livedream.look.tokens import Token, blank, next_significant, significant, words
from livedream.look.vocabulary import (
    DECLARED,
    FUNCTIONS,
    INTERPOLATION,
    QUALIFIERS,
    RESERVED,
    SAME,
    SOMETIMES,
    STORAGE,
)

NEAR = 300  # tokens looked through for the end of a list of parameters


def translate(tokens: list[Token], stage: str, known: Set[str], hidden: Set[str]) -> str:
    """Return the text of one stage in GLSL 3.30; every line break is where it was.

    Args:
        tokens: the shader's; they are changed.
        stage: "vertex" or "fragment".
        known: names that the prelude declares.
        hidden: names of inputs and images that also mean something else.
    """
    loop_guard.guard(tokens)
    _drop_known_uniforms(tokens, known)
    if stage == "fragment":
        _own_output(tokens)
    _drop_const(tokens, known)
    for at, token in enumerate(tokens):
        if token.kind == "name":
            token.text = _renamed(tokens, at, stage, hidden)
    return "".join(each.text for each in tokens) + "\n"


def _renamed(tokens: list[Token], at: int, stage: str, hidden: Set[str]) -> str:
    """Return the name at a token as GLSL 3.30 has it."""
    text = tokens[at].text
    if text == "varying":
        return "in" if stage == "fragment" else "out"
    if text == "gl_FragData":
        following = [tokens[each] for each in next_significant(tokens, at, 3)]
        if [each.text for each in following] == ["[", "0", "]"]:
            for each in following:
                each.text = ""
            return "isf_FragColor"
    place = significant(tokens, at + 1)
    after = tokens[place].text if place < len(tokens) else ""
    if text in hidden and _means_input(text, after):
        return f"isf_name_{text}"
    if text in SAME:
        return SAME[text]
    if text in RESERVED:
        return f"isf_name_{text}"
    if text in INTERPOLATION:
        return text if after in STORAGE else f"isf_name_{text}"
    if text in ("switch", "layout") and after != "(":
        return f"isf_name_{text}"
    if text in ("case", "default", "uint") and after in tuple("=;,)+-*/."):
        return f"isf_name_{text}"
    return text


def _means_input(text: str, after: str) -> bool:
    """Tell whether a word that is an input's name and also means something else is the input, by what follows."""
    if text in FUNCTIONS:
        return after != "("
    if text == "default":
        return after != ":"
    if text in SOMETIMES:
        return not re.match(r"[\w(]", after or "(")
    return True


def _drop_known_uniforms(tokens: list[Token], known: Iterable[str]) -> None:
    """Remove `uniform float TIME;` of a shader that declares what the prelude declares."""
    for start, end in _declarations(tokens, ("uniform", "varying", "in", "out")):
        names = _names(tokens[start + 1 : end])[1:]  # the first is the type
        if names and all(SAME.get(each, each) in known for each in names):
            blank(tokens, start, end + 1)


def _names(tokens: list[Token]) -> list[str]:
    return [each.text for each in tokens if each.kind == "name" and each.text not in QUALIFIERS]


def _own_output(tokens: list[Token]) -> None:
    """Put the prelude's output in the place of `out vec4 colour;` of a shader written for newer GLSL."""
    for start, end in _declarations(tokens, ("out",)):
        names = _names(tokens[start + 1 : end])
        if len(names) != 2 or names[0] != "vec4":
            continue
        before = significant(tokens, start - 1, -1)
        if before >= 0 and tokens[before].text == ")":  # layout(location = 0)
            while before > 0 and tokens[before].text != "layout":
                before -= 1
            start = before
        blank(tokens, start, end + 1)
        for each in tokens:
            if each.kind == "name" and each.text == names[1]:
                each.text = "isf_FragColor"
        return


def _drop_const(tokens: list[Token], known: Iterable[str]) -> None:
    """Remove `const` from `const float x = TIME * 2.0;` outside of functions, which lenient compilers accepted."""
    changing = set(known)
    for start, end in _declarations(tokens, ("const",)):
        names = [each.text for each in tokens[start + 1 : end] if each.kind == "name"]
        if any(each in changing for each in names[2:]):
            tokens[start].text = ""
            changing.add(names[1])  # a value computed from it is no constant either


def _declarations(tokens: list[Token], qualifiers: tuple[str, ...]) -> Iterator[tuple[int, int]]:
    """Yield declarations outside of functions: from one of these qualifiers, a token's index, to the semicolon's."""
    at = 0
    while at < len(tokens):
        start = at
        at += 1
        if tokens[start].text not in qualifiers or not _declares(tokens, start):
            continue
        while at < len(tokens) and tokens[at].text not in (";", "{", "}"):
            at += 1
        if at < len(tokens) and tokens[at].text == ";":
            yield start, at


def varyings(tokens: list[Token], qualifiers: tuple[str, ...]) -> dict[str, tuple[str, str]]:
    """Return the varyings declared outside of functions: by name, the type and the array part, such as "[2]"."""
    found = {}
    for start, end in _declarations(tokens, qualifiers):
        parts = [each for each in words(tokens[start + 1 : end]) if each not in QUALIFIERS]
        if not parts or "(" in parts:
            continue
        type_, rest = parts[0], "".join(parts[1:])
        for declarator in rest.split(","):
            name = re.match(r"([A-Za-z_]\w*)((?:\[[^\]]*\])?)$", declarator)
            if name and name.group(1) not in DECLARED:
                found[name.group(1)] = (SAME.get(type_, type_), name.group(2))
    return found


def _declares(tokens: list[Token], at: int) -> bool:
    """Tell whether the qualifier here belongs to a declaration outside of functions, not to a parameter."""
    if tokens[at].depth:
        return False
    before = significant(tokens, at - 1, -1)
    for _ in range(8):
        if before < 0 or tokens[before].text not in QUALIFIERS | INTERPOLATION:
            break
        before = significant(tokens, before - 1, -1)
    return before < 0 or tokens[before].text not in ("(", ",")


def functions(tokens: list[Token]) -> dict[str, set[tuple[str, ...]]]:
    """Return the built-in functions that the shader defines itself, each with the types of its parameters."""
    found: dict[str, set[tuple[str, ...]]] = {}
    for at, token in enumerate(tokens):
        if token.kind != "name" or token.depth or token.text not in builtin_functions.NAMES:
            continue
        before, opening = significant(tokens, at - 1, -1), significant(tokens, at + 1)
        if before < 0 or tokens[before].kind != "name" or opening == len(tokens) or tokens[opening].text != "(":
            continue
        if tokens[before].text in ("return", "else", "define"):
            continue
        stop = min(opening + NEAR, len(tokens))
        closing = next((i for i in range(opening, stop) if tokens[i].text == ")"), stop)
        types: list[str] = []
        expects_type = True
        for each in tokens[opening + 1 : closing]:
            if each.text == ",":
                expects_type = True
            elif each.kind == "name" and expects_type and each.text not in QUALIFIERS:
                types.append(each.text)
                expects_type = False
        found.setdefault(token.text, set()).add(tuple(types))
    return found
