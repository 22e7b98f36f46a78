"""All that is needed to resume a training run, in one file: `NAME.run/checkpoint.pt`."""

import io
from collections.abc import Mapping, Set
from pathlib import Path
from typing import Any

import torch

from livedream import UserError
from livedream.system.atomic import atomic_write

from .hyperparameters import Hyperparameters

REQUIRED = {"autoencoder", "average", "recurrent", "hp", "spent", "used", "steps", "sha256", "size"}
# Names of hyperparameters and buffers in checkpoints up to version 0.2.0.
RENAMED_HYPERPARAMETERS = {
    "most_memories": "max_memories",
    "rate": "learning_rate",
    "average": "ema_decay",
    "edges": "edge_weight",
    "squares": "squared_weight",
    "divergence": "kl_weight",
    "recognition": "cycle_weight",
    "coarse": "full_size_from",
    "perceptual": "perceptual_weight",
    "nearness": "distance_weight",
    "remember_rate": "remember_learning_rate",
    "recurrent_rate": "recurrent_learning_rate",
    "own_steps": "rollout_steps",
    "farthest": "max_drift",
    "least_deviation": "min_std",
    "most_deviation": "max_std",
}
RENAMED_BUFFERS = {"deviation": "std", "pace": "step_scale"}


def save(path: Path, saved: Mapping[str, Any]) -> None:
    """Write a checkpoint of tensors, numbers, strings, lists and dictionaries. Raises UserError if the disk refuses."""
    data = io.BytesIO()
    torch.save(saved, data)
    atomic_write(path, data.getvalue())


def read(path: Path, required: Set[str]) -> dict[str, Any]:
    """Read a checkpoint of any kind to the CPU without running code that a file may hold.

    Raises:
        UserError: there is no checkpoint, it is damaged, or it lacks what is `required`.
    """
    try:
        saved = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise UserError(f"{path}: there is no checkpoint; train without --resume first") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None
    except Exception as error:  # whatever unpickling a damaged file may raise
        kind = type(error).__name__
        raise UserError(f"{path}: damaged, or not a checkpoint ({kind}); train without --resume") from None
    if not isinstance(saved, dict) or not saved.keys() >= required:
        raise UserError(f"{path}: not a checkpoint of livedream train, or of another kind")
    return saved


def load(path: Path) -> dict[str, Any]:
    """Read the checkpoint of a vae-rnn dream, as `read` does. "hp" comes as Hyperparameters.

    Raises:
        UserError: as `read`, or another version of livedream made it.
    """
    saved = read(path, REQUIRED)
    try:
        if "remembers" not in saved["hp"]:
            raise UserError(f"{path}: made by an earlier livedream, whose networks were others; train without --resume")
        hp = {RENAMED_HYPERPARAMETERS.get(name, name): value for name, value in saved["hp"].items()}
        hp["widths"] = tuple(hp["widths"])
        recurrent = {RENAMED_BUFFERS.get(name, name): value for name, value in saved["recurrent"].items()}
        return saved | {"hp": Hyperparameters(**hp), "recurrent": recurrent}
    except (TypeError, AttributeError, KeyError):
        raise UserError(f"{path}: made by another version of livedream; train without --resume") from None
