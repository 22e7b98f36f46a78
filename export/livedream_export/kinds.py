"""The kinds of `livedream train`: what each makes, the options it takes, and the function that trains it."""

import importlib
from argparse import Namespace
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from livedream import UserError, did_you_mean

from .training_status import TrainingStatus

Train = Callable[[Namespace, TrainingStatus], Path | None]
Export = Callable[[Path, Path], Path]  # checkpoint and dream file
Judge = Callable[[Any, Sequence[str | Path], Any], tuple[dict[str, Any], str]]  # see evaluate.judge
ANY = {"footage", "out", "kind", "seed", "title", "preview", "verbose"}  # options of every kind


@dataclass(frozen=True)
class Kind:
    """A kind of dream or effect.

    Attributes:
        line: what it makes, in a line.
        entry: "module:function" that trains it, imported when it is called. It takes the parsed options and a
            TrainingStatus to keep up to date, and returns the file, or None when Ctrl-C came before there was any.
        footage: whether it is trained on FOOTAGE: "needed", "optional" or "none".
        effect: whether it makes an effect.
        judge: "module:function" that `livedream evaluate` judges its dreams by, imported when it is called; see
            evaluate.judge.
        pictures: whether FOOTAGE may be single pictures, too, that are no sequence.
        options: those it takes beside ANY, by name as argparse has it, and their defaults.
    """

    line: str
    entry: str
    footage: str = "needed"
    effect: bool = False
    pictures: bool = False
    judge: str = "livedream_export.evaluate:of_motion"
    options: Mapping[str, Any] = field(default_factory=dict)

    def train(self) -> Train:
        """Import the function that trains it."""
        found: Train = _function(self.entry)
        return found

    def export(self) -> Export | None:
        """Import the function that makes the dream of a checkpoint; None where the kind has none."""
        found: Export | None = getattr(importlib.import_module(self.entry.partition(":")[0]), "export", None)
        return found


def _function(name: str) -> Any:
    """Import the function "module:function"."""
    module, _, function = name.partition(":")
    return getattr(importlib.import_module(module), function)


MANY = {"device": "auto", "licence": ""}  # options of most kinds

KINDS = {
    "vae-rnn": Kind(
        "a dream that moves as the footage does, without end",
        "livedream_export.vae_rnn.train:train",
        options=MANY
        | {"size": "256", "minutes": 30.0, "resume": False, "fps": None, "background": (0, 0, 0), "dry_run": False}
        | {"memories": None, "megabytes": 0.0, "tier": "live"},
    ),
    "vae": Kind(
        "a dream that wanders between your pictures, or the pictures of a clip",
        "livedream_export.vae.train:train",
        pictures=True,
        judge="livedream_export.judges.stills:judge",
        options=MANY | {"size": "256", "minutes": 20.0, "resume": False, "fps": None, "background": (0, 0, 0)},
    ),
    "gan": Kind(
        "a dream of pictures that were never there, like yours or a clip's",
        "livedream_export.gan.train:train",
        pictures=True,
        judge="livedream_export.judges.stills:judge",
        options=MANY | {"size": "256", "minutes": 20.0, "resume": False, "fps": None, "background": (0, 0, 0)},
    ),
    "two-stream": Kind(
        "a dream whose moving figures and their background are layers of their own",
        "livedream_export.two_stream.train:train",
        options=MANY | {"size": "256", "minutes": 30.0, "resume": False, "fps": None, "background": (0, 0, 0)},
    ),
    "sketch": Kind(
        "a dream that draws with a pen, stroke by stroke, as your drawings are drawn",
        "livedream_export.sketch.train:train",
        judge="livedream_export.judges.drawings:judge",
        options=MANY | {"size": "512", "minutes": 30.0, "resume": False},
    ),
    "video-gan": Kind(
        "the video GAN of 2016 as it was published: 32 frames of 64x64 at a time; for graphics cards",
        "livedream_export.video_gan.train:train",
        options=MANY | {"size": "64", "minutes": 30.0, "resume": False, "fps": None, "background": (0, 0, 0)},
    ),
    "deepdream": Kind(
        "an effect that grows eyes, fur or shapes of your own pictures on any picture",
        "livedream_export.deepdream.train:train",
        footage="none",
        effect=True,
        options=MANY | {"size": "640x360", "classes": None, "guide": None, "source": False},
    ),
    "style": Kind(
        "an effect that paints any picture as your paintings are painted",
        "livedream_export.style.train:train",
        footage="optional",
        effect=True,
        options=MANY | {"size": "512x288", "minutes": 20.0, "resume": False, "style": None, "instant": False},
    ),
    "flow": Kind(
        "an effect that moves any still as the footage moves: water, clouds, smoke",
        "livedream_export.flow.train:train",
        effect=True,
        options=MANY | {"size": "640x360", "minutes": 5.0, "fps": None},
    ),
}
"""The kinds by name; the first is the default."""

DEFAULT = next(iter(KINDS))


def find(name: str) -> Kind:
    """Return the kind of that name. Raises UserError when there is none."""
    if name not in KINDS:
        there_are = f"; there are: {', '.join(KINDS)}"
        raise UserError(f"--kind {name}: no such kind{did_you_mean(name, KINDS) or there_are}")
    return KINDS[name]


def judge(name: str) -> Judge:
    """Import the function that judges the dreams of a kind; one that is not known is judged as the default is."""
    found: Judge = _function(KINDS.get(name, KINDS[DEFAULT]).judge)
    return found


def options(name: str, footage: Sequence[Path | str] = (), **given: Any) -> Namespace:
    """Return the options of a kind as the command has them, those not given at their defaults, for a program."""
    common = {"out": None, "seed": 0, "title": "", "preview": None, "verbose": False}
    return Namespace(**{**common, **find(name).options, "kind": name, "footage": list(footage), **given})


def flag(option: str) -> str:
    """Return an option as it is typed, from its name in argparse's namespace."""
    return f"--{option.replace('_', '-')}"


def settle(options: Namespace) -> Kind:
    """Return the kind that was asked for, and give `options` its defaults where nothing was given.

    Options that are None, False or empty were not given. Raises UserError for an option of another kind, and for
    footage that is missing or of no use.
    """
    kind = find(options.kind)
    for name, value in vars(options).items():
        if name in ANY or name in kind.options:
            if value is None:
                setattr(options, name, kind.options.get(name))
        elif value not in (None, False, "", []):
            takers = " or ".join(each for each, other in KINDS.items() if name in other.options)
            raise UserError(f"{flag(name)}: an option of --kind {takers}, not of {options.kind}")
    if kind.footage == "needed" and not options.footage:
        raise UserError("FOOTAGE is missing: video files and folders, rainbow-road: or moving-shapes:")
    if kind.footage == "none" and options.footage:
        raise UserError(f"{options.footage[0]}: --kind {options.kind} is not trained on footage; leave it out")
    return kind
