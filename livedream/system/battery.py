"""The battery: a show on a laptop that is not plugged in may end before its time."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

SUPPLIES = Path("/sys/class/power_supply")


@dataclass(frozen=True)
class Battery:
    """The battery's state at a moment.

    Attributes:
        percent: charge, 0..100, or None where the system does not report it.
        plugged: whether the machine runs on mains power.
    """

    percent: int | None
    plugged: bool

    @property
    def warning(self) -> str:
        """A line for the user: "on battery, 43 %", or "" while it is plugged in."""
        if self.plugged:
            return ""
        return "on battery" if self.percent is None else f"on battery, {self.percent} %"


def read() -> Battery | None:
    """Return the battery's state; None for a machine without one, or where it is not reported. Raises nothing."""
    try:
        return read_linux(SUPPLIES) if sys.platform == "linux" else read_psutil()
    except (OSError, RuntimeError, AttributeError):  # psutil's, on systems that it does not support
        return None


def read_psutil() -> Battery | None:
    """Return the battery as Windows and macOS report it."""
    import psutil  # 11 ms, which a show that begins would rather not wait

    found = psutil.sensors_battery()
    if found is None:
        return None
    percent = round(found.percent) if 0 <= found.percent <= 100 else None  # Windows: 255 for unknown
    return Battery(percent, plugged=found.power_plugged is not False)


def read_linux(folder: Path) -> Battery | None:
    """Return the batteries in /sys/class/power_supply, counted as one.

    psutil reads the first one only, takes that of a wireless mouse for the machine's, and knows no charging by USB-C.
    """
    supplies = [_reader(each) for each in sorted(folder.iterdir())] if folder.is_dir() else []
    supplies = [each for each in supplies if each("scope") != "Device"]  # the batteries of mice and headsets
    batteries = [each for each in supplies if each("type") == "Battery" and each("present") != "0"]
    if not batteries:
        return None
    mains = [each("online") for each in supplies if each("type") in ("Mains", "USB") and each("online")]
    draining = any(each("status") == "Discharging" for each in batteries)
    return Battery(_percent(batteries), plugged="1" in mains if mains else not draining)


def _reader(supply: Path) -> Callable[[str], str]:
    """Return a function that reads one supply's files by name: "" for one that is missing."""

    def read_file(name: str) -> str:
        try:
            return (supply / name).read_text().strip()
        except (OSError, ValueError):  # a driver may refuse to answer for a moment
            return ""

    return read_file


def _percent(batteries: list[Callable[[str], str]]) -> int | None:
    """Return the charge of all batteries: weighted by capacity where all report it, else their mean."""
    for now, full in (("energy_now", "energy_full"), ("charge_now", "charge_full")):
        held = [(each(now), each(full)) for each in batteries]
        if all(a.isdecimal() and b.isdecimal() and int(b) for a, b in held):
            return min(100, round(100 * sum(int(a) for a, _ in held) / sum(int(b) for _, b in held)))
    reported = [int(each("capacity")) for each in batteries if each("capacity").isdecimal()]
    return min(100, round(sum(reported) / len(reported))) if reported else None
