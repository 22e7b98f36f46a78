"""`livedream evaluate`: how good a dream is, in figures: does it draw the footage, does it keep moving, does it hold
together?

**Reconstruction.** Frames that training left out (the last second of every ten), at most 240 evenly chosen, go through
the file's own encode and decode. PSNR in dB of each picture, its mean and its least; mean SSIM.

**Never stuck.** The dream plays from its first scene at speed 1 with nobody's hand on it, every step taken. Once a
second a pair of neighbouring frames, one step apart, is drawn; the pair's change is their mean absolute difference
in grey levels. The figure is the least mean change over any 4 seconds (4 pairs), divided by the footage's own mean
change: its pairs are taken once a second too, never across a cut.

**Never dissolved.** The first frames of a dreamt minute's pairs, 60, against 160 frames evenly chosen from the whole
footage: Fréchet distance of features (features.py). First minute: divided by the distance between the footage's two
halves, 60 frames evenly chosen of one against 160 of the other, the mean of both ways round. Later minutes: the
largest, divided by the first's. The distance grows as samples get fewer, so the counts are always 60 and 160; footage
with fewer frames in a half lowers them for all alike. For scale, each whole minute of the footage is also held
against 160 frames of the rest of it.
"""

import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from livedream import UserError
from livedream.backend import cpu
from livedream.dream import read
from livedream.dream.dream import Component, Dream
from livedream.play import table as tables
from livedream.play.player import Player

from . import preview
from . import sources as footage_sources
from .cache import Footage, Progress
from .features import Features, efficientnet, frechet

LEFT_OUT = 240  # frames reconstructed at most
MINUTE, REFERENCE = 60, 160  # frames on the two sides of every Fréchet distance
WINDOW = 4  # seconds over which a dream may not stand still
# What a good dream shows; PSNR as trained on two CPU cores (28 with a GPU).
LIMITS = {"psnr_db": 24.0, "least_change": 0.20, "first_to_halves": 3.0, "worst_to_first": 1.5}


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
) -> dict:
    """The figures of a dream file against its footage, ready for JSON; `text` makes a table of them.

    model: path or name of a dream. sources: files and folders, or "rainbow-road:". minutes: dreamt with each seed.
    progress(share 0..1, text) is called now and then; None shows it on stderr. features: None for EfficientNet-Lite0.
    Raises UserError for a dream, footage or length that will not do, and when the network is not installed.
    """
    if int(minutes) != minutes or minutes < 1:
        raise UserError(f"--minutes {minutes}: whole minutes, at least 1")
    if not seeds:
        raise UserError("evaluate: name at least one seed")
    dream = read.load(model)
    features = features or efficientnet()
    progress = progress or preview.Progress().share
    footage = footage_sources.read(sources, dream.size, dream.fps, progress)
    return measure(dream, footage, features, int(minutes), seeds, temperature, progress)


def measure(
    dream: Dream,
    footage: Footage,
    features: Features,
    minutes: int,
    seeds: Sequence[int],
    temperature: float = 1.0,
    progress: Progress = _nobody,
) -> dict:
    """What `evaluate` returns, of a loaded dream and footage of its size and rate."""
    if abs(footage.fps / dream.fps - 1) > 0.01:
        raise UserError(
            f"{dream.path.name} steps {dream.fps:g} times a second, the footage has {footage.fps:g} frames; "
            "evaluate on the footage it was trained on"
        )
    reconstruction = reconstruct(dream, footage, progress)
    progress(0.0, "measuring the footage")
    scale = _Scale(footage, features)
    tell = _clock(len(seeds) * minutes * 60, progress)
    dreams = [_dreamt(dream, scale, features, minutes, seed, temperature, tell) for seed in seeds]
    return {
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
        "dreams": dreams,
        "least_change": min(each["least_change"] for each in dreams),
        "first_to_halves": max(each["first_to_halves"] for each in dreams),
        "worst_to_first": max(each["worst_to_first"] for each in dreams),
        "limits": LIMITS,
    }


def reconstruct(dream: Dream, footage: Footage, progress: Progress = _nobody) -> dict | None:
    """PSNR and SSIM of frames left out of training, through the file's own encode and decode.

    None for a dream without encode, and for footage so short that nothing was left out.
    """
    from . import autoencoder

    left_out = np.flatnonzero(autoencoder.held_out(len(footage.frames), footage.fps))
    if "encode" not in dream.components or not len(left_out):
        return None
    chosen = left_out[_evenly(len(left_out), LEFT_OUT)]
    parts = [dream.components["encode"], dream.components["decode"]]
    (encode, encode_rest), (decode, decode_rest) = ((_load(part), _resting(part, dream)) for part in parts)
    image = np.full((1, *footage.frames.shape[1:3], 4), 255, np.uint8)
    psnr, alike = [], []
    for done, k in enumerate(chosen):
        image[0, ..., :3] = footage.frames[k]
        latents = encode({**encode_rest, "image": image})
        drawn = decode({**decode_rest, **{name: latents[name] for name in dream.latents}})["frame"][..., :3]
        psnr.append(float(autoencoder.psnr(image[..., :3], drawn)[0]))
        alike.append(ssim(image[0, ..., :3], drawn[0]))
        progress(done / len(chosen), "frames left out of training")
    return {
        "frames": len(chosen),
        "psnr_db": float(np.mean(psnr)),
        "psnr_db_least": min(psnr),
        "ssim": float(np.mean(alike)),
    }


def ssim(a: np.ndarray, b: np.ndarray) -> float:
    """Structural similarity of two pictures, uint8 [H, W, 3], at least 11 pixels a side; 1 when they are equal.

    Wang et al., "Image Quality Assessment", IEEE TIP 2004, of their luma (BT.601): Gaussian window of 11 pixels,
    deviation 1.5, without the border.
    """
    window = np.exp(-(np.arange(-5.0, 6.0) ** 2) / (2 * 1.5**2)).astype(np.float32)
    window /= window.sum()

    def blurred(x: np.ndarray) -> np.ndarray:
        for _ in range(2):  # down, then across
            x = sum(weight * x[k : len(x) - 10 + k] for k, weight in enumerate(window)).T
        return x

    x, y = (each @ np.float32([0.299, 0.587, 0.114]) for each in (a, b))
    mx, my, xx, yy, xy = map(blurred, (x, y, x * x, y * y, x * y))
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    light = (2 * mx * my + c1) / (mx**2 + my**2 + c1)
    structure = (2 * (xy - mx * my) + c2) / (xx - mx**2 + yy - my**2 + c2)
    return float((light * structure).mean())


class _Scale:
    """What the footage itself shows, and what dreams are held against.

    change: mean of its pairs', grey levels. least_change: of any 4 seconds, as a share of it. halves: Fréchet distance
    between its two halves. minutes: that of each of its whole minutes to the rest of it.
    """

    def __init__(self, footage: Footage, features: Features):
        frames, count = footage.frames, len(footage.frames)
        starts = {start for start, _ in footage.segments}
        seconds = (round(second * footage.fps) for second in range(int(count / footage.fps)))
        pairs = [k for k in seconds if k + 1 < count and k + 1 not in starts]
        changes = [change(frames[k], frames[k + 1]) for k in pairs]
        if not np.mean(changes or [0]):
            raise UserError("the footage does not move, so nothing can be said about a dream of it")
        self.change = float(np.mean(changes))
        self.least_change = float(rolling(changes).min() / self.change)
        half = count // 2
        self.minute, self.reference = min(MINUTE, half), min(REFERENCE, half)

        def seen(indices: np.ndarray, at_most: int) -> np.ndarray:
            return features(frames[indices[_evenly(len(indices), at_most)]])

        def apart(a: np.ndarray, b: np.ndarray) -> float:
            return frechet(seen(a, self.minute), seen(b, self.reference))

        everything = np.arange(count)
        one, other = everything[:half], everything[count - half :]
        self.halves = (apart(one, other) + apart(other, one)) / 2
        self.whole = seen(everything, self.reference)
        long = round(60 * footage.fps)
        runs = [np.arange(k, k + long) for k in range(0, count - long + 1, long)] if count >= 2 * long else []
        self.minutes = [apart(run, np.setdiff1d(everything, run)) for run in runs]

    def apart(self, minute: np.ndarray) -> float:
        """Fréchet distance of a dreamt minute's features [60, F] to the footage."""
        return frechet(minute[_evenly(len(minute), self.minute)], self.whole)


def _dreamt(dream, scale: _Scale, features: Features, minutes: int, seed: int, temperature: float, tell) -> dict:
    """The figures of one seed."""
    player = Player(dream, _load)
    pictures = pairs(player, seed, temperature)
    changes, distances = [], []
    for minute in range(minutes):
        firsts = []
        for _ in range(60):
            first, neighbour = next(pictures)
            changes.append(change(first, neighbour))
            firsts.append(first)
            tell(f"dreaming with seed {seed}, minute {minute + 1} of {minutes}")
        distances.append(scale.apart(features(np.stack(firsts))))
    worst = int(np.argmax(distances))
    return {
        "seed": seed,
        "steps": player.steps,
        "lost": player.lost,
        "change": float(np.mean(changes)),
        "mean_change": float(np.mean(changes) / scale.change),
        "least_change": float(rolling(changes).min() / scale.change),
        "least_change_at_s": int(rolling(changes).argmin()),
        "frechet": distances,
        "worst_minute": worst + 1,
        "first_to_halves": distances[0] / scale.halves,
        "worst_to_first": distances[worst] / distances[0],
    }


def pairs(player: Player, seed: int, temperature: float) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Once a second of the dream, for ever, two pictures one step apart, uint8 [H, W, 3]; every step is taken."""
    dream = player.dream
    table = tables.of(dream, seed)
    table.set("dream/temperature", [temperature])
    table.tick(60.0)  # after it nothing glides
    values = table.tick(0.0)
    player.move(0, dream.fps, values)
    stands = 0
    for second in itertools.count():
        shown = []
        for step in (round(second * dream.fps), round(second * dream.fps) + 1):
            player.move(max(0, step - stands), dream.fps, values)
            stands = step
            shown.append(player.draw(values)[..., :3])
        yield tuple(shown)


def change(a: np.ndarray, b: np.ndarray) -> float:
    """Mean absolute difference of two pictures, uint8, in grey levels."""
    return float((np.maximum(a, b) - np.minimum(a, b)).mean())


def rolling(changes: Sequence[float]) -> np.ndarray:
    """Mean over every WINDOW seconds, of changes measured once a second; over all of them if they are fewer."""
    window = min(WINDOW, len(changes))
    return np.convolve(changes, np.full(window, 1 / window), "valid")


def text(figures: dict) -> str:
    """The figures as a table for people, with what a good dream shows beside them."""
    limits, footage, made = figures["limits"], figures["footage"], figures["reconstruction"]
    width, height = footage["size"]
    lines = [
        f"{figures['dream']}  {width}x{height}, {footage['fps']:g} fps",
        f"footage: {', '.join(footage['sources'])}, {footage['frames']} frames",
        "",
        "reconstruction of frames left out of training",
    ]
    if made:
        good = made["psnr_db"] >= limits["psnr_db"]
        lines += [
            _row(f"PSNR of {made['frames']}", f"{made['psnr_db']:.2f} dB", f">= {limits['psnr_db']:g} dB", good),
            _row("the worst of them", f"{made['psnr_db_least']:.2f} dB"),
            _row("SSIM", f"{made['ssim']:.3f}"),
        ]
    else:
        lines.append("  not measured: the dream has no encode, or the footage is too short to leave any out")
    lines += ["", "the footage itself"]
    lines.append(_row("change between neighbours", f"{footage['change']:.2f} grey levels"))
    lines.append(_row("  least over 4 s", f"{footage['least_change']:.0%} of it"))
    lines.append(_row("Fréchet, one half to the other", f"{footage['frechet_halves']:.0f}"))
    if footage["frechet_minutes"]:
        own = footage["frechet_minutes"]
        lines.append(_row("Fréchet, a minute to the rest", f"{min(own):.0f} to {max(own):.0f}"))
    for each in figures["dreams"]:
        least, first, worst = (each[name] for name in ("least_change", "first_to_halves", "worst_to_first"))
        minutes = len(each["frechet"])
        lines += [
            "",
            f"{minutes} minute{'s' * (minutes > 1)} dreamt at temperature {figures['temperature']:g}, "
            f"seed {each['seed']}: {each['steps']} steps" + (f", {each['lost']} lost" if each["lost"] else ""),
            _row("change between neighbours", f"{each['mean_change']:.0%} of the footage's"),
            _row(
                "  least over 4 s",
                f"{least:.0%} (at {each['least_change_at_s']} s)",
                f"> {limits['least_change']:.0%}",
                least > limits["least_change"],
            ),
            _row(
                "Fréchet, first minute",
                f"{each['frechet'][0]:.0f} = {first:.2f} x the halves'",
                f"<= {limits['first_to_halves']:g} x",
                first <= limits["first_to_halves"],
            ),
            _row(
                "Fréchet, worst minute",
                f"{max(each['frechet']):.0f} = {worst:.2f} x the first's (minute {each['worst_minute']})",
                f"<= {limits['worst_to_first']:g} x",
                worst <= limits["worst_to_first"],
            ),
        ]
    return "\n".join(lines)


def _row(what: str, value: str, wanted: str = "", good: bool = True) -> str:
    return f"  {what:<32}{value:<40}{wanted:<12}{('met' if good else 'MISSED') if wanted else ''}".rstrip()


def _evenly(count: int, at_most: int) -> np.ndarray:
    """Indices of at most that many of `count`, first and last among them."""
    return np.linspace(0, count - 1, min(count, at_most)).round().astype(int)


def _load(component: Component) -> cpu.CpuRunner:
    return cpu.load(component, 1 if component.name == "step" else None)  # a step is too small to share


def _resting(component: Component, dream: Dream) -> dict[str, np.ndarray]:
    """What a component wants besides its picture or latents: states and noise of zero, controls at their defaults."""
    rest = {}
    for name, value in component.inputs.items():
        if name.startswith("control."):
            rest[name] = np.full(value.shape, dream.controls[name.removeprefix("control.")].default, np.float32)
        elif name.startswith("state.") or name in ("noise", "uniform"):
            rest[name] = np.full(value.shape, 0.5 if name == "uniform" else 0, np.float32)
    return rest


def _clock(total: int, progress: Progress) -> Callable[[str], None]:
    """What is called after each of `total` seconds dreamt, and adds to its text how long the rest will take."""
    begun, done = time.monotonic(), 0

    def tell(what: str) -> None:
        nonlocal done
        done += 1
        left = int((time.monotonic() - begun) / done * (total - done))
        progress(done / total, f"{what}, {left // 60}:{left % 60:02d} left")

    return tell
