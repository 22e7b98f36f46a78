"""`livedream evaluate`: how good a dream is, in figures.

Does it render the footage, does it look and move like it, is it a dream rather than a replay, does it keep moving, does
it hold together?

**Reconstruction.** Frames held out of training (the last second of every ten), at most 240 evenly chosen, pass through
the file's own encode and decode. PSNR in dB of each picture, its mean and its least; mean SSIM; mean LPIPS on AlexNet
and on VGG16 of at most 96 of them (judges/likeness.py, judges/lpips.py).

**The first dream.** The dream plays from its first scene at speed 1 without a performer, every step taken; its pictures
are measured as a stream, so memory stays flat however long it is. Windows of 16 frames, evenly over the dream, are
compared with as many of the footage, and the footage's halves with each other for scale: Fréchet distances, motion
(judges/windows.py), the part of a change that motion does not explain (flow.py), slope of the spectrum and lattice
(spectrum.py), colour and contrast (colour.py). Besides: variety (variety.py), nearness to the footage and replay
(novelty.py), the effect of knobs (knobs.py).

**Never stuck, never dissolved.** For every seed, and for the first one at other temperatures: judges/minutes.py.

A figure whose network the dream was trained on is too good; it is marked so, by the dream's provenance.
"""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from livedream import UserError
from livedream.dream import read
from livedream.dream.dream import Dream

from . import kinds, preview
from . import sources as footage_sources
from .arrays import Rgb
from .cache import Footage, Progress
from .features import Features, efficientnet
from .judges import dreaming, lpips, picture, results, verdict
from .judges.asked import Asked
from .judges.first_dream import FULL, SHORT, FirstDream
from .judges.minutes import Scale, changes
from .judges.reconstruction import reconstruct
from .judges.windows import evenly

# Limits for a good dream; PSNR as trained on two CPU cores (28 with a GPU).
LIMITS = {"psnr_db": 24.0, "least_change": 0.20, "first_to_halves": 3.0, "worst_to_first": 1.5}
TEMPERATURES = (0.5, 1.0, 1.3)
SHORT_PART, SHORT_REFERENCE = 20, 60  # seconds, and frames of a dream's part, and of the footage beside it


def _silent(share: float, text: str) -> None:
    """Show no progress."""


def judge(model: str | Path, sources: Sequence[str | Path], asked: Asked) -> tuple[dict[str, Any], str]:
    """Judge a dream as its kind is judged. Returns figures, ready for JSON, and a table of them for people.

    Args:
        model: path or name of a dream.
        sources: what it was trained on.
        asked: how much is measured.

    Raises:
        UserError: dream or material cannot be used, or a network is not installed.
    """
    if not asked.seeds:
        raise UserError("evaluate: name at least one seed")
    if asked.sheet:
        _must_be_jpeg(asked.sheet)
    dream = read.load(model)
    return kinds.judge(dream.kind)(dream, sources, asked)


def of_motion(dream: Dream, sources: Sequence[str | Path], asked: Asked) -> tuple[dict[str, Any], str]:
    """Judge a dream that moves as its footage does, as `evaluate` does."""
    wanted = asked.minutes, asked.seeds, asked.temperature, asked.progress
    found = evaluate(dream, sources, *wanted, sheet=asked.sheet)
    return found, text(found)


def evaluate(
    model: Dream | str | Path,
    sources: Sequence[str | Path],
    minutes: int = 60,
    seeds: Sequence[int] = (0, 1, 2),
    temperature: float = 1.0,
    progress: Progress | None = None,
    features: Features | None = None,
    sheet: Path | None = None,
) -> dict[str, Any]:
    """Return the figures of a dream file beside its footage, ready for JSON; `text` makes a table of them.

    Args:
        model: a dream, or its path or name.
        sources: files and folders, or "rainbow-road:".
        minutes: dreamt with each seed.
        seeds: of the dreams.
        temperature: of the dreams.
        progress: called with share (0 to 1) and text now and then; None shows it on stderr.
        features: None for EfficientNet-Lite0.
        sheet: a JPEG file to write: footage, the same rendered, and the dream.

    Raises:
        UserError: dream, footage or length cannot be used, or the network is not installed.
    """
    if int(minutes) != minutes or minutes < 1:
        raise UserError(f"--minutes {minutes}: whole minutes, at least 1")
    if not seeds:
        raise UserError("evaluate: name at least one seed")
    if sheet:
        _must_be_jpeg(sheet)
    dream = model if isinstance(model, Dream) else read.load(model)
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
    progress: Progress = _silent,
    temperatures: Sequence[float] = TEMPERATURES,
    sheet: Path | None = None,
) -> dict[str, Any]:
    """Return what `evaluate` does, for a loaded dream and footage of its size and rate.

    temperatures: those at which the first seed dreams as long, too.
    """
    _check(dream, footage)
    networks = {"alex": lpips.load("alex"), "vgg": lpips.load("vgg")}
    reconstruction, pairs, power = reconstruct(dream, footage, progress, networks, FULL)
    progress(0.0, "measuring the footage")
    scale = Scale(footage, features)
    others = [each for each in temperatures if each != temperature] if _has_temperature(dream) else []
    first = FirstDream(dream, footage, features, networks["alex"], FULL, minutes, progress)
    turned = first.knobs(progress)
    tell = _clock((len(seeds) + len(others)) * minutes * 60, progress)

    def dreamt(seed: int, temperature: float, observer: dreaming.Observer | None = None) -> dict[str, Any]:
        return dreaming.measure(dream, scale, scale.change, features, minutes, seed, temperature, tell, observer)

    dreams = [dreamt(seed, temperature, None if k else first.observer) for k, seed in enumerate(seeds)]
    by_temperature = [{"temperature": temperature, **dreams[0]}]
    by_temperature += [{"temperature": each, **dreamt(seeds[0], each)} for each in others]
    if sheet:
        _picture(sheet, pairs, first.observer.shown, footage)
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
        **first.figures(power),
        "knobs": turned,
        "dreams": dreams,
        "temperatures": sorted(by_temperature, key=lambda each: float(each["temperature"])),
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
    progress: Progress = _silent,
    seed: int = 0,
) -> dict[str, Any]:
    """Return the short form of `measure`, from one minute of dream in under a minute, for `verdict.verdict`.

    It leaves out VGG16, knobs, other temperatures and the footage's own minutes; a part of the dream is 20 seconds.
    features: None for EfficientNet-Lite0; where that is not installed, Fréchet distances are left out, too.
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
    reconstruction, _, power = reconstruct(dream, footage, progress, networks, SHORT)
    progress(0.0, "measuring the footage")
    own, least = changes(footage)
    scale = Scale(footage, features, SHORT_PART, SHORT_REFERENCE, reference_only=True) if features else None
    first = FirstDream(dream, footage, features, networks["alex"], SHORT, 1, progress)
    tell = _clock(60, progress)
    dreamt = dreaming.measure(dream, scale, own, features, 1, seed, 1.0, tell, first.observer, SHORT_PART)
    figures = {
        "minutes": 1,
        "temperature": 1.0,
        "footage": {"frames": len(footage.frames), "change": own, "least_change": least},
        "reconstruction": reconstruction,
        **first.figures(power),
        "least_change": dreamt["least_change"],
        "worst_to_first": dreamt["worst_to_first"],
        "dreams": [dreamt],
    }
    _mark(figures, dream)
    return figures | {"word": verdict.word(figures)}


def text(figures: dict[str, Any]) -> str:
    """Return the figures as a table for people, with the limits for a good dream."""
    return results.text(figures)


def _must_be_jpeg(sheet: Path) -> None:
    if sheet.suffix.lower() not in (".jpg", ".jpeg") or not sheet.absolute().parent.is_dir():
        raise UserError(f"--picture {sheet}: name a .jpg in a folder that is there")


def _check(dream: Dream, footage: Footage) -> None:
    if abs(footage.fps / dream.fps - 1) > 0.01:
        raise UserError(
            f"{dream.path.name} steps {dream.fps:g} times a second, the footage has {footage.fps:g} frames; "
            "evaluate on the footage it was trained on"
        )


def _has_temperature(dream: Dream) -> bool:
    return "temperature" in dream.controls or "step" not in dream.components


def _mark(figures: dict[str, Any], dream: Dream) -> None:
    """Mark figures whose network the dream was trained on."""
    given = dream.provenance.get("trained_on_losses")
    losses = list(given) if isinstance(given, (list, tuple)) else []
    figures["trained_on_losses"] = losses
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


def _picture(path: Path, pairs: Sequence[tuple[Rgb, Rgb]], dreamt: Sequence[Rgb], footage: Footage) -> None:
    """Write the page of pictures for `--picture`."""
    rows: list[Sequence[Rgb]]
    if pairs:
        rows = [[each for each, _ in pairs], [each for _, each in pairs], dreamt]
    else:
        rows = [[footage.frames[k] for k in evenly(len(footage.frames), picture.CELLS)], dreamt]
    count = min(map(len, rows))
    picture.write(path, [[row[k] for k in evenly(len(row), count)] for row in rows])


def _clock(total: int, progress: Progress) -> Callable[[str], None]:
    """Return a function to call after each of `total` dreamt seconds, which adds the time left to its text."""
    begun, done = time.monotonic(), 0

    def tell(what: str) -> None:
        nonlocal done
        done += 1
        left = int((time.monotonic() - begun) / done * (total - done))
        progress(done / total, f"{what}, {left // 60}:{left % 60:02d} left")

    return tell
