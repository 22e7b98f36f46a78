"""How `input/pull` leads from a dream to a live picture: the curve, the largest jump, and a sheet to look at.

    python bench/pull.py CLIP --model city [--seconds 3] [--rate 8] [--at 20] [--into FOLDER]

The clip plays as a live picture of 30 frames a second, which the dream's encoder sees `--rate` times a second. The pull
goes from 0 to 1 in ten steps, each held for some seconds, and back to 0 at once. Printed for each: how near the
picture is to the live one (PSNR, and LPIPS-AlexNet where its weights are installed), how near to where the dream
itself is, and the changes from frame to frame. Beside them stand the changes of the dream left alone and of the clip.
"""

import argparse
import itertools
import json
from collections.abc import Iterator
from pathlib import Path

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
COLUMNS, SIDE = 6, 192


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

    def frame(self, pull: float) -> tuple[Pixels, Pixels, Pixels]:
        """Return the picture of the next frame, that of where the dream itself is, and the live one."""
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
        drawn = self.player.draw(values)
        with self.player.drawing.untraced():
            own = self.player.drawing(self.player.walk.present(), self.player.seconds, values)
        return np.array(drawn), np.array(own), picture


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


def measure(frames: list[tuple[Pixels, Pixels, Pixels]], before: Pixels | None) -> dict[str, float | None]:
    shown = [each[0] for each in frames]
    changes = [change(a, b) for a, b in zip(([] if before is None else [before]) + shown, shown[before is None :])]  # noqa: B905
    settled, few = frames[len(frames) // 3 :], frames[len(frames) // 3 :: 8]
    return {
        "psnr_live": float(np.mean([psnr(a, c) for a, _, c in settled])),
        "psnr_own": min(float(np.mean([psnr(a, b) for a, b, _ in settled])), 60.0),
        "own_to_live": float(np.mean([psnr(b, c) for _, b, c in settled])),
        "lpips_live": lpips([(a, c) for a, _, c in few]),
        "lpips_own": lpips([(a, b) for a, b, _ in few]),
        "change": float(np.mean(changes)),
        "largest": float(np.max(changes)),
        "first": changes[0],
        "live_change": float(np.mean([change(a[2], b[2]) for a, b in itertools.pairwise(frames)])),
        "live_largest": float(np.max([change(a[2], b[2]) for a, b in itertools.pairwise(frames)])),
    }


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
    run, count = Run(given.model, given.clip, given.at, given.rate), round(given.seconds * FPS)
    rows, found, before = [], [], None
    for level in [*(n / STEPS for n in range(STEPS + 1)), 0.0]:
        frames = [run.frame(level) for _ in range(count)]
        row = {"pull": level, **measure(frames, before)}
        found.append(row)
        before = frames[-1][0]
        picked = frames[count // 2 :: max(1, count // 2 // 2)][:2]
        rows.append([picture for frame in picked for picture in (frame[1], frame[0], frame[2])])
        print("  ".join(f"{name} {value:.2f}" for name, value in row.items() if value is not None), flush=True)
    sheet(rows, given.into / f"pull-{given.model}.jpg")
    (given.into / f"pull-{given.model}.json").write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
