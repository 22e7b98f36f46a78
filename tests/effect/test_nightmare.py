"""The effect `nightmare` that ships: eight styles by name, each unlike the others and the picture still to be seen."""

import numpy as np

from livedream.backend import cpu
from livedream.effect import library
from livedream.effect.applier import Applier
from tests import dreams

NAMES = [
    "haunted_house",
    "fright_night",
    "slaughterhouse",
    "toxic_city",
    "ghost_town",
    "inferno",
    "tentacle_monster",
    "alien_invasion",
]


def test_it_has_the_eight_styles_of_2016_by_name():
    effect = library.load("nightmare")
    assert effect.path.stat().st_size < 3e6
    assert effect.size == (512, 288)
    control = effect.controls["style"]
    assert (control.length, control.low, control.high) == (8, 0, 1)
    assert list(control.parts) == NAMES


def test_every_style_paints_in_its_own_way_and_keeps_what_is_there():
    effect = library.load("nightmare")
    apply = Applier(effect, cpu.load)
    picture = np.zeros((288, 512, 4), np.uint8)
    picture[:] = dreams.picture(np.zeros(3), 512, 288)[0]
    picture[96:192, 128:384, :3] = 255 - picture[96:192, 128:384, :3]  # an edge all round
    controls = [
        {"control.style": each, "control.steady": np.zeros(1, np.float32)} for each in np.eye(8, dtype=np.float32)
    ]
    painted = [apply(picture, each)[..., :3].astype(float) for each in controls]
    colours = [each.mean((0, 1)) for each in painted]
    for k in range(8):
        assert min(np.linalg.norm(colours[k] - colours[other]) for other in range(8) if other != k) > 5, NAMES[k]
        inside, outside = painted[k][120:168, 180:330], painted[k][20:70, 180:330]
        assert np.abs(inside.mean((0, 1)) - outside.mean((0, 1))).sum() > 8, NAMES[k]
