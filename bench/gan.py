"""Figures of `--kind gan` beside DCGAN's: python bench/gan.py FOLDER [--clip CLIP] [--minutes 20]

300 pictures are taken from the clip, evenly (the longest clip of the footage, 100 s, gives three a second); ours and
DCGAN in both forms (bench/dcgan.py) are trained on them for as many minutes each, one after the other, on one thread.
What is in FOLDER already is kept: pictures, dcgan-*.npz, ours.onnx. Then 300 pictures are drawn from each, DCGAN's
64x64 enlarged to the dream's size, and compared with the 300 pictures:

- Fréchet distance by EfficientNet-Lite0, which ours is trained on, and by VGG16, which nothing is;
- variety: mean LPIPS-AlexNet between drawn pictures over that between the pictures;
- nearness: grey levels at 16x16 to the nearest picture, and the share that is nearer to one than half the distance
  that pictures have to one another (copies).

FOLDER/drawn.png shows pictures (two rows), DCGAN's (two rows each) and ours (four rows).
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from livedream_export import features, kinds, stills
from livedream_export.arrays import Rgb
from livedream_export.judges import lpips, novelty, variety
from livedream_export.judges import stills as judge
from PIL import Image

from livedream.backend import cpu
from livedream.dream import read
from livedream.play.recall import Recall

HERE = Path(__file__).parent
CLIP = HERE.parents[1] / "shared" / "footage" / "kart_night_city.mp4"
COUNT, SIDE = 300, 128
FORMS = {"dcgan-published": ("128", "128"), "dcgan-small": ("64", "16")}  # width and batch
COLUMNS = 12  # of the sheet


def take_pictures(clip: Path, folder: Path) -> None:
    """Write COUNT frames of a clip, evenly chosen, as PNG files."""
    folder.mkdir(parents=True)
    with av.open(str(clip)) as container:
        frames = sum(1 for _ in container.decode(video=0))
    chosen = set(np.linspace(0, frames - 1, COUNT).round().astype(int).tolist())
    with av.open(str(clip)) as container:
        for k, frame in enumerate(container.decode(video=0)):
            if k in chosen:
                frame.to_image().save(folder / f"{k:05d}.png")


def train_all(folder: Path, minutes: float) -> None:
    """Train what is not there yet, on one thread."""
    pictures, one = str(folder / "pictures"), {**os.environ, "OMP_NUM_THREADS": "1"}
    for name, (width, batch) in FORMS.items():
        out = folder / f"{name}.npz"
        if not out.exists():
            asked = [pictures, "-o", str(out), "--minutes", str(minutes), "--width", width, "--batch", batch]
            subprocess.run([sys.executable, str(HERE / "dcgan.py"), *asked], check=True, env=one)
    out = folder / "ours.onnx"
    if not out.exists():
        asked = ["-o", str(out), "--kind", "gan", "--size", str(SIDE), "--minutes", str(minutes), "--seed", "1"]
        started = "import sys; from livedream.cli import main; sys.exit(main())"
        subprocess.run([sys.executable, "-c", started, "train", pictures, *asked], check=True, env=one)


def drawn(path: Path, seed: int = 0) -> Rgb:
    """Return COUNT pictures [COUNT, H, W, 3] of a dream, of independent standard normal latents."""
    dream = read.load(path)
    decode, recall = cpu.load(dream.components["decode"], 1), Recall(dream, cpu.load)
    latents = np.random.default_rng(seed).standard_normal((COUNT, len(dream.mean))).astype(np.float32)
    fully, found = {"control.recall": np.ones(1, np.float32)}, []
    for each in latents:
        given = {"latent": each[None]}
        found.append(np.array(decode(given | recall(given) | fully)["frame"])[0, ..., :3])
    return np.stack(found)


def enlarged(pictures: Rgb, width: int, height: int) -> Rgb:
    """Return the first COUNT pictures in another size."""
    found = [cv2.resize(each, (width, height), interpolation=cv2.INTER_CUBIC) for each in pictures[:COUNT]]
    return np.stack(found)


def figures(made: Rgb, pictures: Rgb, eyes: dict[str, Any], own_features: dict[str, Any]) -> dict[str, float]:
    """Return the figures of drawn pictures beside those learned from, whose features are given."""
    known = novelty.Known(pictures, 0.5)  # half a picture a second: no picture is beside another
    near, own = known.nearest(novelty.small(made)), float(np.median(known.own))
    various = [variety.variety(each, eyes["alex"]) for each in (made, pictures)]
    return {
        "Fréchet, Lite0": features.frechet(eyes["lite0"](made), own_features["lite0"]),
        "Fréchet, VGG16": features.frechet(eyes["vgg"](made), own_features["vgg"]),
        "variety": (various[0] or 0.0) / (various[1] or 1.0),
        "nearest": float(np.median(near.distance)),
        "own nearest": own,
        "copies": float((near.distance < judge.COPY * own).mean()),
        "pictures that are nearest to some": len(np.unique(near.frame)) / len(pictures),
    }


def main() -> None:
    """Make what is missing, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--clip", type=Path, default=CLIP)
    parser.add_argument("--minutes", type=float, default=kinds.KINDS["gan"].options["minutes"])
    parser.add_argument("--judge-only", action="store_true", help="train nothing")
    told = parser.parse_args()
    folder: Path = told.folder
    if not (folder / "pictures").exists():
        take_pictures(told.clip, folder / "pictures")
    if not told.judge_only:
        train_all(folder, told.minutes)
    vgg = lpips.load("vgg")
    assert vgg, lpips.INSTALL
    eyes = {"lite0": features.efficientnet(), "vgg": judge.vgg_features(vgg), "alex": lpips.load("alex")}
    ours = drawn(folder / "ours.onnx") if (folder / "ours.onnx").exists() else None
    width, height = (ours.shape[2], ours.shape[1]) if ours is not None else (SIDE, SIDE)
    pictures = stills.read([folder / "pictures"], (width, height)).frames
    own = {name: eyes[name](pictures) for name in ("lite0", "vgg")}
    rows, sheet = {}, [pictures[:: max(1, len(pictures) // (2 * COLUMNS))][: 2 * COLUMNS]]
    for name in FORMS:
        if (folder / f"{name}.npz").exists():
            kept = np.load(folder / f"{name}.npz")
            both = [enlarged(kept[key], width, height) for key in ("pictures", "batch")]
            judged = [features.frechet(eyes["lite0"](each), own["lite0"]) for each in both]
            best = int(np.argmin(judged))  # the better of its two
            rows[f"{name}, {int(kept['steps'])} steps"] = figures(both[best], pictures, eyes, own)
            sheet.append(both[best][: 2 * COLUMNS])
    if ours is not None:
        rows["ours"] = figures(ours, pictures, eyes, own)
        sheet.append(ours[: 4 * COLUMNS])
    for name, found in rows.items():
        print(f"{name}: " + " · ".join(f"{key} {value:.3g}" for key, value in found.items()), flush=True)
    laid = np.concatenate([np.concatenate(list(row), 1) for part in sheet for row in _rows(part)])
    Image.fromarray(laid).save(folder / "drawn.png")


def _rows(pictures: Rgb) -> list[Rgb]:
    return [pictures[k : k + COLUMNS] for k in range(0, len(pictures) // COLUMNS * COLUMNS, COLUMNS)]


if __name__ == "__main__":
    main()
