"""How well clips are joined to one stream, and whether a live show keeps its cadence while it makes them.

    python bench/clips.py [MODEL …] [--minutes 10] [--seconds 60] [--fps 25] [--hop N …] [--sheet FILE.png]

MODEL: dreams in clips; by default two made here, of 64x64 and 32 frames (tests/clip_dreams.py): clouds, and figures
over a ground. Printed for each:

joints    the change from frame to frame, in grey levels, of `--minutes` of the dream by itself: where two clips are
          mixed, and where one is alone. "over" is the share of the joints' changes above the 95 % quantile elsewhere.
          "contrast" is the standard deviation of the luma in the middle of joints, relative to elsewhere.
live      `--seconds` of `livedream run`, with a scene or a new seed every ten: intervals, late and repeated frames, and
          how long a clip takes to make.
--hop also tries other distances from clip to clip. --sheet draws two clips and their joint.
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from livedream.backend import cpu
from livedream.bench import intervals
from livedream.bench.run_process import RunProcess, prepare
from livedream.dream import read
from livedream.dream.dream import Dream
from livedream.picture import Pixels, png
from livedream.picture.frame import host_pixels
from livedream.play import clip_mix, dream_parameters
from livedream.play.player import Player
from tests import clip_dreams

LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601
QUANTILE = 0.95
EVERY = 10.0  # seconds between two jumps of the live show

Floats = NDArray[np.float32]


def stream(dream: Dream, count: int, fps: float, seed: int = 3) -> Iterator[tuple[Pixels, float]]:
    """Yield `count` frames, uint8 [H, W, 4], and the share of the clip that comes in, 0..1."""
    table, player = dream_parameters.of(dream, seed), Player(dream, cpu.load)
    lengths = {value.shape[0] for value in dream.components["decode"].outputs.values()}
    for number in range(count):
        values = table.tick(1 / fps)
        player.move(1 if number else 0, fps, values)
        shares = [clip_mix.share_after(player.walk.phase, dream.frames, dream.hop, each) for each in lengths]
        yield host_pixels(player.draw(values)), float(np.mean(shares))


def joints(dream: Dream, minutes: float, fps: float) -> dict[str, float]:
    """Measure the changes from frame to frame, and the contrast."""
    changes, shares, contrasts = [], [], []
    before: Floats | None = None
    for picture, share in stream(dream, round(minutes * 60 * fps), fps):
        now = picture[..., :3].astype(np.float32)
        if before is not None:
            changes.append(float(np.abs(now - before).mean()))
        before = now
        shares.append(share)
        contrasts.append(float((now @ LUMA).std()))
    share, changed, contrast = np.array(shares), np.array(changes), np.array(contrasts)
    mixing = (share[1:] > 0) | (share[:-1] > 0)
    alone, joint = changed[~mixing], changed[mixing]
    middle = (share > 0.35) & (share < 0.65)
    found = {"frames": len(shares), "joints": int((np.diff(share) < -0.5).sum())}
    if len(alone):
        limit = float(np.quantile(alone, QUANTILE))
        found |= {"elsewhere_p50": float(np.median(alone)), "elsewhere_p95": limit, "elsewhere_max": float(alone.max())}
        found |= {
            "over": float((joint > limit).mean()),
            "contrast": float(contrast[middle].mean() / contrast[share == 0].mean()),
        }
    found |= {"joint_p50": float(np.median(joint)), "joint_p95": float(np.quantile(joint, QUANTILE))}
    return {name: round(value, 3) for name, value in (found | {"joint_max": float(joint.max())}).items()}


def live(path: Path, dream: Dream, seconds: float, fps: float) -> dict[str, float]:
    """Play it in a real show, which jumps every ten seconds, and measure its cadence."""
    prepare(dream)
    with RunProcess(path, fps=fps, frames=int((seconds + 60) * fps)) as show:
        show.play(intervals.WARM)
        begin, before = time.perf_counter(), show.status()
        while (left := begin + seconds - time.perf_counter()) > 0:
            show.play(min(left, EVERY))
            show.send("player/reseed", 1)
            show.send("dream/scene_jump", 0)
        measured, after = intervals.of(show.frames(begin), fps), show.status()
    return {**measured, "late": after["late"] - before["late"], "errors": after["errors"]}


def clip_ms(dream: Dream, runs: int = 8) -> tuple[float, float]:
    """Return the shortest and the median time of a clip, in milliseconds."""
    decode, taken = dream.components["decode"], []
    run = cpu.load(decode)
    for _ in range(runs + 1):
        inputs = {
            name: np.random.default_rng(0).normal(size=each.shape).astype(each.dtype)
            for name, each in decode.inputs.items()
        }
        began = time.perf_counter()
        run(inputs)
        taken.append(1e3 * (time.perf_counter() - began))
    return round(min(taken[1:]), 1), round(float(np.median(taken[1:])), 1)


def sheet(dream: Dream, path: Path, fps: float) -> None:
    """Draw the frames from one clip alone to the next one alone, below each other for three joints."""
    frames = [picture for picture, _ in stream(dream, 3 * dream.hop + 1, fps)]
    rows = [np.concatenate(frames[k * dream.hop : (k + 1) * dream.hop + 1], 1) for k in range(3)]
    path.write_bytes(png.encode(np.concatenate(rows)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("models", nargs="*", type=Path)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--fps", type=float, default=25.0)
    parser.add_argument("--hop", type=int, nargs="*", default=[])
    parser.add_argument("--sheet", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        models = asked.models or [
            clip_dreams.wandering(Path(folder, "clouds.onnx")),
            clip_dreams.wandering(Path(folder, "figures.onnx"), layers=True),
        ]
        for path in models:
            dream = read.load(path)
            print(f"{path.name}: {dream.frames} frames of {dream.size[0]}x{dream.size[1]}, a clip every {dream.hop}")
            print("  ms a clip, shortest and median:", *clip_ms(dream), f"(load {os.getloadavg()[0]:.1f})")
            for hop in (dream.hop, *asked.hop):
                print(
                    f"  joints, hop {hop}:",
                    json.dumps(joints(replace(dream, hop=hop), asked.minutes, asked.fps)),
                    flush=True,
                )
            if asked.sheet:
                sheet(dream, asked.sheet.with_stem(f"{asked.sheet.stem}-{path.stem}"), asked.fps)
            if asked.seconds:
                found = live(path, dream, asked.seconds, asked.fps)
                print("  live:", json.dumps(found), f"(load {os.getloadavg()[0]:.1f})", flush=True)


if __name__ == "__main__":
    main()
