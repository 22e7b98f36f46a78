"""Eight horror pictures that the project makes itself: what the Nightmare is trained on, without anybody's painting.

The names are those of the Nightmare Machine's styles (Yanardag, Cebrian, Rahwan; MIT Media Lab, 2016).
"""

import importlib

import numpy as np
from numpy.typing import NDArray

NAMES = (
    "haunted_house",
    "fright_night",
    "slaughterhouse",
    "toxic_city",
    "ghost_town",
    "inferno",
    "tentacle_monster",
    "alien_invasion",
)
SIZE = 768


def picture(name: str, size: int = SIZE) -> NDArray[np.uint8]:
    """Return one of the pictures, uint8 [size, size, 3], sRGB; always the same.

    Args:
        name: One of NAMES.
        size: Height and width, from 96.
    """
    made = importlib.import_module(f"livedream_export.nightmare.{name}").paint(size)
    return np.asarray(np.round(np.clip(made, 0, 1) * 255), np.uint8)
