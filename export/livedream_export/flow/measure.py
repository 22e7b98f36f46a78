"""The motion of footage: its mean, its principal components, and the frequencies at which these sway."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from livedream import UserError

from ..arrays import Floats, Rgb
from ..cache import Footage

Grey = NDArray[np.uint8]  # [H, W]

CELL = 8  # pixels a side of the footage, over which motion is averaged
LOOP = 16.0  # seconds after which all movement has come back to where it began
WAVES = 16  # frequencies: multiples of 1 / LOOP
PARTS = 5  # principal components
FEWEST = 12  # pairs of frames
PAIRS = 900  # of frames, at most
SAME = 0.25  # grey levels; a frame that differs less from the last one repeats it
SLOWEST = 0.2  # Hz; slower swaying is held back, as it would carry parts of the picture far away
MOST_SWAY = 0.02  # of the picture's width: how far swaying moves things, at the points where it is strongest
STILL, MOVING = 0.06, 0.25  # speeds, as shares of the fastest ones, up to which it is still and from which it moves
BLURS = (24.0, 12.0, 6.0, 3.0, 1.5)  # cells: reach by reach, motion spreads to where the footage stands still


@dataclass(frozen=True)
class Motion:
    """What was measured. Motion is in shares of the picture's width (x) and height (y).

    Attributes:
        drift: mean motion, a second: f32 [2, h, w].
        parts: what sways, at most PARTS fields: f32 [K, 2, h, w].
        sway: how far each part sways at each frequency, f32 [K, WAVES]; a part times this is a shift.
        phase: at which phase it begins, in turns, f32 [K, WAVES].
        moving: 0 where the footage stands still, 1 where it moves, f32 [h, w].
        speed: of the fastest points of the drift, a second.
        pairs: how many pairs of frames were measured.
        explained: share of the motion's variance over time that the parts have.
    """

    drift: Floats
    parts: Floats
    sway: Floats
    phase: Floats
    moving: Floats
    speed: float
    pairs: int
    explained: float


def measure(
    footage: Footage,
    seconds: float,
    seed: int = 0,
    progress: Callable[[float, str], None] = lambda share, text: None,
    now: Callable[[], float] = time.monotonic,
) -> Motion:
    """Measure the motion of footage, within its shots.

    Args:
        footage: sides divisible by CELL.
        seconds: how long that may take; what was measured until then is used.
        seed: of the phases at which swaying begins.
        progress: called with share and text.
        now: the clock.

    Raises:
        UserError: too few frames, or nothing moves.
    """
    flows = _flows(footage, now() + seconds, progress, now)
    if len(flows) < FEWEST:
        raise UserError(f"{len(flows)} pairs of frames that move: at least {FEWEST} are needed to learn motion")
    drift = flows.mean(0)
    speeds = np.linalg.norm(flows, axis=1).mean(0)  # [h, w]
    fastest = float(np.quantile(speeds, 0.95))
    if fastest < 1e-3:
        raise UserError("nothing moves in this footage; choose a clip of water, clouds, smoke, leaves or hair")
    moving = smoothed(np.clip((speeds / fastest - STILL) / (MOVING - STILL), 0, 1).astype(np.float32), 1.0)
    parts, courses, explained = _principal(flows - drift)
    sway = _sway(courses, footage.fps)
    phase = np.random.default_rng(seed).random(sway.shape).astype(np.float32)
    sway *= _held_back(parts, sway, moving)
    return Motion(drift, parts, sway, phase, moving, fastest, len(flows), explained)


def _flows(footage: Footage, until: float, progress: Callable[[float, str], None], now: Callable[[], float]) -> Floats:
    """Return the motion from frame to frame, [T, 2, h, w], in shares of the sides a second."""
    pairs = [k for a, b in footage.segments for k in range(a, b - 1)][:PAIRS]
    search = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)  # type: ignore[attr-defined]  # not in its types
    height, width = footage.frames.shape[1:3]
    h, w = height // CELL, width // CELL
    found, since = [], 1
    last, grey = -2, np.zeros((height, width), np.uint8)
    for number, k in enumerate(pairs):
        if now() > until:
            break
        if k != last:
            grey, since = _grey(footage.frames[k]), 1
        following = _grey(footage.frames[k + 1])
        last = k + 1
        if float(np.abs(following.astype(np.int16) - grey).mean()) < SAME:  # films of 12 pictures at 24 a second
            since += 1
            continue
        flow = search.calc(grey, following, None).reshape(h, CELL, w, CELL, 2).mean((1, 3)).transpose(2, 0, 1)
        shares = flow * (footage.fps / since) / np.array([width, height], np.float32)[:, None, None]
        found += [shares.astype(np.float32)] * since
        grey, since = following, 1
        progress(number / len(pairs), "measuring motion")
    return np.stack(found) if found else np.zeros((0, 2, h, w), np.float32)


def _grey(frame: Rgb) -> Grey:
    return np.asarray(cv2.cvtColor(np.ascontiguousarray(frame), cv2.COLOR_RGB2GRAY), np.uint8)


def _principal(flows: Floats) -> tuple[Floats, Floats, float]:
    """Return the principal components [K, 2, h, w], their courses [T, K], and the share of the variance they have."""
    flat = flows.reshape(len(flows), -1)
    small = flat @ flat.T  # far smaller than the covariance of all points
    values, vectors = np.linalg.eigh(small.astype(np.float64))
    order = np.argsort(values)[::-1][: min(PARTS, len(flat) - 1)]
    strengths = np.sqrt(np.maximum(values[order], 1e-12))
    parts = (vectors[:, order].T @ flat) / strengths[:, None]
    explained = float(values[order].sum() / max(values.sum(), 1e-12))
    fields = np.stack([[smoothed(axis, 1.0) for axis in part.reshape(flows.shape[1:])] for part in parts])
    return fields.astype(np.float32), (vectors[:, order] * strengths).astype(np.float32), explained


def _sway(courses: Floats, fps: float) -> Floats:
    """Return how far each course [T, K], a speed, sways at multiples of 1 / LOOP Hz: shifts [K, WAVES]."""
    length = len(courses)
    window = np.hanning(length)[:, None]
    spectrum = np.abs(np.fft.rfft(courses * window, axis=0)) ** 2 * 2 / (fps * float((window**2).sum()))  # a Hz
    at = np.arange(1, WAVES + 1) / LOOP
    there = np.fft.rfftfreq(length, 1 / fps)
    density = np.stack([np.interp(at, there, each) for each in spectrum.T])
    speeds = np.sqrt(2 * density / LOOP)
    held = 1 / (1 + (SLOWEST / at) ** 2)
    return (speeds * held / (2 * np.pi * at)).astype(np.float32)


def _held_back(parts: Floats, sway: Floats, moving: Floats) -> float:
    """Return the factor, at most 1, with which swaying moves nothing farther than MOST_SWAY."""
    if not len(parts):
        return 1.0
    shifts = np.sqrt((np.square(parts).sum(1) * np.square(sway).sum(1)[:, None, None] / 2).sum(0)) * moving
    return min(1.0, MOST_SWAY / max(float(np.quantile(shifts, 0.98)) * 2, 1e-9))


def spread(field: Floats, moving: Floats) -> Floats:
    """Return motion, f32 [..., 2, h, w], for every point: where the footage stands still, as around it."""
    shape = field.shape
    found = []
    for axis in field.reshape(-1, *shape[-2:]):
        whole = np.full(shape[-2:], float((axis * moving).sum() / max(float(moving.sum()), 1e-6)), np.float32)
        for reach in BLURS:
            weight = smoothed(moving, reach)
            beside = smoothed(axis * moving, reach) / (weight + np.float32(1e-4))
            whole = np.asarray(whole + np.clip(weight * 4, 0, 1) * (beside - whole), np.float32)
        found.append(whole + moving * (axis - whole))
    return np.stack(found).reshape(shape).astype(np.float32)


def smoothed(field: Floats, reach: float) -> Floats:
    """Return a field, f32 [h, w], blurred by a Gaussian of `reach` cells."""
    return np.asarray(cv2.GaussianBlur(field, (0, 0), reach, borderType=cv2.BORDER_REPLICATE), np.float32)
