"""The last thing that happens to a picture: fade and blackout."""

from livedream.parameters import Snapshot


def fade(values: Snapshot) -> float:
    """What is left of the picture after `master/fade` and `master/blackout`: 0 black, 1 all of it."""
    return 0.0 if values["master/blackout"] else values["master/fade"]
