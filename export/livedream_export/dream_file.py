"""The trained networks as a dream file: its components, scenes, knobs and where it came from."""

import copy
import datetime
from pathlib import Path

import numpy as np
import torch
from torch import nn

import livedream
from livedream.dream import noise, write

from . import components, knobs, proof
from . import recurrent as motion
from .autoencoder import draws_whole
from .drawing import Drawing
from .hyperparameters import Hyperparameters
from .memories import LIKENESS, Memories
from .networks import Autoencoder, Recurrent
from .preview import shrunk
from .walk import RECALL, WANDER, Recall, Walk, start

SCENES = 8
WARM_UP = 48  # steps the recurrent network hears the footage before a scene begins
THUMBNAIL = 160  # pixels wide, about
TRIED = 240  # steps dreamt to see how far latents lie from their places
ELSEWHERE = 8  # memories around one that are the same place
KNOB = 2.0  # standard deviations of a knob at which a picture is drawn elsewhere wholly, about
TEMPERATURE = {
    "name": "temperature",
    "low": 0,
    "high": 2,
    "default": 1,
    "doc": "0 takes the likeliest way, 2 the wildest",
}


class Parts:
    """All that is drawn and stepped with, whole: the components, and what the file says beside them.

    latents: f32 [N, Z] of the footage. reach: how far a knob goes in one unit at least, root mean square in the
    deviations of the latents.
    """

    def __init__(
        self,
        autoencoder: Autoencoder,
        network: Recurrent,
        latents: np.ndarray,
        segments,
        fps: float,
        memories: Memories | None,
        hp: Hyperparameters,
    ):
        self.autoencoder = _rounded(copy.deepcopy(autoencoder).cpu().float().eval())
        self.network = _rounded(copy.deepcopy(network).cpu().float().eval())
        motion.measure(self.network, torch.from_numpy(latents), segments)  # of a checkpoint, there are no anchors yet
        self.latents, self.segments, self.memories, self.hp = latents, segments, memories, hp
        if memories is None:
            self.autoencoder.decoder.whole = draws_whole(self.autoencoder, torch.from_numpy(latents))
            modules = components.modules(self.autoencoder, self.network)
            self.pictures: list[bytes] = []
            self.reach = 0.0
        else:
            white = (torch.from_numpy(latents[memories.frames]) - self.network.mean) / self.network.deviation
            white = white.half().float()
            self.walk = Walk(memories, white, fps)
            near, far = self._distances()
            recall = Recall(self.walk, memories, near, far, self._usual())
            self.reach = far / KNOB
            args = self.autoencoder, self.network, self.walk, recall, memories, hp.pull
            modules = components.remembering(*args)
            self.pictures = memories.pictures
        self.drawing = Drawing(modules, self.pictures)

    @torch.no_grad()
    def _distances(self) -> tuple[float, float]:
        """How far latents lie from their places while nobody's hand is on a knob, at most; and so far that a knob at
        KNOB is seen."""
        step = components.StepAmongMemories(self.network, self.walk, self.hp.pull).eval()
        first = self.scenes()[0]
        values = [torch.from_numpy(self.at(first)[name]) for name in step.inputs[:5]]
        far, size = [], self.network.latent + LIKENESS
        for k in range(TRIED):
            chance = torch.from_numpy(noise.noise(1, 0, "step", k, size)[None])
            uniform = torch.from_numpy(noise.uniform(1, 0, "step", k, 1)[None])
            values = list(step(*values, chance, uniform, torch.full((1,), 1.2), torch.full((1,), 0.5)))
            white = (values[0] - self.network.mean) / self.network.deviation
            far.append(float((white - self.walk.at(values[1])).square().mean().sqrt()))
        near = float(np.quantile(far[TRIED // 4 :], 0.98)) * 1.1
        return near, 1.3 * near + 0.15

    def _usual(self) -> float:
        """How far latents of memories lie from those of memories elsewhere that look like them, on average."""
        walk, distances = self.walk, []
        for k in np.linspace(0, walk.count - 1, min(TRIED, walk.count)).astype(int):
            far = (walk.likeness - walk.likeness[k]).square().sum(1)
            far[(walk.order - k).abs() <= min(ELSEWHERE, walk.count // 4)] = torch.inf
            distances.append(float((walk.white[far.argmin()] - walk.white[k]).square().mean().sqrt()))
        return max(float(np.median(distances)), 0.05)

    def scenes(self) -> list[int]:
        """Frames far from one another (farthest-point sampling), in the footage's order; memories, if there are."""
        if self.memories is None:
            allowed = np.concatenate([np.arange(min(a + WARM_UP, b - 1), b) for a, b in self.segments])
            points = self.latents[allowed] / (self.latents.std(0) + 1e-6)
        else:
            runway = self.walk.end.numpy() - np.arange(self.walk.count)
            far_enough = runway >= min(runway.max(), 2 * self.walk.fade)
            allowed, points = self.memories.frames[far_enough], self.memories.look[far_enough]
        apart = len(self.latents) / 4 / SCENES
        picked = [int(np.argmin(((points - points.mean(0)) ** 2).sum(1)))]
        nearest = np.full(len(points), np.inf)
        while len(picked) < min(SCENES, len(points)):
            nearest = np.minimum(nearest, ((points - points[picked[-1]]) ** 2).sum(1))
            nearest[np.abs(allowed - allowed[picked[-1]]) < apart] = 0
            picked.append(int(nearest.argmax()))
        return sorted(int(allowed[k]) for k in set(picked))

    def at(self, frame: int) -> dict[str, np.ndarray]:
        """Latents and states of a frame of the footage, by input name of step."""
        latent, state = _arrive(self.network, self.latents, self.segments, frame)
        if self.memories is None:
            return {"latent": latent, "state.h": state}
        place = start(self.walk, int(np.searchsorted(self.memories.frames, frame)))
        return {"latent.picture": latent, "state.h": state, **place}

    def drawn_with(self, frames) -> np.ndarray:
        """Latents [B, L] of some of the footage's frames as `Drawing.draw` takes them."""
        found = self.latents[frames]
        if self.memories is None:
            return found
        places = np.searchsorted(self.memories.frames, frames).clip(0, self.walk.count - 1).astype(np.float32)
        return np.concatenate([found, np.stack([places, places, np.zeros_like(places)], 1)], 1)


@torch.no_grad()
def export(parts: Parts, path: Path, fps: float, size: tuple[int, int], title: str, provenance: dict) -> None:
    """Write the dream file at `path`, whole or not at all. size: (width, height).

    UserError when the proof fails or the file cannot be written. An autoencoder that has not yet learned whole
    pictures draws its half-size ones, enlarged.
    """
    width, height = size
    drawing, chosen = parts.drawing, parts.scenes()
    image = np.full((1, height, width, 4), 255, np.uint8)
    unit, begin = parts.network.deviation, parts.at(chosen[0])
    built = proof.build(drawing.parts, begin, image, unit, drawing.memory)
    remembers = parts.memories is not None
    latents, scenes = parts.latents, []
    for frame in chosen:
        name = f"{int(frame / fps) // 60}:{frame / fps % 60:04.1f}"
        if any(name == each["name"] for each in scenes):  # in footage of seconds, two may share a tenth
            name = f"{name} frame {frame}"
        picture = shrunk(drawing.draw(parts.drawn_with([frame]))[0, ..., :3], max(1, round(width / THUMBNAIL)))
        kept = {f"step/{name}": value for name, value in parts.at(frame).items() if name != "state.seen"}
        scenes.append(write.scene(name, kept, picture))
    described = {"latent.picture" if remembers else "latent": write.latent(latents.mean(0), latents.std(0))}
    if remembers:
        first = parts.at(chosen[0])["latent.place"][0]
        described |= {"latent.place": write.latent(first, np.zeros(3)), "places": "latent.place"}
    metadata = {
        "contract": 1,
        "title": title,
        "kind": "vae-rnn",
        "fps": fps,
        "latents": {**described, "interpolation": "linear"},
        "controls": [TEMPERATURE, *([WANDER, RECALL] if remembers else [])],
        "directions": knobs.find(
            drawing.draw,
            latents,
            parts.drawn_with(chosen[:: max(1, len(chosen) // 4)][:4]),
            parts.reach,
        ),
        "scenes": scenes,
        "provenance": {
            "trained_by": f"livedream {livedream.__version__}, torch {torch.__version__}",
            "trained_on": datetime.date.today().isoformat(),
            **provenance,
            **({"memories": f"{len(parts.pictures)} pictures of the footage are in this file"} if remembers else {}),
        },
    }
    write.write(path, built, metadata, parts.pictures, halve=True)


def _rounded(network: nn.Module) -> nn.Module:
    """The network with its weights as they are in the file: in half precision."""
    for weight in network.parameters():
        weight.data = weight.data.half().float()
    return network


def _arrive(network: Recurrent, latents: np.ndarray, segments, frame: int) -> tuple[np.ndarray, np.ndarray]:
    """Latent [1, Z] of a frame, and the state [1, S] of having heard what led up to it."""
    start = next(a for a, b in segments if a <= frame < b)
    state = torch.zeros(1, network.cell.hidden_size)
    for k in range(max(start, frame - WARM_UP), frame):
        white = (torch.from_numpy(latents[k : k + 1]) - network.mean) / network.deviation
        state, *_ = network(white, state)
    return latents[frame : frame + 1].copy(), state.numpy()
