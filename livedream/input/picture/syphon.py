"""Syphon: pictures from another program on the same Mac, by a shared surface.

Written from syphon-python's documentation and Syphon's headers; not run on macOS yet.
"""

import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from livedream import did_you_mean
from livedream.input.picture.shot import Asked, Report, Shot
from livedream.system.extras import need

WAIT = 0.002  # seconds between two looks for a picture
BGRA = 80  # MTLPixelFormatBGRA8Unorm, which most programs share


def check(asked: Asked) -> str:
    """Return the source's name; the server may come later. Raises UserError without syphon-python, or not on macOS."""
    need("--in syphon", "syphon", "darwin")
    return asked.address


def pictures(asked: Asked, report: Report) -> Iterator[Shot]:
    """Yield the server's pictures as they come, until it goes; a part of its name or its program's is enough.

    Raises:
        LookupError: There is no such server; says which there are.
    """
    import objc
    import syphon
    from syphon.utils.numpy import copy_mtl_texture_to_image as copied

    wanted = asked.address.partition(":")[2].lower()
    _attend()
    directory = syphon.SyphonServerDirectory()
    named = {f"{each.app_name} {each.name}".strip(): each for each in directory.servers}
    name = next((each for each in named if wanted in each.lower()), None)
    if name is None:
        there = f"; there are: {', '.join(named)}" if named else ""
        raise LookupError(f"there is no Syphon server {wanted!r}{did_you_mean(wanted, named) or there}")
    client = syphon.SyphonMetalClient(named[name])
    try:
        while client.is_valid:
            _attend()
            if not client.has_new_frame:
                time.sleep(WAIT)
                continue
            with objc.autorelease_pool():  # without one every picture's objects are kept
                texture = client.new_frame_image
                pixels: Any = copied(texture)
                at = time.perf_counter()
                if int(texture.pixelFormat()) == BGRA:
                    pixels = pixels[..., [2, 1, 0, 3]]
                # Syphon's surfaces have the bottom row first, as in OpenGL; our pictures have the top row first.
                pixels = np.ascontiguousarray(pixels[::-1])
            report.note(f"{name}, {pixels.shape[1]}x{pixels.shape[0]}")
            yield Shot(pixels, at)
    finally:
        client.stop()


def _attend() -> None:
    """Let Cocoa deliver the news of servers that come and go."""
    from Foundation import NSDate, NSRunLoop

    NSRunLoop.currentRunLoop().runUntilDate_(NSDate.dateWithTimeIntervalSinceNow_(0.001))
