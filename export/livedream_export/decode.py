"""The pictures of one video file, in the order in which they are to be seen, whatever the file says."""

import heapq
import itertools
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np

from livedream import UserError

SHORTEST = 0.5  # seconds: loops are short
_REORDER = 16  # frames; H.264 and HEVC may not reorder over more
_REORDER_BYTES = 256 << 20
_NO_VIDEO_FORMATS = (
    "tty",
    "image2",
    "_pipe",
)  # FFmpeg "plays" text files as terminal art and photos as clips
_HIDING_CODECS = ("vp8", "vp9", "libvpx", "libvpx-vp9", "av1", "libdav1d", "libaom-av1")


@dataclass
class Clip:
    """What a pass over a file's packets tells, and what `pictures` adds to it.

    seconds: length without gaps. rate: its own frames a second. sample_aspect: a pixel's width over its
    height. matrix: f64 [2, 2] display matrix (see colour.converter). in_coding_order: the file's time stamps
    rise from packet to packet. lost: packets that gave no picture; late: pictures that came too late to be
    put in order; breaks: jumps of the file's clock; all three are counted by `pictures`.
    """

    path: Path
    seconds: float
    rate: float
    width: int
    height: int
    sample_aspect: float
    matrix: np.ndarray
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
    """time: seconds. breaks: what came before has nothing to do with it, the file's clock jumped."""

    time: float
    frame: av.VideoFrame
    breaks: bool


def probe(path: Path) -> Clip:
    """Read all packets and decode the first picture. Raises UserError, one line, for what cannot be used."""
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
    """Every picture that can be decoded, deinterlaced, in presentation order.

    Time stamps that come out of the decoder in disorder are put right. Mostly the stamps are right and the
    pictures late, so pictures are sorted by them. But where the file's stamps rise from packet to packet and
    come out in disorder, the codec reorders (B-frames) and the stamps are decoding times: then the decoder is
    right, for it goes by the codec's own picture order, and the stamps are sorted under its pictures.
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
    """Time stamps in seconds and pictures as the decoder gives them; what fails is counted and left out."""
    graph, failed, got = None, 0, 0
    with _open(clip.path) as container:
        stream = _video_stream(container, clip.path)
        stream.thread_type = "AUTO"
        unit = stream.time_base

        def decode(packet) -> list[av.VideoFrame]:
            nonlocal failed
            try:
                return stream.codec_context.decode(packet)
            except av.FFmpegError:
                failed += 1
                return []

        def packets():
            yield from _packets(container, stream)
            yield None  # the decoder gives what it still holds

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
        # A decoder may leave a picture out without an error. Some codecs have packets that are never seen.
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
        yield _seconds(frame, frame.time_base), frame


def _seconds(frame: av.VideoFrame, unit) -> float | None:
    stamp = frame.pts if frame.pts is not None else frame.dts
    return None if stamp is None else float(stamp * unit)


def _open(path: Path):
    try:
        if not path.stat().st_size:
            raise UserError(f"{path}: the file is empty")
        container = av.open(str(path), metadata_errors="replace")
    except FileNotFoundError as e:
        raise UserError(f"{path}: there is no such file") from e
    except (OSError, ValueError) as e:  # PyAV's errors are one or the other
        why = getattr(e, "strerror", None) or e
        raise UserError(f"{path}: cannot be read as video ({why}); is it whole?") from e
    if any(container.format.name.endswith(name) for name in _NO_VIDEO_FORMATS):
        name = container.format.name
        container.close()
        raise UserError(f"{path}: is no video file (FFmpeg reads it as {name})")
    return container


def _video_stream(container, path: Path) -> av.VideoStream:
    streams = [s for s in container.streams.video if not s.disposition & av.stream.Disposition.attached_pic]
    streams = [s for s in streams if s.codec_context is not None]
    if not streams:
        raise UserError(f"{path}: has no video track")
    return max(streams, key=lambda s: s.codec_context.width * s.codec_context.height)


def _packets(container, stream) -> Iterator[av.Packet]:
    """The packets of a stream. Empty ones are left out: to FFmpeg's decoders they mean the end, though Theora
    says "the same picture again" with them. Damaged stretches are stepped over, unless they do not end."""
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


def _rate_and_length(stamps: list[int | None], unit: float, told: float) -> tuple[float, float]:
    """Frames a second and seconds. What the file tells of its rate is believed if its time stamps agree."""
    told = told if 0.1 <= told <= 1000 else 0.0
    known = np.sort(np.array([s for s in stamps if s is not None], np.float64)) * unit
    steps = np.diff(known)
    steps = steps[steps > 0]
    if len(known) < len(stamps) or not len(steps):
        rate = told or 25.0
        return rate, len(stamps) / rate
    usual = float(np.median(steps))
    steps = steps[steps <= max(1.0, 3 * usual)]  # over a longer gap the clip breaks
    measured = len(steps) / float(steps.sum()) if len(steps) else 1 / usual
    rate = told if told and abs(told / measured - 1) < 0.12 else measured  # VP8 has packets that are no pictures
    return rate, float(steps.sum()) + 1 / rate


def _sample_aspect(stream: av.VideoStream) -> float:
    aspect = float(stream.sample_aspect_ratio or stream.codec_context.sample_aspect_ratio or 1)
    return aspect if 0.2 <= aspect <= 5 else 1.0


def _display_matrix(frame: av.VideoFrame) -> np.ndarray:
    """f64 [2, 2]: the identity, or a quarter turn or mirroring as phones write it."""
    data = frame.side_data.get("DISPLAYMATRIX")
    if data is None:
        return np.eye(2)
    matrix = np.frombuffer(bytes(data), "<i4")[[0, 1, 3, 4]].reshape(2, 2) / 65536.0
    return matrix if np.abs(np.linalg.det(matrix)) > 0.01 else np.eye(2)
