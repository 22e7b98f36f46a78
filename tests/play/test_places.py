"""Places pass into one another: both are seen, none between them, and nothing jumps."""

import dataclasses
import functools

import numpy as np
import pytest

from livedream.dream import read
from livedream.play.places import crossfade, interpolate, mix_places
from tests import dreams

CHANCE = np.random.default_rng(3)


def place(*numbers):
    return np.float32(numbers)


def seen(place) -> dict[float, float]:
    """Positions and their shares, of those that are seen."""
    shares = {float(place[0]): 1 - float(place[2])}
    shares[float(place[1])] = shares.get(float(place[1]), 0) + float(place[2])
    return {at: share for at, share in shares.items() if share > 1e-5}


def drawn(place, length=200) -> np.ndarray:
    """How much of each memory is drawn, f64 [length]."""
    made = np.zeros(length)
    for at, share in seen(place).items():
        made[int(at)] += share * (1 - at % 1)
        made[int(at) + 1] += share * (at % 1)
    return made


def random_place():
    return place(*CHANCE.uniform(0, 150, 2), CHANCE.choice([0, 1, CHANCE.uniform()]))


def test_it_begins_and_ends_exactly_where_it_should():
    for _ in range(50):
        a, b = random_place(), random_place()
        assert np.array_equal(mix_places(a, b, 0), a)
        assert np.array_equal(mix_places(a, b, 1), b)


def test_near_places_go_as_time_does():
    assert np.allclose(mix_places(place(5, 80, 0.25), place(6.5, 81, 0.75), 0.5), [5.75, 80.5, 0.5])
    # What is not seen on either side may be anywhere.
    assert np.allclose(mix_places(place(5, 80, 0), place(6, 3, 0), 0.25), [5.25, 60.75, 0])
    assert np.allclose(mix_places(place(0, 80, 1), place(99, 82, 1), 0.5), [49.5, 81, 1])


def test_far_places_are_both_seen_and_none_between_them():
    half = mix_places(place(5, 0, 0), place(90, 0, 0), 0.5)
    assert seen(half) == {5: 0.5, 90: 0.5}
    for _ in range(300):
        a, b, part = random_place(), random_place(), CHANCE.uniform()
        known = [*seen(a), *seen(b)]
        for at in seen(mix_places(a, b, part)):
            assert min(abs(at - each) for each in known) <= 2


def test_a_place_that_both_have_stays():
    """On its way from 20 to 90 the dream is led to where it is on its way from 90.4 to 150."""
    half = mix_places(place(20, 90, 0.4), place(90.4, 150, 0.2), 0.5)
    assert list(seen(half)) == pytest.approx([20, (0.2 * 90 + 0.4 * 90.4) / 0.6], abs=1e-4)
    assert half[2] == pytest.approx(0.5 / 0.7)  # 0.3 and 0.6, less 0.1 of the third


def test_a_third_place_comes_and_goes_without_a_jump():
    a, b = place(10, 50, 0.2), place(90, 130, 0.1)
    way = [drawn(mix_places(a, b, part)) for part in np.linspace(0, 1, 1001)]
    assert np.abs(np.diff(way, axis=0)).sum(1).max() < 0.02
    assert np.allclose([each.sum() for each in way], 1)


def test_three_alike_have_an_answer():
    assert np.isfinite(mix_places(place(10, 50, 0.5), place(90, 130, 0.5), 0.5)).all()


@pytest.fixture(scope="module")
def dream(tmp_path_factory):
    return functools.cache(read.load)(dreams.remembering(tmp_path_factory.mktemp("dream") / "remembering.onnx"))


@pytest.mark.parametrize("way", ["linear", "slerp", "none"])
def test_the_rest_of_a_latent_goes_as_the_dream_says(dream, way):
    dream = dataclasses.replace(dream, interpolation=way)
    a, b = np.float32([2, 0, 0, 1, 0, 0]), np.float32([0, 4, 0, 9, 0, 0])
    look = {"linear": [1, 2, 0], "slerp": np.float32([3, 3, 0]) / np.sqrt(2), "none": [2, 0, 0]}[way]
    assert np.allclose(interpolate(dream, a, b, 0.5)[:3], look)
    assert np.allclose(crossfade(dream, a, b, 0.5)[:3], look)
    assert interpolate(dream, a, b, 0.5)[3] == (1 if way == "none" else 5)
    assert np.allclose(crossfade(dream, a, b, 0.5)[3:], [1, 0, 0] if way == "none" else [1, 9, 0.5])
    assert np.array_equal(crossfade(dream, a, b, 1), b)
    assert np.array_equal(a, [2, 0, 0, 1, 0, 0])
