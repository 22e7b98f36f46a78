"""Whether a dream is the footage over again."""

import numpy as np
import pytest
from livedream_export.judges import novelty

FPS = 30.0


@pytest.fixture(scope="module")
def frames():
    """Sixty seconds that never look alike: two gratings drift at paces that have nothing in common."""
    y, x = np.mgrid[0:32, 0:32] / 32
    found = []
    for k in range(1800):
        waves = np.stack(
            [np.sin(2 * np.pi * (x + k / 97)), np.sin(2 * np.pi * (y - k / 151)), 0 * x + np.sin(k / 300)], 2
        )
        found.append((128 + 100 * waves).astype(np.uint8))
    return np.stack(found)


def dreamt(known, numbers, frames, noise=0.0):
    rng = np.random.default_rng(0)
    found = novelty.Dreamt(known, FPS / novelty.RATE)
    for k in numbers:
        found.add(np.clip(frames[k] + noise * rng.normal(size=frames[k].shape), 0, 255).astype(np.uint8))
    return found.figures


def test_three_seconds_of_replay_are_found_among_jumps(frames):
    known = novelty.Known(frames, FPS)
    jumps = np.random.default_rng(1).integers(0, 1800, 100).tolist()
    run = list(range(600, 600 + 31 * 3, 3))  # 31 pictures, ten a second: three seconds
    run[12] = 1500  # a single picture out of line does not end it
    found = dreamt(known, [*jumps, *run, *jumps], frames, noise=2.0)
    assert found["replay_s"] == pytest.approx(3.0, abs=0.21)
    assert found["replay_at_s"] == pytest.approx(10.0, abs=0.21)
    assert found["replay_of_s"] == pytest.approx(20.0, abs=0.3)
    assert found["coverage"] > 0.5


def test_neither_backwards_nor_at_another_pace_is_it_a_replay(frames):
    known = novelty.Known(frames, FPS)
    assert dreamt(known, range(1700, 800, -3), frames)["replay_s"] < 0.3
    assert dreamt(known, range(0, 1800, 9), frames)["replay_s"] < 0.3
    assert dreamt(known, range(0, 1500, 3), frames)["replay_s"] == pytest.approx(49.9)


def test_what_is_far_from_all_footage_is_no_replay_of_it(frames):
    known = novelty.Known(frames, FPS)
    found = dreamt(known, range(0, 900, 3), 255 - frames // 4)
    assert found["replay_s"] == 0
    assert found["distance"] > found["distance_footage"]


def test_single_pictures_count_as_visits_and_not_as_steps(frames):
    found = novelty.Dreamt(novelty.Known(frames, FPS), FPS / novelty.RATE)
    for k in range(0, 300, 3):
        found.add(frames[k])
    for k in range(300, 1800, 30):
        found.add_single(frames[k])
    assert found.figures["coverage"] == 1
    assert (found.figures["pictures"], found.figures["single_pictures"]) == (100, 50)
    assert found.figures["replay_s"] == pytest.approx(9.9)


def test_histograms_are_shares_and_a_copy_lies_in_the_first_bin(frames):
    known = novelty.Known(frames, FPS)
    found = dreamt(known, range(0, 1800, 6), frames)
    assert found["histogram"]["dream"][0] == 1
    assert sum(found["histogram"]["footage"]) == pytest.approx(1, abs=0.01)
    assert found["histogram"]["footage"][0] < 1  # to frames more than a second away
    assert found["coverage"] == 1


def test_of_long_footage_every_second_frame_is_known_and_a_replay_is_found_all_the_same(frames):
    known = novelty.Known(frames, FPS, most=1000)
    assert (known.step, known.count, known.fps) == (2, 900, 15.0)
    found = novelty.Dreamt(known, 3 / known.step)
    for k in range(300, 900, 3):
        found.add(frames[k])
    assert found.figures["replay_s"] == pytest.approx(19.9)
    assert found.figures["replay_of_s"] == pytest.approx(10, abs=0.1)


def test_blocks_change_nothing(frames, monkeypatch):
    asked = novelty.small(frames[5:1500:7])
    whole = novelty.Known(frames, FPS).nearest(asked)
    monkeypatch.setattr(novelty, "ROWS", 50)
    monkeypatch.setattr(novelty, "COLUMNS", 300)
    parts = novelty.Known(frames, FPS).nearest(asked)
    np.testing.assert_array_equal(whole.frame, parts.frame)
    np.testing.assert_array_equal(whole.frame, np.arange(5, 1500, 7))
    np.testing.assert_allclose(whole.distance, parts.distance, atol=0.1)


def test_small_pictures_are_means_of_areas_of_any_size():
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 256, (2, 48, 80, 3), np.uint8)
    means = pictures.reshape(2, 16, 3, 16, 5, 3).mean((2, 4)).reshape(2, -1)
    np.testing.assert_allclose(novelty.small(pictures), means, rtol=1e-4)
    np.testing.assert_allclose(novelty.small(np.full((1, 50, 70, 3), 77, np.uint8)), 77, rtol=1e-4)


def test_footage_too_short_for_another_second_has_no_distances_of_its_own(frames):
    found = dreamt(novelty.Known(frames[:20], FPS), range(20), frames)
    assert found["distance_footage"] is None
    assert found["replay_s"] == 0
