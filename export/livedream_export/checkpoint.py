"""All that is needed to resume a training run, in one file: `NAME.run/checkpoint.pt`."""

import io
from collections.abc import Mapping, Set
from pathlib import Path
from typing import Any

import torch

from livedream import UserError
from livedream.system.atomic import atomic_write


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
