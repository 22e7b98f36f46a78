"""`livedream evaluate`: how good a dream is, in figures: does it draw the footage, does it look and move like it, is it
a dream rather than the footage over again, does it keep moving, does it hold together?

**Reconstruction.** Frames that training left out (the last second of every ten), at most 240 evenly chosen, go through
the file's own encode and decode. PSNR in dB of each picture, its mean and its least; mean SSIM; mean LPIPS on AlexNet
and on VGG16 of at most 96 of them (judges/likeness.py, judges/lpips.py).

**The first dream.** The dream plays from its first scene at speed 1 with nobody's hand on it, every step taken; what it
draws is streamed past the judges, so memory stays flat however long it is. Windows of 16 frames, evenly over the dream,
stand against as many of the footage, and the footage's halves against each other for scale: Fréchet distances, motion
(judges/windows.py), what of a change no motion explains (flow.py), slope of the spectrum and lattice (spectrum.py),
colour and contrast (colour.py). Besides: variety (variety.py), nearness to the footage and replay (novelty.py), what
the knobs do (knobs.py).

**Never stuck, never dissolved.** Of every seed, and of the first one at other temperatures: judges/minutes.py.

A figure whose network the dream was trained on flatters; it is marked so, by what the dream's provenance says.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from livedream import UserError
from livedream.dream import read
from livedream.dream.dream import Dream

from . import preview
from . import sources as footage_sources
from .cache import Footage, Progress
from .features import Features, efficientnet
from .judges import dreaming, knobs, lpips, novelty, picture, playing, results, verdict
from .judges.likeness import Likeness
from .judges.minutes import Scale, moved
from .judges.variety import reduced, variety
from .judges.watching import Watched, together
from .judges.windows import LENGTH, Windows, evenly, starts

# What a good dream shows; PSNR as trained on two CPU cores (28 with a GPU).
LIMITS = {"psnr_db": 24.0, "least_change": 0.20, "first_to_halves": 3.0, "worst_to_first": 1.5}
TEMPERATURES = (0.5, 1.0, 1.3)
VGG_PIXELS = 2**21  # of left-out frames that VGG16 compares at most, but 12 frames at least: 440 ms for 128x128


@dataclass(frozen=True)
class Extent:
    """How much is looked at. left_out: frames drawn. lpips: of them, those that a network compares, too. vgg: whether.
    windows, variety: at most, of footage and of dream. pairs: of them compared. near: the first of a dream's seconds,
    in which pictures are looked for in the footage ten times a second, and once a second later. known: frames of the
    footage that they are looked for in.
    """

    left_out: int = 240
    lpips: int = 96
    vgg: bool = True
    windows: int = 94
    variety: int = 200
    pairs: int = 200
    near: float = 600.0
    known: int = novelty.MOST


FULL = Extent()
SHORT = Extent(left_out=24, lpips=24, vgg=False, windows=10, variety=40, pairs=40, near=30, known=6000)
SHORT_PART, SHORT_REFERENCE = 20, 60  # seconds, and frames of a dream's part, and of the footage beside it


def _nobody(share: float, text: str) -> None:
    """Progress that nobody asked for."""


def evaluate(
    model: str | Path,
    sources: Sequence[str | Path],
    minutes: int = 60,
    seeds: Sequence[int] = (0, 1, 2),
    temperature: float = 1.0,
    progress: Progress | None = None,
    features: Features | None = None,
    sheet: Path | None = None,
) -> dict:
    """The figures of a dream file against its footage, ready for JSON; `text` makes a table of them.

    model: path or name of a dream. sources: files and folders, or "rainbow-road:". minutes: dreamt with each seed.
    progress(share 0..1, text) is called now and then; None shows it on stderr. features: None for EfficientNet-Lite0.
    sheet: a JPEG to write: footage, drawn, dreamt.
    Raises UserError for a dream, footage or length that will not do, and when the network is not installed.
    """
    if int(minutes) != minutes or minutes < 1:
        raise UserError(f"--minutes {minutes}: whole minutes, at least 1")
    if not seeds:
        raise UserError("evaluate: name at least one seed")
    if sheet and (sheet.suffix.lower() not in (".jpg", ".jpeg") or not sheet.absolute().parent.is_dir()):
        raise UserError(f"--picture {sheet}: name a .jpg in a folder that is there")
    dream = read.load(model)
    features = features or efficientnet()
    progress = progress or preview.Progress().share
    footage = footage_sources.read(sources, dream.size, dream.fps, progress)
    return measure(dream, footage, features, int(minutes), seeds, temperature, progress, sheet=sheet)


def measure(
    dream: Dream,
    footage: Footage,
    features: Features,
    minutes: int,
    seeds: Sequence[int],
    temperature: float = 1.0,
    progress: Progress = _nobody,
    temperatures: Sequence[float] = TEMPERATURES,
    sheet: Path | None = None,
) -> dict:
    """What `evaluate` returns, of a loaded dream and footage of its size and rate.

    temperatures: at which the first seed dreams as long, too.
    """
    _check(dream, footage)
    networks = {"alex": lpips.load("alex"), "vgg": lpips.load("vgg")}
    reconstruction, pictures, drawn = reconstruct(dream, footage, progress, networks)
    progress(0.0, "measuring the footage")
    scale = Scale(footage, features)
    others = [each for each in temperatures if each != temperature] if _has_temperature(dream) else []
    looks = _Looks(dream, footage, features, networks["alex"], FULL, minutes, progress)
    turned = looks.knobs(progress)
    tell = _clock((len(seeds) + len(others)) * minutes * 60, progress)
    dreams = []
    for seed in seeds:
        whole = None if dreams else looks.whole
        dreams.append(dreaming.dream(dream, scale, scale.change, features, minutes, seed, temperature, tell, whole))
    by_temperature = [{"temperature": temperature, **dreams[0]}]
    for each in others:
        found = dreaming.dream(dream, scale, scale.change, features, minutes, seeds[0], each, tell)
        by_temperature.append({"temperature": each, **found})
    if sheet:
        _picture(sheet, pictures, looks.whole.shown, footage)
    figures = {
        "dream": dream.path.name,
        "sha256": dream.sha256,
        "footage": {
            "sources": [Path(each.path).name for each in footage.sources],
            "frames": len(footage.frames),
            "size": list(dream.size),
            "fps": footage.fps,
            "change": scale.change,
            "least_change": scale.least_change,
            "frechet_halves": scale.halves,
            "frechet_minutes": scale.minutes,
        },
        "minutes": minutes,
        "temperature": temperature,
        "reconstruction": reconstruction,
        **looks.figures(drawn),
        "knobs": turned,
        "dreams": dreams,
        "temperatures": sorted(by_temperature, key=lambda each: each["temperature"]),
        "least_change": min(each["least_change"] for each in dreams),
        "first_to_halves": max(each["first_to_halves"] for each in dreams),
        "worst_to_first": max(each["worst_to_first"] for each in dreams),
        "limits": LIMITS,
    }
    _mark(figures, dream)
    return figures | {"verdict": verdict.advice(figures)}


def short(
    dream: Dream | str | Path,
    footage: Footage,
    features: Features | None = None,
    progress: Progress = _nobody,
    seed: int = 0,
) -> dict:
    """The short form: what `measure` says, as far as a minute's dream and under a minute's work can tell.

    For `verdict.verdict`. Left out are VGG16, knobs, other temperatures and the footage's own minutes; a part of the
    dream is 20 seconds. features: None for EfficientNet-Lite0; where that is not installed, Fréchet distances are left
    out, too.
    """
    if not isinstance(dream, Dream):
        dream = read.load(dream)
    _check(dream, footage)
    if features is None:
        try:
            features = efficientnet()
        except UserError:  # no reason for a training to fail
            features = None
    networks = {"alex": lpips.load("alex")}
    reconstruction, _, drawn = reconstruct(dream, footage, progress, networks, SHORT)
    progress(0.0, "measuring the footage")
    own, least = moved(footage)
    scale = features and Scale(footage, features, SHORT_PART, SHORT_REFERENCE, whole_only=True)
    looks = _Looks(dream, footage, features, networks["alex"], SHORT, 1, progress)
    tell = _clock(60, progress)
    dreamt = dreaming.dream(dream, scale, own, features, 1, seed, 1.0, tell, looks.whole, SHORT_PART)
    figures = {
        "minutes": 1,
        "temperature": 1.0,
        "footage": {"frames": len(footage.frames), "change": own, "least_change": least},
        "reconstruction": reconstruction,
        **looks.figures(drawn),
        "least_change": dreamt["least_change"],
        "worst_to_first": dreamt["worst_to_first"],
        "dreams": [dreamt],
    }
    _mark(figures, dream)
    return figures | {"word": verdict.word(figures)}


def text(figures: dict) -> str:
    """The figures as a table for people, with what a good dream shows beside them."""
    return results.text(figures)


def reconstruct(
    dream: Dream,
    footage: Footage,
    progress: Progress = _nobody,
    networks: dict[str, lpips.Lpips | None] | None = None,
    extent: Extent = FULL,
) -> tuple[dict | None, list[tuple[np.ndarray, np.ndarray]], dict | None]:
    """PSNR, SSIM and LPIPS of frames left out of training, through the file's own encode and decode; a few pairs of
    them and what was drawn, uint8 [H, W, 3]; and the spectra of the two.

    None, none and None for a dream without encode, and for footage so short that nothing was left out.
    """
    from . import autoencoder
    from .judges.spectrum import Power

    left_out = np.flatnonzero(autoencoder.held_out(len(footage.frames), footage.fps))
    if "encode" not in dream.components or not len(left_out):
        return None, [], None
    chosen = left_out[evenly(len(left_out), extent.left_out)]
    count, pixels = len(chosen), dream.size[0] * dream.size[1]
    looks = {"alex": set(evenly(count, extent.lpips).tolist())}
    if extent.vgg:
        looks["vgg"] = set(evenly(count, min(extent.lpips, max(12, VGG_PIXELS // pixels))).tolist())
    shown = set(evenly(count, picture.CELLS).tolist())
    likeness, before, after, pairs = Likeness(networks or {}), Power(), Power(), []
    draw = playing.redrawing(dream)
    for done, k in enumerate(chosen):
        original = footage.frames[k]
        drawn = draw(original)
        likeness.add(original, drawn, tuple(kind for kind, which in looks.items() if done in which))
        before.add(original[None])
        after.add(drawn[None])
        if done in shown:
            pairs.append((np.array(original), np.array(drawn)))
        progress(done / count, "frames left out of training")
    return likeness.figures, pairs, {"left_out": before.figures, "drawn": after.figures}


class _Looks:
    """What is said of the first dream beside the footage. Dream `whole`, then ask for `figures`."""

    def __init__(
        self,
        dream: Dream,
        footage: Footage,
        features: Features | None,
        network: lpips.Lpips | None,
        extent: Extent,
        minutes: int,
        progress: Progress,
    ):
        self._dream, self._network, self._extent = dream, network, extent
        frames, count = footage.frames, len(footage.frames)
        long = dreaming.length(minutes, dream.fps)
        halves = [starts(footage.segments, *part) for part in ((0, count // 2), (count - count // 2, count))]
        self._count = min(extent.windows, long // LENGTH, *map(len, halves))
        self.halves = self.watched = None
        if self._count:
            begins = np.concatenate([half[evenly(len(half), self._count)] for half in halves])
            among = evenly(len(begins), self._count)
            seen, self.watched = Windows(features), Watched(self._count, features)
            for k, begin in enumerate(begins):
                window = np.array(frames[begin : begin + LENGTH])
                seen.add(window)
                if k in among:
                    self.watched.look(window)
                progress(k / len(begins), "looking at the footage")
            self.watched.windows = seen.chosen(among)
            self.halves = seen.chosen(range(self._count)), seen.chosen(range(self._count, len(begins)))
        self._variety = None
        if network:
            few = [reduced(frames[k]) for k in evenly(count, extent.variety)]
            self._variety = variety(np.stack(few), network, extent.pairs)
        known = novelty.Known(frames, footage.fps, extent.known)
        self.whole = dreaming.Whole(
            long, dream.fps, self._count, features, extent.variety, picture.CELLS, known, extent.near
        )

    def figures(self, drawn: dict | None) -> dict:
        """Of the first dream, ready for JSON. drawn: spectra of left-out frames and of what was drawn of them."""
        found = {"windows": None, "flow": None, "spectrum": None, "colour": None}
        if self._count:
            found |= together(self.whole.watched, self.watched, self.halves)
            found["spectrum"] |= drawn or {}
        dreamt = variety(np.stack(self.whole.kept), self._network, self._extent.pairs)
        found["variety"] = {"dream": dreamt, "footage": self._variety, "share": None}
        if dreamt is not None and self._variety:
            found["variety"]["share"] = dreamt / self._variety
        found["novelty"] = self.whole.novelty.figures
        return found

    def knobs(self, progress: Progress) -> dict | None:
        """What each knob changes at a few scenes; None where there is no knob, or no scene."""
        dream = self._dream
        names = [each.name for each in dream.directions[: len(playing.knobs(dream))]]
        if not names or not dream.scenes:
            return None
        progress(0.0, "turning the knobs")
        chosen = evenly(len(dream.scenes), knobs.SCENES).tolist()
        turned = list(playing.scenes(dream, chosen, True))
        following = [(k, k + 1) for k in chosen if k + 1 < len(dream.scenes)]
        plain = dict(zip(chosen, (each[0] for each in turned), strict=True))
        missing = sorted({k for pair in following for k in pair} - set(plain))
        plain |= dict(zip(missing, (each[0] for each in playing.scenes(dream, missing, False)), strict=True))
        neighbours = [(plain[a], plain[b]) for a, b in following]
        return knobs.figures(names, turned, neighbours, self._network)


def _check(dream: Dream, footage: Footage) -> None:
    if abs(footage.fps / dream.fps - 1) > 0.01:
        raise UserError(
            f"{dream.path.name} steps {dream.fps:g} times a second, the footage has {footage.fps:g} frames; "
            "evaluate on the footage it was trained on"
        )


def _has_temperature(dream: Dream) -> bool:
    return "temperature" in dream.controls or "step" not in dream.components


def _mark(figures: dict, dream: Dream) -> None:
    """Say of figures that their network was trained on."""
    losses = dream.provenance.get("trained_on_losses") or ()
    figures["trained_on_losses"] = list(losses)
    parts = {
        "lite0": ("windows", *figures["dreams"], *figures.get("temperatures", ())),
        "alexnet": ("variety", "knobs"),
    }
    for network, places in parts.items():
        if network in losses:
            for place in places:
                part = figures.get(place) if isinstance(place, str) else place
                if part:
                    part["trained_on"] = True
    for network, kind in (("alexnet", "alex"), ("vgg16", "vgg")):
        if network in losses and figures["reconstruction"]:
            figures["reconstruction"][f"lpips_{kind}_trained_on"] = True


def _picture(path: Path, pairs: list, dreamt: list[np.ndarray], footage: Footage) -> None:
    if pairs:
        rows = [each for each, _ in pairs], [each for _, each in pairs], dreamt
    else:
        rows = [footage.frames[k] for k in evenly(len(footage.frames), picture.CELLS)], dreamt
    count = min(map(len, rows))
    picture.write(path, [[row[k] for k in evenly(len(row), count)] for row in rows])


def _clock(total: int, progress: Progress) -> Callable[[str], None]:
    """What is called after each of `total` seconds dreamt, and adds to its text how long the rest will take."""
    begun, done = time.monotonic(), 0

    def tell(what: str) -> None:
        nonlocal done
        done += 1
        left = int((time.monotonic() - begun) / done * (total - done))
        progress(done / total, f"{what}, {left // 60}:{left % 60:02d} left")

    return tell
