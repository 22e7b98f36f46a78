"""Decodes the pictures of one clip in presentation order, whatever its time stamps say, without damaged ones."""

import heapq
import itertools
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import av
import numpy as np
from av.container import InputContainer

from livedream import UserError
from livedream.picture import video_file, webp
from livedream.picture.orientation import display_matrix, sample_aspect
from livedream.picture.video_file import shown

from . import pictures as picture_files
from .arrays import Doubles

if TYPE_CHECKING:
    Packet = av.Packet[av.VideoStream]

SHORTEST = 0.5  # seconds; loops are short
_REORDER = 16  # most frames over which H.264 and HEVC may reorder
_REORDER_BYTES = 256 << 20
_STANDSTILL = 60.0  # most seconds for which a picture is taken to stand still; beyond, the clock jumped
_HIDING_CODECS = ("vp8", "vp9", "libvpx", "libvpx-vp9", "av1", "libdav1d", "libaom-av1")


@dataclass
class Clip:
    """One video file or sequence of pictures, known from its packets; `pictures` adds what comes after them.

    Attributes:
        path: the file, or what stands for all pictures of a sequence.
        seconds: length without gaps.
        rate: its own frames a second.
        width: pixels.
        height: pixels.
        sample_aspect: a pixel's width over its height.
        matrix: display matrix [2, 2], see orientation.display_matrix.
        in_coding_order: the time stamps rise from packet to packet.
        packets: how many there are that are shown.
        numbered: the pictures of a sequence.
        lost: packets that gave no picture.
        damaged: pictures that are damaged, or follow from a damaged one.
        late: pictures that came too late to be put in order.
        jumps: jumps of the file's clock.
        stills: times that a picture stands still for more than a second.
        sizes: the sizes of its pictures, in order.
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
    numbered: tuple[Path, ...] = ()
    lost: int = 0
    damaged: int = 0
    late: int = 0
    jumps: int = 0
    stills: int = 0
    sizes: list[tuple[int, int]] = field(default_factory=list)
    interlaced: bool = False

    @property
    def files(self) -> tuple[Path, ...]:
        """The files it is made of."""
        return self.numbered or (self.path,)

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
        breaks: it does not follow from the one before: the clock jumped, pictures are missing, or the size changed.
    """

    time: float
    frame: av.VideoFrame
    breaks: bool


def probe(path: Path) -> Clip:
    """Read all packets and decode the first picture. Raises UserError for a file that cannot be used."""
    if webp.is_animated(path):
        return _webp(path)
    with video_file.open_file(path) as container:
        stream = video_file.video_stream(container, path)
        decoder = video_file.decoder(stream)
        unit = float(stream.time_base or 0)
        stamps: list[int | None] = []
        first, errors = None, 0
        for packet in itertools.chain(video_file.packets(container, stream), [None]):
            if packet is not None and not packet.is_discard:  # an edit list hides it
                stamps.append(packet.pts)
            if first is None:
                try:
                    first = next(iter(decoder.decode(packet)), None)
                except av.FFmpegError:
                    errors += 1
        if not stamps:
            raise UserError(f"{shown(path)}: its video track is empty")
        if first is None:
            raise UserError(f"{shown(path)}: no picture in it can be decoded ({errors} of {len(stamps)} packets fail)")
        rate, seconds = _rate_and_length(stamps, unit, float(stream.average_rate or stream.guessed_rate or 0))
        _must_last(path, seconds)
        known = [s for s in stamps if s is not None]
        return Clip(
            path=path,
            seconds=seconds,
            rate=rate,
            width=first.width,
            height=first.height,
            sample_aspect=sample_aspect(stream),
            matrix=display_matrix(first),
            in_coding_order=all(a < b for a, b in itertools.pairwise(known)),
            packets=len(stamps),
        )


def of_sequence(sequence: picture_files.PictureSequence, rate: float | None) -> Clip:
    """Return the clip of numbered pictures. Raises UserError when the first cannot be decoded."""
    rate = rate or picture_files.RATE
    first = picture_files.picture(sequence.files[0])
    count = len(sequence.files)
    _must_last(sequence.name, count / rate)
    matrix = display_matrix(first)
    size = first.width, first.height
    return Clip(sequence.name, count / rate, rate, *size, 1.0, matrix, True, count, sequence.files)


def _webp(path: Path) -> Clip:
    times = webp.times(path)
    _must_last(path, times[-1])
    _, first = next(webp.frames(path))
    count = len(times) - 1
    return Clip(path, times[-1], count / times[-1], first.width, first.height, 1.0, np.eye(2), True, count)


def _must_last(path: Path, seconds: float) -> None:
    if seconds < SHORTEST:
        raise UserError(f"{shown(path)}: is {seconds:.2g} s long; footage must be at least {SHORTEST:g} s long")


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
    gap, size, spoilt = max(1.0, 3 / clip.rate), None, 0

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
        resized = size is not None and size != (frame.width, frame.height)
        jumped = highest is not None and abs(time - highest) > gap
        missing = clip.damaged > spoilt and highest is not None and time - highest > 3.5 / clip.rate
        spoilt = clip.damaged
        if resized or jumped or missing:
            while heap:
                yield take()
            if jumped and not missing and highest is not None:
                still = 0 < time - highest <= _STANDSTILL
                clip.stills, clip.jumps = clip.stills + still, clip.jumps + (not still)
            highest, last, breaks = None, None, True
        if resized or size is None:
            size = frame.width, frame.height
            clip.sizes.append(size)
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
    """Yield time stamps in seconds and sound pictures as the decoder gives them; the rest is counted."""
    if clip.numbered:
        yield from _of_sequence(clip)
        return
    if webp.is_animated(clip.path):
        yield from webp.frames(clip.path)
        return
    with video_file.open_file(clip.path) as container:
        stream = video_file.video_stream(container, clip.path)
        unit = stream.time_base
        graph, size = None, (0, 0)
        for frame in _sound(clip, container, stream):
            frame.time_base = unit
            if graph is not None and size != (frame.width, frame.height):
                graph.push(None)
                yield from _pull(graph)
                graph = None
            size = frame.width, frame.height
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


def _sound(clip: Clip, container: InputContainer, stream: av.VideoStream) -> Iterator[av.VideoFrame]:
    """Yield the pictures that are whole.

    After a damaged picture, or a packet that gives none, all are left out up to the next key frame: they are made from
    what is damaged, however whole the decoder says they are.
    """
    decoder = video_file.decoder(stream)
    failed, got, spoilt = 0, 0, False
    for packet in itertools.chain(video_file.packets(container, stream), [None]):  # None flushes the decoder
        spoilt = spoilt or (packet is not None and packet.is_corrupt)
        try:
            frames = decoder.decode(packet)
        except av.FFmpegError:
            failed, spoilt = failed + 1, True
            continue
        for frame in frames:
            got += 1
            spoilt = frame.is_corrupt or (spoilt and not frame.key_frame)
            if spoilt:
                clip.damaged += 1
            else:
                yield frame
    # A decoder may skip a picture without an error. Some codecs have packets that are never shown.
    hidden = 0 if decoder.name in _HIDING_CODECS else clip.packets - got
    clip.lost = max(failed, hidden)


def _of_sequence(clip: Clip) -> Iterator[tuple[float, av.VideoFrame]]:
    for k, (_, frame) in enumerate(picture_files.decoded(clip.numbered)):
        if frame is None or frame.is_corrupt:
            clip.damaged += 1
        else:
            yield k / clip.rate, frame


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
    uneven = int(np.sum(np.abs(steps / usual - 1) > 1e-6))
    if uneven <= max(1, len(steps) // 50):  # in AVI the last step of H.264 is half a one, which spoils the mean
        declared = declared if abs(declared * usual - 1) < 1e-3 else 1 / usual
    steps = steps[steps <= max(1.0, 3 * usual)]  # at a longer gap the clip breaks
    measured = len(steps) / float(steps.sum()) if len(steps) else 1 / usual
    agrees = declared and abs(declared / measured - 1) < 0.12  # VP8 has packets that are no pictures
    rate = declared if agrees else measured
    return rate, float(steps.sum()) + 1 / rate
