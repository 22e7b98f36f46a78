"""Checks of live inputs: cameras, the screen."""

import os
import sys

from livedream.doctor.finding import Finding
from livedream.doctor.probe import Answer

MEND = "pip install --force-reinstall --only-binary av av (PyAV's own wheel has it)"


def cameras(found: Answer) -> list[Finding]:
    """List the cameras, by what one writes for them."""
    if why := _fault(found, "camera"):
        return [Finding("inputs", "camera", False, why, MEND)]
    if not found["cameras"]:
        return [Finding("inputs", "camera", None, "none is plugged in; --in camera waits for one")]
    return [Finding("inputs", f"camera:{number}", True, name) for number, name in found["cameras"]]


def screen(found: Answer) -> list[Finding]:
    """Report whether the screen can be an input."""
    if why := _fault(found, "screen"):
        return [Finding("inputs", "screen", False, why, MEND)]
    if not sys.platform.startswith("linux"):
        return [Finding("inputs", "screen", True, "--in screen shows it, once the system allows it")]
    if not os.environ.get("DISPLAY"):
        return [Finding("inputs", "screen", None, "no X display here for --in screen")]
    if os.environ.get("WAYLAND_DISPLAY"):
        says = "--in screen sees only programs that use X11: this desktop is Wayland"
        return [
            Finding("inputs", "screen", None, says, "choose an X11 session at login, or send the screen by OBS and NDI")
        ]
    return [Finding("inputs", "screen", True, "--in screen shows it")]


def _fault(found: Answer, device: str) -> str:
    if "problem" in found:
        return f"PyAV does not run: {found['problem']}"
    return f"this PyAV has no device for it: --in {device} does not work" if device in found["missing"] else ""
