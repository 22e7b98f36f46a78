"""Figures deepdream.*: python bench/deepdream.py [--only speed,eyes,drift] [--clip FILE] [--keep FOLDER]

Writes DeepDreams of several sizes (kept in the folder), then: pictures a second on two threads; what share of the
picture an ImageNet classifier takes for animals before and after 30 frames of live video, with a contact sheet; mean
and spread of the colours over ten minutes beside those of the clip. `drift` saves as it goes and continues.
"""

import argparse
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray
from PIL import Image

from livedream.backend import cpu
from livedream.bench.figures import Figure, compared, figure, table
from livedream.cli import main
from livedream.dream import read

Rgb = NDArray[np.uint8]
Json = dict[str, Any]
SIZES = {"256x256": 25.0, "384x192": 20.0, "640x360": None}  # and the pictures a second that are wanted
FOOTAGE = Path("/work/shared/footage")
ANIMALS = 398  # classes of ImageNet below this are animals
WINDOW = 250  # frames over which colours are averaged: ten seconds
SAVED = 500  # frames


class Player:
    """An effect that keeps its state from picture to picture, on the processor."""

    def __init__(self, path: Path, threads: int):
        self.dream = read.load(path)
        component = self.dream.components["apply"]
        self.size = component.inputs["image"].shape[2], component.inputs["image"].shape[1]
        self.runner = cpu.load(component, threads)
        self.inputs = {f"control.{k}": np.full(v.length, v.default, np.float32) for k, v in self.dream.controls.items()}

    def __call__(self, picture: Rgb) -> Rgb:
        """Return what becomes of a picture [H, W, 3]."""
        opaque = np.full_like(picture[..., :1], 255)
        made = self.runner(self.inputs | {"image": np.concatenate((picture, opaque), -1)[None]})
        if not self.runner.keep():
            raise SystemExit("a state is not finite")
        return np.asarray(made["frame"])[0, ..., :3]


def written(size: str, folder: Path) -> Path:
    """Return the effect of that size, which is written first if it is not there."""
    path = folder / f"{size}.onnx"
    if not path.exists() and main(["train", "--kind", "deepdream", "--size", size, "-o", str(path)]):
        raise SystemExit(1)
    return path


def video(clip: Path, size: tuple[int, int], start: int = 0) -> Iterator[Rgb]:
    """Yield the pictures of a clip again and again, cut to a size."""
    width, height = size
    while True:
        with av.open(str(clip)) as container:
            for number, frame in enumerate(container.decode(video=0)):
                if number >= start:
                    scale = max(width / frame.width, height / frame.height)
                    across, down = round(frame.width * scale), round(frame.height * scale)
                    whole = frame.reformat(across, down, "rgb24", interpolation="BICUBIC").to_ndarray()
                    left, top = (across - width) // 2, (down - height) // 2
                    yield np.asarray(whole[top : top + height, left : left + width], np.uint8)


def speed(folder: Path, clip: Path, count: int = 100) -> list[Figure]:
    """Pictures a second on two threads, by the fastest and the median of 100."""
    found = []
    for size, wanted in SIZES.items():
        player = Player(written(size, folder), 2)
        pictures = video(clip, player.size)
        took = []
        for _ in range(count):
            picture = next(pictures)
            began = time.perf_counter()
            player(picture)
            took.append(time.perf_counter() - began)
        best, median = (1 / float(of(took[5:])) for of in (np.min, np.median))
        load = round(os.getloadavg()[0], 1)
        what = f"DeepDream at {size}, two threads"
        found.append(figure(f"deepdream.{size}", what, median, "fps", wanted, "more", best=round(best, 1), load=load))
    return found


def eyes(folder: Path, clip: Path, size: str) -> list[Figure]:
    """Share of animals that EfficientNet-Lite0 sees before and after 30 frames; and the sheet of both."""
    import torch
    from livedream_export.deepdream.lite0 import HEAD, Lite0, classifier

    network, (weight, bias) = Lite0(HEAD), classifier()

    def animals(picture: Rgb) -> float:
        given = torch.from_numpy(np.ascontiguousarray(picture)).permute(2, 0, 1)[None].float() / 255
        features = network.features(given, [HEAD])[HEAD][0].flatten(1).T
        return float(torch.softmax(features @ weight.T + bias, 1)[:, :ANIMALS].sum(1).mean())

    player = Player(written(size, folder), 1)
    pictures = video(clip, player.size, 20)
    sheet, shares = [], []
    for step in range(30):
        picture = next(pictures)
        made = player(picture)
        if step in (0, 9, 19, 29):
            shares.append((animals(picture), animals(made)))
            sheet.append(np.concatenate((picture, made)))
    Image.fromarray(np.concatenate(sheet, 1)).save(folder / f"eyes-{clip.stem}.png")
    before, after = shares[-1]
    what = "animals seen after 30 frames"
    detail: Json = {"before": round(before, 3), "sheet": str(folder / f"eyes-{clip.stem}.png")}
    return [figure(f"deepdream.eyes.{clip.stem}", what, after, "of the picture", 2 * before, "more", **detail)]


def drift(folder: Path, clip: Path, size: str, count: int) -> list[Figure]:
    """How far mean and spread of the colours have gone from the first minute's to the last's, the worst channel."""
    path = folder / f"drift-{clip.stem}-{size}.npz"
    player = Player(written(size, folder), 1)
    windows: list[NDArray[Any]] = []
    step = 0
    if path.exists():
        with np.load(path) as kept:
            windows, step = list(kept["windows"]), int(kept["step"])
            player.runner.state = {name: kept[name] for name in player.runner.state}
    pictures = video(clip, player.size)
    for _ in range(step):
        next(pictures)
    while step < count:
        sums = np.zeros((2, 2, 3))
        for _ in range(WINDOW):
            picture = next(pictures)
            made = player(picture)
            sums += [[each.mean((0, 1)), each.std((0, 1))] for each in (picture, made)]
        step += WINDOW
        windows.append(sums / WINDOW)
        if step % SAVED == 0:
            kept_now: Json = {"windows": np.array(windows), "step": step, **player.runner.state}
            np.savez(path, **kept_now)
    return list(_drifts(np.array(windows), step))


def _drifts(windows: NDArray[Any], step: int) -> Iterator[Figure]:
    """windows: [N, in and out, mean and spread, colour]."""
    minute = max(len(windows) // 10, 1)
    first, last = windows[1 : 1 + minute].mean(0), windows[-minute:].mean(0)
    for k, name in enumerate(("mean", "spread")):
        ratios = last[1, k] / first[1, k] / (last[0, k] / first[0, k])
        worst = float(np.abs(ratios - 1).max()) * 100
        beside = (last[1, k] / last[0, k]).round(3).tolist()
        what = f"drift of the colours' {name} over {step} frames"
        yield figure(f"deepdream.drift.{name}", what, worst, "%", 10, beside_the_clip=beside)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", default="speed,eyes,drift")
    parser.add_argument("--clip", type=Path, default=FOOTAGE / "carphone_qcif.mp4")
    parser.add_argument("--size", default="256x256", help="of eyes and drift")
    parser.add_argument("--frames", type=int, default=15_000)
    parser.add_argument("--keep", type=Path, default=Path("bench-deepdream"))
    options = parser.parse_args()
    options.keep.mkdir(exist_ok=True)
    ort.set_default_logger_severity(3)
    sections = {
        "speed": lambda: speed(options.keep, options.clip),
        "eyes": lambda: eyes(options.keep, options.clip, options.size),
        "drift": lambda: drift(options.keep, options.clip, options.size, options.frames),
    }
    result = [each for name in options.only.split(",") for each in sections[name]()]
    print("\n".join(table(compared(result, []))))
    print(json.dumps({each["name"]: each["detail"] for each in result if each["detail"]}))
