"""bench/neural_dream_videos.py: the baseline becomes a dream that plays as the recipe says, and figures a table."""

import sys
from pathlib import Path

import av
import numpy as np
import pytest

from livedream.backend import cpu
from livedream.dream import read

torch = pytest.importorskip("torch")
BENCH = Path(__file__).parents[1] / "bench"


@pytest.fixture(scope="module")
def bench():
    sys.path.insert(0, str(BENCH))
    import neural_dream_videos

    yield neural_dream_videos
    sys.path.remove(str(BENCH))


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """Three seconds, 192x128: a bright square goes across the dark."""
    path = tmp_path_factory.mktemp("clip") / "square.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=20)
        stream.width, stream.height, stream.pix_fmt = 192, 128, "yuv420p"
        for k in range(60):
            picture = np.full((128, 192, 3), 30, np.uint8)
            picture[40:80, 40 + k : 80 + k] = 230
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    return path


@pytest.fixture(scope="module")
def dream(bench, clip, tmp_path_factory):
    out = tmp_path_factory.mktemp("dream") / "baseline.onnx"
    assert bench.main([str(clip), "-o", str(out), "--minutes", "0.05"]) == 0
    return read.load(out)


def test_it_is_a_dream_of_its_footage(dream):
    assert (dream.fps, dream.size, dream.latents, dream.notes) == (10.0, (128, 128), ("latent",), ())
    assert len({scene.name for scene in dream.scenes}) == len(dream.scenes) >= 3
    assert dream.provenance["licence"] == "as the footage"
    assert dream.provenance["footage"][0]["name"] == "square.mp4"
    assert dream.provenance["figures"]["autoencoder"]["steps"] >= 1
    assert dream.provenance["figures"]["lstm"]["steps"] >= 1


def test_noise_goes_in_with_the_latent_that_is_fed_back(dream):
    step = cpu.load(dream.components["step"], 1)
    feed = {name.removeprefix("step/"): value for name, value in dream.scenes[0].tensors.items()}

    def after(latent, uniform: float, temperature: float) -> np.ndarray:
        chance = {"uniform": np.full((1, 64), uniform, np.float32)}
        chance["control.temperature"] = np.full(1, temperature, np.float32)
        return step({**feed, **chance, "latent": latent})["next.latent"].copy()

    still = after(feed["latent"], 0.5, 1)
    np.testing.assert_array_equal(after(feed["latent"], 0.9, 0), still)
    for uniform, temperature in ((1, 1), (0, 2), (1, 50)):
        heard = feed["latent"] + 0.2 * np.float32(uniform - 0.5) * temperature
        np.testing.assert_allclose(after(feed["latent"], uniform, temperature), after(heard, 0.5, 1), atol=1e-5)
    assert np.abs(after(feed["latent"], 1, 50) - still).max() > 1e-4  # far out, as so short a training saturates


def test_a_step_is_that_of_pytorchs_own_lstm(bench):
    torch.manual_seed(0)
    motion = bench.Motion()
    step, latents = bench.Step(motion), torch.randn(20, bench.LATENT)
    found, states = [], [torch.zeros(1, bench.HIDDEN)] * 4
    with torch.no_grad():
        for latent in latents.split(1):
            following, *states = step(latent, *states, torch.full((1, bench.LATENT), 0.5), torch.ones(1))
            found.append(following)
        expected, _ = motion(latents[None])
    torch.testing.assert_close(torch.cat(found), expected[0])


def test_the_last_second_of_every_ten_is_never_learned(bench, monkeypatch):
    seen = []

    class Listening(bench.Autoencoder):
        def loss(self, pictures):
            seen.extend(np.rint(pictures[:, 0].numpy() * 255).astype(int))
            return self.mean.weight.sum()

    frames = np.zeros((200, 128, 128, 3), np.uint8)
    frames[:, 0, 0, 0] = np.arange(200)
    learned = np.flatnonzero(~bench.held_out(200, 10.0))
    monkeypatch.setattr(bench, "EPOCHS", 1)
    bench.learn_pictures(Listening(), frames, learned, np.random.default_rng(0), 0, 1e12, bench.Progress())
    assert sorted(seen) == [k for k in range(200) if k % 100 < 90]


def test_one_command_compares(bench, dream, clip, tmp_path, monkeypatch, capsys):
    ours = tmp_path / "ours.onnx"
    ours.write_bytes(dream.path.read_bytes())

    def evaluated(model, sources, minutes):
        ok = model == ours
        return {
            "dream": model.name,
            "psnr": {"db": 20.25 if ok else 18, "met": ok},
            "dreams": [{"seed": 3, "frechet": [1.0, 2.0] if ok else [7.0]}],
            **({"own": 0.5} if ok else {}),
        }

    monkeypatch.setattr(bench.evaluate, "evaluate", evaluated)
    assert bench.main([str(clip), "-o", str(dream.path), "--minutes", "0", "--judge", str(ours)]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert rows == [
        ["baseline", "ours"],
        ["psnr.db", "18", "20.25"],
        ["psnr.met", "no", "yes"],
        ["dreams.0.seed", "3", "3"],
        ["dreams.0.frechet", "(mean)", "7", "1.5"],
        ["own", "-", "0.5"],
    ]


def test_what_cannot_be_judged_is_said_before_training(bench, clip, tmp_path, capsys):
    command = [str(clip), "-o", str(tmp_path / "out.onnx"), "--judge", str(tmp_path / "missing.onnx")]
    assert bench.main(command) == 2
    assert "missing.onnx" in capsys.readouterr().err
