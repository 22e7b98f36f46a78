"""Whether the machine may fall asleep in the middle of a show."""

from livedream.doctor.finding import Finding
from livedream.system import battery


def sleep(found: dict) -> list[Finding]:
    """Whether display and system can be kept awake; tried for a moment."""
    if found.get("by"):
        return [Finding("power", "sleep", True, f"is put off while a show runs ({found['by']})")]
    says = found.get("says") or f"cannot be put off: {found.get('problem')}"
    return [Finding("power", "sleep", None, says)]


def plugged() -> list[Finding]:
    """Where the power comes from; nothing of a machine without a battery."""
    power = battery.look()
    if power is None:
        return []
    if power.plugged:
        full = "" if power.percent is None else f", {power.percent} %"
        return [Finding("power", "battery", True, f"plugged in{full}")]
    return [Finding("power", "battery", None, power.says, "plug it in: on battery most machines draw slower, too")]
