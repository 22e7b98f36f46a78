"""livedream: play learned footage live, as an instrument. DESIGN: footage → dream file → frames."""

__version__ = "0.2.0"


class UserError(Exception):
    """Something the user can mend. Its text is one line: what is wrong, where, what to do. Exit code 2."""


def one_line(error: Exception, most: int = 300) -> str:
    """What an exception says, in one line of at most `most` characters; its type where it says nothing."""
    return " ".join(str(error).split())[:most] or type(error).__name__
