"""How well a two-stream dream tells figures from their ground, and what it costs.

    python bench/two_stream.py DREAM [CLIP] [--seconds 60] [--only mask|frechet|outputs|speed] [--sheet PICTURE.png]

With `--train 20` the dream is trained first, in so many minutes at 128 pixels. CLIP is highway_60fps.mp4 of
`../shared/footage` by default.

The mask is judged by what the dream itself plays: where its pictures differ from their own median, as footage is judged
while it is learned (two_stream/motion.py), and no network is asked. Both layers are recorded at once by the real
command. Times are of networks that have learned nothing, at 128x128 and at 512x288: processor time of one thread, so
that other work on the machine counts less.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import av
import numpy as np
import torch
from livedream_export import dream_file, evaluate, kinds, sources
from livedream_export.cache import Footage
from livedream_export.judges.playing import still
from livedream_export.two_stream import motion, parts, train
from livedream_export.two_stream.learner import Learner
from livedream_export.two_stream.recipe import Recipe
from PIL import Image

from livedream import UserError
from livedream.backend import cpu
from livedream.dream import read
from livedream.dream.dream import Dream
from livedream.picture.frame import host_pixels
from livedream.play.player import Player

CLIP = Path(__file__).resolve().parents[2] / "shared/footage/highway_60fps.mp4"
SHOWN = 8  # moments on the sheet
SIZES = ((128, 128), (512, 288))


def dreamt(dream: Dream, seconds: float, rate: float = 5.0):
    """Pictures [N, H, W, 3], masks [N, H, W] and grounds [N, H, W, 3] of a dream that nobody touches, uint8."""
    player, values, found = Player(dream, cpu.load), still(dream, 1, 1.0), []
    for _ in range(round(seconds * rate)):
        player.move(round(dream.fps / rate), dream.fps, values)
        whole = np.array(host_pixels(player.draw(values))[..., :3])
        layers = player.layers
        found.append((whole, np.array(layers["foreground"][..., 3]), np.array(layers["background"][..., :3])))
    return tuple(map(np.stack, zip(*found, strict=True)))


def moving(frames, middle):
    """Where frames [N, H, W, 3] differ from a picture, f32 [N, H, W] in 0..1."""
    pictures = torch.from_numpy(np.array(frames)).permute(0, 3, 1, 2).float() / 255
    return motion.mask(pictures, torch.from_numpy(middle))[:, 0].numpy()


def of_mask(dream: Dream, footage: Footage, seconds: float, sheet: Path | None) -> None:
    """Print the figures of the mask and of the ground."""
    pictures, masks, grounds = dreamt(dream, seconds)
    if sheet:
        _draw(sheet, pictures, masks, grounds)
    own = moving(pictures, motion.ground(pictures)) > 0.5
    solid, middle = masks > 127, motion.ground(footage.frames)
    print(
        f"mask against the motion of the same dreamt clip, IoU: {(own & solid).sum() / (own | solid).sum():.2f} (≥ 0.4)"
    )
    area, theirs = masks.mean() / 255, motion.area(footage.frames, middle)
    narrow = np.mean(np.abs(footage.frames[::7].transpose(0, 3, 1, 2) / 255 - middle).max(1) > 0.04)
    print(f"mask's area {area:.3f}, footage's moving area {theirs:.3f}: {area / theirs:.2f} times (0.5 to 2)")
    print(f"  footage's without its margin of a pixel or two {narrow:.3f}: {area / narrow:.2f} times")
    off = np.abs(grounds.astype(np.float32) - middle.transpose(1, 2, 0) * 255)
    print(f"background off the footage's median: {off.mean():.1f} grey levels in the mean (≤ 12)")


def _draw(path: Path, pictures, masks, grounds) -> None:
    chosen = np.linspace(0, len(pictures) - 1, SHOWN).astype(int)
    rows = [pictures[chosen], np.repeat(masks[chosen, ..., None], 3, 3), grounds[chosen]]
    Image.fromarray(np.concatenate([np.concatenate(list(each), 1) for each in rows])).save(path)


def of_frechet(dream: Dream, footage: Footage) -> None:
    """Print the Fréchet distance of frames and of windows over those of the footage's halves."""
    found = evaluate.short(dream, footage)["windows"]
    print(f"Fréchet over the halves': frames {found['frames_to_halves']:.2f}, windows {found['to_halves']:.2f} (≤ 2.5)")


def of_outputs(path: str, seconds: float = 6.0) -> None:
    """Send both layers to recordings of their own at once, and print what lies in them."""
    with tempfile.TemporaryDirectory() as folder:
        files = {layer: Path(folder) / f"{layer}.mp4" for layer in ("background", "foreground")}
        outs = [word for layer, file in files.items() for word in ("--out", f"{file}#layer={layer}")]
        command = [sys.executable, "-m", "livedream", "run", "--model", path, *outs, "--seconds", f"{seconds:g}"]
        done = subprocess.run([*command, "--web", "off"], capture_output=True, text=True, check=False)
        if done.returncode:
            raise UserError(f"run: {done.stderr.strip().splitlines()[-1]}")
        for layer, file in files.items():
            with av.open(str(file)) as container:
                frames = [each.to_ndarray(format="rgb24").astype(np.int16) for each in container.decode(video=0)]
            moved = np.mean([np.abs(a - b).mean() for a, b in zip(frames[5:], frames[:-5], strict=True)])
            size = f"{frames[0].shape[1]}x{frames[0].shape[0]}"
            print(f"{layer}.mp4: {len(frames)} frames of {size}, change in 5: {moved:.2f} grey levels")


def of_speed(frames: int = 100) -> None:
    """Print the processor time of a frame, step and both layers, of networks that have learned nothing."""
    for width, height in SIZES:
        rng, recipe = np.random.default_rng(0), Recipe()
        footage = Footage(rng.integers(0, 255, (64, height, width, 3), np.uint8), ((0, 64),), 30.0, (), "0" * 64, ())
        learner = Learner((width, height), recipe, torch.device("cpu"), motion.ground(footage.frames))
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "random.onnx"
            made = parts.of(learner, footage)
            made.components["decode"].fine = True
            dream_file.export(made, path, "two-stream", 30.0, "random", {"licence": "none"})
            dream = read.load(path)
            player, values, took = Player(dream, lambda part: cpu.load(part, threads=1)), still(dream, 1, 1.0), []
            for _ in range(frames):
                begun = time.process_time()
                player.move(1, 30.0, values)
                host_pixels(player.draw(values))
                took.append(time.process_time() - begun)
        low, middle = 1000 * min(took), 1000 * float(np.median(took))
        print(f"{width}x{height}: {low:.1f} ms a frame at least, median {middle:.1f}: {1000 / middle:.0f} fps (≥ 30)")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dream")
    parser.add_argument("clip", nargs="?", default=str(CLIP))
    parser.add_argument("--train", type=float, default=0.0, metavar="MINUTES")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--only", choices=("mask", "frechet", "outputs", "speed"))
    parser.add_argument("--sheet", type=Path)
    options = parser.parse_args()
    wanted = (options.only,) if options.only else ("mask", "frechet", "outputs", "speed")
    try:
        if options.train:
            given = {"out": options.dream, "size": "128", "minutes": options.train}
            train.train(kinds.options("two-stream", [options.clip], **given))
        dream = read.load(options.dream) if set(wanted) - {"speed"} else None
        if dream and set(wanted) & {"mask", "frechet"}:
            footage = sources.read([options.clip], dream.size, dream.fps)
            if "mask" in wanted:
                of_mask(dream, footage, options.seconds, options.sheet)
            if "frechet" in wanted:
                of_frechet(dream, footage)
        if "outputs" in wanted:
            of_outputs(options.dream)
        if "speed" in wanted:
            of_speed()
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
