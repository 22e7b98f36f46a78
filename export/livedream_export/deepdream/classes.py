"""A dream of classes of ImageNet: the directions among the channels that raise their scores.

The gradient of a score itself, through all of the network, finds grain that only the network can see, as adversarial
pictures do. The mean direction at middle blocks, over many pictures, finds shapes that people see too.
"""

import re
from collections.abc import Sequence
from importlib.resources import files

import numpy as np
import torch

from livedream import UserError, did_you_mean

from .controls import DEPTH, Control
from .seeds import DIRECTED, Free

NAMES = "classes.txt"  # a class a line, its synonyms separated by commas (WordNet's, by timm, Apache-2.0)
DIRECTIONS = "classes.npz"  # of each class among the channels of two blocks, found by groups.py
MOST = 16  # classes in one file


FREE = Control("free", 0, 1, 0.3, "0: only what it was made of; 1: also what the network sees by itself")
DEEP = 2.6  # the depth at which classes are easiest to tell


class Classes(Free):
    """More of some classes, at every place of the one that it resembles most.

    Args:
        numbers: of the classes, 0..999.
    """

    def __init__(self, numbers: Sequence[int]):
        names = [control_name(_lines()[number].split(",")[0]) for number in numbers]
        names = [f"{name}_{k}" if name in names[:k] else name for k, name in enumerate(names)]
        with np.load(str(files(__package__) / DIRECTIONS)) as stored:
            found = {each: torch.from_numpy(stored[f"directions_{each}"][list(numbers)]).float() for each in DIRECTED}
        own = [Control(name, 0, 1, 1, f"how much of {name.replace('_', ' ')} is dreamed") for name in names]
        super().__init__(found, own, rivals=True)
        self.controls = (DEPTH._replace(default=DEEP), FREE, *own)


def find(names: Sequence[str]) -> list[int]:
    """Return the numbers of classes by name, or by number as text; letter case and spaces or underscores do not matter.

    Raises UserError for an unknown one, and for more than MOST.
    """
    known: dict[str, int] = {}
    for number, line in enumerate(_lines()):
        for name in (each.strip().lower() for each in line.split(",")):
            known.setdefault(name, number)
    found: list[int] = []
    for name in names:
        plain = name.replace("_", " ").strip().lower()
        if plain.isdigit() and int(plain) < len(_lines()):
            number = int(plain)
        elif plain in known:
            number = known[plain]
        else:
            raise UserError(f"--classes {name}: no class of ImageNet{did_you_mean(plain, known)}")
        found += [number] if number not in found else []
    if len(found) > MOST:
        raise UserError(f"--classes: at most {MOST}, found {len(found)}")
    return found


def control_name(text: str) -> str:
    """Return a class's name as the contract allows it for a control."""
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")


def _lines() -> list[str]:
    return (files(__package__) / NAMES).read_text("utf-8").splitlines()
