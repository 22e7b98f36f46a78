"""A dream that draws only colour bars, and a function that reads them back."""

import itertools
from pathlib import Path

import numpy as np
from onnx import numpy_helper

WIDTH, HEIGHT = 640, 360
# Above, the eight corners of the colour cube at 75 % (191); in the middle at 100 %; below, greys from black to white.
CUBE = np.array(list(itertools.product((255, 0), repeat=3)), np.float64)
ROWS = np.stack([CUBE * 0.75, CUBE, np.repeat(np.linspace(255, 0, 8)[:, None], 3, 1)])
PATCHES = np.rint(ROWS).astype(np.uint8)  # [3, 8, RGB]


def picture() -> np.ndarray:
    """The bars, uint8 [360, 640, 3]."""
    rows, columns, _ = PATCHES.shape
    return np.kron(PATCHES, np.ones((HEIGHT // rows, WIDTH // columns, 1), np.uint8))


def read(pixels: np.ndarray) -> np.ndarray:
    """Return the mean of each patch without its edges, f64 [3, 8, RGB], of a picture [H, W, 3 or more] of any size."""
    rows, columns, _ = PATCHES.shape
    height, width = pixels.shape[0] / rows, pixels.shape[1] / columns
    patches = np.empty(PATCHES.shape)
    for y, x in np.ndindex(rows, columns):
        part = pixels[round((y + 0.3) * height) : round((y + 0.7) * height)]
        patches[y, x] = part[:, round((x + 0.3) * width) : round((x + 0.7) * width), :3].mean((0, 1))
    return patches


def dream(path: Path) -> Path:
    """Write the dream: the one of tests/dreams.py, without motion."""
    from livedream.dream import write
    from tests import dreams

    path, components, metadata = dreams.tiny_parts(path, WIDTH, HEIGHT)
    base = np.dstack([picture(), np.full((HEIGHT, WIDTH), 255)])[None].astype(np.float32)
    for each in components["decode"].graph.initializer:
        if each.name == "base":
            each.CopyFrom(numpy_helper.from_array(base, "base"))
        elif each.name == "moves":
            each.CopyFrom(numpy_helper.from_array(np.zeros((8, 4), np.float32), "moves"))
    write.write(path, components, metadata)
    return path
