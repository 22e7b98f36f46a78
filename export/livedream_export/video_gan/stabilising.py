"""Takes the camera's motion out of footage, so that a background can stand still.

Footage is cut into clips of 32 frames, and each is held to its first.

Corners are followed from frame to frame (Lucas and Kanade), the motion that most of them share is fitted (an affine
map, RANSAC), and each frame is warped to where the clip's first frame has it; where it does not reach, the frame before
fills in. The paper fits homographies to SIFT features instead; over 32 frames at this size affine maps drift less.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import cv2
import numpy as np

from .. import cache
from ..arrays import Doubles, Rgb, Segments
from ..cache import Footage, Progress
from .recipe import LENGTH, SIDE

VERSION = 1  # raise it when a pixel changes
READ = 2 * SIDE  # pixels a side at which motion is measured
APART = LENGTH // 2  # frames from the beginning of a clip to that of the next
CORNERS, NEAR, FEWEST = 300, 4, 12  # followed, pixels between two, and needed for a map
OFF = 1.0  # pixels by which a corner may be off the shared motion
STILL = 0.15  # pixels, below which a camera counts as still; following corners is not more exact
FARTHEST = 0.35  # share of the side by which a corner of the picture may move within a clip

Map = Doubles  # [2, 3]


def stabilised(footage: Footage, progress: Progress | None = None) -> Footage:
    """Return footage of 128x128 as stabilised clips of 64x64, each of 32 frames and a segment of its own.

    Clips whose camera moves too far, or cannot be followed, are left out; where that would be all, they are kept as
    they are. Shots shorter than a clip are left out, too.
    """
    key = cache.key({"stabilised": VERSION, "sha256": footage.sha256})
    about = cache.About(sources=footage.sources)
    starts = _starts(footage.segments)

    def frames() -> Iterator[Rgb]:
        found = [clip for start in starts if (clip := _clip(footage.frames[start : start + LENGTH])) is not None]
        lost = len(starts) - len(found)
        if not found:
            found = [_reduced(footage.frames[start : start + LENGTH]) for start in starts]
            about.notes = ["the camera moves too far to be held still; learned as it is"]
        elif lost:
            about.notes = [f"{lost} of {len(starts)} clips of {LENGTH} frames left out: their camera moves too far"]
        about.cuts = range(LENGTH, len(found) * LENGTH, LENGTH)
        for clip in found:
            yield from clip

    made = cache.open_cached(key) or cache.write(
        key, frames(), (SIDE, SIDE), footage.fps, lambda: about, len(starts) * LENGTH, progress
    )
    return replace(made, sources=footage.sources, notes=(*footage.notes, *made.notes), clips=footage.clips)


def _starts(segments: Segments) -> list[int]:
    return [start for begin, end in segments for start in range(begin, end - LENGTH + 1, APART)]


def _clip(frames: Rgb) -> Rgb | None:
    """Return a clip [32, H, W, 3] with its camera held still and reduced; None where that cannot be done."""
    side = frames.shape[1]
    corners = np.array([[0, 0, 1], [side, 0, 1], [0, side, 1], [side, side, 1]], np.float64)
    chained = np.eye(3)
    held = [frames[0]]
    grey = cv2.cvtColor(frames[0], cv2.COLOR_RGB2GRAY)
    for frame in frames[1:]:
        before, grey = grey, cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
        step = _camera(before, grey)
        if step is None:
            return None
        chained = np.vstack([step, [0, 0, 1]]) @ chained
        moved = np.abs(corners @ chained.T - corners).max()
        if moved > FARTHEST * side:
            return None
        if moved < STILL:
            held.append(frame)
            continue
        filled = held[-1].copy()
        cv2.warpAffine(
            frame,
            chained[:2],
            (side, side),
            filled,
            cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            cv2.BORDER_TRANSPARENT,
        )
        held.append(filled)
    return _reduced(held)


def _reduced(frames: Sequence[Rgb] | Rgb) -> Rgb:
    """Return frames as [N, 64, 64, 3]."""
    return np.stack([np.asarray(cv2.resize(each, (SIDE, SIDE), interpolation=cv2.INTER_AREA)) for each in frames])


def _camera(before: cv2.typing.MatLike, after: cv2.typing.MatLike) -> Map | None:
    """Return the map of points of a grey picture to where the camera has them in the next; None if none fits.

    Where hardly anything can be followed, or only in one part of the picture, no camera's motion is seen.
    """
    side = before.shape[0]
    unmoved = np.eye(3)[:2]
    points = cv2.goodFeaturesToTrack(before, CORNERS, 0.01, NEAR)
    if points is None or not _spread(points[:, 0], side):
        return unmoved
    followed, found, _ = cv2.calcOpticalFlowPyrLK(before, after, points, np.zeros_like(points))
    kept = found[:, 0] == 1
    if kept.sum() < FEWEST:
        return None
    fitted, inside = cv2.estimateAffine2D(points[kept], followed[kept], ransacReprojThreshold=OFF)
    if fitted is None or not _spread(points[kept][inside[:, 0] == 1, 0], side):
        return None
    moved = np.abs(np.array([[0, 0, 1], [side, side, 1]]) @ (fitted - unmoved).T).max()
    return unmoved if moved < STILL else np.asarray(fitted, np.float64)


def _spread(points: cv2.typing.MatLike, side: int) -> bool:
    """Whether there are enough points [N, 2], in at least three quarters of the picture."""
    quarters = {(x > side / 2, y > side / 2) for x, y in points.tolist()}
    return len(points) >= FEWEST and len(quarters) >= 3
