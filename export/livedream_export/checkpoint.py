"""All that is needed to go on with a training run, in one file: `NAME.run/checkpoint.pt`."""

import io
from pathlib import Path

import torch

from livedream import UserError
from livedream.system.atomic import atomic_write

from .hyperparameters import Hyperparameters

NEEDED = {"autoencoder", "average", "recurrent", "hp", "spent", "used", "steps", "sha256", "size"}


def save(path: Path, saved: dict) -> None:
    """Write a checkpoint of tensors, numbers, strings, lists and dictionaries. UserError when the disk refuses."""
    data = io.BytesIO()
    torch.save(saved, data)
    atomic_write(path, data.getbuffer())


def load(path: Path) -> dict:
    """Read one back, on the CPU; runs no code that a file may hold. "hp" comes as Hyperparameters.

    UserError when there is none, or it is damaged.
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
    if not isinstance(saved, dict) or not saved.keys() >= NEEDED:
        raise UserError(f"{path}: not a checkpoint of livedream train")
    try:
        if "remembers" not in saved["hp"]:
            raise UserError(f"{path}: made by an earlier livedream, whose networks were others; train without --resume")
        kept = {name: tuple(v) if isinstance(v, list) else v for name, v in saved["hp"].items()}
        return saved | {"hp": Hyperparameters(**kept)}
    except (TypeError, AttributeError):
        raise UserError(f"{path}: made by another version of livedream; train without --resume") from None
