"""Text from a stranger's file, made safe to print in a message of one line."""

LONGEST = 80  # characters of one name or value
LONGEST_LINE = 300


def brief(text: object) -> str:
    """Return somebody else's text, printable and short enough for a line."""
    plain = "".join(c if c.isprintable() else "?" for c in str(text)) or "an empty name"
    return plain if len(plain) <= LONGEST else plain[: LONGEST - 3] + "…"


def brief_line(text: str) -> str:
    """Return an error's text as one line of at most LONGEST_LINE characters."""
    return " ".join(brief(word) for word in str(text).split())[:LONGEST_LINE]
