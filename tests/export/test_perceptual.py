"""The loss that sees as a trained network does, and training where that network is not installed."""

import dataclasses
import sys

import pytest
import torch
import torch.nn.functional as F
from livedream_export.image_model import perceptual

from tests.export import footage_frames, training


@pytest.fixture(scope="module")
def loss():
    pytest.importorskip("efficientnet_lite_pytorch")
    return perceptual.load(torch.device("cpu"))


def picture(seed):
    return torch.from_numpy(footage_frames.canvas(seed, 64)).permute(2, 0, 1)[None] / 255


def test_the_same_is_the_same_and_what_is_soft_is_seen(loss):
    torch.manual_seed(0)
    sharp = picture(0) + 0.1 * torch.randn(1, 3, 64, 64)
    soft = F.interpolate(F.avg_pool2d(sharp, 4), scale_factor=4, mode="bilinear")
    lighter = sharp + 0.02
    assert float(loss(sharp, sharp)) == pytest.approx(0, abs=1e-4)
    assert float(loss(soft, sharp)) > 2 * float(loss(lighter, sharp))


def test_a_picture_learns_from_it(loss):
    torch.manual_seed(0)
    drawn, wanted = picture(1).requires_grad_(), picture(2)

    def seen() -> float:
        """Its mean over some shifts, for each is by chance."""
        with torch.no_grad():
            return sum(float(loss(drawn, wanted)) for _ in range(6)) / 6

    before, optimizer = seen(), torch.optim.Adam([drawn], 0.01)
    for _ in range(30):
        optimizer.zero_grad()
        loss(drawn, wanted).backward()
        assert drawn.grad.isfinite().all()
        optimizer.step()
    assert seen() < 0.97 * before


def test_without_the_network_training_says_so_and_goes_on(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setitem(sys.modules, "efficientnet_lite_pytorch", None)
    hp = dataclasses.replace(training.SMALL, perceptual_weight=0.3)
    run = training.run_on(training.square(tmp_path / "square.mp4"), tmp_path / "a.onnx", hp)
    assert run.stages.perceptual is None
    assert "pip install 'livedream[train]'" in capsys.readouterr().err
    assert "trained_on_losses" not in run.provenance
