"""Neural Dream Videos as published, to hold ours against: python bench/neural_dream_videos.py CLIP… -o OUT.onnx

Arthur Juliani's recipe of July 2016, "Introducing Neural Dream Videos": frames of 128x128, ten a second; a fully
connected variational autoencoder; two layers of LSTM on its mean latents; a little uniform noise on the latent that is
fed back. It becomes a dream file of contract 1, so `livedream run --model OUT.onnx` plays it and
`livedream evaluate OUT.onnx --footage CLIP` judges it. `--judge OURS.onnx …` judges it and dreams of ours of the same
clip and prints their figures side by side; with `--minutes 0`, OUT.onnx as it is there.

Where this is not the original: the autoencoder never learns the last second of every ten, as ours; training ends with
its minutes (three quarters of them the autoencoder's at most); footage that is not square is cropped, where the
original squeezed it, because evaluate crops it and would show it pictures that it never learned. Where the recipe is
silent: the LSTM learns by Adam, 50 sequences at a time, and in an epoch every frame begins one sequence. The picture is
128x128 whatever the clip's aspect.
"""

import argparse
import datetime
import math
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from livedream_export import evaluate, footage, proof, torch_device
from livedream_export.cache import Footage
from livedream_export.material import held_out
from livedream_export.preview import Progress
from livedream_export.proof import Component
from torch import Tensor, nn

import livedream
from livedream import UserError
from livedream.dream import read, write

SIDE, FPS = 128, 10.0
PIXELS = SIDE * SIDE * 3
LATENT, HIDDEN = 64, 256
BATCH, EPOCHS = 50, 100  # the same for both networks
PICTURES_RATE = 1e-4
SEQUENCE, MOTION_RATE, DECAY, CLIP = 50, 2e-2, 0.97, 5.0
NOISE = 0.1  # to either side of the latent that is fed back, at temperature 1
PICTURES_SHARE = 0.75  # share of the training time, at most
FINISH = 20.0  # seconds, a quarter of the whole at most, for looking at the footage and writing the file
SCENES = 4
TEMPERATURE = {"name": "temperature", "low": 0, "high": 2, "default": 1, "doc": "noise on the latent that is fed back"}


class Autoencoder(nn.Module):
    """Pictures, f32 [B, PIXELS] in 0..1, to mean and logarithm of the variance of latents [B, LATENT], and back."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(PIXELS, HIDDEN), nn.Softplus(), nn.Linear(HIDDEN, HIDDEN), nn.Softplus())
        self.mean, self.log_variance = nn.Linear(HIDDEN, LATENT), nn.Linear(HIDDEN, LATENT)
        decoder = nn.Linear(LATENT, HIDDEN), nn.Softplus(), nn.Linear(HIDDEN, HIDDEN), nn.Softplus()
        self.decoder = nn.Sequential(*decoder, nn.Linear(HIDDEN, PIXELS))  # before the sigmoid

    def loss(self, pictures: Tensor) -> Tensor:
        """Cross-entropy summed over the pixels and Kullback-Leibler divergence, mean over the pictures."""
        seen = self.body(pictures)
        mean, log_variance = self.mean(seen), self.log_variance(seen)
        drawn = self.decoder(mean + (log_variance / 2).exp() * torch.randn_like(mean))
        unlike = F.binary_cross_entropy_with_logits(drawn, pictures, reduction="sum")
        divergence = (log_variance.exp() + mean.square() - 1 - log_variance).sum() / 2
        return (unlike + divergence) / len(pictures)


class Motion(nn.Module):
    """Latents [B, T, LATENT] to those that follow, and the state after the last."""

    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(LATENT, HIDDEN, 2, batch_first=True)
        self.head = nn.Linear(HIDDEN, LATENT)

    def forward(self, latents: Tensor, state: tuple[Tensor, Tensor] | None = None):
        heard, state = self.lstm(latents, state)
        return self.head(heard), state


class Step(Component):
    """One step of Motion, noise added to what is fed back, in operators that every backend has."""

    inputs = ("latent", "state.h1", "state.c1", "state.h2", "state.c2", "uniform", "control.temperature")
    outputs = ("next.latent", "next.state.h1", "next.state.c1", "next.state.h2", "next.state.c2")

    def __init__(self, motion: Motion):
        super().__init__()
        self.motion = motion

    def forward(self, latent, h1, c1, h2, c2, uniform, temperature):
        h1, c1 = self._layer(0, latent + temperature * (2 * NOISE * (uniform - 0.5)), h1, c1)
        h2, c2 = self._layer(1, h1, h2, c2)
        return self.motion.head(h2), h1, c1, h2, c2

    def _layer(self, k: int, x: Tensor, h: Tensor, c: Tensor):
        w_x, w_h, b_x, b_h = self.motion.lstm.all_weights[k]
        let, keep, new, out = (F.linear(x, w_x, b_x) + F.linear(h, w_h, b_h)).chunk(4, 1)
        c = keep.sigmoid() * c + let.sigmoid() * new.tanh()
        return out.sigmoid() * c.tanh(), c


class Decode(Component):
    """latent to frame, uint8 [1, SIDE, SIDE, 4]."""

    inputs, outputs = ("latent",), ("frame",)

    def __init__(self, autoencoder: Autoencoder):
        super().__init__()
        self.decoder = autoencoder.decoder

    def forward(self, latent: Tensor):
        picture = self.decoder(latent).sigmoid().view(1, SIDE, SIDE, 3) * 255
        picture = torch.cat([picture, torch.full_like(picture[..., :1], 255.0)], 3)
        return picture.clamp(0, 255).round().to(torch.uint8)


class Encode(Component):
    """image, uint8 [1, SIDE, SIDE, 4], to latent."""

    inputs, outputs = ("image",), ("latent",)

    def __init__(self, autoencoder: Autoencoder):
        super().__init__()
        self.body, self.mean = autoencoder.body, autoencoder.mean

    def forward(self, image: Tensor):
        return self.mean(self.body((image.float()[..., :3] / 255).reshape(1, PIXELS)))


# ── learning ────────────────────────────────────────────────────────────────────────────────────────────────


def train(clips: Sequence[str | Path], out: Path, minutes: float, seed: int, progress: Progress) -> None:
    """Learn from the clips and write the dream file `out`, all of it within `minutes`. UserError."""
    began, total = time.monotonic(), 60 * minutes
    torch.manual_seed(seed)
    rng, where = np.random.default_rng(seed), torch_device.choose()
    taken = footage.read(clips, (SIDE, SIDE), FPS, progress.share)
    if len(taken.frames) < 3:
        raise UserError("footage: three frames at ten a second are the least that motion can be learned from")
    learned = np.flatnonzero(~held_out(len(taken.frames), taken.fps))
    start, end = time.monotonic(), began + total - min(FINISH, total / 4)
    autoencoder, motion = Autoencoder().to(where), Motion().to(where)
    split = start + PICTURES_SHARE * (end - start)
    pictures = learn_pictures(autoencoder, taken.frames, learned, rng, start, split, progress)
    latents = encode(autoencoder, taken.frames)
    moved = learn_motion(motion, latents, rng, time.monotonic(), end, progress)
    figures = {"minutes": round((time.monotonic() - began) / 60, 1), "autoencoder": pictures, "lstm": moved}
    export(out, autoencoder.cpu().eval(), motion.cpu().eval(), latents.cpu(), taken, seed, figures)
    progress.line(f"{out}: {figures}")


def learn_pictures(
    autoencoder: Autoencoder, frames: np.ndarray, allowed: np.ndarray, rng, start: float, end: float, progress: Progress
) -> dict:
    """Adam on batches of the frames at `allowed`, until `end` or EPOCHS; figures of what was done."""
    optimizer = torch.optim.Adam(autoencoder.parameters(), PICTURES_RATE, fused=True)

    def step(batch: np.ndarray, epoch: int) -> float:
        loss = autoencoder.loss(flat(autoencoder.mean.weight, frames[np.sort(batch)]))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.item()

    return _learn("autoencoder", step, allowed, rng, start, end, progress)


def learn_motion(motion: Motion, latents: Tensor, rng, start: float, end: float, progress: Progress) -> dict:
    """Adam on sequences of the latents [N, LATENT], until `end` or EPOCHS; figures of what was done."""
    optimizer = torch.optim.Adam(motion.parameters(), MOTION_RATE, fused=True)
    length = min(SEQUENCE, len(latents) - 1)

    def step(batch: np.ndarray, epoch: int) -> float:
        window = latents[torch.from_numpy(batch[:, None] + np.arange(length + 1)).to(latents.device)]
        loss = F.mse_loss(motion(window[:, :-1])[0], window[:, 1:])
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(motion.parameters(), CLIP)
        optimizer.param_groups[0]["lr"] = MOTION_RATE * DECAY**epoch
        optimizer.step()
        return loss.item()

    return _learn("lstm", step, np.arange(len(latents) - length), rng, start, end, progress)


def _learn(
    what: str, step: Callable[[np.ndarray, int], float], allowed, rng, start: float, end: float, progress: Progress
) -> dict:
    done, loss = 0, math.nan
    for epoch, batch in _batches(allowed, rng):
        loss, done = step(batch, epoch), done + 1
        now = time.monotonic()
        share = max(done / (EPOCHS * math.ceil(len(allowed) / BATCH)), (now - start) / max(1e-9, end - start))
        progress.step(f"{what}, epoch {epoch + 1}", min(1.0, share), (now - start) * (1 / share - 1), loss=loss)
        if now >= end:
            break
    return {"epochs": epoch + 1, "steps": done, "loss": round(loss, 5)}


def _batches(allowed: np.ndarray, rng: np.random.Generator) -> Iterator[tuple[int, np.ndarray]]:
    """Epoch, from 0, and what of `allowed` is next: all of it once an epoch, in an order drawn anew."""
    for epoch in range(EPOCHS):
        order = rng.permutation(allowed)
        for k in range(0, len(order), BATCH):
            yield epoch, order[k : k + BATCH]


def flat(like: Tensor, frames: np.ndarray) -> Tensor:
    """Frames uint8 [B, SIDE, SIDE, 3] as f32 [B, PIXELS] in 0..1 where `like` lies."""
    return torch.from_numpy(np.array(frames)).to(like.device).reshape(len(frames), PIXELS).float() / 255


@torch.no_grad()
def encode(autoencoder: Autoencoder, frames: np.ndarray) -> Tensor:
    """Mean latents of all frames, f32 [N, LATENT]."""
    parts = (flat(autoencoder.mean.weight, frames[k : k + BATCH]) for k in range(0, len(frames), BATCH))
    return torch.cat([autoencoder.mean(autoencoder.body(part)) for part in parts])


# ── the dream file ──────────────────────────────────────────────────────────────────────────────────────────


@torch.no_grad()
def export(
    out: Path, autoencoder: Autoencoder, motion: Motion, latents: Tensor, taken: Footage, seed: int, figures: dict
) -> None:
    """Write the dream file, once ONNX Runtime draws and steps as PyTorch does; UserError if it does not."""
    decode = Decode(autoencoder)
    scenes = []
    first = min(SEQUENCE, len(latents) // 2)
    for frame in np.linspace(first, len(latents) - 1, SCENES + 1).astype(int)[:-1]:
        if any(name(frame) == each["name"] for each in scenes):
            continue
        _, (h, c) = motion(latents[None, max(0, frame - SEQUENCE) : frame])
        state = {"state.h1": h[0], "state.c1": c[0], "state.h2": h[1], "state.c2": c[1]}
        tensors = {"latent": latents[frame : frame + 1], **state}
        tensors = {f"step/{each}": value.numpy() for each, value in tensors.items()}
        scenes.append(write.scene(name(frame), tensors, decode(latents[frame : frame + 1]).numpy()[0, ..., :3]))
    components = {"step": Step(motion), "decode": decode, "encode": Encode(autoencoder)}
    start = {name: torch.zeros(1, HIDDEN) for name in Step.inputs if name.startswith("state.")}
    start |= {"latent": latents[:1], "uniform": torch.full((1, LATENT), 0.5), "control.temperature": torch.ones(1)}
    start["image"] = torch.zeros(1, SIDE, SIDE, 4, dtype=torch.uint8)
    built = proof.build(components, start, {"latent": latents.std(0).clamp(min=1e-2)})
    metadata = {
        "contract": 1,
        "title": f"{out.stem}: Neural Dream Videos",
        "kind": "neural-dream-videos",
        "fps": FPS,
        "latents": {"latent": write.latent(latents.mean(0), latents.std(0)), "interpolation": "linear"},
        "controls": [TEMPERATURE],
        "scenes": scenes,
        "provenance": {
            "what": "Neural Dream Videos (Arthur Juliani, 2016) as published, a baseline for measuring",
            "footage": [{"name": Path(each.path).name, "sha256": each.sha256} for each in taken.sources],
            "licence": "as the footage",
            "seed": seed,
            "trained_by": f"livedream {livedream.__version__}, bench/neural_dream_videos.py, torch {torch.__version__}",
            "trained_on": datetime.date.today().isoformat(),
            "figures": figures,
        },
    }
    write.write(out, built, metadata)


def name(frame: int) -> str:
    """Return the time of a frame in the footage: "1:02.5"."""
    return f"{int(frame / FPS) // 60}:{frame / FPS % 60:04.1f}"


# ── side by side ────────────────────────────────────────────────────────────────────────────────────────────


def judge(dreams: Sequence[Path], clips: Sequence[str | Path], minutes: int) -> str:
    """Evaluate dreams against the clips, and return a table."""
    found = [flattened(evaluate.evaluate(each, clips, minutes=minutes)) for each in dreams]
    titles = [each.stem for each in dreams]
    if len(set(titles)) < len(titles):
        titles = [str(each) for each in dreams]
    return table(titles, found)


def flattened(figures, where: str = "") -> dict[str, float]:
    """Return every number and truth value in nested figures, by its path; for a list of numbers the mean. No texts."""
    if isinstance(figures, int | float | np.number):
        return {where: figures}
    if isinstance(figures, list | tuple):
        if figures and all(isinstance(each, int | float | np.number) for each in figures):
            return {f"{where} (mean)": float(np.mean(figures))}
        figures = dict(enumerate(figures))
    if not isinstance(figures, dict):
        return {}
    parts = (flattened(each, f"{where}.{key}".lstrip(".")) for key, each in figures.items())
    return {path: value for part in parts for path, value in part.items()}


def table(titles: Sequence[str], found: Sequence[dict[str, float]]) -> str:
    """A row for each figure that any dream has, in the order in which they are met, and a column for each dream."""
    paths = list(dict.fromkeys(path for each in found for path in each))
    cells = [["", *titles]] + [[path, *(_cell(each.get(path)) for each in found)] for path in paths]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ("  ".join([first.ljust(widths[0]), *map(str.rjust, rest, widths[1:])]).rstrip() for first, *rest in cells)
    return "\n".join(lines)


def _cell(value: float | None) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value) if isinstance(value, int) else f"{value:.4g}"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split(":")[0])
    parser.add_argument("clips", nargs="+", metavar="CLIP")
    parser.add_argument("-o", "--out", type=Path, required=True, metavar="OUT.onnx")
    parser.add_argument("--minutes", type=float, default=20.0, help="of training; 0: OUT.onnx is there already")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--judge", type=Path, nargs="*", metavar="OURS.onnx", help="evaluate OUT.onnx and these")
    parser.add_argument("--judge-minutes", type=int, default=3, help="dreamt with each of evaluate's seeds")
    options = parser.parse_args(arguments)
    try:
        if options.out.suffix != ".onnx" or not options.minutes >= 0:
            raise UserError(f"-o {options.out} --minutes {options.minutes:g}: a name ending in .onnx, and 0 or more")
        for each in options.judge or ():
            read.load(each)  # or it would be refused when all the minutes are gone
        if options.minutes:
            train(options.clips, options.out, options.minutes, options.seed, Progress())
        if options.judge is not None:
            print(judge([options.out, *options.judge], options.clips, options.judge_minutes))
    except UserError as error:
        print(f"neural_dream_videos: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
