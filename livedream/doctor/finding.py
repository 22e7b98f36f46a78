"""One thing that the doctor looked at."""

from dataclasses import dataclass

APT = "Debian, Ubuntu: sudo apt install"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    ok: True it is there, False it is missing or broken, None it is only told. says: what was found.
    mend: what to do about it, or "".
    """

    topic: str
    name: str
    ok: bool | None
    says: str
    mend: str = ""
