"""The film of a training: the same latents drawn as the networks have learned so far, in log time.

Its pictures are kept one by one in the run folder, so they outlive a killed run. Below the picture runs a line of the
training time, equal lengths for equal factors: as much is learned from the first second to the tenth as later in hours.
"""

import itertools
import math
import time
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import simplejpeg
from av.video.reformatter import ColorRange, Colorspace, Interpolation

from livedream import UserError
from livedream.system.atomic import atomic_write

from .arrays import Doubles, Rgb
from .time_line import TimeLine

SECONDS, HOLD, FPS = 10.0, 2.0, 24  # of the film; HOLD: how long the last picture stays
EACH = 0.5  # seconds: most of the film for one picture, where a short training has few

FIRST = 1.0  # seconds of training at which the film begins
GROWTH = 1.03  # factor between the times of two pictures: 240 for twenty minutes
SHARE = 10  # a picture may take one tenth of the time between two
LARGEST, SMALLEST = 1280, 720  # pixels of the longer side, which pictures are brought to


class LearningFilm:
    """The pictures of the film, in the folder `learning` of a run folder.

    Args:
        folder: the run folder, `NAME.run`.
    """

    def __init__(self, folder: Path):
        self.folder = folder / "learning"
        self._times = sorted(int(path.stem) for path in self.folder.glob("*.jpg") if path.stem.isdecimal())  # ms
        self._asked: float | None = None
        self._cost = 0.0

    def clear(self) -> None:
        """Remove the pictures of an earlier run, where this one starts anew."""
        self._forget(0)

    def due(self, seconds: float) -> bool:
        """Whether a picture is due after so many seconds of training.

        A run that goes on from a checkpoint may be at an earlier time than the last picture: later ones are removed.
        """
        if seconds < FIRST:
            return False
        now = round(seconds * 1000)
        if self._times and self._times[-1] > now:
            self._forget(now)
        last = self._times[-1] / 1000 if self._times else 0.0
        if seconds < max(GROWTH * last, last + SHARE * self._cost):
            return False
        self._asked = time.monotonic()
        return True

    def add(self, picture: Rgb, seconds: float) -> None:
        """Keep a picture [H, W, 3] of what is learned after so many seconds. Raises UserError when it cannot."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"{self.folder}: cannot be made: {error.strerror}") from None
        now = round(seconds * 1000)
        pixels = np.ascontiguousarray(_brought(picture))
        data = simplejpeg.encode_jpeg(pixels, quality=94, colorspace="RGB", colorsubsampling="444")
        atomic_write(self.folder / f"{now:010d}.jpg", data)
        self._times = sorted({*self._times, now})
        if self._asked is not None:
            self._cost, self._asked = time.monotonic() - self._asked, None

    def write(self, path: Path) -> bool:
        """Write the film as MP4 (H.264), in place of one that is there. Returns whether there were pictures for it.

        Raises:
            UserError: it cannot be written.
        """
        partial = path.with_name(f".{path.name}")
        try:
            made = _encode(partial, self._frames())
            if made:
                partial.replace(path)
        except (OSError, av.FFmpegError) as error:
            raise UserError(f"{path}: cannot be written: {getattr(error, 'strerror', error)}") from None
        finally:
            partial.unlink(missing_ok=True)
        return made

    def _forget(self, since: int) -> None:
        for each in self._times:
            if each >= since:
                (self.folder / f"{each:010d}.jpg").unlink(missing_ok=True)
        self._times = [each for each in self._times if each < since]

    def _kept(self) -> list[tuple[float, bytes]]:
        """Return the pictures as seconds and JPEG data, in order; all have the size of the last."""
        found, shapes = [], []
        for each in self._times:
            try:
                data = (self.folder / f"{each:010d}.jpg").read_bytes()
                shapes.append(simplejpeg.decode_jpeg_header(data)[:2])
            except (OSError, ValueError):
                continue
            found.append((each / 1000, data))
        return [each for each, shape in zip(found, shapes, strict=True) if shape == shapes[-1]]

    def _frames(self) -> Iterator[Rgb]:
        """Yield the frames of the film: pictures, blended where they are far apart in time, above the line."""
        kept = self._kept()
        if not kept:
            return
        at = np.log([max(FIRST, seconds) for seconds, _ in kept])
        seconds = min(SECONDS, EACH * (len(kept) - 1))
        moments = np.linspace(at[0], at[-1], round(seconds * FPS) + 1)
        apart = (at[-1] - at[0]) / len(moments)  # of two frames, in log time
        decoded: dict[int, Rgb] = {}
        frame, line = None, None
        for moment in moments:
            shares = _shares(at, float(moment), float(apart))
            decoded = {k: decoded[k] if k in decoded else _even(kept[k][1]) for k in shares}
            blended = _blended([decoded[k] for k in shares], list(shares.values())[-1])
            line = line or TimeLine(blended.shape[1], kept[0][0], kept[-1][0])
            frame = np.concatenate([blended, line.draw(math.exp(moment))])
            yield frame
        if frame is not None:
            yield from itertools.repeat(frame, round(HOLD * FPS))


def _shares(at: Doubles, moment: float, apart: float) -> dict[int, float]:
    """Return the pictures that a frame shows, by number, and the share of each.

    Args:
        at: log times of the pictures, in order.
        moment: log time of the frame.
        apart: log time between two frames. Pictures as close as frames are not blended, which would blur them.
    """
    after = int(np.searchsorted(at, moment, "right"))
    if after in (0, len(at)):
        return {min(after, len(at) - 1): 1.0}
    share = (moment - at[after - 1]) / (at[after] - at[after - 1])
    if at[after] - at[after - 1] < 2 * apart:
        share = round(share)
    return {k: part for k, part in ((after - 1, 1 - share), (after, share)) if part > 0}


def _brought(picture: Rgb) -> Rgb:
    """Bring a picture to a size for a film: its longer side from SMALLEST to LARGEST pixels."""
    longer = max(picture.shape[:2])
    if SMALLEST <= longer <= LARGEST:
        return picture
    factor = LARGEST / longer if longer > LARGEST else math.ceil(SMALLEST / longer)
    height, width = (max(2, round(side * factor)) for side in picture.shape[:2])
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
    way = Interpolation.AREA if factor < 1 else Interpolation.BICUBIC
    pixels: Rgb = frame.reformat(width, height, interpolation=way).to_ndarray()  # type: ignore[assignment]  # rgb24 has bytes
    return pixels


def _even(data: bytes) -> Rgb:
    """Return a JPEG's picture with even sides, as H.264 needs them, [H, W, 3]."""
    picture: Rgb = simplejpeg.decode_jpeg(data, "RGB")
    odd = [(0, side % 2) for side in picture.shape[:2]]
    return np.pad(picture, [*odd, (0, 0)], mode="edge") if any(side for _, side in odd) else picture


def _blended(pictures: Sequence[Rgb], share: float) -> Rgb:
    """Return the only picture, or two mixed with that share of the second."""
    if len(pictures) == 1:
        return pictures[0]
    second = round(256 * share)
    mixed = pictures[0].astype(np.uint16) * np.uint16(256 - second) + pictures[1].astype(np.uint16) * np.uint16(second)
    return (mixed >> 8).astype(np.uint8)


def _encode(path: Path, frames: Iterable[Rgb]) -> bool:
    """Write frames as MP4 in the colours of BT.709. Returns whether there were any."""
    frames = iter(frames)
    first = next(frames, None)
    if first is None:
        return False
    with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as container:
        stream = container.add_stream("libx264", rate=Fraction(FPS), options={"crf": "17", "preset": "veryfast"})
        stream.height, stream.width = first.shape[:2]
        stream.pix_fmt = "yuv420p"
        context = stream.codec_context
        context.color_primaries, context.color_trc, context.colorspace, context.color_range = 1, 1, 1, 1
        for frame in itertools.chain([first], frames):
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")
            coded = picture.reformat(
                format="yuv420p",
                dst_colorspace=Colorspace.ITU709,
                src_color_range=ColorRange.JPEG,
                dst_color_range=ColorRange.MPEG,
            )
            container.mux(stream.encode(coded))
        container.mux(stream.encode(None))
    return True
