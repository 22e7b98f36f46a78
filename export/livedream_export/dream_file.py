"""The trained networks as a dream file: its components, scenes, knobs and where it came from."""

import copy
import datetime
from pathlib import Path

import numpy as np
import torch

import livedream
from livedream.dream import write

from . import components, knobs
from . import recurrent as motion
from .autoencoder import draws_whole
from .networks import Autoencoder, Recurrent
from .preview import shrunk

SCENES = 8
WARM_UP = 48  # steps the recurrent network hears the footage before a scene begins
THUMBNAIL = 160  # pixels wide, about
TEMPERATURE = {
    "name": "temperature",
    "low": 0,
    "high": 2,
    "default": 1,
    "doc": "0 takes the likeliest way, 2 the wildest",
}


@torch.no_grad()
def export(
    path: Path,
    autoencoder: Autoencoder,
    network: Recurrent,
    latents: np.ndarray,
    segments,
    fps: float,
    size: tuple[int, int],
    title: str,
    provenance: dict,
) -> None:
    """Write the dream file at `path`, whole or not at all.

    latents: f32 [N, Z] of the footage, in its order. segments: its shots, [start, stop). size: (width, height).
    UserError when the proof fails or the file cannot be written. An autoencoder that has not yet learned whole
    pictures draws its half-size ones, enlarged.
    """
    autoencoder = copy.deepcopy(autoencoder).cpu().float().eval()
    autoencoder.decoder.whole = draws_whole(autoencoder, torch.from_numpy(latents))
    network = copy.deepcopy(network).cpu().float().eval()
    motion.measure(network, torch.from_numpy(latents), segments)  # of a checkpoint, there are no anchors yet
    width, height = size
    built = components.build(autoencoder, network, height, width)
    decode = components.Decode(autoencoder)
    chosen = _scene_frames(latents, segments)
    scenes = []
    for frame in chosen:
        latent, state = _arrive(network, latents, segments, frame)
        name = f"{int(frame / fps) // 60}:{frame / fps % 60:04.1f}"
        if any(name == each["name"] for each in scenes):  # in footage of seconds, two may share a tenth
            name = f"{name} frame {frame}"
        picture = shrunk(decode(latent).numpy()[0, ..., :3], max(1, round(width / THUMBNAIL)))
        scenes.append(write.scene(name, {"step/latent": latent.numpy(), "step/state.h": state.numpy()}, picture))
    metadata = {
        "contract": 1,
        "title": title,
        "kind": "vae-rnn",
        "fps": fps,
        "latents": {"latent": write.latent(latents.mean(0), latents.std(0)), "interpolation": "linear"},
        "controls": [TEMPERATURE],
        "directions": knobs.find(lambda z: decode(torch.from_numpy(z)).numpy(), latents, chosen),
        "scenes": scenes,
        "provenance": {
            "trained_by": f"livedream {livedream.__version__}, torch {torch.__version__}",
            "trained_on": datetime.date.today().isoformat(),
            **provenance,
        },
    }
    write.write(path, built, metadata)


def _scene_frames(latents: np.ndarray, segments) -> list[int]:
    """Frames far from one another (farthest-point sampling), in the footage's order."""
    allowed = np.concatenate([np.arange(min(a + WARM_UP, b - 1), b) for a, b in segments])
    points = latents[allowed] / (latents.std(0) + 1e-6)
    picked = [int(np.argmin(((points - points.mean(0)) ** 2).sum(1)))]
    nearest = np.full(len(points), np.inf)
    while len(picked) < min(SCENES, len(points)):
        nearest = np.minimum(nearest, ((points - points[picked[-1]]) ** 2).sum(1))
        picked.append(int(nearest.argmax()))
    return sorted(int(allowed[k]) for k in set(picked))


def _arrive(network: Recurrent, latents: np.ndarray, segments, frame: int):
    """Latent [1, Z] of a frame, and the state [1, S] of having heard what led up to it."""
    start = next(a for a, b in segments if a <= frame < b)
    state = torch.zeros(1, network.cell.hidden_size)
    for k in range(max(start, frame - WARM_UP), frame):
        white = (torch.from_numpy(latents[k : k + 1]) - network.mean) / network.deviation
        state, *_ = network(white, state)
    return torch.from_numpy(latents[frame : frame + 1].copy()), state
