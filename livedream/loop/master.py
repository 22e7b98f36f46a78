"""The last thing that happens to a picture: fade and blackout."""

from livedream.parameters import Snapshot


def fade(values: Snapshot) -> float:
    """The brightness that `master/fade` and `master/blackout` leave: 0 is black, 1 the whole picture."""
    return 0.0 if values["master/blackout"] else float(values["master/fade"])
