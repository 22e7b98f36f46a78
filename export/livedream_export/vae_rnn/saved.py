"""Reads the checkpoint of a vae-rnn run, also of one made by an earlier version."""

from pathlib import Path
from typing import Any

from livedream import UserError

from .. import checkpoint
from .recipe import Recipe

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


def load(path: Path) -> dict[str, Any]:
    """Read the checkpoint of a vae-rnn dream, as checkpoint.read does. "hp" comes as Recipe.

    Raises:
        UserError: as checkpoint.read, or another version of livedream made it.
    """
    saved = checkpoint.read(path, REQUIRED)
    try:
        if "remembers" not in saved["hp"]:
            raise UserError(f"{path}: made by an earlier livedream, whose networks were others; train without --resume")
        hp = {RENAMED_HYPERPARAMETERS.get(name, name): value for name, value in saved["hp"].items()}
        hp["widths"] = tuple(hp["widths"])
        recurrent = {RENAMED_BUFFERS.get(name, name): value for name, value in saved["recurrent"].items()}
        return saved | {"hp": Recipe(**hp), "recurrent": recurrent}
    except (TypeError, AttributeError, KeyError):
        raise UserError(f"{path}: made by another version of livedream; train without --resume") from None
