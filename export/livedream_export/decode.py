"""Decodes the pictures of one video file in presentation order, whatever its time stamps say."""

import heapq
import itertools
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import av
import numpy as np
from av.container import InputContainer

from livedream import UserError

from .arrays import Doubles

if TYPE_CHECKING:
    Packet = av.Packet[av.VideoStream]

SHORTEST = 0.5  # seconds; loops are short
_REORDER = 16  # most frames over which H.264 and HEVC may reorder
_REORDER_BYTES = 256 << 20
_NO_VIDEO_FORMATS = (
    "tty",
    "image2",
    "_pipe",
)  # FFmpeg "plays" text files as terminal art and photos as clips
_HIDING_CODECS = ("vp8", "vp9", "libvpx", "libvpx-vp9", "av1", "libdav1d", "libaom-av1")


@dataclass
class Clip:
    """One video file, known from its packets; `pictures` adds the last four.

    Attributes:
        path: the file.
        seconds: length without gaps.
        rate: its own frames a second.
        width: pixels.
        height: pixels.
        sample_aspect: a pixel's width over its height.
        matrix: display matrix [2, 2], see colour.converter.
        in_coding_order: the time stamps rise from packet to packet.
        packets: how many there are.
        lost: packets that gave no picture.
        late: pictures that came too late to be put in order.
        breaks: jumps of the file's clock.
        interlaced: it was deinterlaced.
    """

    path: Path
    seconds: float
    rate: float
    width: int
    height: int
    sample_aspect: float
    matrix: Doubles
    in_coding_order: bool
    packets: int
    lost: int = 0
    late: int = 0
    breaks: int = 0
    interlaced: bool = False

    @property
    def aspect(self) -> float:
        """Width over height as seen on the screen."""
        aspect = self.width * self.sample_aspect / self.height
        return 1 / aspect if abs(self.matrix[0, 1]) > abs(self.matrix[0, 0]) else aspect


@dataclass(frozen=True)
class Picture:
    """A decoded picture.

    Attributes:
        time: seconds.
        frame: the picture.
        breaks: the file's clock jumped before it.
    """

    time: float
    frame: av.VideoFrame
    breaks: bool


def probe(path: Path) -> Clip:
    """Read all packets and decode the first picture. Raises UserError for a file that cannot be used."""
    with _open(path) as container:
        stream = _video_stream(container, path)
        unit = float(stream.time_base or 0)
        stamps: list[int | None] = []
        first, errors = None, 0
        for packet in _packets(container, stream):
            stamps.append(packet.pts)
            if first is None:
                try:
                    first = next(iter(packet.decode()), None)
                except av.FFmpegError:
                    errors += 1
        if first is None and stamps:
            try:
                first = next(iter(stream.codec_context.decode(None)), None)
            except av.FFmpegError:
                errors += 1
        if not stamps:
            raise UserError(f"{path}: its video track is empty")
        if first is None:
            raise UserError(f"{path}: no picture in it can be decoded ({errors} of {len(stamps)} packets fail)")
        rate, seconds = _rate_and_length(stamps, unit, float(stream.average_rate or stream.guessed_rate or 0))
        if seconds < SHORTEST:
            raise UserError(f"{path}: is {seconds:.2g} s long; footage must be at least {SHORTEST:g} s long")
        known = [s for s in stamps if s is not None]
        return Clip(
            path=path,
            seconds=seconds,
            rate=rate,
            width=first.width,
            height=first.height,
            sample_aspect=_sample_aspect(stream),
            matrix=_display_matrix(first),
            in_coding_order=all(a < b for a, b in itertools.pairwise(known)),
            packets=len(stamps),
        )


def pictures(clip: Clip) -> Iterator[Picture]:
    """Yield every picture that can be decoded, deinterlaced, in presentation order.

    Time stamps that leave the decoder out of order are corrected. Usually the stamps are right and the pictures late,
    so pictures are sorted by them. But where the file's stamps rise from packet to packet and leave the decoder out of
    order, the codec reorders (B-frames) and the stamps are decoding times: then the decoder is right, because it
    follows the codec's own picture order, and the stamps are sorted instead of the pictures.
    """
    arrived: dict[int, av.VideoFrame] = {}
    order: deque[int] = deque()
    heap: list[tuple[float, int]] = []
    highest, last, breaks, window = None, None, False, None
    gap = max(1.0, 3 / clip.rate)

    def take() -> Picture:
        nonlocal breaks, last
        time, number = heapq.heappop(heap)
        number = order.popleft() if clip.in_coding_order else number
        picture = Picture(time, arrived.pop(number), breaks)
        breaks, last = False, time
        return picture

    for number, (time, frame) in enumerate(_decoded(clip)):
        if window is None:
            bytes_ = sum(p.buffer_size for p in frame.planes)
            window = max(2, min(_REORDER, _REORDER_BYTES // max(1, bytes_)))
        if time is None:
            time = 0.0 if highest is None else highest + 1 / clip.rate
        if highest is not None and abs(time - highest) > gap:
            while heap:
                yield take()
            highest, last, breaks = None, None, True
            clip.breaks += 1
        if last is not None and time <= last:
            clip.late += 1
            continue
        highest = time if highest is None else max(highest, time)
        arrived[number] = frame
        order.append(number)
        heapq.heappush(heap, (time, number))
        if len(heap) > window:
            yield take()
    while heap:
        yield take()


def _decoded(clip: Clip) -> Iterator[tuple[float | None, av.VideoFrame]]:
    """Yield time stamps in seconds and pictures as the decoder gives them; failures are counted and skipped."""
    graph, failed, got = None, 0, 0
    with _open(clip.path) as container:
        stream = _video_stream(container, clip.path)
        stream.thread_type = "AUTO"
        unit = stream.time_base

        def decode(packet: "Packet | None") -> list[av.VideoFrame]:
            nonlocal failed
            try:
                return stream.codec_context.decode(packet)
            except av.FFmpegError:
                failed += 1
                return []

        def packets() -> "Iterator[Packet | None]":
            yield from _packets(container, stream)
            yield None  # flushes the decoder

        for packet in packets():
            for frame in decode(packet):
                got += 1
                if (frame.width, frame.height) != (clip.width, clip.height):
                    raise UserError(
                        f"{clip.path}: the picture changes size from {clip.width}x{clip.height} to "
                        f"{frame.width}x{frame.height} on the way; convert it to one size first"
                    )
                frame.time_base = unit
                if graph is None and frame.interlaced_frame and frame.pts is not None:
                    graph = _deinterlacer(frame, stream)
                    clip.interlaced = True
                if graph is None:
                    yield _seconds(frame, unit), frame
                else:
                    graph.push(frame)
                    yield from _pull(graph)
        if graph is not None:
            graph.push(None)
            yield from _pull(graph)
        # A decoder may skip a picture without an error. Some codecs have packets that are never shown.
        hidden = 0 if stream.codec_context.name in _HIDING_CODECS else clip.packets - got
        clip.lost = max(failed, hidden)


def _deinterlacer(frame: av.VideoFrame, stream: av.VideoStream) -> av.filter.Graph:
    graph = av.filter.Graph()
    source = graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=stream.time_base)
    graph.link_nodes(source, graph.add("bwdif", "mode=send_frame:deint=interlaced"), graph.add("buffersink"))
    graph.configure()
    return graph


def _pull(graph: av.filter.Graph) -> Iterator[tuple[float | None, av.VideoFrame]]:
    while True:
        try:
            frame = graph.pull()
        except (av.BlockingIOError, av.EOFError):
            return
        assert isinstance(frame, av.VideoFrame)  # the graph has only filters for video
        yield _seconds(frame, frame.time_base), frame


def _seconds(frame: av.VideoFrame, unit: Fraction | None) -> float | None:
    stamp = frame.pts if frame.pts is not None else frame.dts
    return None if stamp is None or unit is None else float(stamp * unit)


def _open(path: Path) -> InputContainer:
    try:
        if not path.stat().st_size:
            raise UserError(f"{path}: the file is empty")
        container = av.open(str(path), metadata_errors="replace")
    except FileNotFoundError as e:
        raise UserError(f"{path}: there is no such file") from e
    except (OSError, ValueError) as e:  # PyAV's errors are one or the other
        why = getattr(e, "strerror", None) or e
        raise UserError(f"{path}: cannot be read as video ({why}); is it complete?") from e
    if any(container.format.name.endswith(name) for name in _NO_VIDEO_FORMATS):
        name = container.format.name
        container.close()
        raise UserError(f"{path}: is no video file (FFmpeg reads it as {name})")
    return container


def _video_stream(container: InputContainer, path: Path) -> av.VideoStream:
    streams = [s for s in container.streams.video if not s.disposition & av.stream.Disposition.attached_pic]
    streams = [s for s in streams if s.codec_context is not None]
    if not streams:
        raise UserError(f"{path}: has no video track")
    return max(streams, key=lambda s: s.codec_context.width * s.codec_context.height)


def _packets(container: InputContainer, stream: av.VideoStream) -> "Iterator[Packet]":
    """Yield the packets of a stream.

    Empty ones are skipped: to FFmpeg's decoders they mean the end, though in Theora they repeat a picture. So are
    damaged parts, unless they do not end.
    """
    failures = 0
    while failures < 100:
        try:
            for packet in container.demux(stream):
                if packet.size:
                    failures = 0
                    yield packet
            return
        except av.EOFError:
            return
        except av.FFmpegError:
            failures += 1


def _rate_and_length(stamps: list[int | None], unit: float, declared: float) -> tuple[float, float]:
    """Return frames a second and seconds. The declared rate of a file is used if its time stamps agree."""
    declared = declared if 0.1 <= declared <= 1000 else 0.0
    known = np.sort(np.array([s for s in stamps if s is not None], np.float64)) * unit
    steps = np.diff(known)
    steps = steps[steps > 0]
    if len(known) < len(stamps) or not len(steps):
        rate = declared or 25.0
        return rate, len(stamps) / rate
    usual = float(np.median(steps))
    steps = steps[steps <= max(1.0, 3 * usual)]  # at a longer gap the clip breaks
    measured = len(steps) / float(steps.sum()) if len(steps) else 1 / usual
    agrees = declared and abs(declared / measured - 1) < 0.12  # VP8 has packets that are no pictures
    rate = declared if agrees else measured
    return rate, float(steps.sum()) + 1 / rate


def _sample_aspect(stream: av.VideoStream) -> float:
    aspect = float(stream.sample_aspect_ratio or stream.codec_context.sample_aspect_ratio or 1)
    return aspect if 0.2 <= aspect <= 5 else 1.0


def _display_matrix(frame: av.VideoFrame) -> Doubles:
    """Return the display matrix [2, 2]: the identity, or a quarter turn or mirroring as phones write it."""
    data = frame.side_data.get("DISPLAYMATRIX")
    if data is None:
        return np.eye(2)
    numbers = np.frombuffer(bytes(data), "<i4")  # type: ignore[call-overload]  # side data is a buffer
    matrix = numbers[[0, 1, 3, 4]].reshape(2, 2) / 65536.0
    return matrix if np.abs(np.linalg.det(matrix)) > 0.01 else np.eye(2)
