"""Two ways to learn clips: python bench/moving_shapes.py [--minutes 12] [--train KIND | --judge] [--folder F]

Trains `video-gan` (2016, as published) and `two-stream` on `moving-shapes:` for the same time, and measures the Fréchet
distance of both dreams, as they play, to the footage: of frames, by EfficientNet-Lite0 and by VGG16, and of windows of
16 frames by EfficientNet-Lite0. Beside them stands the distance of two halves of the footage. Time is the processor's,
of one thread, so other work beside it changes nothing; --train KIND trains one of them, to have both at the same time.
two-stream is trained on EfficientNet-Lite0, so VGG16 decides.
"""

import argparse
import importlib
import time
from pathlib import Path

import numpy as np
import torch
from livedream_export import kinds, moving_shapes, preview, sources
from livedream_export.arrays import Rgb
from livedream_export.features import efficientnet, frechet
from livedream_export.judges import lpips, windows
from livedream_export.judges.stills import vgg_features
from livedream_export.video_gan.recipe import SIDE
from PIL import Image

from livedream.dream import read
from livedream.loop import offline

KINDS = ("video-gan", "two-stream")
WINDOWS = 48  # of the footage's halves and of each dream
APART = 5  # between the frames of a window that are shown
MIDDLE = 8  # the frame of a window that VGG16 sees, which is slow


def train(kind: str, folder: Path, minutes: float) -> None:
    """Train a kind for so many minutes of one thread's time, unless its dream is there."""
    out = folder / f"{kind}.onnx"
    if out.exists():
        return
    module = importlib.import_module(kinds.KINDS[kind].entry.partition(":")[0])
    module.Run.judge = lambda self: "judged below"
    options = kinds.options(kind, [moving_shapes.NAME], out=out, size=str(SIDE), minutes=minutes, seed=1, device="cpu")
    module.train(options, now=time.process_time)


def of_footage() -> tuple[Rgb, Rgb]:
    """Return windows of the footage in two halves, [48, 16, 64, 64, 3] each."""
    footage = sources.read([moving_shapes.NAME], SIDE)
    starts = windows.starts(footage.segments, 0, len(footage.frames))
    mixed = np.random.default_rng(0).permutation(starts)[: 2 * WINDOWS]
    taken = np.stack([footage.frames[k : k + windows.LENGTH] for k in mixed])
    return taken[:WINDOWS], taken[WINDOWS:]


def of_dream(path: Path) -> Rgb:
    """Return windows of a dream as it plays, one after the other, [48, 16, 64, 64, 3]."""
    frames = offline.frames(read.load(path), WINDOWS * windows.LENGTH, moving_shapes.FPS, seed=3)
    pictures = np.stack([frame.pixels[..., :3] for frame in frames])
    return pictures.reshape(WINDOWS, windows.LENGTH, *pictures.shape[1:])


def judge(folder: Path) -> None:
    """Print the distances, and write a picture: footage, then each dream, a window a row."""
    one, other = of_footage()
    network = lpips.load("vgg")
    deciding = vgg_features(network) if network else None
    seen = efficientnet()
    taken = {"footage": one, "footage, other half": other} | {
        kind: of_dream(folder / f"{kind}.onnx") for kind in KINDS if (folder / f"{kind}.onnx").exists()
    }
    measured = {}
    for name, clips in taken.items():
        made = windows.Windows(seen)
        for clip in clips:
            made.add(clip)
        few = clips[:, MIDDLE]
        measured[name] = made, deciding(few) if deciding else None
    print(f"{'':20} {'VGG16, frames':>14} {'Lite0, frames':>14} {'Lite0, windows':>14} {'grey levels a step':>19}")
    base, base_vgg = measured["footage"]
    for name, (made, vgg) in measured.items():
        clip_distance, frame_distance = windows.frechet_distances(made, base)
        deep = frechet(vgg, base_vgg) if vgg is not None and base_vgg is not None else float("nan")
        print(f"{name:20} {deep:14.4g} {frame_distance:14.4g} {clip_distance:14.4g} {made.motion:19.3f}")
    rows = [np.concatenate(list(clip[::APART]), 1) for clips in taken.values() for clip in clips[::16][:3]]
    Image.fromarray(np.concatenate(rows)).save(folder / "moving_shapes.png")
    preview.film(folder / "moving_shapes.mp4", [_beside(each) for each in zip(*_streams(taken), strict=True)], 25)


def _streams(taken: dict[str, Rgb]) -> list[Rgb]:
    return [np.concatenate(list(clips[:20])) for clips in taken.values()]


def _beside(frames: tuple[Rgb, ...]) -> Rgb:
    return np.concatenate(frames, 1).repeat(2, 0).repeat(2, 1)


def main() -> None:
    """Train and judge, as asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=12.0)
    parser.add_argument("--folder", type=Path, default=Path("moving-shapes"))
    parser.add_argument("--train", choices=KINDS)
    parser.add_argument("--judge", action="store_true")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    for kind in () if options.judge else [options.train] if options.train else KINDS:
        train(kind, options.folder, options.minutes)
    if options.judge or not options.train:
        judge(options.folder)


if __name__ == "__main__":
    main()
