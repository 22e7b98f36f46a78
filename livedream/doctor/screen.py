"""Checks of the screen: whether a window can open, and which OpenGL draws it."""

import os
import sys

from livedream.doctor.finding import APT, Finding
from livedream.doctor.probe import Answer


def screen(found: Answer) -> list[Finding]:
    """Report whether a window can open, and which OpenGL draws it."""
    there = [f"{key}={os.environ[key]}" for key in ("DISPLAY", "WAYLAND_DISPLAY") if os.environ.get(key)]
    linux = sys.platform.startswith("linux")
    shown = ", ".join(there) or ("none" if linux else "the system's")
    opens = found.get("window", False)
    display = Finding("screen", "display", opens or (None if there else False), shown)
    if "problem" in found:
        packages = "libgl1 libglx-mesa0 libegl1 libgl1-mesa-dri"
        mend = f"{APT} {packages}" if linux else "install the graphics card's driver"
        mend = f"is there a screen at {shown}? If so, {mend}" if there else mend
        return [
            display,
            Finding("screen", "window", False, "cannot open; use --out page"),
            Finding("screen", "opengl", False, f"no OpenGL 3.3: {found['problem']}", mend),
        ]
    renderer = f"{found['renderer']} ({found['vendor']}), OpenGL {found['version']}"
    slow = any(word in found["renderer"].lower() for word in ("llvmpipe", "softpipe", "swrast", "gdi generic"))
    drawn = Finding("screen", "opengl", True, renderer + (": drawn by the processor" if slow else ""))
    if opens:
        return [display, Finding("screen", "window", True, "opens"), drawn]
    mend = "for a window run it where a screen is, or: xvfb-run -a livedream run"
    if os.environ.get("WAYLAND_DISPLAY"):
        mend = f"Wayland needs Xwayland. {APT} xwayland"
    return [display, Finding("screen", "window", False, "no display; run serves the page", mend), drawn]


def monitors(found: Answer) -> list[Finding]:
    """Report which monitor `--out window:N` means."""
    return [Finding("screen", f"window:{n}", None, each) for n, each in enumerate(found.get("monitors", ()))]
