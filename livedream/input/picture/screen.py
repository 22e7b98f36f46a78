"""What this computer's screen shows, by FFmpeg's devices: X11, AVFoundation, GDI."""

import os
import sys
from collections.abc import Iterator

import av

from livedream import UserError
from livedream.input.picture.decoding import live
from livedream.input.picture.shot import Asked, Report, Shot

RATE = 30.0  # pictures a second


def check(asked: Asked) -> str:
    """Return the source's name. Raises UserError where no screen can be read."""
    if sys.platform not in ("linux", "darwin", "win32"):
        raise UserError(f"--in {asked.address}: screens are read on Linux, macOS and Windows only")
    if sys.platform == "linux" and not os.environ.get("DISPLAY"):
        raise UserError(f"--in {asked.address}: there is no X display here (DISPLAY is not set)")
    return asked.address


def pictures(asked: Asked, report: Report) -> Iterator[Shot]:
    """Yield what the screen shows until it goes away."""
    device, url, options = grabber(asked, sys.platform, os.environ.get("DISPLAY", ""))
    try:
        with av.open(url, format=device, options=options, timeout=(5.0, 3.0)) as container:
            yield from live(container, report, stamped=True)
    except (av.FFmpegError, OSError) as error:
        raise RuntimeError(f"the screen {url} cannot be read: {error.strerror}") from None


def grabber(asked: Asked, platform: str, display: str) -> tuple[str, str, dict[str, str]]:
    """Return FFmpeg's device, its name of the screen, and its options.

    Args:
        asked: "screen" or "screen:NUMBER", the part of it, and the rate.
        platform: As sys.platform.
        display: DISPLAY, on Linux.
    """
    number = asked.address.partition(":")[2]
    options = {"framerate": f"{asked.fps or RATE:g}"}
    if asked.size and platform != "darwin":
        options["video_size"] = "{}x{}".format(*asked.size)
    x, y = asked.at or (0, 0)
    if platform == "darwin":
        return "avfoundation", f"Capture screen {number or 0}", options | {"capture_cursor": "1"}
    if platform == "win32":
        return "gdigrab", "desktop", options | ({"offset_x": str(x), "offset_y": str(y)} if asked.at else {})
    screen = f"{display.rpartition('.')[0] if '.' in display.rpartition(':')[2] else display}.{number}"
    return "x11grab", f"{screen if number else display}+{x},{y}", options
