"""Fitting a picture into a rectangle of another size or aspect ratio."""

import numpy as np

from livedream.picture import Pixels

OPAQUE_BLACK = np.frombuffer(bytes((0, 0, 0, 255)), np.uint32)[0]


def placed(width: int, height: int, across: int, down: int, fit: str = "contain") -> tuple[int, int, int, int]:
    """Return (x, y, w, h) of a picture of `width` x `height` pixels, centred within `across` x `down`.

    Args:
        fit: "contain" leaves bars, "cover" reaches over the edges (x or y negative), "stretch" fills and distorts.
    """
    if fit == "stretch" or width * down == height * across:
        return 0, 0, across, down
    scale = (max if fit == "cover" else min)(across / width, down / height)
    w, h = max(round(width * scale), 1), max(round(height * scale), 1)
    return (across - w) // 2, (down - h) // 2, w, h


def fitted_size(picture: Pixels, limit: tuple[int, int]) -> tuple[int, int]:
    """Return the largest even (width, height) of the picture's aspect ratio within `limit`, a (width, height)."""
    height, width = picture.shape[:2]
    scale = min(limit[0] / width, limit[1] / height)
    return max(2, round(width * scale / 2) * 2), max(2, round(height * scale / 2) * 2)


def letterbox(picture: Pixels, height: int, width: int) -> Pixels:
    """Scale a picture to `height` x `width` by nearest pixels, with black bars where the shapes differ."""
    if picture.shape[:2] == (height, width):
        return picture
    x, y, w, h = placed(picture.shape[1], picture.shape[0], width, height)
    rows = (np.arange(h) + 0.5) * picture.shape[0] // h
    columns = (np.arange(w) + 0.5) * picture.shape[1] // w
    whole = np.full((height, width), OPAQUE_BLACK)
    points = np.ascontiguousarray(picture).view(np.uint32)[..., 0]  # four bytes are copied as one number
    whole[y : y + h, x : x + w] = points[rows.astype(int)][:, columns.astype(int)]
    return whole[..., None].view(np.uint8)
