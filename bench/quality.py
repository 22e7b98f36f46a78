"""The quality of dreams, whole: each clip is learned with memories, without, and as Neural Dream Videos did in 2016.

    python bench/quality.py CLIP... --minutes 20 [--size 128] [--device auto] [--into FOLDER] [--dreamt 60]

All three get the same minutes and the same judges (`livedream evaluate`). Into the folder come the dreams, their
figures as JSON, a picture of each beside its footage, and `table.md`. What is there already is not made again, so a
run may be stopped and gone on with, and a dream of any other recipe may be put there to be judged beside the rest.
"""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

import neural_dream_videos
from livedream_export import evaluate, kinds, preview
from livedream_export.vae_rnn import train
from livedream_export.vae_rnn.recipe import chosen

from livedream import UserError
from livedream.system.atomic import atomic_write

ROWS: list[tuple[str, str, Callable[[dict], float | None]]] = [
    ("LPIPS-VGG16, left-out frames", ".3f", lambda f: f["reconstruction"]["lpips_vgg"]),
    ("LPIPS-AlexNet", ".3f", lambda f: f["reconstruction"]["lpips_alex"]),
    ("PSNR, dB", ".1f", lambda f: f["reconstruction"]["psnr_db"]),
    ("Fréchet of frames, over the halves'", ".2f", lambda f: f["windows"]["frames_to_halves"]),
    ("Fréchet of windows, over the halves'", ".2f", lambda f: f["windows"]["to_halves"]),
    ("motion, of the footage's", ".0%", lambda f: f["windows"]["motion"]),
    ("least change over 4 s", ".0%", lambda f: f["least_change"]),
    ("variety, of the footage's", ".0%", lambda f: f["variety"]["share"]),
    ("longest replay, s", ".1f", lambda f: f["novelty"]["replay_s"]),
    ("slope, of the footage's", ".1%", lambda f: f["spectrum"]["dream"]["slope"] / f["spectrum"]["footage"]["slope"]),
    ("lattice, over the footage's", "+.2f", lambda f: _over(f["spectrum"], "lattice")),
    ("unexplained change", ".2f", lambda f: f["flow"]["dream"]),
    ("unexplained change of the footage", ".2f", lambda f: f["flow"]["footage"]),
    ("coverage of the footage", ".0%", lambda f: f["novelty"]["coverage"]),
]


def _over(spectrum: dict, name: str) -> float:
    return spectrum["dream"][name] - spectrum["footage"][name]


def dreams(clip: Path, into: Path, minutes: float, size: str, device: str, seed: int) -> dict[str, Path]:
    """The dreams of a clip by the name of their recipe, trained where they are not there yet."""
    recipes = {"memories": chosen(), "plain": chosen(memories=0)}
    made = {}
    for name, recipe in recipes.items():
        made[name] = into / f"{clip.stem}-{name}.onnx"
        if not made[name].exists():
            print(f"{made[name]}: {minutes:g} minutes", file=sys.stderr)
            given = {"out": made[name], "size": size, "minutes": minutes, "device": device, "seed": seed}
            train.train(kinds.options("vae-rnn", [clip], **given), recipe=recipe)
    made["2016"] = into / f"{clip.stem}-2016.onnx"
    if not made["2016"].exists():
        neural_dream_videos.train([clip], made["2016"], minutes, seed, preview.Progress())
    others = set(into.glob(f"{clip.stem}-*.onnx")) - set(made.values())
    return made | {path.stem.removeprefix(f"{clip.stem}-"): path for path in sorted(others)}


def judged(dream: Path, clip: Path, dreamt: int) -> dict:
    """Its figures, from the file beside it if they were measured before."""
    kept = dream.with_suffix(".json")
    if kept.exists():
        return json.loads(kept.read_text())
    figures = evaluate.evaluate(dream, [clip], minutes=dreamt, seeds=[0], sheet=dream.with_suffix(".jpg"))
    atomic_write(kept, json.dumps(figures, indent=1).encode())
    return figures


def table(clip: Path, found: dict[str, dict]) -> str:
    """The figures side by side, as Markdown."""
    lines = [f"| {clip.stem} | {' | '.join(found)} |", "| --- |" + " ---: |" * len(found)]
    for name, form, of in ROWS:
        lines.append(f"| {name} | {' | '.join(_cell(of, figures, form) for figures in found.values())} |")
    return "\n".join(lines) + "\n"


def _cell(of: Callable[[dict], float | None], figures: dict, form: str) -> str:
    try:
        return format(of(figures), form)
    except (KeyError, TypeError, ValueError):
        return "–"


def main() -> int:
    parser = argparse.ArgumentParser(description="learn clips by every recipe and judge the dreams alike")
    parser.add_argument("clips", nargs="+", type=Path, metavar="CLIP")
    parser.add_argument("--minutes", type=float, default=20.0, help="of training, each [20]")
    parser.add_argument("--size", default="128", help="[128]")
    parser.add_argument("--device", default="auto", help="[auto]")
    parser.add_argument("--seed", type=int, default=1, help="[1]")
    parser.add_argument("--dreamt", type=int, default=60, help="minutes that each dreams for its judges [60]")
    parser.add_argument("--into", type=Path, default=Path("quality"), metavar="FOLDER", help="[quality]")
    options = parser.parse_args()
    options.into.mkdir(parents=True, exist_ok=True)
    tables = []
    try:
        for clip in options.clips:
            made = dreams(clip, options.into, options.minutes, options.size, options.device, options.seed)
            tables.append(table(clip, {name: judged(path, clip, options.dreamt) for name, path in made.items()}))
            atomic_write(options.into / "table.md", "\n".join(tables).encode())
            print(tables[-1])
    except UserError as error:
        print(f"quality: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
