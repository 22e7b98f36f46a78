"""The trained networks as a dream file: its components, scenes, knobs and where it came from."""

import copy
import datetime
from pathlib import Path

import numpy as np
import torch

import livedream
from livedream.dream import write

from . import components
from .networks import Autoencoder, Recurrent

SCENES = 8
KNOBS = 8
WARM_UP = 48  # steps the recurrent network hears the footage before a scene begins
THUMBNAIL = 160  # pixels wide


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

    latents: f32 [N, Z] of the footage, in its order. size: (width, height). UserError when the proof fails.
    """
    autoencoder = copy.deepcopy(autoencoder).cpu().float().eval()
    network = copy.deepcopy(network).cpu().float().eval()
    width, height = size
    built = components.build(autoencoder, network, height, width)
    decode = components.Decode(autoencoder)
    chosen = _scene_frames(latents, segments)
    scenes = []
    for frame in chosen:
        latent, state = _arrive(network, latents, segments, frame)
        name = f"{int(frame / fps) // 60}:{frame / fps % 60:04.1f}"
        picture = _thumbnail(decode(latent).numpy()[0])
        scenes.append(
            write.scene(name, {"step/latent": latent.numpy(), "step/state.h": state.numpy()}, picture)
        )
    directions = _directions(decode, latents, chosen)
    metadata = {
        "contract": 1,
        "title": title,
        "kind": "vae-rnn",
        "fps": fps,
        "latents": {"latent": write.latent(latents.mean(0), latents.std(0)), "interpolation": "linear"},
        "controls": [
            {
                "name": "temperature",
                "low": 0,
                "high": 2,
                "default": 1,
                "doc": "0 takes the likeliest way, 2 the wildest",
            }
        ],
        "directions": directions,
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


def _directions(decode, latents: np.ndarray, frames: list[int]) -> list[dict]:
    """The principal directions of the latents, those that change the picture most first.

    One knob unit is one standard deviation of the footage along the direction. Effect: mean absolute change of the
    picture, in grey levels, from two units to either side of the scenes.
    """
    centred = latents - latents.mean(0)
    _, spread, axes = np.linalg.svd(centred, full_matrices=False)
    spread = spread / np.sqrt(max(1, len(latents) - 1))
    scenes = latents[frames[:: max(1, len(frames) // 4)][:4]]
    found = []
    for axis, size in zip(axes[: 2 * KNOBS], spread[: 2 * KNOBS], strict=True):
        vector = (axis * size * np.sign(axis[np.abs(axis).argmax()])).astype(np.float32)
        change = 0.0
        for latent in scenes:
            low, high = (
                decode(torch.from_numpy(latent + k * vector)[None]).numpy().astype(np.int16) for k in (-2, 2)
            )
            change += float(np.abs(high - low)[..., :3].mean()) / len(scenes)
        found.append((change, vector))
    found.sort(key=lambda pair: -pair[0])
    return [
        write.direction(f"direction {k}", vector, change)
        for k, (change, vector) in enumerate(found[:KNOBS], 1)
    ]


def _thumbnail(picture: np.ndarray) -> np.ndarray:
    """Averaged down to about THUMBNAIL pixels wide, uint8 [h, w, 3]."""
    h, w = picture.shape[:2]
    k = max(1, round(w / THUMBNAIL))
    picture = picture[: h // k * k, : w // k * k, :3].astype(np.float32)
    return picture.reshape(h // k, k, w // k, k, 3).mean((1, 3)).round().astype(np.uint8)
