"""How `input/pull` leads from a dream to a live picture: the curve, the largest jump, and a sheet to look at.

    python bench/pull.py CLIP --model city [--seconds 3] [--rate 8] [--at 20] [--into FOLDER]

The clip plays as a live picture of 30 frames a second, which the dream's encoder sees `--rate` times a second.

First each of eleven pulls begins at the same moment of dream and clip. Printed: how near the picture is to the live one
and to where the dream itself is (PSNR, and LPIPS-AlexNet where its weights are installed), and the changes from frame
to frame, in grey levels. Then one run goes from 0 to 1 in ten steps, each held for some seconds, and back to 0 at once:
its largest changes stand beside those of the dream left alone and of the clip.
"""

import argparse
import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import simplejpeg

from livedream.backend import cpu
from livedream.dream import read
from livedream.input.live_source import LivePicture
from livedream.parts.live_encoder import Asked, encode
from livedream.picture import Pixels
from livedream.picture.scale import Scaler, fitted
from livedream.play import dream_parameters
from livedream.play.player import Player

FPS = 30.0
STEPS = 10
SIDE = 192
WARM = 30  # frames until a pull has its effect


def live(path: Path, at: float, size: tuple[int, int]) -> Iterator[Pixels]:
    """Yield pictures of the clip in the dream's size from `at` seconds on, at FPS, without an end."""
    scaler, first = Scaler(), True
    while True:
        with av.open(str(path)) as file:
            due = 0.0
            for frame in file.decode(video=0):
                seconds = float(frame.time or 0) - (at if first else 0)
                while seconds >= due:
                    yield fitted(scaler, frame.to_ndarray(format="rgba"), size, "cover")
                    due += 1 / FPS
        first = False


class Run:
    """A dream that is pulled, frame by frame."""

    def __init__(self, model: str, clip: Path, at: float, rate: float):
        self.dream = read.load(model)
        self.player = Player(self.dream, cpu.load)
        self.table = dream_parameters.of(self.dream, 3, live=True)
        self.live = live(clip, at, self.dream.size)
        self.encoder, self.scaler = cpu.load(self.dream.components["encode"], 1), Scaler()
        self.rate, self.number, self.owed = rate, 0, 1.0

    def frame(self, pull: float, own: bool = True) -> tuple[Pixels, Pixels, Pixels]:
        """Return the picture of the next frame, that of where the dream itself is if `own`, and the live one."""
        self.table.set("input/pull", [pull])
        values = self.table.tick(1 / FPS)
        picture = next(self.live)
        self.owed += self.rate / FPS
        if pull > 0 and self.owed >= 1:
            self.owed -= 1
            shown = LivePicture(picture, 0.0, self.number + 1)
            self.player.walk.pull_to(encode(self.dream, self.encoder, Asked(shown, "cover", False), self.scaler))
        self.player.move(1 if self.number else 0, FPS, values)
        self.number += 1
        drawn = np.array(self.player.draw(values))
        if not own:
            return drawn, drawn, picture
        with self.player.drawing.untraced():
            there = self.player.drawing(self.player.walk.present(), self.player.seconds, values)
        return drawn, np.array(there), picture


def psnr(a: Pixels, b: Pixels) -> float:
    error = float(np.mean(np.square(a[..., :3].astype(np.float32) - b[..., :3])))
    return 10 * float(np.log10(255**2 / max(error, 1e-6)))


def change(a: Pixels, b: Pixels) -> float:
    return float(np.abs(a[..., :3].astype(np.float32) - b[..., :3]).mean())


def lpips(pairs: list[tuple[Pixels, Pixels]]) -> float | None:
    from livedream_export.judges import lpips as judge

    metric = judge.load("alex")
    if metric is None:
        return None
    a, b = (np.stack([pair[n][..., :3] for pair in pairs]) for n in (0, 1))
    return float(np.mean(metric(a, b)))


def changes(pictures: list[Pixels]) -> list[float]:
    return [change(a, b) for a, b in itertools.pairwise(pictures)]


def measure(frames: list[tuple[Pixels, Pixels, Pixels]]) -> dict[str, float | None]:
    few = frames[::6]
    return {
        "psnr_live": float(np.mean([psnr(a, c) for a, _, c in frames])),
        "psnr_own": min(float(np.mean([psnr(a, b) for a, b, _ in frames])), 60.0),
        "psnr_own_live": float(np.mean([psnr(b, c) for _, b, c in frames])),
        "lpips_live": lpips([(a, c) for a, _, c in few]),
        "lpips_own": lpips([(a, b) for a, b, _ in few]),
        "change": float(np.mean(changes([each[0] for each in frames]))),
        "largest": float(np.max(changes([each[0] for each in frames]))),
    }


def spread(name: str, pictures: list[Pixels]) -> dict[str, float | str]:
    found = changes(pictures)
    return {"of": name, "mean": float(np.mean(found)), "p95": float(np.percentile(found, 95)), "max": max(found)}


def curve(given: argparse.Namespace, count: int) -> tuple[list[dict[str, Any]], list[list[Pixels]]]:
    """Return the figures of each pull, and rows of pictures: the dream itself, what is shown, the live one."""
    found, rows = [], []
    for level in (n / STEPS for n in range(STEPS + 1)):
        run = Run(given.model, given.clip, given.at, given.rate)
        frames = [run.frame(level) for _ in range(WARM + count)][WARM:]
        found.append({"pull": level, **measure(frames)})
        print("  ".join(f"{name} {value:.2f}" for name, value in found[-1].items() if value is not None), flush=True)
        rows.append(
            [picture for frame in (frames[0], frames[count // 2]) for picture in (frame[1], frame[0], frame[2])]
        )
    return found, rows


def sweep(given: argparse.Namespace, count: int) -> list[dict[str, Any]]:
    """Return how a picture changes that is pulled further and further, and beside it the dream alone and the clip."""
    levels = [*(n / STEPS for n in range(STEPS + 1)), 0.0]
    pulled, alone = (Run(given.model, given.clip, given.at, given.rate) for _ in range(2))
    frames = [pulled.frame(level) for level in levels for _ in range(count)]
    own = [alone.frame(0.0)[0] for _ in frames]
    shown = [each[0] for each in frames]
    steps = [change(shown[n * count - 1], shown[n * count]) for n in range(1, len(levels))]
    found = [
        spread("pulled further and further", shown),
        {"of": "on the frames at which the pull moved", "mean": float(np.mean(steps)), "max": max(steps)},
        spread("the dream alone", own),
        spread("the clip", [each[2] for each in frames]),
    ]
    for row in found:
        print("  ".join(f"{name} {value:.1f}" if name != "of" else value for name, value in row.items()), flush=True)
    return found


def sheet(rows: list[list[Pixels]], path: Path) -> None:
    scaler = Scaler()
    lines = [np.concatenate([scaler(np.ascontiguousarray(each), (SIDE, SIDE)) for each in row], 1) for row in rows]
    picture = np.ascontiguousarray(np.concatenate(lines)[..., :3])
    path.write_bytes(simplejpeg.encode_jpeg(picture, 90, colorspace="RGB"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clip", type=Path)
    parser.add_argument("--model", default="city")
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--rate", type=float, default=8.0)
    parser.add_argument("--at", type=float, default=20.0)
    parser.add_argument("--into", type=Path, default=Path("pull"))
    given = parser.parse_args()
    given.into.mkdir(parents=True, exist_ok=True)
    count = round(given.seconds * FPS)
    found, rows = curve(given, count)
    sheet(rows, given.into / f"pull-{given.model}.jpg")
    result = {"curve": found, "sweep": sweep(given, count)}
    (given.into / f"pull-{given.model}.json").write_text(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
