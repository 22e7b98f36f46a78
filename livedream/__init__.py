"""Play learned footage live, as an instrument."""

from collections.abc import Iterable

__version__ = "0.2.0"


class UserError(Exception):
    """Something the user can mend. Its text is one line: what is wrong, where, what to do. Exit code 2."""


def one_line(error: Exception, most: int = 300) -> str:
    """What an exception says, in one line of at most `most` characters; its type where it says nothing."""
    return " ".join(str(error).split())[:most] or type(error).__name__


def did_you_mean(word: str, names: Iterable[str]) -> str:
    """Return "; did you mean NAME?" with the name that a mistyped word resembles most, or "" if it resembles none."""
    import difflib  # 3 ms that only a mistake costs

    close = difflib.get_close_matches(word.lower(), list(names), 1)
    return f"; did you mean {close[0]}?" if close else ""
