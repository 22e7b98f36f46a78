"""Checks of power: sleep during a show, and the battery."""

from livedream.doctor.finding import Finding
from livedream.doctor.probe import Answer
from livedream.system import battery


def sleep(found: Answer) -> list[Finding]:
    """Report whether display and system can be kept awake, which the probe has tried for a moment."""
    if found.get("by"):
        return [Finding("power", "sleep", True, f"prevented while a show runs ({found['by']})")]
    says = found.get("says") or f"cannot be prevented: {found.get('problem')}"
    return [Finding("power", "sleep", None, says)]


def plugged() -> list[Finding]:
    """Report whether the machine is plugged in; nothing for a machine without a battery."""
    power = battery.read()
    if power is None:
        return []
    if power.plugged:
        full = "" if power.percent is None else f", {power.percent} %"
        return [Finding("power", "battery", True, f"plugged in{full}")]
    return [Finding("power", "battery", None, power.warning, "plug it in: on battery most machines are also slower")]
