"""What a dream remembers: which frames of the footage it keeps, how they move on, and where one may pass into another.

A memory is a frame of the footage, kept as a JPEG file. Memories of one run follow one another in time; between two
neighbours lies measured optical flow, so that a place between them can be drawn. Where two places look and move alike,
a dream may leave for elsewhere without being noticed (video textures, Schödl et al. 2000).
"""

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from livedream import UserError

from .appearance import CELLS, HALF_COLOUR, Looks
from .autoencoder import held_out
from .cache import Footage
from .choosing import choose, runs
from .hyperparameters import Hyperparameters

FLOW = 8  # pixels of the picture that one vector of flow stands for
LIKENESS = 48  # numbers that say what a memory is like
LIKENED = 400  # memories that those are found from
AHEAD = 5  # frames on, at which places must be alike, too
NETWORKS, NETWORKS_BY_PIXEL = 6.2e6, 20.0  # bytes of a dream file besides what memories take
QUALITIES = (95, 93, 90, 87, 84, 80)  # of the JPEG files, the best first


@dataclass(frozen=True)
class Memories:
    """M memories, in the footage's order.

    frames: which frames they are, int64 [M]. onward: whether the next memory goes on from this one, bool [M]. pace:
    memories a step, f32 [M]. flow: from each to the next in pixels, int8 [M, 2 (x, y), h, w] times scale, f32 [M].
    pictures: JPEG files. looks: what describes them; look: f32 [M, D], how each looks. likeness: f32
    [M, LIKENESS], by which places are compared: 1 between two of chance.
    """

    frames: np.ndarray
    onward: np.ndarray
    pace: np.ndarray
    flow: np.ndarray
    scale: np.ndarray
    pictures: list[bytes]
    looks: Looks
    look: np.ndarray
    likeness: np.ndarray

    @property
    def bytes(self) -> int:
        return sum(map(len, self.pictures))


def of_footage(footage: Footage, hp: Hyperparameters, tell: Callable[[float], None] = lambda done: None) -> Memories:
    """The memories that a dream of the footage has: those that fit into its file, of frames that may be learned.

    tell(share done) is called now and then.
    """
    frames = footage.frames
    pixels = frames.shape[1] * frames.shape[2]
    megabytes = hp.megabytes or room(pixels) / 1e6
    left = megabytes * 1e6 - NETWORKS - NETWORKS_BY_PIXEL * pixels
    allowed = np.flatnonzero(~held_out(len(frames), footage.fps))
    each, most = beside(pixels, hp.latent), hp.most_memories or len(allowed)
    fewest = 2 * (each + _bytes(frames, allowed, QUALITIES[-1]))
    if left < fewest:
        least = math.ceil(megabytes + (fewest - left) / 1e6)
        raise UserError(f"--megabytes {megabytes:g}: too little for networks and memories; at least {least}")
    return build(frames, allowed, footage.segments, footage.fps, left, each, most, tell)


def build(
    frames: np.ndarray,
    allowed: np.ndarray,
    segments,
    fps: float,
    room: float,
    each: float = 0.0,
    most: int = 1 << 30,
    tell: Callable[[float], None] = lambda done: None,
) -> Memories:
    """Choose memories from frames uint8 [N, H, W, 3] at the indices `allowed` and measure all about them.

    segments: the shots, [start, stop). room: bytes that all of it may take in the dream file. each: of them, what every
    memory takes beside its picture. most: of them, at most. tell(share done) is called now and then.
    """
    sizes = {q: _bytes(frames, allowed, q) for q in QUALITIES}
    count = min(len(allowed), most)
    quality = next((q for q in QUALITIES if (sizes[q] + each) * count <= room), QUALITIES[-1])
    count = max(2, min(count, int(room / (sizes[quality] + each))))
    looks = Looks(frames, allowed)
    chosen, onward, gaps = choose(frames, runs(allowed, segments), fps, count, looks)
    measured = []
    with ThreadPoolExecutor(2) as pool:
        for each in pool.map(lambda k: _measured(frames, chosen, onward, k, quality), range(len(chosen))):
            measured.append(each)
            if len(measured) % 64 == 0:
                tell(len(measured) / len(chosen))
    pictures, flow, scale = (list(each) for each in zip(*measured, strict=True))
    look, pace = looks(frames, chosen), (1 / np.maximum(gaps, 1)).astype(np.float32)
    likeness = _likeness(look, chosen, onward)
    return Memories(chosen, onward, pace, np.stack(flow), np.float32(scale), pictures, looks, look, likeness)


def room(pixels: int) -> float:
    """Bytes that a dream file with pictures of so many pixels may have: 30 MB at 128², 60 at 256², 100 at 512²."""
    return float(np.interp(np.log2(max(pixels, 1)), (12, 14, 16, 18), (20e6, 30e6, 60e6, 100e6)))


def beside(pixels: int, latent: int) -> float:
    """Bytes that every memory takes in a dream file beside its picture: flow, look, latents, likeness."""
    return 2 * pixels / FLOW**2 + 10 * CELLS**2 + 4 * latent + 2 * LIKENESS


def _bytes(frames: np.ndarray, allowed: np.ndarray, quality: int) -> float:
    """Mean bytes of a picture at that quality."""
    some = allowed[np.linspace(0, len(allowed) - 1, min(24, len(allowed))).astype(int)]
    return float(np.mean([len(jpeg(frames[k], quality)) for k in some]))


def jpeg(picture: np.ndarray, quality: int) -> bytes:
    """A picture, uint8 [H, W, 3], as a JPEG file."""
    import simplejpeg

    whole = picture.shape[0] * picture.shape[1] < HALF_COLOUR
    return simplejpeg.encode_jpeg(
        np.ascontiguousarray(picture), quality, "RGB", colorsubsampling="444" if whole else "420"
    )


def optical_flow(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Where each pixel of picture a, uint8 [H, W, 3], goes to in b, in pixels: f32 [2 (x, y), H / FLOW, W / FLOW].

    Dense inverse search (Kroeger et al., ECCV 2016) by OpenCV.
    """
    import cv2

    search = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    grey = [cv2.cvtColor(np.ascontiguousarray(x), cv2.COLOR_RGB2GRAY) for x in (a, b)]
    flow = search.calc(*grey, None)
    height, width = flow.shape[:2]
    return flow.reshape(height // FLOW, FLOW, width // FLOW, FLOW, 2).mean((1, 3)).transpose(2, 0, 1)


def _measured(frames: np.ndarray, chosen: np.ndarray, onward: np.ndarray, k: int, quality: int):
    """Of memory k: its JPEG file, the flow to the next as int8 [2, h, w], and its scale."""
    picture = frames[chosen[k]]
    if not onward[k]:
        empty = np.zeros((2, picture.shape[0] // FLOW, picture.shape[1] // FLOW), np.int8)
        return jpeg(picture, quality), empty, 0.0
    flow = optical_flow(picture, frames[chosen[k + 1]])
    scale = max(float(np.abs(flow).max()), 1e-3) / 127
    return jpeg(picture, quality), (flow / scale).round().astype(np.int8), scale


def _likeness(look: np.ndarray, chosen: np.ndarray, onward: np.ndarray) -> np.ndarray:
    """How each memory looks and goes on, f32 [M, LIKENESS]: squared distances are 1 between two of chance, about.

    The principal parts of how it looks, and how it will in AHEAD frames.
    """
    count = len(chosen)
    left = ends(onward) - np.arange(count)
    pace = max(1.0, float(np.median(np.diff(chosen)[onward[:-1]])) if onward.any() else 1.0)  # frames a memory
    ahead = np.arange(count) + np.minimum(max(1, round(AHEAD / pace)), left)
    both = np.concatenate([look, look[ahead]], 1)
    both -= both.mean(0)
    _, _, axes = np.linalg.svd(both[np.linspace(0, count - 1, min(LIKENED, count)).astype(int)], full_matrices=False)
    parts = np.zeros((count, LIKENESS), np.float32)
    found = both @ axes[:LIKENESS].T
    parts[:, : found.shape[1]] = found
    return parts / max(1e-6, float(np.sqrt(2 * np.square(parts).sum(1).mean())))


def ends(onward: np.ndarray) -> np.ndarray:
    """The last memory of the run that each is in, int64 [M]."""
    found = np.arange(len(onward))
    for k in range(len(onward) - 2, -1, -1):
        if onward[k]:
            found[k] = found[k + 1]
    return found
