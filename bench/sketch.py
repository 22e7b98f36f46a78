"""Sketch dreams, on one core: `python bench/sketch.py [likelihood|speed|names] [--drawings FOLDER] [--dream NAME]`.

likelihood: the published recipe (Ha and Eck 2017) and ours learn the same drawings for the same minutes of processor
time; how well each foresees drawings that neither has seen, in nats a point, all in the same unit. A drawing's latent
costs nats, too (KL); their sum bounds the likelihood. So ours is trained twice, once with the latent as dear as theirs.
speed: `step` and `decode` together at each frame of ten seconds at 60 a second, in processor time of one thread (run it
with `taskset -c 0`). names: ten drawings, for somebody to name.
"""

import argparse
import dataclasses
import time
from pathlib import Path

import numpy as np
import torch

from livedream.dream import read
from livedream.loop import offline

PUBLISHED = {"latent": 128, "encoder": 256, "state": 512, "mixtures": 20, "batch": 100, "learning_rate": 1e-3}
PUBLISHED |= {"keep": 0.9, "scale": 0.15, "turn": 0.0, "drift": 0.0}
KL_WEIGHT, KL_LEAST = 0.5, 0.2  # theirs, of the mean over the latent
FOLDER = Path(__file__).resolve().parents[1].parent / "shared/drawings/kanji"


def published(recipe, device, unit):
    """Return a learner as published: it is not told where the pen is, and has the published loss.

    Left out: that points are dropped by chance, and recurrent dropout acts on the states here.
    """
    from livedream_export.sketch import learner as ours
    from livedream_export.sketch.networks import Pen

    class TheirPen(Pen):
        def forward(self, rows, latent, mask=None):
            h, c = self.start(latent)
            told = torch.cat([rows, 0 * rows[..., :2], latent[:, None].expand(-1, rows.shape[1], -1)], 2)
            states, _ = self.lstm(told, (h[None], c[None]))
            return self.predict((states if mask is None else states * mask[:, None]).flatten(0, 1))

    made = ours.Learner(recipe, device, unit)
    for network in (made.network, made.average):
        network.pen.__class__ = TheirPen
    return made


def likelihood(folder, minutes):
    """Print the table of held-out likelihoods."""
    from livedream_export.sketch import material
    from livedream_export.sketch.learner import Learner
    from livedream_export.sketch.recipe import Recipe

    recipe = Recipe()
    drawings = material.read([folder], recipe.longest).rows
    held = np.random.default_rng(0).permutation(len(drawings))[: max(16, len(drawings) // 25)]
    learned = [drawings[k] for k in np.setdiff1d(np.arange(len(drawings)), held)]
    unit = float(np.sqrt(np.square(np.concatenate(learned)[:, :2]).mean()))
    longest = max(map(len, drawings))
    theirs = dataclasses.replace(recipe, **PUBLISHED)
    # They divide a drawing's nats by the longest drawing, and take the latent's mean, of which KL_LEAST is free.
    mean = sum(map(len, learned)) / len(learned)
    weight = KL_WEIGHT * mean / theirs.latent * longest / mean
    theirs = dataclasses.replace(theirs, kl_weight=weight, kl_least=KL_LEAST)
    dear = dataclasses.replace(recipe, kl_weight=weight, kl_least=KL_LEAST * theirs.latent / recipe.latent)
    print(f"{len(learned)} drawings of {mean:.0f} points, {len(held)} more held out; {minutes} minutes each, one core")
    print("nats a point                     weights    steps    ways   flags  latent     sum")
    for name, chosen, make in (
        ("published (Ha and Eck 2017)", theirs, published),
        ("ours, latent as dear as theirs", dear, Learner),
        ("ours, as dreams are trained", recipe, Learner),
    ):
        learner = make(chosen, torch.device("cpu"), unit)
        begun = time.process_time()
        learner.learn(learned, np.random.default_rng(1), clock(begun, minutes * 60), lambda *values: None)
        ways, flags, kl = judged(learner, [drawings[k] for k in held])
        weights = sum(each.numel() for each in learner.network.parameters()) / 1e6
        total = ways + flags + kl
        print(
            f"{name:32} {weights:6.2f} M {learner.steps:7} {ways:7.2f} {flags:7.2f} {kl:7.2f} {total:7.2f}", flush=True
        )


def clock(begun, seconds):
    """Yield the share of processor time that has passed."""
    while (done := (time.process_time() - begun) / seconds) < 1:
        yield done


@torch.no_grad()
def judged(learner, drawings):
    """Return the nats a point of ways, flags and latents of drawings, their latents drawn by chance (ELBO)."""
    from livedream_export.sketch.networks import first, negative_log_likelihood

    torch.manual_seed(0)
    rows, lengths = learner.batch(drawings)
    mean, log_variance = learner.average.encoder(rows, lengths)
    kl = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(1).mean()
    inside = (torch.arange(rows.shape[1])[None] < lengths[:, None]).float()
    found = []
    for _ in range(4):
        latent = mean + torch.randn_like(mean) * (0.5 * log_variance).exp()
        mixture = learner.average.pen(torch.cat([first(len(rows)), rows[:, :-1]], 1), latent)
        flat = rows.flatten(0, 1)
        ways, _ = negative_log_likelihood(mixture, flat, inside.flatten())
        logits = torch.log_softmax(mixture.flags, 1).gather(1, flat[:, 2:].argmax(1, keepdim=True))[:, 0]
        found.append((float(ways), float(-(logits * inside.flatten()).sum() / inside.sum())))
    return *np.mean(found, 0), float(kl / lengths.float().mean())


def speed(name):
    """Print how long `step` and `decode` take at each frame."""
    from livedream.backend import cpu

    spent = [0.0]

    class Timed:
        def __init__(self, session):
            self.session = session

        def run(self, names, feeds):
            begun = time.thread_time()
            made = self.session.run(names, feeds)
            spent[0] += time.thread_time() - begun
            return made

    def load(component):
        runner = cpu.load(component)
        runner.session = Timed(runner.session)
        return runner

    took = np.zeros(660)
    dream = read.load(name)
    for number, _ in enumerate(offline.frames(dream, len(took), 60.0, seed=1, load=load)):
        took[number], spent[0] = spent[0], 0.0
    width, height = dream.size
    took = 1000 * took[60:]
    print(
        f"{name}, {width}x{height}, step + decode a frame: median {np.median(took):.1f} ms, "
        f"95 % within {np.percentile(took, 95):.1f}, 99 % within {np.percentile(took, 99):.1f} (60 a second: 16.7 ms)"
    )


def names(name, out, seed):
    """Write a picture of ten drawings as the dream shows them, in the order in which it draws them."""
    from PIL import Image

    from livedream.backend import cpu
    from livedream.picture.frame import host_pixels
    from livedream.play import dream_parameters
    from livedream.play.player import Player

    dream = read.load(name)
    table = dream_parameters.of(dream, seed)
    table.set("dream/speed", (4.0,), "bench")
    player, pictures, last, ink = Player(dream, cpu.load), [], None, 0
    for number in range(8000):
        values = table.tick(1 / 60)
        player.move(1 if number else 0, 60, values)
        pixels = host_pixels(player.draw(values))[..., :3]
        dark = int((pixels[::4, ::4].mean(2) < 90).sum())
        if last is not None and dark < 0.7 * ink and ink > 40:
            pictures.append(last)
            ink = 0
            if len(pictures) == 10:
                break
        elif dark >= ink:
            last, ink = pixels.copy(), dark
        if dark < 4:
            last, ink = None, 0
    small = [np.asarray(Image.fromarray(each).resize((300, 300), Image.LANCZOS)) for each in pictures]
    sheet = np.concatenate([np.concatenate(small[k : k + 5], 1) for k in range(0, len(small), 5)])
    Image.fromarray(sheet).save(out)
    print(f"{len(small)} drawings in {out}: name them")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="*", default=["likelihood", "speed", "names"])
    parser.add_argument("--drawings", default=FOLDER)
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--dream", action="append", default=[])
    parser.add_argument("--out", default=".", help="folder of the pictures")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(1)
    for dream in options.dream or ["kanji", "icons"]:
        if "speed" in options.what:
            speed(dream)
        if "names" in options.what:
            names(dream, Path(options.out) / f"{Path(dream).stem}-names.png", options.seed)
    if "likelihood" in options.what:
        likelihood(options.drawings, options.minutes)


if __name__ == "__main__":
    main()
