import math
from types import SimpleNamespace

import numpy as np
import pytest

from livedream.dream import noise

# Written down once from Philox4x64-10, key (7, purpose): whoever changes them changes what every seed dreams.
KNOWN_NORMALS = [1.187409, -0.33440155, 0.0428003, -0.43497637, 0.5774271, 0.57468873]
KNOWN_UNIFORMS = np.array([6567351, 11609929, 15465925, 4042375, 882855, 16369679]) / 2**24


def test_known_answers():
    assert np.array_equal(noise.noise(7, 0, "step", 0, 6), np.float32(KNOWN_NORMALS))
    assert np.array_equal(noise.uniform(7, 1, "decode", 12345, 6), KNOWN_UNIFORMS.astype(np.float32))


def test_inverse_cdf_inverts_the_cdf():
    p = np.array([1, 160, 16000, 1256000, 1260000, 4 << 20, 8 << 20, 15.5e6, 16e6, 16777215]) / 2**24
    back = [0.5 * math.erfc(-z / math.sqrt(2)) for z in noise.inverse_cdf(p)]
    assert np.allclose(back, p, rtol=1e-13, atol=0)
    assert abs(noise.inverse_cdf(np.array([0.975]))[0] - 1.959963984540054) < 1e-14


def test_uniforms_fill_the_open_interval_evenly():
    values = np.sort(np.concatenate([noise.uniform(3, 0, "step", step, 1000) for step in range(100)]))
    assert values.dtype == np.float32
    assert _distance(values.astype(float)) < 1.63 / np.sqrt(values.size)  # Kolmogorov and Smirnov, 1 %


def test_normals_are_standard_normal():
    values = np.sort(np.concatenate([noise.noise(3, 0, "step", step, 1000) for step in range(100)]))
    assert values.dtype == np.float32
    cdf = np.array([0.5 * math.erfc(-v / math.sqrt(2)) for v in values.astype(float)])
    assert _distance(cdf) < 1.63 / np.sqrt(values.size)


def _distance(cdf: np.ndarray) -> float:
    steps = np.arange(cdf.size + 1) / cdf.size
    return max((steps[1:] - cdf).max(), (cdf - steps[:-1]).max())


@pytest.mark.parametrize("raw", [0, 2**64 - 1])
def test_the_ends_are_never_reached(monkeypatch, raw):
    class Extreme:
        def __init__(self, _):
            pass

        def random_raw(self, n):
            return np.full(n, raw, np.uint64)

    many = noise.LARGE + 1  # so many are not cached
    monkeypatch.setattr(noise, "_LOCAL", SimpleNamespace())
    monkeypatch.setattr(np.random, "Philox", Extreme)
    assert 0 < noise.uniform(0, 0, "step", 0, many)[0] < 1
    assert 5 < abs(noise.noise(0, 0, "step", 0, many)[0]) < 5.4


def test_a_value_depends_only_on_what_it_is_for():
    later = noise.noise(7, 0, "step", 9, 64)
    for step in (3, 200, 9):
        noise.noise(7, 0, "step", step, 5)
    assert np.array_equal(noise.noise(7, 0, "step", 9, 64), later)
    assert np.array_equal(noise.noise(7, 0, "step", 9, 10), later[:10])


def test_streams_differ_and_do_not_follow_each_other():
    asked = [(7, 0, "step", 9), (8, 0, "step", 9), (7, 1, "step", 9), (7, 0, "decode", 9), (7, 0, "step", 10)]
    streams = [noise.noise(*ask, 4000) for ask in asked]
    streams.append(noise.inverse_cdf(noise.uniform(7, 0, "step", 9, 4000).astype(float)))
    correlation = np.corrcoef(streams) - np.eye(len(streams))
    assert np.abs(correlation).max() < 0.08  # five standard deviations of what chance gives


def test_any_integer_is_a_seed_and_a_step():
    assert np.array_equal(noise.noise(2**64 + 5, 0, "step", 1, 4), noise.noise(5, 0, "step", 1, 4))
    assert not np.array_equal(noise.noise(-1, 0, "step", -1, 4), noise.noise(-2, 0, "step", -1, 4))
    assert not np.array_equal(noise.noise(-1, 0, "step", -1, 4), noise.noise(-1, 0, "step", -2, 4))
