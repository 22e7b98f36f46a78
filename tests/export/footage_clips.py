"""Clips for the tests of footage, written pixel by pixel, so that a test knows what must come back."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np

TICKS = 1000  # time base of what `write` writes


def grey(level: int, width: int = 64, height: int = 64) -> np.ndarray:
    return np.full((height, width, 3), level, np.uint8)


def noise(seed: int, width: int = 64, height: int = 64) -> np.ndarray:
    """A shot of its own: large blocks of random colours."""
    cells = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), np.uint8)
    return np.kron(cells, np.ones((height // 4, width // 4, 1), np.uint8))


def write(
    path: Path,
    pictures,
    rate=25,
    codec="libx264",
    pixels="yuv420p",
    times=None,
    options=None,
    tags=None,
    bitexact=True,
) -> Path:
    """Encode pictures (uint8 [H, W, 3] RGB, or VideoFrames). times: seconds of each; None: even at `rate`."""
    pictures = list(pictures)
    times = times if times is not None else [k / rate for k in range(len(pictures))]
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate, options=options or {})
        first = pictures[0]
        stream.width, stream.height = (first.width, first.height) if _made(first) else first.shape[1::-1]
        stream.pix_fmt = pixels
        stream.codec_context.time_base = Fraction(1, TICKS)
        for name, value in (tags or {}).items():
            setattr(stream.codec_context, name, value)
        for picture, time in zip(pictures, times, strict=True):
            frame = picture if _made(picture) else av.VideoFrame.from_ndarray(picture).reformat(format=pixels)
            frame.pts, frame.time_base = round(time * TICKS), Fraction(1, TICKS)
            for name in ("colorspace", "color_range", "color_trc", "color_primaries"):
                if name in (tags or {}):
                    setattr(frame, name, tags[name])
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def _made(picture) -> bool:
    return isinstance(picture, av.VideoFrame)


def flat_yuv(values, pixels: str, width: int = 64, height: int = 64) -> av.VideoFrame:
    """One colour: code values (Y, U, V) as they stand in the file."""
    frame = av.VideoFrame(width, height, pixels)
    kind = np.uint16 if "10" in pixels else np.uint8
    for plane, value in zip(frame.planes, values, strict=True):
        plane.update(np.full(plane.buffer_size // kind().itemsize, value, kind).tobytes())
    return frame


def remux(source: Path, target: Path, change=lambda number, packet: packet, seconds: float | None = None) -> Path:
    """Copy the video packets; `change` may alter one, or leave it out by giving None."""
    with av.open(str(source)) as old, av.open(str(target), "w") as new:
        stream = old.streams.video[0]
        copy = new.add_stream_from_template(stream)
        number = 0
        for packet in old.demux(stream):
            if not packet.size:
                continue
            if seconds is not None and packet.dts is not None and packet.dts * stream.time_base > seconds:
                break
            packet = change(number, packet)
            number += 1
            if packet is not None:
                packet.stream = copy
                new.mux(packet)
    return target


def sound(path: Path, seconds: float = 3) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=44100)
        samples = np.zeros((1, int(44100 * seconds)), np.float32)
        frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="mono")
        frame.sample_rate, frame.pts = 44100, 0
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def display_matrix(path: Path, a: int, b: int, c: int, d: int) -> Path:
    """Write a display matrix into an MP4's track header, as a phone does (ISO 14496-12, 8.3.2)."""
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 44
    for place, value in ((0, a), (1, b), (3, c), (4, d)):
        data[at + 4 * place : at + 4 * place + 4] = (value << 16).to_bytes(4, "big", signed=True)
    path.write_bytes(data)
    return path
