"""libndi's C interface, as far as sending needs it (Processing.NDI.Send.h, Processing.NDI.structs.h).

The library comes with cyndilib's wheel. cyndilib's own sender copies every frame, sets no timecode, and cannot change
size or pixel format while it is open: receivers would lose the source whenever a dream of another size is loaded.
"""

import ctypes
import functools
from ctypes import POINTER, Structure, byref, c_bool, c_char_p, c_int, c_uint32, c_void_p

import numpy as np

from livedream.picture import Pixels
from livedream.system.ndi_library import PROGRESSIVE, Video, loaded

RGBA, RGBX = (int.from_bytes(name, "little") for name in (b"RGBA", b"RGBX"))  # FourCC; alpha is straight
TICKS = 10_000_000  # timecode units per second


class _Create(Structure):
    _fields_ = (("name", c_char_p), ("groups", c_char_p), ("clock_video", c_bool), ("clock_audio", c_bool))


class _Tally(Structure):
    _fields_ = (("program", c_bool), ("preview", c_bool))


@functools.cache
def _library() -> ctypes.CDLL:
    return loaded(
        ("send_create", c_void_p, POINTER(_Create)),
        ("send_destroy", None, c_void_p),
        ("send_send_video_async_v2", None, c_void_p, POINTER(Video)),
        ("send_get_tally", c_bool, c_void_p, POINTER(_Tally), c_uint32),
        ("send_get_no_connections", c_int, c_void_p, c_uint32),
    )


class Sender:
    """One NDI source on the network, until `close`. Only one thread may use it.

    Args:
        name: Shown by receivers as "HOST (name)".
        groups: "a,b", or None for the public group.
    """

    def __init__(self, name: str, groups: str | None = None):
        self._library = _library()
        # The show has its own clock: the library must not hold frames back to keep a rate.
        create = _Create(name.encode(), groups.encode() if groups else None, False, False)
        self._handle = self._library.NDIlib_send_create(byref(create))
        if not self._handle:
            raise RuntimeError(f"ndi: no source {name!r} could be made; is the network up?")
        self._reading: Pixels | None = None  # the array that the library may still read

    def send(self, pixels: Pixels, alpha: bool, rate: tuple[int, int], timecode: int) -> None:
        """Send a picture. The library goes on reading it after this returns, until the next call.

        Args:
            pixels: uint8 [H, W, 4] RGBA of any size; never to be written to again.
            alpha: Whether to send the fourth byte.
            rate: Frames per second, numerator and denominator.
            timecode: In units of 100 ns.
        """
        height, width = pixels.shape[:2]
        if pixels.strides[1:] != (4, 1) or pixels.strides[0] < 4 * width:
            pixels = np.ascontiguousarray(pixels)
        frame = Video(
            width=width & ~1,  # colours are sent for pairs of pixels
            height=height,
            fourcc=RGBA if alpha else RGBX,
            rate=rate[0],
            rate_divisor=rate[1],
            aspect=0,  # square pixels
            format=PROGRESSIVE,
            timecode=timecode,
            data=pixels.ctypes.data,
            stride=pixels.strides[0],
        )
        self._library.NDIlib_send_send_video_async_v2(self._handle, byref(frame))
        self._reading = pixels

    def tally(self) -> tuple[bool, bool, int]:
        """Return (on a receiver's program, in a receiver's preview, number of receivers)."""
        tally = _Tally()
        self._library.NDIlib_send_get_tally(self._handle, byref(tally), 0)
        receivers = int(self._library.NDIlib_send_get_no_connections(self._handle, 0))
        return tally.program, tally.preview, receivers

    def close(self) -> None:
        """Take the source off the network."""
        handle, self._handle = self._handle, None
        if handle:
            self._library.NDIlib_send_send_video_async_v2(handle, None)  # waits until the last frame has been read
            self._library.NDIlib_send_destroy(handle)
        self._reading = None
