"""The trained networks as parts of a dream file: components, memories, scenes and knobs."""

import copy
from typing import Any

import numpy as np
import torch

from livedream.dream import noise, write

from .. import knobs
from .. import scenes as scene_choice
from ..arrays import Floats, Indices, Rgb, Segments
from ..dream_file import DreamParts, rounded
from ..image_model.training import renders_full_size
from ..motion_model import training as motion
from ..motion_model.networks import Recurrent
from ..renderer import Renderer
from . import components
from .memories import LIKENESS, Memories
from .networks import Autoencoder
from .recipe import Recipe
from .walk import RECALL, WANDER, Recall, Walk, nearest_elsewhere, start

WARM_UP = 48  # steps of footage that the recurrent network gets before a scene begins
TRIED = 240  # steps dreamt to find how far latents are from their places
ELSEWHERE = 8  # memories around one that are the same place
KNOB = 2.0  # standard deviations of a knob at which only memories elsewhere are used, about
TEMPERATURE = {
    "name": "temperature",
    "low": 0,
    "high": 2,
    "default": 1,
    "doc": "0 takes the likeliest way, 2 the wildest",
}


class Parts:
    """Everything that goes into a dream file: components, memories and what its metadata is made from.

    Attributes:
        autoencoder: with weights rounded as in the file.
        network: the recurrent network, likewise.
        latents: of the footage, f32 [N, Z].
        memories: None for a dream without.
        pictures: JPEG files of the memories.
        reach: least length of a knob's unit, root mean square, in standard deviations of the latents.
        renderer: runs the components.
    """

    def __init__(
        self,
        autoencoder: Autoencoder,
        network: Recurrent,
        latents: Floats,
        segments: Segments,
        fps: float,
        memories: Memories | None,
        hp: Recipe,
    ):
        self.autoencoder = rounded(copy.deepcopy(autoencoder).cpu().float().eval())
        self.network = rounded(copy.deepcopy(network).cpu().float().eval())
        motion.measure(self.network, torch.from_numpy(latents), segments)  # a checkpoint has no anchors
        self.latents, self.segments, self.memories, self.hp = latents, segments, memories, hp
        self.pictures: list[bytes] = []
        self.reach = 0.0
        self.walk: Walk | None = None
        if memories is None:
            self.autoencoder.decoder.full_size = renders_full_size(self.autoencoder, torch.from_numpy(latents))
            modules = components.plain(self.autoencoder, self.network)
        else:
            white = (torch.from_numpy(latents[memories.frames]) - self.network.mean) / self.network.std
            self.walk = walk = Walk(memories, white.half().float(), fps)
            near, far = self._distances(walk)
            recall = Recall(walk, memories, near, far, _usual_distance(walk))
            self.reach = far / KNOB
            modules = components.with_memories(self.autoencoder, self.network, walk, recall, memories, hp.pull)
            self.pictures = memories.pictures
        self.renderer = Renderer(modules, self.pictures)

    @torch.no_grad()
    def _distances(self, walk: Walk) -> tuple[float, float]:
        """Return the largest distance of latents from their places without knobs, and one at which knobs show."""
        step = components.StepAmongMemories(self.network, walk, self.hp.pull).eval()
        first = self.state_at(self.scenes()[0])
        values = [torch.from_numpy(first[name]) for name in step.inputs[:5]]
        far, size = [], self.network.latent + LIKENESS
        for k in range(TRIED):
            chance = torch.from_numpy(noise.noise(1, 0, "step", k, size)[None])
            uniform = torch.from_numpy(noise.uniform(1, 0, "step", k, 1)[None])
            values = list(step(*values, chance, uniform, torch.full((1,), 1.2), torch.full((1,), 0.5)))
            white = (values[0] - self.network.mean) / self.network.std
            far.append(float((white - walk.at(values[1])).square().mean().sqrt()))
        near = float(np.quantile(far[TRIED // 4 :], 0.98)) * 1.1
        return near, 1.3 * near + 0.15

    def scenes(self) -> list[int]:
        """Choose frames far from one another (farthest-point sampling), in order; memories if there are any."""
        points: Floats
        allowed: Indices
        if self.memories is None or self.walk is None:
            allowed = np.concatenate([np.arange(min(a + WARM_UP, b - 1), b) for a, b in self.segments])
            points = self.latents[allowed] / (self.latents.std(0) + 1e-6)
        else:
            runway = self.walk.end.numpy() - np.arange(self.walk.count)
            far_enough = runway >= min(runway.max(), 2 * self.walk.fade)
            allowed, points = self.memories.frames[far_enough], self.memories.descriptors[far_enough]
        return scene_choice.choose(points, allowed, len(self.latents) / 4 / scene_choice.SCENES)

    def state_at(self, frame: int) -> dict[str, Floats]:
        """Return latents and states at a frame of the footage, by input name of step."""
        latent, state = _arrive(self.network, self.latents, self.segments, frame)
        if self.memories is None or self.walk is None:
            return {"latent": latent, "state.h": state}
        place = start(self.walk, int(np.searchsorted(self.memories.frames, frame)))
        return {"latent.picture": latent, "state.h": state, **place}

    def latents_at(self, frames: list[int]) -> Floats:
        """Return the latents [B, L] of frames of the footage, as `Renderer.render` takes them."""
        found = self.latents[frames]
        if self.memories is None or self.walk is None:
            return found
        places = np.searchsorted(self.memories.frames, frames).clip(0, self.walk.count - 1).astype(np.float32)
        return np.concatenate([found, np.stack([places, places, np.zeros_like(places)], 1)], 1)


@torch.no_grad()
def parts(source: Parts, fps: float, size: tuple[int, int]) -> DreamParts:
    """Return what goes into the dream file.

    An autoencoder whose last level is not trained yet renders its half-size pictures, enlarged.

    Args:
        source: everything it is made from.
        fps: steps a second.
        size: (width, height).
    """
    width, height = size
    renderer, chosen = source.renderer, source.scenes()
    image = np.full((1, height, width, 4), 255, np.uint8)
    first = components.first_inputs(renderer.components, source.state_at(chosen[0]), image)
    remembers = source.memories is not None
    latents = source.latents
    described: dict[str, Any] = {
        "latent.picture" if remembers else "latent": write.latent(latents.mean(0), latents.std(0))
    }
    if remembers:
        place = source.state_at(chosen[0])["latent.place"][0]
        described |= {"latent.place": write.latent(place, np.zeros(3)), "places": "latent.place"}
    metadata = {
        "latents": {**described, "interpolation": "linear"},
        "controls": [TEMPERATURE, *([WANDER, RECALL] if remembers else [])],
        "directions": knobs.find(
            renderer.render,
            latents,
            source.latents_at(chosen[:: max(1, len(chosen) // 4)][:4]),
            source.reach,
        ),
        "scenes": _scenes(source, chosen, fps),
    }
    return DreamParts(renderer.components, first, metadata, source.pictures)


def _scenes(parts: Parts, frames: list[int], fps: float) -> list[dict[str, Any]]:
    """Return the metadata of scenes at some frames."""

    def tensors(frame: int) -> dict[str, Floats]:
        return {f"step/{name}": value for name, value in parts.state_at(frame).items() if name != "state.seen"}

    def picture(frame: int) -> Rgb:
        return parts.renderer.render(parts.latents_at([frame]))[0, ..., :3]

    def name(frame: int) -> str:
        return f"{int(frame / fps) // 60}:{frame / fps % 60:04.1f}"

    return scene_choice.describe(frames, name, tensors, picture)


def _usual_distance(walk: Walk) -> float:
    """Return how far latents of memories are from those of similar memories elsewhere: the median, root mean square."""
    some = np.linspace(0, walk.count - 1, min(TRIED, walk.count)).astype(int).tolist()
    found = nearest_elsewhere(walk.likeness, some, min(ELSEWHERE, walk.count // 4) + 1)
    distances = [float((walk.white[nearest] - walk.white[k]).square().mean().sqrt()) for k, nearest, _ in found]
    return max(float(np.median(distances)), 0.05)


def _arrive(network: Recurrent, latents: Floats, segments: Segments, frame: int) -> tuple[Floats, Floats]:
    """Return the latent [1, Z] of a frame, and the state [1, S] after the frames before it."""
    start = next(a for a, b in segments if a <= frame < b)
    state = torch.zeros(1, network.cell.hidden_size)
    for k in range(max(start, frame - WARM_UP), frame):
        white = (torch.from_numpy(latents[k : k + 1]) - network.mean) / network.std
        state, *_ = network(white, state)
    return latents[frame : frame + 1].copy(), np.asarray(state)
