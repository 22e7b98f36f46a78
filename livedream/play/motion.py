"""The motion from one picture to the next, dense and cheap: for what has to move along with a picture.

Lucas and Kanade's method (1981) from coarse to fine (Bouguet 2000), over every point of two small pictures.
"""

import functools

import numpy as np

from livedream.play import Floats

LEVELS = 3  # each has half the sides of the one below it
TIMES = 3  # corrections on each level
SMOOTH = 1  # points around each that its motion is averaged over
WINDOW = 3  # points around each that are taken to move with it
SLACK = 4.0  # squared grey levels a point: what is flatter than this moves as what is around it
FARTHEST = 1.5  # points that one correction may move


def flow(before: Floats, after: Floats) -> tuple[Floats, Floats]:
    """Return where each point of a picture was in the one before: `after` looks as `before` does at x + u, y + v.

    Args:
        before, after: Luma, f32 [h, w] in 0..255; both sides at least 8 and divisible by 4 (2 ** (LEVELS - 1)).

    Returns:
        u, v: f32 [h, w], in points.
    """
    pyramid = [(before, after)]
    for _ in range(LEVELS - 1):
        pyramid.append((_half(pyramid[-1][0]), _half(pyramid[-1][1])))
    u = v = np.zeros_like(pyramid[-1][0])
    for first, second in reversed(pyramid):
        if u.shape != first.shape:
            u, v = 2 * enlarged(u, *first.shape), 2 * enlarged(v, *first.shape)
        for _ in range(TIMES):
            u, v = _corrected(first, second, u, v)
    return u, v


def _corrected(first: Floats, second: Floats, u: Floats, v: Floats) -> tuple[Floats, Floats]:
    moved = sampled(first, u, v)
    down, across = np.gradient((moved + second) / 2)
    off = second - moved
    products = np.stack([across * across, down * down, across * down, across * off, down * off])
    xx, yy, xy, x, y = blurred(products, WINDOW)
    xx, yy = xx + SLACK, yy + SLACK
    whole = xx * yy - xy * xy
    steps = np.stack([yy * x - xy * y, xx * y - xy * x]) / whole
    u, v = blurred(np.stack([u, v]) + np.clip(steps, -FARTHEST, FARTHEST), SMOOTH)
    return u, v


def sampled(picture: Floats, u: Floats, v: Floats) -> Floats:
    """Return a picture, f32 [h, w] or [h, w, c], at x + u and y + v of each point, bilinearly; edges go on."""
    height, width = picture.shape[:2]
    x = np.clip(np.arange(width, dtype=np.float32) + u, 0, width - 1.001)
    y = np.clip(np.arange(height, dtype=np.float32)[:, None] + v, 0, height - 1.001)
    left, top = x.astype(np.int32), y.astype(np.int32)
    x, y = x - left, y - top
    if picture.ndim == 3:
        x, y = x[..., None], y[..., None]
    at = top * width + left
    flat = picture.reshape(height * width, *picture.shape[2:])
    upper = flat.take(at, 0) * (1 - x) + flat.take(at + 1, 0) * x
    lower = flat.take(at + width, 0) * (1 - x) + flat.take(at + width + 1, 0) * x
    found: Floats = upper * (1 - y) + lower * y
    return found


def enlarged(field: Floats, height: int, width: int) -> Floats:
    """Return a field, f32 [h, w], bilinearly in another size."""
    return np.asarray(weights(field.shape[0], height) @ field @ weights(field.shape[1], width).T, np.float32)


def blurred(field: Floats, reach: int) -> Floats:
    """Return the mean of each point, f32 [..., h, w], and those at most `reach` beside, above and below it."""
    side = 2 * reach + 1
    padded = np.pad(field, [(0, 0)] * (field.ndim - 2) + [(reach + 1, reach)] * 2, mode="edge")
    rows = padded.cumsum(-1)
    rows = rows[..., side:] - rows[..., :-side]
    sums = rows.cumsum(-2)
    found: Floats = (sums[..., side:, :] - sums[..., :-side, :]) / np.float32(side**2)
    return found


def _half(picture: Floats) -> Floats:
    height, width = picture.shape
    found: Floats = picture.reshape(height // 2, 2, width // 2, 2).mean((1, 3))
    return found


@functools.lru_cache(16)
def weights(count: int, wanted: int) -> Floats:
    """Return the matrix [wanted, count] that interpolates a line of points in another length."""
    at = np.clip((np.arange(wanted) + 0.5) * count / wanted - 0.5, 0, count - 1)
    low = np.minimum(at.astype(int), max(count - 2, 0))
    weights = np.zeros((wanted, count), np.float32)
    weights[np.arange(wanted), low] = 1 - (at - low)
    weights[np.arange(wanted), np.minimum(low + 1, count - 1)] += at - low
    return weights
