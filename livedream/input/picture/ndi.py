"""NDI sources of the network, by the library that comes with cyndilib."""

import ctypes
import functools
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from ctypes import POINTER, Structure, byref, c_bool, c_char_p, c_int, c_uint32, c_void_p

import av
import numpy as np

from livedream import UserError, did_you_mean
from livedream.input.picture.convert import Converter, shown_size
from livedream.input.picture.shot import Asked, Report, Shot
from livedream.picture import Pixels
from livedream.system.extras import need
from livedream.system.ndi_library import Video, loaded

LISTED = 3.0  # seconds in which sources make themselves known
LOOK = 1.0  # seconds between two looks at which sources there are, while pictures come
GONE = 1.0  # seconds without a picture or a connection after which a source has gone
PAUSE = 0.02  # seconds until it is tried again
WAIT = 200  # milliseconds to wait for a picture
# Without alpha UYVY, which we convert: the library's own conversion is up to 12 levels off. With alpha RGBA.
UYVY_RGBA, HIGHEST = 3, 100
UYVY, RGBA, RGBX = (int.from_bytes(name, "little") for name in (b"UYVY", b"RGBA", b"RGBX"))
VIDEO = 1  # a type of what is captured
BT709, LIMITED = 1, 1  # colour matrix of ITU-T H.273, and range


class _Source(Structure):
    _fields_ = (("name", c_char_p), ("url", c_char_p))


class _Find(Structure):
    _fields_ = (("local", c_bool), ("groups", c_char_p), ("ips", c_char_p))


class _Receive(Structure):
    _fields_ = (
        ("source", _Source),
        ("colour", c_int),
        ("bandwidth", c_int),
        ("fields", c_bool),
        ("name", c_char_p),
    )


@functools.cache
def _library() -> ctypes.CDLL:
    return loaded(
        ("find_create_v2", c_void_p, POINTER(_Find)),
        ("find_wait_for_sources", c_bool, c_void_p, c_uint32),
        ("find_get_current_sources", POINTER(_Source), c_void_p, POINTER(c_uint32)),
        ("recv_create_v3", c_void_p, POINTER(_Receive)),
        ("recv_connect", None, c_void_p, POINTER(_Source)),
        ("recv_capture_v2", c_int, c_void_p, POINTER(Video), c_void_p, c_void_p, c_uint32),
        ("recv_free_video_v2", None, c_void_p, POINTER(Video)),
    )


def check(asked: Asked) -> str:
    """Return the source's name; it may appear later.

    Raises:
        UserError: cyndilib is not installed. For "ndi:?": the names of the sources of the network.
    """
    need("--in ndi", "cyndilib")
    if asked.address.partition(":")[2] == "?":
        raise UserError(f"--in ndi:?: {told(listed())}")
    return asked.address


def listed() -> list[str]:
    """Return the names of the sources of the network, found in a process of its own in LISTED seconds."""
    command = [sys.executable, "-m", "livedream.input.picture.ndi"]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=LISTED + 10)
        names: list[str] = json.loads(done.stdout.splitlines()[-1])
    except (OSError, subprocess.TimeoutExpired, ValueError, IndexError):
        return []
    return names


def told(names: list[str]) -> str:
    """Say which sources there are."""
    return f"there are: {', '.join(names)}" if names else "there are no NDI sources on this network"


def chosen(names: list[str], wanted: str) -> str | None:
    """Return the name that was meant: the whole, what is in its brackets, or a part of it; None if it is not there."""
    low = wanted.lower()
    same = [each for each in names if each.lower() == low]
    inner = [each for each in names if each.lower().endswith(f"({low})")]
    return next(iter((*same, *inner, *(each for each in sorted(names) if low in each.lower()))), None)


class Finder:
    """Knows the sources of the network. It takes seconds to find them, so it is kept."""

    def __init__(self) -> None:
        self._library = _library()
        self._handle = self._library.NDIlib_find_create_v2(byref(_Find(True, None, None)))
        if not self._handle:
            raise RuntimeError("NDI cannot look for sources; is the network up?")

    def sources(self) -> dict[str, bytes]:
        """Return the addresses of the sources that are there now, by name."""
        count = c_uint32()
        found = self._library.NDIlib_find_get_current_sources(self._handle, byref(count))
        pairs = ((found[number].name, found[number].url) for number in range(count.value))
        return {name.decode("utf-8", "replace"): url or b"" for name, url in pairs if name}

    def wait(self, milliseconds: int) -> None:
        """Wait until a source has come or gone, at most so long."""
        self._library.NDIlib_find_wait_for_sources(self._handle, milliseconds)


class Receiver:
    """Receives one source at a time."""

    def __init__(self) -> None:
        self._library = _library()
        how = _Receive(_Source(None, None), UYVY_RGBA, HIGHEST, False, b"livedream")
        self._handle = self._library.NDIlib_recv_create_v3(byref(how))
        if not self._handle:
            raise RuntimeError("NDI gives no receiver; is the network up?")
        self._convert = Converter()

    def connect(self, url: bytes | None) -> None:
        """Receive what is sent at this address from now on, also after it was gone; None: nothing."""
        # With its name, too, the library would wait until it is found again, which takes seconds.
        self._library.NDIlib_recv_connect(self._handle, byref(_Source(None, url)) if url else None)

    def picture(self) -> tuple[Pixels, float] | None:
        """Return the next picture and its rate, or None if there is none within WAIT ms."""
        video = Video()
        kind = self._library.NDIlib_recv_capture_v2(self._handle, byref(video), None, None, WAIT)
        if kind != VIDEO:
            return None
        try:
            return self._pixels(video), video.rate / max(video.rate_divisor, 1)
        finally:
            self._library.NDIlib_recv_free_video_v2(self._handle, byref(video))

    def _pixels(self, video: Video) -> Pixels:
        width, height = video.width, video.height
        data = (ctypes.c_uint8 * (video.stride * height)).from_address(video.data)
        lines = np.frombuffer(data, np.uint8).reshape(height, video.stride)
        aspect = video.aspect * height / width if video.aspect else 1.0
        if video.fourcc == UYVY:
            frame = av.VideoFrame(width, height, "uyvy422")
            plane = frame.planes[0]
            whole = np.frombuffer(memoryview(plane), np.uint8)
            whole.reshape(height, plane.line_size)[:, : 2 * width] = lines[:, : 2 * width]
            frame.colorspace, frame.color_range = BT709, LIMITED
            return self._convert(frame, aspect)
        if video.fourcc not in (RGBA, RGBX):
            raise RuntimeError(f"its pixel format {video.fourcc.to_bytes(4, 'little')!r} is not known here")
        pixels: Pixels = lines[:, : 4 * width].reshape(height, width, 4).copy()
        if video.fourcc == RGBX:
            pixels[..., 3] = 255
        if shown_size(width, height, aspect) != (width, height):
            return self._convert(av.VideoFrame.from_ndarray(pixels, format="rgba"), aspect)
        return pixels


def pictures(asked: Asked, report: Report) -> Iterator[Shot]:
    """Yield the source's pictures as they come; it may go and come back, at the same address or at another."""
    wanted = asked.address.partition(":")[2]
    finder, receiver = Finder(), Receiver()
    connected: tuple[str, bytes] | None = None
    last = looked = time.perf_counter()
    while True:
        got = receiver.picture() if connected else None
        if got is not None and connected is not None:
            pixels, rate = got
            last = time.perf_counter()
            report.note(f"{connected[0]}, {pixels.shape[1]}x{pixels.shape[0]}, {rate:.4g} fps")
            yield Shot(pixels, last)
        if got is not None and last - looked < LOOK:
            continue
        sources, looked = finder.sources(), time.perf_counter()
        name = chosen(list(sources), wanted)
        here = (name, sources[name]) if name is not None else connected
        if name is None and connected and connected[1] in sources.values():  # another one has taken its address
            here = None
        if here != connected and (got is None or here is None):
            connected, last = here, looked
            receiver.connect(here[1] if here else None)
        if looked - last > GONE:  # at first none has been found yet
            missing = f"there is no NDI source {wanted!r}{did_you_mean(wanted, sources)}; {told(list(sources))}"
            report.trouble(f"{name} sends nothing" if name else missing)
        if connected is None:
            finder.wait(WAIT)
        elif got is None:
            time.sleep(PAUSE)  # without a connection the library answers at once


def main() -> None:
    """Print the names of the sources of the network, as JSON."""
    finder, end = Finder(), time.monotonic() + LISTED
    while (left := end - time.monotonic()) > 0:
        finder.wait(round(left * 1000))
    print(json.dumps(sorted(finder.sources())), flush=True)


if __name__ == "__main__":
    main()
