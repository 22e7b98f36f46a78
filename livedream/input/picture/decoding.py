"""Decodes: what a camera, a screen or a stream sends, as soon as it has come, and films from one end to the other."""

import itertools
import time
from collections.abc import Iterator
from fractions import Fraction
from functools import partial

import av
from av.container import InputContainer

from livedream.input.picture.convert import DECODED, Converter
from livedream.input.picture.paced import Timed
from livedream.input.picture.shot import Report, Shot
from livedream.picture import video_file
from livedream.picture.orientation import sample_aspect

FAILURES = 100  # packets one after another that cannot be read; then the source is opened again
CLOCKS = (time.time, time.monotonic)  # by which devices stamp their pictures
CREDIBLE = 1.0  # seconds by which a picture may be old when it comes, or its stamp is none


def live(container: InputContainer, report: Report, stamped: bool = False) -> Iterator[Shot]:
    """Yield the pictures of the largest video track until it ends.

    Args:
        container: An open source.
        report: Is told what the track is, and of damaged pictures.
        stamped: Whether time stamps are those of capture, by one of CLOCKS.

    Raises:
        RuntimeError: There is no video in it, or only damage comes.
        av.FFmpegError: The connection has broken.
        UserError: A colour matrix is not supported.
    """
    stream = largest(container)
    context, convert, unit = stream.codec_context, Converter(), float(stream.time_base or 0)
    context.thread_type = "SLICE"  # threads of frames would hold pictures back
    context.options = {"flags": "low_delay", "max_pixels": str(DECODED)}
    failures, size = 0, (0, 0)
    for packet in _packets(container, stream):
        try:
            frames = context.decode(packet)
        except av.FFmpegError as error:
            report.skipped()
            failures += 1
            if failures >= FAILURES:
                raise RuntimeError(f"its pictures cannot be decoded: {error.strerror}") from None
            continue
        for frame in frames:
            failures = 0
            if size != (frame.width, frame.height):
                size = frame.width, frame.height
                report.note(described(stream, size))
            now = time.perf_counter()
            at = now - _age(frame.pts * unit) if stamped and frame.pts is not None else now
            yield Shot(convert(frame, sample_aspect(stream)), at)


def largest(container: InputContainer) -> av.VideoStream:
    """Return the largest video track. Raises RuntimeError when there is none."""
    tracks = [each for each in container.streams.video if each.codec_context is not None]
    if not tracks:
        raise RuntimeError("there is only sound in it" if container.streams.audio else "there is no picture in it")
    return max(tracks, key=lambda each: each.codec_context.width * each.codec_context.height)


def _packets(container: InputContainer, stream: av.VideoStream) -> "Iterator[av.Packet[av.VideoStream]]":
    failures = 0
    while True:
        try:
            for packet in container.demux(stream):
                if packet.size:
                    failures = 0
                    yield packet
            return
        except av.EOFError:
            return
        except av.InvalidDataError:
            failures += 1
            if failures >= FAILURES:
                raise


def _age(stamp: float) -> float:
    """Seconds since a time stamp, by the clock that it is of; 0 where it is of none."""
    return next((age for age in (clock() - stamp for clock in CLOCKS) if 0 <= age < CREDIBLE), 0.0)


def described(stream: av.VideoStream, size: tuple[int, int] | None = None) -> str:
    """Say what a stream is: "1280x720, 30 fps, h264"."""
    context, rate = stream.codec_context, stream.average_rate or stream.guessed_rate
    width, height = size or (context.width, context.height)
    parts = [f"{width}x{height}", f"{float(rate):.4g} fps" if rate else "", context.name]
    return ", ".join(each for each in parts if each)


def film(
    container: InputContainer,
    stream: av.VideoStream,
    decoder: av.VideoCodecContext,
    convert: Converter,
    report: Report,
) -> Iterator[Timed]:
    """Yield the pictures from where a film stands to its end, in the order in which they are shown."""
    still = container.format.name.endswith(("_pipe", "image2"))
    unit, aspect = stream.time_base or Fraction(1, 1000), sample_aspect(stream)
    usual = float(1 / (stream.average_rate or stream.guessed_rate or 25))
    before: float | None = None
    for packet in itertools.chain(video_file.packets(container, stream), [None]):  # None flushes the decoder
        try:
            frames = decoder.decode(packet)
        except av.FFmpegError:
            report.skipped()
            continue
        for frame in frames:
            stamp = frame.pts if frame.pts is not None else frame.dts
            now = float(stamp * unit) if stamp is not None else (0.0 if before is None else before + usual)
            before = now
            seconds = float(frame.duration * unit) if frame.duration else usual
            yield Timed(now, seconds, partial(convert, frame, aspect, still))
