"""Scenes: frames of the material that are far from one another, with thumbnails."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from livedream.dream import write

from .arrays import Floats, Indices, Rgb
from .cache import Footage
from .dream_file import thumbnail

SCENES = 8


def choose(points: Floats, frames: Indices, least: float) -> list[int]:
    """Choose frames far from one another (farthest-point sampling), in order.

    Args:
        points: of the frames, where distances are likeness, f32 [N, D].
        frames: their numbers, int [N].
        least: frames between two scenes.
    """
    picked = [int(np.argmin(((points - points.mean(0)) ** 2).sum(1)))]
    nearest = np.full(len(points), np.inf)
    while len(picked) < min(SCENES, len(points)):
        nearest = np.minimum(nearest, ((points - points[picked[-1]]) ** 2).sum(1))
        nearest[np.abs(frames - frames[picked[-1]]) < least] = 0
        picked.append(int(nearest.argmax()))
    return sorted(int(frames[k]) for k in set(picked))


def describe(
    frames: Sequence[int],
    names: Callable[[int], str],
    tensors: Callable[[int], Mapping[str, Floats]],
    picture: Callable[[int], Rgb],
) -> list[dict[str, Any]]:
    """Return the metadata of scenes at some frames.

    Args:
        frames: their numbers.
        names: name of a frame; a second scene of one name gets the frame's number, too.
        tensors: latents and states at a frame, by full name, such as "step/latent".
        picture: the frame as the dream draws it, [H, W, 3].
    """
    scenes: list[dict[str, Any]] = []
    for frame in frames:
        name = names(frame)
        if any(name == each["name"] for each in scenes):
            name = f"{name} frame {frame}"
        scenes.append(write.scene(name, tensors(frame), thumbnail(picture(frame))))
    return scenes


def name(footage: Footage, frame: int) -> str:
    """Return the name of a frame: where it is in the footage, or what its file is called where each is one picture."""
    if len(footage.sources) == len(footage.frames):
        return Path(footage.sources[frame].path).stem
    seconds = frame / footage.fps
    return f"{int(seconds) // 60}:{seconds % 60:04.1f}"
