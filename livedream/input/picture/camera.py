"""A camera or capture card, by FFmpeg's devices: Video4Linux, AVFoundation, DirectShow."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import av

from livedream import UserError, did_you_mean
from livedream.input.picture.decoding import live
from livedream.input.picture.shot import Asked, Report, Shot

DEVICES = {"linux": "v4l2", "darwin": "avfoundation", "win32": "dshow"}
# What is asked of a camera, until it takes one. By default many give 640x480, or pictures that were not compressed and
# do not come through USB at more than ten a second. Keys are those of FFmpeg's device.
WISHES: dict[str, tuple[dict[str, str], ...]] = {
    "v4l2": (
        {"video_size": "1280x720", "framerate": "30", "input_format": "mjpeg"},
        {"video_size": "1280x720", "framerate": "30"},
        {},
    ),
    "avfoundation": (
        {"video_size": "1280x720", "framerate": "30", "pixel_format": "nv12"},
        {"framerate": "30", "pixel_format": "nv12"},
        {"framerate": "30"},
        {},
    ),
    "dshow": ({"video_size": "1280x720", "framerate": "30", "rtbufsize": "64M"}, {"rtbufsize": "64M"}),
}


def check(asked: Asked) -> str:
    """Return the source's name; a camera may be plugged in later. Raises UserError on a system without cameras."""
    if sys.platform not in DEVICES:
        raise UserError(f"--in {asked.address}: cameras are read on Linux, macOS and Windows only")
    return asked.address


def pictures(asked: Asked, report: Report) -> Iterator[Shot]:
    """Yield the camera's pictures until it is unplugged."""
    device, url = find(asked.address.partition(":")[2])
    with opened(device, url, asked) as container:
        yield from live(container, report, stamped=True)


def opened(device: str, url: str, asked: Asked) -> av.container.InputContainer:
    """Open a camera with what was asked for, else with the first of WISHES that it takes.

    Args:
        device: FFmpeg's name of the device.
        url: Its name of the camera.
        asked: Size and rate.

    Raises:
        av.FFmpegError: It cannot be opened.
    """
    wanted = {}
    if asked.size:
        wanted["video_size"] = "{}x{}".format(*asked.size)
    if asked.fps:
        wanted["framerate"] = f"{asked.fps:g}"
    first: Exception | None = None
    for wish in WISHES.get(device, ({},)):
        try:
            options = {"fflags": "nobuffer", **wish, **wanted}
            return av.open(url, format=device, options=options, timeout=(5.0, 3.0))
        except (av.FFmpegError, OSError) as error:
            first = first or error
            if isinstance(error, FileNotFoundError | PermissionError) or getattr(error, "errno", 0) == BUSY:
                break
    assert first is not None
    raise first


BUSY = 16  # EBUSY: another program has it


def find(wanted: str) -> tuple[str, str]:
    """Return FFmpeg's device and its name of the camera: by number from 0, by name, or by a part of it.

    Raises:
        LookupError: There is no such camera; says which there are.
    """
    device, there = DEVICES[sys.platform], cameras()
    if sys.platform == "linux" and wanted.startswith("/"):
        return device, wanted
    if not wanted:
        found = there[:1]
    elif wanted.isdigit():
        found = [each for each in there if each.number == int(wanted)]
    else:
        found = [each for each in there if wanted.lower() in each.name.lower()]
    if not found:
        names = ", ".join(each.name for each in there)
        close = did_you_mean(wanted, (each.name for each in there))
        which = f"camera {wanted}" if wanted else "camera"
        raise LookupError(f"there is no {which}{close or (f'; there are: {names}' if names else '; plug one in')}")
    return device, found[0].url


class Camera(NamedTuple):
    """A camera: its number (N of /dev/videoN on Linux), its name, and what FFmpeg calls it."""

    number: int
    name: str
    url: str


def cameras() -> list[Camera]:
    """Return every camera here."""
    if sys.platform == "linux":
        found = []
        for each in Path("/sys/class/video4linux").glob("video*"):
            try:
                name, index = (each / "name").read_text().strip(), int((each / "index").read_text())
            except (OSError, ValueError):
                continue
            if index == 0:  # others of the same camera carry data about its pictures
                found.append(Camera(int(each.name.removeprefix("video")), name, f"/dev/{each.name}"))
        return sorted(found)
    try:
        devices = av.enumerate_input_devices(DEVICES[sys.platform])
    except (av.FFmpegError, OSError, ValueError, KeyError):
        return []
    seeing = [each for each in devices if "video" in each.media_types]
    named = [each for each in seeing if not each.description.startswith("Capture screen")]
    prefix = "video=" if sys.platform == "win32" else ""
    return [Camera(n, each.description or each.name, f"{prefix}{each.name}") for n, each in enumerate(named)]
