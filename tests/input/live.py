"""Helping to test live sources: films and pictures that are made here, and a source that is started."""

import contextlib
from fractions import Fraction

import av
import numpy as np

from livedream.input.live_source import open_source
from tests.waiting import until

BLUE, GREY = (20, 40, 200), (128, 128, 128)


class Report:
    """Keeps what a source says; trouble that is not expected fails the test."""

    def __init__(self, trouble=False):
        self.expected, self.notes, self.troubles, self.skips = trouble, [], [], 0

    def note(self, text):
        self.notes.append(text)

    def trouble(self, text):
        assert self.expected, text
        self.troubles.append(text)

    def skipped(self, count=1):
        self.skips += count


def film(path, frames, rate=50, size=(64, 48), codec="libx264", pix_fmt="yuv444p", colour=None, **options):
    """Write a film whose pictures are grey of level 4·number, or `colour(number)`."""
    with av.open(f"file:{path}", "w", options=options.pop("muxer", {})) as container:
        stream = container.add_stream(codec, rate=rate, options=options)
        stream.width, stream.height, stream.pix_fmt = *size, pix_fmt
        stream.codec_context.time_base = Fraction(1, rate)
        for number in range(frames):
            level = colour(number) if colour else (4 * number,) * 3
            pixels = np.empty((size[1], size[0], 3), np.uint8)
            pixels[:] = level
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode(None))
    return path


def picture(path, pixels):
    """Write a picture file, by its suffix."""
    codec, pix_fmt = {
        ".png": ("png", "rgba" if pixels.shape[2] == 4 else "rgb24"),
        ".jpg": ("mjpeg", "yuvj444p"),
        ".webp": ("libwebp", "bgra"),
    }[path.suffix]
    height, width = pixels.shape[:2]
    with av.open(f"file:{path}", "w", format="image2", options={"update": "1"}) as container:
        stream = container.add_stream(codec, rate=1)
        stream.width, stream.height, stream.pix_fmt = width, height, pix_fmt
        kind = "rgba" if pixels.shape[2] == 4 else "rgb24"
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format=kind)
        container.mux(stream.encode(frame.reformat(format=pix_fmt)))
        container.mux(stream.encode(None))
    return path


@contextlib.contextmanager
def started(text):
    """A source that is started, and stopped afterwards."""
    source = open_source(str(text))
    source.start()
    try:
        yield source
    finally:
        source.stop()


def shown(source, good=lambda pixels: True, seconds=30):
    """Wait for a picture for which good(pixels), and return it."""
    return until(lambda: (now := source.latest) and good(now.pixels) and now, seconds)
