"""livedream: play learned footage live, as an instrument. DESIGN: footage → dream file → frames."""

__version__ = "0.1.0"


class UserError(Exception):
    """Something the user can mend. Its text is one line: what is wrong, where, what to do. Exit code 2."""
