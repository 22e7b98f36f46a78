"""Spout: pictures from another program on the same Windows machine, by a shared texture.

Written from SpoutGL's documentation and the Spout SDK's; not run on Windows yet.
"""

import time
from collections.abc import Iterator

import numpy as np

from livedream.input.picture.shot import Asked, Report, Shot
from livedream.system.extras import need

GL_RGBA = 0x1908
WAIT = 200  # milliseconds to wait for a picture
GONE = 1.0  # seconds without one after which the sender is said to be gone


def check(asked: Asked) -> str:
    """Return the source's name; the sender may come later. Raises UserError without SpoutGL, or not on Windows."""
    need("--in spout", "SpoutGL", "win32")
    return asked.address


def pictures(asked: Asked, report: Report) -> Iterator[Shot]:
    """Yield the sender's pictures as they come; without a name those of the sender that is chosen in Windows."""
    import SpoutGL

    name = asked.address.partition(":")[2]
    receiver = SpoutGL.SpoutReceiver()
    if not receiver.createOpenGL():  # a context in a hidden window of Spout's own
        raise RuntimeError("spout: no OpenGL context could be made")
    try:
        receiver.setReceiverName(name)
        buffer, last = None, time.perf_counter() - GONE
        while True:
            # DirectX has the top row first, as our pictures have.
            got = receiver.receiveImage(buffer, GL_RGBA, False, 0)
            if receiver.isUpdated():  # connected, or another size: the buffer for it first
                width, height = receiver.getSenderWidth(), receiver.getSenderHeight()
                buffer = np.empty((height, width, 4), np.uint8) if width and height else None
                report.note(f"{receiver.getSenderName()}, {width}x{height}")
                continue
            if got and buffer is not None:
                last = time.perf_counter()
                yield Shot(buffer, last)
            elif time.perf_counter() - last > GONE:
                report.trouble(f"there is no Spout sender {name!r}" if name else "there is no Spout sender")
            receiver.waitFrameSync(name or receiver.getSenderName(), WAIT)
    finally:
        receiver.releaseReceiver()
        receiver.closeOpenGL()
