"""The battery, asked of the system itself: a show on a laptop that is not plugged in ends before its time."""

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

SUPPLIES = Path("/sys/class/power_supply")


@dataclass(frozen=True)
class Battery:
    """percent: 0..100, or None where the system does not tell.  plugged: whether the mains carry the machine."""

    percent: int | None
    plugged: bool

    @property
    def says(self) -> str:
        """What the user should know: "on battery, 43 %", or "" while it is plugged in."""
        if self.plugged:
            return ""
        return "on battery" if self.percent is None else f"on battery, {self.percent} %"


def look() -> Battery | None:
    """The battery as it is now; None for a machine without one, or one that does not tell. Raises nothing."""
    try:
        if sys.platform == "win32":
            return _windows()
        if sys.platform == "darwin":
            command = ["pmset", "-g", "batt"]
            return from_pmset(subprocess.run(command, capture_output=True, text=True, timeout=5).stdout)
        return from_folder(SUPPLIES)
    except (OSError, subprocess.SubprocessError):
        return None


def from_folder(folder: Path) -> Battery | None:
    """The battery as Linux tells it in /sys/class/power_supply; several count as one."""
    supplies = [_facts(each) for each in sorted(folder.iterdir())] if folder.is_dir() else []
    # A mouse or a headset has a battery too: its scope is "Device".
    supplies = [each for each in supplies if each("scope") != "Device"]
    batteries = [each for each in supplies if each("type") == "Battery" and each("present") != "0"]
    if not batteries:
        return None
    lines = [each("online") for each in supplies if each("type") in ("Mains", "USB") and each("online")]
    draining = any(each("status") == "Discharging" for each in batteries)
    return Battery(_percent(batteries), plugged="1" in lines if lines else not draining)


def from_pmset(text: str) -> Battery | None:
    """The battery as macOS tells it by `pmset -g batt`."""
    found = re.search(r"InternalBattery.*?(\d+)%", text)
    return Battery(int(found[1]), plugged="'AC Power'" in text) if found else None


def _facts(supply: Path):
    """What one supply tells, by file name; "" for what it does not."""

    def fact(name: str) -> str:
        try:
            return (supply / name).read_text().strip()
        except (OSError, ValueError):  # a driver may refuse a moment's reading
            return ""

    return fact


def _percent(batteries: list) -> int | None:
    """How full they are together: by what each holds where all tell it, else as if they were alike."""
    for now, full in (("energy_now", "energy_full"), ("charge_now", "charge_full")):
        held = [(each(now), each(full)) for each in batteries]
        if all(a.isdecimal() and b.isdecimal() and int(b) for a, b in held):
            return min(100, round(100 * sum(int(a) for a, _ in held) / sum(int(b) for _, b in held)))
    told = [int(each("capacity")) for each in batteries if each("capacity").isdecimal()]
    return min(100, round(sum(told) / len(told))) if told else None


def _windows() -> Battery | None:
    import ctypes

    class Status(ctypes.Structure):  # SYSTEM_POWER_STATUS
        _fields_ = (
            *((name, ctypes.c_ubyte) for name in ("line", "flag", "percent", "saver")),
            *((name, ctypes.c_ulong) for name in ("seconds", "seconds_full")),
        )

    status = Status()
    if not ctypes.windll.kernel32.GetSystemPowerStatus(ctypes.byref(status)):
        return None
    if status.flag & 128:  # none; 255, not known, has this bit too
        return None
    return Battery(status.percent if status.percent <= 100 else None, plugged=status.line != 0)
