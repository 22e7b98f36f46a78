"""Components in fp16: the same inputs and outputs, nearly the same picture, half the size, converted once."""

import numpy as np
import pytest

from livedream import UserError
from livedream.backend import cpu, half_precision
from livedream.dream import read
from livedream.dream.dream import Component
from tests import dreams


@pytest.fixture
def dream(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return read.load(dreams.tiny(tmp_path / "tiny.onnx", width=96, height=64))


def test_half_precision_draws_the_same_picture_to_a_level(dream):
    component = dream.components["decode"]
    half = half_precision.converted(component, dream.sha256)
    assert (half.name, half.inputs, half.outputs) == (component.name, component.inputs, component.outputs)
    assert len(half.model) < 0.7 * len(component.model)
    for latent in (np.zeros((1, 8), "f4"), dreams.first(), np.full((1, 8), 9, "f4"), np.full((1, 8), -9, "f4")):
        exact, drawn = (cpu.load(each)({"latent": latent})["frame"] for each in (component, half))
        off = np.abs(drawn.astype(int) - exact)  # black and white do not wrap
        assert off.max() <= 1
        assert off.mean() <= 0.5


def test_it_is_converted_once_and_written_atomically(dream, monkeypatch):
    first = half_precision.converted(dream.components["decode"], dream.sha256)
    (kept,) = half_precision.paths.cache_folder("half").iterdir()
    assert kept.read_bytes() == first.model
    monkeypatch.setattr(half_precision, "convert", lambda component: pytest.fail("made again"))
    assert half_precision.converted(dream.components["decode"], dream.sha256).model == first.model


def test_without_a_cache_it_is_converted_each_time(dream, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert cpu.load(half_precision.converted(dream.components["decode"], dream.sha256)).provider == "cpu"


def test_a_model_that_cannot_be_converted_is_one_line():
    with pytest.raises(UserError, match=r"^decode: no half precision: "):
        half_precision.converted(Component("decode", b"no model", {}, {}), "0" * 64)
