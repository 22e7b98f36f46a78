"""Values of the keys behind an address, as in `--out rtmp://…#size=1280x720&fps=30` and `--in screen#fps=15`."""

import re


def size(text: str) -> tuple[int, int]:
    """Return (width, height) in pixels, 16 to 8192 each. Raises ValueError, which says what it should be."""
    match = re.fullmatch(r"(\d+)x(\d+)", text)
    if not match or not all(16 <= int(side) <= 8192 for side in match.groups()):
        raise ValueError("should be WIDTHxHEIGHT, 16 to 8192 each, such as 1280x720")
    return int(match[1]), int(match[2])


def rate(text: str) -> float:
    """Return frames a second, 1 to 240. Raises ValueError, which says what it should be."""
    if not re.fullmatch(r"\d+(\.\d+)?", text) or not 1 <= float(text) <= 240:
        raise ValueError("should be frames a second, 1 to 240")
    return float(text)
