"""A clip so simple, and networks so small, that a complete training run takes seconds."""

import dataclasses
import itertools
import logging
import time

import numpy as np
from livedream_export import kinds
from livedream_export.vae_rnn import train as vae_rnn
from livedream_export.vae_rnn.recipe import Recipe

from tests.export import footage_clips

logging.getLogger("torch.__trace").setLevel(logging.WARNING)  # pytest would keep thousands of its lines

SMALL = Recipe(
    latent=8,
    widths=(16, 16, 24, 24),
    warmup_steps=30,
    ema_decay=0.95,
    batch=16,
    learning_rate=5e-3,
    state=32,
    mixtures=3,
    sequence=16,
    windows=16,
    rollout_steps=6,
    recurrent_learning_rate=3e-3,
    perceptual_weight=0.0,
)
KINDS = {"remembers": SMALL, "plain": dataclasses.replace(SMALL, remembers=False)}


def square(path, seconds=4, width=32, height=32):
    """A large bright square goes around on a dark ramp, once every two seconds."""
    pictures = []
    for k in range(seconds * 25):
        picture = np.empty((height, width, 3), np.uint8)
        picture[:] = np.linspace(20, 90, width)[None, :, None]
        y, x = (int(side * (0.5 + 0.3 * f(k * np.pi / 25))) for side, f in ((height, np.sin), (width, np.cos)))
        picture[max(0, y - 8) : y + 8, max(0, x - 8) : x + 8] = (240, 180, 40)
        pictures.append(picture)
    return footage_clips.write(path, pictures, options={"crf": "10"})


def counter(step=0.01):
    """A clock that moves on a little every time it is read: runs are as long on any machine."""
    return itertools.count(0.0, step).__next__


def train(clip, out, hp=SMALL, now=time.monotonic, status=None, **given):
    """A whole run of vae-rnn, as the command makes it."""
    options = kinds.options("vae-rnn", [clip], **{"out": out, "size": "32"} | given)
    return vae_rnn.train(options, status, hp, now)


def run_on(clip, out, hp=SMALL, step=0.05, **given):
    """A run of vae-rnn that has read its footage."""
    options = kinds.options("vae-rnn", [clip], **{"out": out, "size": "32", "minutes": 1.0, "device": "cpu"} | given)
    run = vae_rnn.Run(options, hp, now=counter(step))
    run.prepare()
    return run
