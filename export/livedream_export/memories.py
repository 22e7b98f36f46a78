"""What a dream remembers: which frames of the footage it keeps, how they move on, and where one may pass into another.

A memory is a frame of the footage, kept as a JPEG file. Memories of one run follow one another in time; between two
neighbours lies measured optical flow, so that a place between them can be drawn. Where two places look and move alike,
a dream may leave for elsewhere without being noticed (video textures, Schödl et al. 2000).
"""

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from livedream import UserError

from .autoencoder import held_out
from .cache import Footage
from .hyperparameters import Hyperparameters

FLOW = 8  # pixels of the picture that one vector of flow stands for
CELLS = 8  # on a side, in which a picture is described: their colours, and how much lies in them across and down
LIKENESS = 48  # numbers that say what a memory is like
WIDEST = 4  # frames between two neighbouring memories, at most
HALF_COLOUR = 256 * 256  # pixels, from which on colour is kept at half the sides
LUMA = np.float32([0.299, 0.587, 0.114])
SAMPLED = 400  # frames from which descriptions are scaled
STRETCH = 3.0  # seconds that a stretch of long footage is kept for
AHEAD = 5  # frames on, at which places must be alike, too
NETWORKS, NETWORKS_BY_PIXEL = 6.2e6, 20.0  # bytes of a dream file besides what memories take
QUALITIES = (95, 93, 90, 87, 84, 80)  # of the JPEG files, the best first


class Looks:
    """Describes pictures so that those that look alike lie near: colours of cells, and how much detail lies in them.

    mean, deviation: f32 [D], of the frames that it was made of.
    """

    def __init__(self, frames: np.ndarray, index):
        index = np.asarray(index)
        raw = _raw(frames, index[np.linspace(0, len(index) - 1, min(SAMPLED, len(index))).astype(int)])
        self.mean, self.deviation = raw.mean(0), raw.std(0) + 1.0

    def __call__(self, frames: np.ndarray, index) -> np.ndarray:
        """Of the frames at `index`: f32 [B, D]."""
        return (_raw(frames, index) - self.mean) / self.deviation


def thinned(height: int, width: int) -> int:
    """Of how many rows and columns one is looked at, for how a picture looks."""
    return 2 if height * width > HALF_COLOUR else 1


def _raw(frames: np.ndarray, index) -> np.ndarray:
    """Colours, and mean absolute steps of luma across and down, of CELLS x CELLS cells: f32 [B, CELLS² * 5]."""
    k = thinned(*frames.shape[1:3])
    height, width = (side // k for side in frames.shape[1:3])
    found = []
    for at in index:
        picture = frames[at, ::k, ::k].astype(np.float32)
        luma = picture @ LUMA
        across = np.abs(np.diff(luma, axis=1, append=luma[:, -1:]))
        down = np.abs(np.diff(luma, axis=0, append=luma[-1:]))
        all_ = np.concatenate([picture, across[..., None], down[..., None]], 2)
        found.append(all_.reshape(CELLS, height // CELLS, CELLS, width // CELLS, 5).mean((1, 3)).ravel())
    return np.stack(found)


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
    if left < 2 * (each + _bytes(frames, allowed, QUALITIES[-1])):
        least = math.ceil(megabytes - left / 1e6) + 1
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
    chosen, onward, gaps = choose(frames, _runs(allowed, segments), fps, count, looks)
    with ThreadPoolExecutor(2) as pool:
        pictures, flow, scale = [], [], []
        for k, found in enumerate(
            pool.map(lambda k: _measured(frames, chosen, onward, k, quality), range(len(chosen)))
        ):
            pictures.append(found[0])
            flow.append(found[1])
            scale.append(found[2])
            if k % 64 == 0:
                tell(k / len(chosen))
    look = looks(frames, chosen)
    pace = (1 / np.maximum(gaps, 1)).astype(np.float32)
    return Memories(
        chosen, onward, pace, np.stack(flow), np.float32(scale), pictures, looks, look, _likeness(look, chosen, onward)
    )


def room(pixels: int) -> float:
    """Bytes that a dream file with pictures of so many pixels may have: 30 MB at 128², 60 at 256², 100 at 512²."""
    return float(np.interp(np.log2(max(pixels, 1)), (12, 14, 16, 18), (20e6, 30e6, 60e6, 100e6)))


def beside(pixels: int, latent: int) -> float:
    """Bytes that every memory takes in a dream file beside its picture: flow, small picture, latents, seams."""
    return 2 * pixels / FLOW**2 + 10 * CELLS**2 + 4 * latent + 2 * LIKENESS


def _bytes(frames: np.ndarray, allowed: np.ndarray, quality: int) -> float:
    """Mean bytes of a picture at that quality."""
    some = allowed[np.linspace(0, len(allowed) - 1, min(24, len(allowed))).astype(int)]
    return float(np.mean([len(jpeg(frames[k], quality)) for k in some]))


def jpeg(picture: np.ndarray, quality: int) -> bytes:
    import simplejpeg

    whole = picture.shape[0] * picture.shape[1] < HALF_COLOUR
    return simplejpeg.encode_jpeg(
        np.ascontiguousarray(picture), quality, "RGB", colorsubsampling="444" if whole else "420"
    )


def _runs(allowed: np.ndarray, segments) -> list[np.ndarray]:
    """The allowed frames as runs without a gap or a cut, each of two frames at least if there is one such."""
    runs = []
    for a, b in segments:
        inside = allowed[(allowed >= a) & (allowed < b)]
        runs += np.split(inside, np.flatnonzero(np.diff(inside) > 1) + 1) if len(inside) else []
    long = [run for run in runs if len(run) > 1]
    return long or runs


def choose(frames: np.ndarray, runs: list[np.ndarray], fps: float, count: int, looks: Looks):
    """Which frames become memories: indices [M], whether each goes on to the next [M], frames to the next [M].

    All of them if they fit. Else the wider apart the less they move, up to WIDEST frames; and if that is still too
    many, stretches of the footage that are most unlike each other.
    """
    total = sum(map(len, runs))
    if total > count * WIDEST * 0.75:
        runs = _stretches(frames, runs, fps, count * 2, looks)
        total = sum(map(len, runs))
    if total <= count:
        picked = runs
    else:
        moved = [np.concatenate([[0.0], _moves(frames, run)]) for run in runs]
        usual = np.concatenate(moved).mean() + 1e-6
        picked = _spread(runs, [0.35 + each / usual for each in moved], count)
    chosen = np.concatenate(picked)
    onward = np.concatenate([np.arange(len(run)) < len(run) - 1 for run in picked])
    gaps = np.concatenate([np.append(np.diff(run), 1) for run in picked])
    return chosen, onward, gaps


def _moves(frames: np.ndarray, run: np.ndarray) -> np.ndarray:
    """Mean absolute step of a run, at a quarter of the size, [len - 1]."""
    small = [frames[k][::4, ::4].astype(np.int16) for k in run]
    return np.array([np.abs(b - a).mean() for a, b in pairwise(small)])


def _spread(runs: list[np.ndarray], weights: list[np.ndarray], count: int) -> list[np.ndarray]:
    """About `count` frames of all runs, at equal steps of what has moved, no two neighbours over WIDEST apart."""
    unit = sum(each.sum() for each in weights) / count
    for _ in range(20):
        picked = []
        for run, weight in zip(runs, weights, strict=True):
            kept, since, gone = [0], 0, 0.0
            for k in range(1, len(run)):
                gone += weight[k]
                if gone >= unit or k - since >= WIDEST:
                    kept.append(k)
                    since, gone = k, gone - unit if k - since < WIDEST else 0.0
            picked.append(run[kept])
        if sum(map(len, picked)) <= count:
            return picked
        unit *= 1.1
    return _longest(picked, count)


def _longest(runs: list[np.ndarray], count: int) -> list[np.ndarray]:
    """The longest runs that hold `count` in all, in their order; of a single one its beginning."""
    order = sorted(range(len(runs)), key=lambda k: -len(runs[k]))
    fitting = int((np.cumsum([len(runs[k]) for k in order]) <= count).sum())
    return [runs[k][:count] for k in sorted(order[: max(1, fitting)])]


def _stretches(frames: np.ndarray, runs: list[np.ndarray], fps: float, total: int, looks: Looks) -> list[np.ndarray]:
    """Stretches of the runs of about `total` frames in all, each as unlike those before it as can be."""
    length = max(8, round(STRETCH * fps))
    parts = [run[k : k + length] for run in runs for k in range(0, max(1, len(run) - length // 2), length)]
    about = np.stack([looks(frames, part[[0, len(part) // 2, -1]]).ravel() for part in parts])
    first = int(((about - about.mean(0)) ** 2).sum(1).argmin())
    order, nearest, taken = [], np.full(len(parts), np.inf), 0
    while taken < total and len(order) < len(parts):
        k = int(nearest.argmax()) if order else first
        order.append(k)
        taken += len(parts[k])
        nearest = np.minimum(nearest, ((about - about[k]) ** 2).sum(1))
        nearest[order] = -1
    joined: list[np.ndarray] = []
    for k in sorted(order):
        if joined and k - 1 in order and joined[-1][-1] + 1 == parts[k][0]:
            joined[-1] = np.concatenate([joined[-1], parts[k]])
        else:
            joined.append(parts[k])
    return joined


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
    _, _, axes = np.linalg.svd(both[np.linspace(0, count - 1, min(SAMPLED, count)).astype(int)], full_matrices=False)
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
