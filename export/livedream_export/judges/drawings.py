"""Judges dreams that draw: are their drawings like those they learned from, as various, and new?

The dream draws at its fastest, and every drawing is taken as it stands finished, ink on white, reduced to SIDE. It is
compared with as many of the material's, drawn with the same pen, as pictures of other dreams are (stills.py): Fréchet
distance and coverage, nearness to the material, and the share of the ink. Variety is here the mean distance between two
drawings, blurred, over the material's.
"""

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import cv2
import numpy as np

from livedream import UserError
from livedream.dream.dream import Dream
from livedream.play import dream_parameters
from livedream.play.player import Player

from ..arrays import Doubles, Rgb
from ..cache import Progress
from ..features import efficientnet
from ..sketch import drawing, material, raster
from . import lpips, picture, playing
from .asked import Asked
from .results import row
from .stills import FEWEST, likeness, vgg_features

DRAWN = 48  # drawings
SIDE = 128  # pixels of a drawing that is compared
SMALL = 24  # pixels to which they are reduced, to say which are alike
FASTEST = 6.0  # control.speed
LONGEST = 3000  # steps for a drawing; a dream that takes longer never finishes
COPY = 0.35  # share of the distance between two drawings of the material, below which one is a copy
BARE, CLOTTED = 0.25, 3.0  # share of the material's ink
ALIKE = 0.6  # share of the material's variety
UNLIKE = 6.0  # Fréchet distance over that of the material's halves
ADVICE = {
    "good": "its drawings are like those it learned from",
    "draws nothing": "it lifts the pen and leaves the page; train it longer (--resume)",
    "scribbles": "train it longer (--resume), or lower control.temperature and control.variety",
    "draws the same again": "raise control.variety, or train it on more different drawings",
    "copies its drawings": "it draws hardly anything else; raise control.variety, or add drawings",
}


def judge(dream: Dream, sources: Sequence[Any], asked: Asked) -> tuple[dict[str, Any], str]:
    """Judge a dream for `livedream evaluate`. Returns figures, ready for JSON, and a table of them for people.

    Raises:
        UserError: the drawings cannot be read.
    """
    known = material.read(list(map(str, sources)), 1 << 30, asked.progress)
    made = finished(dream, DRAWN, asked.seeds[0], asked.progress)
    own = np.stack([_inked(raster.picture(drawing.strokes(each), SIDE)) for each in known.rows])
    found = {"dream": dream.path.name, "sha256": dream.sha256, "kind": dream.kind, **measure(made, own)}
    said = word(found)
    found |= {"word": said, "verdict": f"{said}: {ADVICE[said]}"}
    if asked.sheet:
        some = np.linspace(0, len(own) - 1, picture.CELLS).round().astype(int)
        picture.write(asked.sheet, [list(own[some]), list(made[: picture.CELLS])])
    return found, text(found)


def finished(dream: Dream, count: int, seed: int, progress: Progress) -> Rgb:
    """Return drawings as they stand finished, black on white, [count, SIDE, SIDE, 3]."""
    found: list[Rgb] = []
    for each in itertools.islice(_finished(dream, seed), count):
        found.append(each)
        progress(len(found) / count, "drawing")
    return np.stack(found)


def _finished(dream: Dream, seed: int) -> Iterator[Rgb]:
    table = dream_parameters.of(dream, seed)
    table.set("dream/speed", [FASTEST])
    table.tick(60.0)
    values, player = table.tick(0.0), Player(dream, playing.load)
    shapes = dream.components["step"].inputs
    names = list(dream.latents)
    page = sum(shapes[name].shape[1] for name in names[: names.index("latent.pen")]) + 3  # how visible it is
    player.move(0, dream.fps, values)
    before, last, since = 1.0, None, 0
    while since < LONGEST:
        player.draw(values)
        now, ink = float(player.latent(values).ravel()[page]), player.layers["ink"][..., 3]
        if now < 1 and before >= 1 and last is not None:
            yield _blackened(last)
            since = 0
        before, last, since = now, np.array(ink), since + 1
        player.move(1, dream.fps, values)
    raise UserError(f"{dream.path}: it does not finish a drawing within {LONGEST} steps")


def _blackened(alpha: Any) -> Rgb:
    """Return the square in the middle of ink's alpha [H, W] as black on white, [SIDE, SIDE, 3]."""
    side = min(alpha.shape)
    top, left = (alpha.shape[0] - side) // 2, (alpha.shape[1] - side) // 2
    small = cv2.resize(alpha[top : top + side, left : left + side], (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return np.repeat(255 - small[..., None], 3, 2).astype(np.uint8)


def _inked(drawn: Rgb) -> Rgb:
    """Return a picture of the material's, ink on paper, as black on white."""
    light, dark = float(np.mean(raster.PAPER)), float(np.mean(raster.INK))
    grey = (drawn.mean(2, keepdims=True) - dark) / (light - dark) * 255
    return np.repeat(grey.clip(0, 255), 3, 2).round().astype(np.uint8)


def measure(made: Rgb, own: Rgb) -> dict[str, Any]:
    """Return the figures of drawings [N, SIDE, SIDE, 3] beside those of the material, [M, SIDE, SIDE, 3]."""
    few = own[np.random.default_rng(0).permutation(len(own))[: 2 * len(made)]]
    one, other = few[::2][: len(few) // 2], few[1::2]
    try:
        judges: dict[str, Any] = {"lite0": efficientnet()}
    except UserError:
        judges = {}
    vgg = lpips.load("vgg")
    judges |= {"vgg16": vgg_features(vgg)} if vgg else {}
    compared = judges if len(one) >= FEWEST else {}
    ours, theirs, all_of_them = _small(made), _small(few), _small(own)
    various, usual = _apart(ours, ours), _apart(theirs, theirs)
    between = float(usual[np.triu_indices(len(usual), 1)].mean()) if len(usual) > 1 else 0.0
    return {
        "drawn": len(made),
        "material": len(own),
        "likeness": {name: likeness(each(made), each(one), each(other)) for name, each in compared.items()},
        "ink": float((255 - made.astype(float)).mean() / max(1e-6, (255 - few.astype(float)).mean())),
        "variety": float(various[np.triu_indices(len(various), 1)].mean() / max(1e-6, between)),
        "copies": float((_apart(ours, all_of_them).min(1) < COPY * between).mean()),
    }


def _small(pictures: Rgb) -> Doubles:
    """Return pictures reduced and blurred, [N, SMALL²], so that a line a little beside another is near it."""
    small = [cv2.resize(each[..., 0], (SMALL, SMALL), interpolation=cv2.INTER_AREA) for each in pictures]
    return np.stack([cv2.GaussianBlur(each.astype(np.float64), (5, 5), 1.2).ravel() for each in small])


def _apart(a: Doubles, b: Doubles) -> Doubles:
    """Return the distances [N, M] of a [N, F] and b [M, F]."""
    squares = np.square(a).sum(1)[:, None] + np.square(b).sum(1) - 2 * a @ b.T
    found: Doubles = np.sqrt(np.maximum(squares, 0))
    return found


def word(figures: dict[str, Any]) -> str:
    """Return what is wrong with a dream in words, a key of ADVICE."""
    ratios = [each["ratio"] for each in figures["likeness"].values() if each["ratio"] is not None]
    if figures["ink"] < BARE:
        return "draws nothing"
    if figures["variety"] < ALIKE:
        return "draws the same again"
    if figures["ink"] > CLOTTED or (ratios and min(ratios) > UNLIKE):
        return "scribbles"
    return "copies its drawings" if figures["copies"] > 0.9 else "good"


def text(figures: dict[str, Any]) -> str:
    """Return all figures as a table for people."""
    lines = [
        f"{figures['dream']}, a {figures['kind']}: {figures['drawn']} drawings beside {figures['material']} learned",
        "",
    ]
    for name, each in figures["likeness"].items():
        ratio = f", {each['ratio']:.2f} times its halves'" if each["ratio"] else ""
        lines.append(row(f"Fréchet, {name}", f"{each['frechet']:.3g}{ratio}"))
        lines.append(row(f"coverage, {name}", f"{each['coverage']:.0%}; of the halves {each['coverage_halves']:.0%}"))
    if not figures["likeness"]:
        lines.append(row("Fréchet", "not measured: too few drawings, or no network is installed"))
    lines += [
        row("variety", f"{figures['variety']:.0%} of the material's"),
        row("ink", f"{figures['ink']:.0%} of the material's"),
        row("as good as one learned", f"{figures['copies']:.0%}"),
        "",
        figures["verdict"],
    ]
    return "\n".join(lines)
