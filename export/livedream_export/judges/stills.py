"""Judges dreams that learn no motion: are their pictures like those they learned from, as various, and new?

Pictures are drawn from the dream so far apart that each is independent of the last, and compared with equally many of
the material, evenly chosen. These are split at random into two halves, which are the scale.

- **Fréchet distance** (features.frechet) of EfficientNet-Lite0's features, and of VGG16's, which no training uses: the
  mean of the distances to both halves, beside that between the halves.
- **Coverage** (Naeem et al., "Reliable Fidelity and Diversity Metrics for Generative Models", ICML 2020): the share of
  pictures of a half that have a drawn one within the distance of their fifth nearest neighbour in that half.
- **Variety**: mean LPIPS between drawn pictures over that between the material's (variety.py). Where it is low, the
  dream draws the same picture again: what a GAN does when it collapses.
- **Nearness** to the material at 16x16 (novelty.py), and the share of drawn pictures that are copies: nearer to a
  picture than half the distance that pictures of the material have to their own nearest.
- Slope of the spectrum, edges and lattice (spectrum.py), colour and contrast (colour.py); how the walk moves from frame
  to frame; held-out pictures through encode and decode (reconstruction.py); knobs (knobs.py).
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from livedream import UserError
from livedream.dream import read
from livedream.dream.dream import Dream
from livedream.play.player import Player

from .. import sources as footage_sources
from ..arrays import Doubles, Rgb
from ..cache import Footage, Progress
from ..features import Features, efficientnet, frechet
from . import lpips, novelty, picture, playing, stills_table
from .asked import Asked
from .colour import Colours, compare_colours
from .first_dream import FULL, SHORT, Extent, turn_knobs
from .lpips import Lpips
from .reconstruction import reconstruct
from .spectrum import Power
from .variety import reduced, variety
from .windows import change, evenly

INDEPENDENT = 200  # steps after which a walk has forgotten where it was
FEWEST = 16  # pictures of a half, below which no distance is measured
NEIGHBOURS = 5  # of coverage
COPY = 0.5  # share of the material's own distance to the nearest, below which a picture is a copy
WALK = 120  # steps of the walk that are measured
SIDE = 128  # pixels to which VGG16's pictures are reduced


@dataclass(frozen=True)
class Amount:
    """How much is measured.

    Attributes:
        half: most pictures drawn, and of each half of the material.
        extent: of everything that is measured as for other dreams.
        knobs: whether knobs are turned.
    """

    half: int
    extent: Extent
    knobs: bool


LONG, BRIEF = Amount(200, FULL, True), Amount(64, SHORT, False)


# Shares of the material's own figure, beyond which a fault is visible.
SAME, ALONE = 0.60, 0.30  # variety: it draws the same picture again; the same where pictures are soft
UNSEEN, MODES = 0.25, 0.85  # coverage, and variety along with it: it draws a few pictures again
NOISE, STEEP, BLUNT = 0.75, 1.15, 0.45  # slope of the spectrum: noise, soft; edges: soft
OFF, PALE = 12.0, 0.60  # mean colour in grey levels; contrast
UNLIKE = 0.30  # LPIPS-AlexNet of held-out pictures
COPIES = 0.90  # share of drawn pictures that are copies
ADVICE = {
    "good": "its pictures are like those it learned from",
    "draws the same picture again": "it has collapsed, and --resume does not mend that: train it anew with another "
    "--seed, or with more and more different pictures",
    "noisy": "train it longer (--resume)",
    "grey": "train it longer (--resume); if that does not help, leave out pictures in other light",
    "soft": "train it longer (--resume); if that does not help, add pictures like these, or choose a smaller --size",
    "copies its pictures": "it draws hardly anything else; add more pictures",
}


def judge(dream: Dream, sources: Sequence[str | Path], asked: Asked) -> tuple[dict[str, Any], str]:
    """Judge a dream for `livedream evaluate`. Returns figures, ready for JSON, and a table of them for people.

    Raises:
        UserError: the material cannot be read, or the network is not installed.
    """
    footage = footage_sources.read(sources, dream.size, dream.fps, asked.progress, pictures=True)
    features = efficientnet()
    seed, temperature = asked.seeds[0], asked.temperature
    found = measure(dream, footage, features, seed, temperature, LONG, asked.progress, asked.sheet)
    found = {"dream": dream.path.name, "sha256": dream.sha256, **found, "verdict": advice(found)}
    return found, stills_table.text(found)


def short(dream: Dream | str | Path, footage: Footage, progress: Progress = lambda share, what: None) -> dict[str, Any]:
    """Return fewer figures, for the verdict on a training, in some seconds; see `advice`.

    Distances of EfficientNet-Lite0 are left out where it is not installed.
    """
    if not isinstance(dream, Dream):
        dream = read.load(dream)
    try:
        features = efficientnet()
    except UserError:  # no reason for a training to fail
        features = None
    return measure(dream, footage, features, amount=BRIEF, progress=progress)


def measure(
    dream: Dream,
    footage: Footage,
    features: Features | None,
    seed: int = 0,
    temperature: float = 1.0,
    amount: Amount = LONG,
    progress: Progress = lambda share, what: None,
    sheet: Path | None = None,
) -> dict[str, Any]:
    """Return the figures of a dream, ready for JSON.

    Args:
        dream: the dream.
        footage: that it was trained on, in its size.
        features: EfficientNet-Lite0; None leaves it out.
        seed: of the walk.
        temperature: of the walk.
        amount: how much is measured.
        progress: called with share (0 to 1) and text.
        sheet: a JPEG file to write: the material above, drawn pictures below.
    """
    networks = {kind: lpips.load(kind) for kind in ("alex", "vgg")}
    one, other = _halves(footage, amount.half)
    drawn = _drawn(dream, len(one), seed, temperature, progress)
    pictures = np.concatenate([one, other])
    made, pairs, power = reconstruct(dream, footage, progress, networks, amount.extent)
    progress(0.0, "comparing the pictures")
    given = dream.provenance.get("trained_on_losses")
    losses = list(given) if isinstance(given, (list, tuple)) else []
    judges = {"lite0": features, "vgg16": vgg_features(networks["vgg"]) if networks["vgg"] else None}
    compared = {name: each for name, each in judges.items() if each and len(one) >= FEWEST}
    found: dict[str, Any] = {
        "kind": dream.kind,
        "footage": {
            "sources": [Path(each.path).name for each in footage.sources],
            "frames": len(footage.frames),
            "size": list(dream.size),
        },
        "drawn": len(drawn),
        "temperature": temperature,
        "reconstruction": made,
        "likeness": {
            name: likeness(each(drawn), each(one), each(other)) | {"trained_on": name in losses}
            for name, each in compared.items()
        },
        "variety": _variety(drawn, pictures, networks["alex"], amount.extent.pairs),
        "novelty": _novelty(drawn, footage, amount.extent.known),
        **_appearance(drawn, pictures),
        "walk": _walk(dream, seed, temperature),
        "knobs": turn_knobs(dream, networks["alex"], progress) if amount.knobs else None,
        "trained_on_losses": losses,
    }
    found["spectrum"] |= power or {}
    if sheet:
        above = [[a for a, _ in pairs], [b for _, b in pairs]] if pairs else [list(one)]
        rows = [*above, list(drawn)]
        count = min(picture.CELLS, *map(len, rows))
        picture.write(sheet, [[row[k] for k in evenly(len(row), count)] for row in rows])
    return found | {"word": word(found)}


def likeness(drawn: Doubles, one: Doubles, other: Doubles) -> dict[str, Any]:
    """Return Fréchet distance and coverage of features [N, F] beside those of two halves of the material, each [N, F].

    `ratio` is the Fréchet distance over that between the halves.
    """
    halves = frechet(one, other)
    distance = (frechet(drawn, one) + frechet(drawn, other)) / 2
    return {
        "pictures": len(drawn),
        "frechet": distance,
        "frechet_halves": halves,
        "ratio": distance / halves if halves else None,
        "coverage": (coverage(drawn, one) + coverage(drawn, other)) / 2,
        "coverage_halves": (coverage(other, one) + coverage(one, other)) / 2,
    }


def coverage(drawn: Doubles, real: Doubles) -> float:
    """Return the share of real features [N, F] that have a drawn one [M, F] as near as their fifth nearest real one."""
    own = np.sort(_apart(real, real), axis=1)[:, min(NEIGHBOURS, len(real) - 1)]  # the nearest is itself
    return float((_apart(real, drawn).min(1) <= own).mean())


def _apart(a: Doubles, b: Doubles) -> Doubles:
    """Return squared distances [N, M] of features a [N, F] and b [M, F]."""
    squares: Doubles = np.square(a).sum(1)[:, None] + np.square(b).sum(1) - 2 * a @ b.T
    return squares


def vgg_features(network: Lpips) -> Features:
    """Return a function to VGG16's features, each layer's mean over the picture, [B, 1472]."""

    @torch.inference_mode()
    def features(pictures: Rgb) -> Doubles:
        found = []
        for each in pictures:
            small = torch.from_numpy(np.array(each)).permute(2, 0, 1)[None].float()
            small = F.interpolate(small, (SIDE, SIDE), mode="bilinear", antialias=True)
            layers = network.features(np.asarray(small.permute(0, 2, 3, 1)))
            found.append(torch.cat([layer.mean((2, 3)) for layer in layers], 1))
        return np.asarray(torch.cat(found).double())

    return features


def _halves(footage: Footage, at_most: int) -> tuple[Rgb, Rgb]:
    """Return two random halves of pictures evenly chosen from the material, equally many [N, H, W, 3]."""
    count = len(footage.frames)
    chosen = evenly(count, min(count - count % 2, 2 * at_most))
    mixed = np.random.default_rng(0).permutation(chosen)
    half = max(1, len(mixed) // 2)
    return np.array(footage.frames[np.sort(mixed[:half])]), np.array(footage.frames[np.sort(mixed[-half:])])


def _drawn(dream: Dream, count: int, seed: int, temperature: float, progress: Progress) -> Rgb:
    """Return pictures of a dream, each independent of the last, [N, H, W, 3]."""
    player, found = Player(dream, playing.load), []
    steps = range(INDEPENDENT, (count + 1) * INDEPENDENT, INDEPENDENT)  # the first are near the scene it begins at
    for _, drawn in playing.at(player, playing.still(dream, seed, temperature), steps):
        found.append(np.array(drawn))
        progress(len(found) / count, "drawing pictures")
    return np.stack(found)


def _variety(drawn: Rgb, pictures: Rgb, network: Lpips | None, pairs: int) -> dict[str, Any]:
    ours, own = (variety(np.stack([reduced(each) for each in part]), network, pairs) for part in (drawn, pictures))
    return {"dream": ours, "footage": own, "share": ours / own if ours is not None and own else None}


def _novelty(drawn: Rgb, footage: Footage, most: int) -> dict[str, Any]:
    """Return how near drawn pictures are to the material."""
    single = all(end - begin == 1 for begin, end in footage.segments)
    known = novelty.Known(footage.frames, 0.5 if single else footage.fps, most)  # 0.5: no picture is beside another
    nearest = known.nearest(novelty.small(drawn))
    near = float(np.median(known.own)) if len(known.own) else None
    return {
        "distance": float(np.median(nearest.distance)),
        "distance_footage": near,
        "copies": float((nearest.distance < COPY * near).mean()) if near else None,
        "histogram": {
            "edges": list(novelty.EDGES),
            "dream": novelty.shares(nearest.distance),
            "footage": novelty.shares(known.own),
        },
        "different": len(np.unique(nearest.frame)),
    }


def _appearance(drawn: Rgb, pictures: Rgb) -> dict[str, dict[str, Any]]:
    """Return spectrum and colour of drawn pictures beside the material's."""
    powers, colours = [], []
    for part in (drawn, pictures):
        power, colour = Power(), Colours()
        power.add(part)
        colour.add(part)
        powers.append(power)
        colours.append(colour)
    edges = powers[1].edges
    return {
        "spectrum": {
            "dream": powers[0].figures,
            "footage": powers[1].figures,
            "edges": powers[0].edges / edges if edges else None,
        },
        "colour": compare_colours(*colours),
    }


def _walk(dream: Dream, seed: int, temperature: float) -> dict[str, float]:
    """Return the change from frame to frame in grey levels, its median, and the largest over it: a jump."""
    player = Player(dream, playing.load)
    steps = playing.at(player, playing.still(dream, seed, temperature), range(WALK))
    pictures = [np.array(each) for _, each in steps]
    changes = [change(a, b) for a, b in itertools.pairwise(pictures)]
    median = float(np.median(changes))
    return {"change": median, "largest": max(changes) / max(median, 1e-6)}


def word(figures: dict[str, Any]) -> str:
    """Return what is wrong with a dream in words, a key of ADVICE. What was not measured counts as good."""

    def share(value: float | None, of: float | None) -> float | None:
        return value / of if value is not None and of else None

    def under(value: float | None, limit: float) -> bool:
        return value is not None and value < limit

    def over(value: float | None, limit: float) -> bool:
        return value is not None and value > limit

    covered = [share(each["coverage"], each["coverage_halves"]) for each in figures["likeness"].values()]
    spectrum, colour = figures["spectrum"], figures["colour"]
    steep = share(spectrum["dream"]["slope"], spectrum["footage"]["slope"])
    made = figures["reconstruction"] or {}
    various = figures["variety"]["share"]
    blurred = over(steep, STEEP) and under(spectrum["edges"], BLUNT)  # which lessens variety as well
    few = covered and all(under(each, UNSEEN) for each in covered) and under(various, MODES) and not blurred
    if under(various, ALONE if blurred else SAME) or few:
        return "draws the same picture again"
    if under(steep, NOISE):
        return "noisy"
    enough = figures["drawn"] >= FEWEST  # fewer have another mean by chance
    if blurred or over(made.get("lpips_alex"), UNLIKE):
        return "soft"
    if (enough and over(colour["off"], OFF)) or under(colour["contrast"], PALE):
        return "grey"
    if over(figures["novelty"]["copies"], COPIES):
        return "copies its pictures"
    return "good"


def advice(figures: dict[str, Any]) -> str:
    """Return the word, and what to do, in one line."""
    found = str(figures["word"])
    return f"{found}: {ADVICE[found]}"
