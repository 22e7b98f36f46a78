"""The result of one check."""

from dataclasses import dataclass

APT = "Debian, Ubuntu: sudo apt install"


@dataclass(frozen=True)
class Finding:
    """The result of one check.

    Attributes:
        topic: the heading that it is listed under.
        name: what was checked.
        ok: True if it is there, False if it is missing or broken, None for information only.
        says: what was found.
        mend: what to do about it, or "".
    """

    topic: str
    name: str
    ok: bool | None
    says: str
    mend: str = ""
