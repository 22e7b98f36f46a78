"""The video GAN of 2016: python bench/video_gan.py [--iterations 4] [--batch 16] [--device auto]

Prints its weights, iterations a minute, what the published training would take here, and the time of a clip in play.
On a processor, time is that of one thread, so other work beside it changes little.
"""

import argparse
import dataclasses
import os
import time

import numpy as np
import torch
from livedream_export import moving_shapes, torch_device
from livedream_export.proof import export_component, open_session
from livedream_export.video_gan.components import Decode, ready
from livedream_export.video_gan.learner import Learner, clips
from livedream_export.video_gan.recipe import ITERATIONS, LENGTH, SIDE, Recipe

CLIPS = 12  # generated in play


def iterations(learner: Learner, count: int) -> list[float]:
    """Return the seconds of each of so many iterations; the first, which warms up, is left out."""
    frames = np.stack(list(moving_shapes.frames(SIDE, SIDE, learner.batch)))
    real = clips(frames, np.arange(learner.batch) * LENGTH).to(learner.device)
    cuda = learner.device.type == "cuda"
    now = time.perf_counter if cuda else time.process_time
    took = []
    for _ in range(count + 1):
        began = now()
        learner.iterate(real)
        if cuda:
            torch.cuda.synchronize()
        took.append(now() - began)
    return took[1:]


def playing(learner: Learner) -> list[float]:
    """Return the seconds that each clip takes in ONNX Runtime, on one thread."""
    decode = Decode(ready(learner.generator, dataclasses.replace(learner.recipe, statistics=4)))
    run = open_session(export_component(decode, [torch.zeros(1, learner.recipe.noise)])).run
    took = []
    for k in range(CLIPS):
        noise = np.random.default_rng(k).standard_normal((1, learner.recipe.noise)).astype(np.float32)
        began = time.process_time()
        run(None, {"latent": noise})
        took.append(time.process_time() - began)
    return took


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--iterations", type=int, default=4)
    parser.add_argument("--batch", type=int, default=0)
    parser.add_argument("--device", default="auto")
    options = parser.parse_args()
    device = torch_device.choose(options.device)
    if device.type == "cpu":
        torch.set_num_threads(1)
    changed = {"batch": options.batch, "processor_batch": options.batch} if options.batch else {}
    learner = Learner(dataclasses.replace(Recipe(), **changed), device)
    for network in (learner.generator, learner.discriminator):
        print(f"{type(network).__name__:14} {sum(each.numel() for each in network.parameters()):12,} weights")
    took = iterations(learner, options.iterations)
    least, median = min(took), float(np.median(took))
    print(f"an iteration of {learner.batch} clips on {device}: {least:.2f} s, median {median:.2f} s")
    print(f"{60 / median:.3g} iterations a minute")
    hours = ITERATIONS * median * Recipe().batch / learner.batch / 3600
    print(f"the published {ITERATIONS} iterations of {Recipe().batch} clips: {hours:.0f} hours, {hours / 24:.1f} days")
    took = playing(learner)
    print(f"a clip of {LENGTH} frames in play: {1e3 * min(took):.0f} ms, median {1e3 * float(np.median(took)):.0f} ms")
    load = " ".join(f"{each:.1f}" for each in os.getloadavg())
    print(f"load {load}")


if __name__ == "__main__":
    main()
