"""Memories: the frames of the footage that a dream keeps, how they move on, and where one may lead into another.

A memory is a frame of the footage, kept as a JPEG file. Memories of one run follow one another in time; measured
optical flow lies between two neighbours, so that a position between them can be rendered. Where two places look and
move alike, a dream may jump from one to the other without being noticed (video textures, Schödl et al. 2000).
"""

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from livedream import UserError

from .. import kept_pictures
from ..arrays import Flags, Floats, Indices, Rgb, Segments
from ..cache import Footage
from ..kept_pictures import QUALITIES, best_fit, jpeg, mean_bytes
from ..material import held_out
from .appearance import CELLS, Appearance
from .choosing import choose, runs
from .recipe import Recipe

FLOW = 8  # pixels of the picture that one vector of flow stands for
LIKENESS = 48  # numbers by which places are compared
LIKENED = 400  # memories from which these are derived
AHEAD = 5  # frames on, at which places must be alike, too
NETWORKS, NETWORKS_BY_PIXEL = 6.2e6, 20.0  # bytes of a dream file besides its memories


@dataclass(frozen=True)
class Memories:
    """M memories, in the footage's order.

    Attributes:
        frames: numbers of their frames, int64 [M].
        onward: whether the next memory follows on this one in time, bool [M].
        speed: memories a step, f32 [M].
        flow: from each to the next in units of `scale`, int8 [M, 2 (x, y), h, w].
        scale: pixels, f32 [M].
        pictures: JPEG files.
        appearance: makes descriptors of pictures.
        descriptors: those of the memories, f32 [M, D].
        likeness: numbers by which places are compared, f32 [M, LIKENESS]; two at random have a squared distance of 1.
    """

    frames: Indices
    onward: Flags
    speed: Floats
    flow: NDArray[np.int8]
    scale: Floats
    pictures: list[bytes]
    appearance: Appearance
    descriptors: Floats
    likeness: Floats

    @property
    def bytes(self) -> int:
        """Size of all pictures."""
        return sum(map(len, self.pictures))


def of_footage(footage: Footage, hp: Recipe, tell: Callable[[float], None] = lambda done: None) -> Memories:
    """Return the memories of a dream of the footage: those that fit into its file, of frames that may be learned.

    tell(share done) is called now and then. Raises UserError when the dream file is too small for any.
    """
    frames = footage.frames
    pixels = frames.shape[1] * frames.shape[2]
    megabytes = hp.megabytes or kept_pictures.room(pixels) / 1e6
    left = megabytes * 1e6 - NETWORKS - NETWORKS_BY_PIXEL * pixels
    allowed = np.flatnonzero(~held_out(len(frames), footage.fps))
    each, most = beside(pixels, hp.latent), hp.max_memories or len(allowed)
    fewest = 2 * (each + mean_bytes(frames, allowed, QUALITIES[-1]))
    if left < fewest:
        least = math.ceil(megabytes + (fewest - left) / 1e6)
        raise UserError(f"--megabytes {megabytes:g}: too little for networks and memories; at least {least}")
    return build(frames, allowed, footage.segments, footage.fps, left, each, most, tell)


def build(
    frames: Rgb,
    allowed: Indices,
    segments: Segments,
    fps: float,
    room: float,
    each: float = 0.0,
    most: int = 1 << 30,
    tell: Callable[[float], None] = lambda done: None,
) -> Memories:
    """Choose memories and measure all about them.

    Args:
        frames: the footage, [N, H, W, 3].
        allowed: numbers of the frames to choose from.
        segments: the shots.
        fps: frames a second.
        room: bytes that all of it may take in the dream file.
        each: bytes that every memory takes beside its picture.
        most: the most memories.
        tell: called with the share that is done, now and then.
    """
    quality, count = best_fit(frames, allowed, most, room, each)
    appearance = Appearance(frames, allowed)
    chosen, onward, gaps = choose(frames, runs(allowed, segments), fps, count, appearance)
    pictures: list[bytes] = []
    flows: list[NDArray[np.int8]] = []
    scales: list[float] = []
    with ThreadPoolExecutor(2) as pool:
        for picture, flow, scale in pool.map(
            lambda k: _measured(frames, chosen, onward, k, quality), range(len(chosen))
        ):
            pictures.append(picture)
            flows.append(flow)
            scales.append(scale)
            if len(pictures) % 64 == 0:
                tell(len(pictures) / len(chosen))
    descriptors = appearance(frames, chosen)
    return Memories(
        frames=chosen,
        onward=onward,
        speed=(1 / np.maximum(gaps, 1)).astype(np.float32),
        flow=np.stack(flows),
        scale=np.array(scales, np.float32),
        pictures=pictures,
        appearance=appearance,
        descriptors=descriptors,
        likeness=_likeness(descriptors, chosen, onward),
    )


def beside(pixels: int, latent: int) -> float:
    """Return the bytes of a memory in a dream file beside its picture: flow, descriptor, latent, likeness."""
    return 2 * pixels / FLOW**2 + 10 * CELLS**2 + 4 * latent + 2 * LIKENESS


def optical_flow(a: Rgb, b: Rgb) -> Floats:
    """Return where the pixels of picture a [H, W, 3] move in b, in pixels: f32 [2 (x, y), H / FLOW, W / FLOW].

    Dense inverse search (Kroeger et al., ECCV 2016) by OpenCV.
    """
    search = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)  # type: ignore[attr-defined]  # not in its types
    grey = [cv2.cvtColor(np.ascontiguousarray(x), cv2.COLOR_RGB2GRAY) for x in (a, b)]
    flow: Floats = search.calc(*grey, None)
    height, width = flow.shape[:2]
    means: Floats = flow.reshape(height // FLOW, FLOW, width // FLOW, FLOW, 2).mean((1, 3))
    return means.transpose(2, 0, 1)


def _measured(
    frames: Rgb, chosen: Indices, onward: Flags, k: int, quality: int
) -> tuple[bytes, NDArray[np.int8], float]:
    """Return memory k's JPEG file, its flow to the next as int8 [2, h, w], and the scale of that."""
    picture = frames[chosen[k]]
    if not onward[k]:
        empty = np.zeros((2, picture.shape[0] // FLOW, picture.shape[1] // FLOW), np.int8)
        return jpeg(picture, quality), empty, 0.0
    flow = optical_flow(picture, frames[chosen[k + 1]])
    scale = max(float(np.abs(flow).max()), 1e-3) / 127
    return jpeg(picture, quality), (flow / scale).round().astype(np.int8), scale


def _likeness(descriptors: Floats, chosen: Indices, onward: Flags) -> Floats:
    """Return what each memory is compared by, f32 [M, LIKENESS], scaled as `Memories` says.

    These are the principal components of its descriptor and of the one AHEAD frames later.
    """
    count = len(chosen)
    left = ends(onward) - np.arange(count)
    stride = max(1.0, float(np.median(np.diff(chosen)[onward[:-1]])) if onward.any() else 1.0)  # frames a memory
    ahead = np.arange(count) + np.minimum(max(1, round(AHEAD / stride)), left)
    both = np.concatenate([descriptors, descriptors[ahead]], 1)
    both -= both.mean(0)
    _, _, axes = np.linalg.svd(both[np.linspace(0, count - 1, min(LIKENED, count)).astype(int)], full_matrices=False)
    parts: Floats = np.zeros((count, LIKENESS), np.float32)
    found = both @ axes[:LIKENESS].T
    parts[:, : found.shape[1]] = found
    return parts / max(1e-6, float(np.sqrt(2 * np.square(parts).sum(1).mean())))


def ends(onward: Flags) -> Indices:
    """Return the last memory of each memory's run, int64 [M]."""
    found = np.arange(len(onward))
    for k in range(len(onward) - 2, -1, -1):
        if onward[k]:
            found[k] = found[k + 1]
    return found
