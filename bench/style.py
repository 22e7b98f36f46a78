"""Figures style.*: python bench/style.py EFFECT.onnx --style PAINTING … [--footage CLIP …]

For a trained style effect: pictures a second on two threads, and over clips of footage, each style's flicker, style
distance and content distance, beside those of `--instant` (Magenta's network with the codes of the same paintings).
"""

import argparse
import tempfile
import time
from argparse import Namespace
from pathlib import Path

import cv2
import numpy as np
import torch
from livedream_export.arrays import Rgb
from livedream_export.style import content, evaluate, eyes, instant, painted
from livedream_export.style.recipe import Recipe
from livedream_export.training_status import TrainingStatus

from livedream.backend import cpu
from livedream.bench.figures import Figure, compared, figure, table
from livedream.dream import read
from livedream.dream.dream import Dream

CLIPS = ("highway_60fps", "carphone_qcif", "handheld_box", "kart_night_city")
IN_A_ROW = 12  # frames of each clip, at the clip's own rate
THREADS, ROUNDS = 2, 40


def figures(path: Path, paintings: list[str], clips: list[Path]) -> list[Figure]:
    """Measure an effect, and the instant one of the same paintings."""
    taken = painted.read(paintings)
    effect = read.load(path)
    width, height = effect.size
    rows = [_row(clip, width, height) for clip in clips]
    eye, judge = evaluate.judge(torch.device("cpu"))
    wanted = eyes.targets(eye, [each.tensor(Recipe().painting) for each in taken])
    found = [_speed("style", effect)]
    found += _judged("style", effect, len(taken), rows, eye, wanted, judge)
    with tempfile.TemporaryDirectory(prefix="livedream-bench-") as folder:
        out = Path(folder, "instant.onnx")
        options = Namespace(footage=[], out=str(out), size=f"{width}x{height}", style=paintings, title="", licence="")
        other = read.load(instant.build(options, TrainingStatus()))
        found.append(_speed("instant", other))
        found += _judged("instant", other, len(taken), rows, eye, wanted, judge)
    return found


def _speed(name: str, effect: Dream) -> Figure:
    runner = cpu.load(effect.components["apply"], THREADS)
    width, height = effect.size
    image = np.random.default_rng(0).integers(0, 256, (1, height, width, 4), np.uint8)
    took = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        runner({"image": image, **_controls(effect, 0)})
        took.append(time.perf_counter() - began)
    what = f"{name}, {width}x{height} on {THREADS} threads, fastest of {ROUNDS}"
    fps, median = 1 / min(took), 1 / float(np.median(took))
    return figure(f"style.{name}.fps", what, fps, "fps", 25.0 if name == "style" else None, "more", median=median)


def _judged(
    name: str, effect: Dream, styles: int, rows: list[Rgb], eye: eyes.Eye, wanted: eyes.Targets, judge: str
) -> list[Figure]:
    runner = cpu.load(effect.components["apply"], THREADS)
    made = [[_film(runner, effect, row, k) for row in rows] for k in range(styles)]
    flickers = [evaluate.flicker(row, each) for of in made for row, each in zip(rows, of, strict=True)]
    shown = [np.concatenate([row[::6] for row in of]) for of in (rows, *made)]
    far = evaluate.distances(eye, wanted, shown[0], shown[1:])
    mean = {what: float(np.mean(of)) for what, of in vars(far).items()}
    painted_all = np.concatenate(shown[1:])
    ours, budget = name == "style", 1.5 if name == "style" else None
    found = [
        figure(f"style.{name}.flicker", f"{name}, flicker, mean", np.mean(flickers), "", budget, most=max(flickers)),
        figure(f"style.{name}.distance", f"{name}, style distance by {judge}", mean["style"], "", each=far.style),
        figure(f"style.{name}.content", f"{name}, content distance by {judge}", mean["content"], "", each=far.content),
        figure(f"style.{name}.lattice", f"{name}, lattice", evaluate.lattice(painted_all), ""),
        figure(f"style.{name}.levels", f"{name}, lattice", evaluate.lattice_levels(painted_all), "levels"),
    ]
    bare = figure(
        "style.untouched.distance", "style distance of the footage", mean["untouched"], "", each=far.untouched
    )
    return [*found, *([bare] if ours else [])]


def _film(runner: cpu.CpuRunner, effect: Dream, row: Rgb, style: int) -> Rgb:
    """Return frames in a row painted, as a show does it: with the effect's state, from its beginning."""
    runner.state = {name: np.zeros_like(value) for name, value in runner.state.items()}
    found = []
    for frame in row:
        image = np.concatenate([frame, np.full_like(frame[..., :1], 255)], -1)[None]
        found.append(np.asarray(runner({"image": image, **_controls(effect, style)})["frame"])[0, ..., :3].copy())
        runner.keep()
    return np.stack(found)


def _controls(effect: Dream, style: int) -> dict[str, np.ndarray]:
    """Return every control at its default, but that style alone."""
    found = {
        f"control.{name}": np.full(each.length, each.default, np.float32) for name, each in effect.controls.items()
    }
    if "style" in effect.controls:
        found["control.style"] = np.eye(effect.controls["style"].length, dtype=np.float32)[style]
    return found


def _row(clip: Path, width: int, height: int) -> Rgb:
    film = cv2.VideoCapture(str(clip))
    film.set(cv2.CAP_PROP_POS_FRAMES, film.get(cv2.CAP_PROP_FRAME_COUNT) // 2)
    frames = [film.read()[1] for _ in range(IN_A_ROW)]
    return np.stack([content.covering(frame[..., ::-1], width, height) for frame in frames])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("effect", type=Path, metavar="EFFECT.onnx")
    parser.add_argument("--style", nargs="+", required=True, metavar="PAINTING")
    footage = Path(__file__).parents[2] / "shared" / "footage"
    parser.add_argument("--footage", nargs="+", type=Path, default=[footage / f"{each}.mp4" for each in CLIPS])
    options = parser.parse_args()
    result = figures(options.effect, options.style, options.footage)
    print("\n".join(table(compared(result, []))))
    print({each["name"]: each["detail"] for each in result if each["detail"]})
