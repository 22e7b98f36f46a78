"""Cuts are found, and changes that only look like one are not."""

import numpy as np
from livedream_export import cuts

from tests.export.footage_clips import grey, noise


def found(pictures) -> list[int]:
    return cuts.find([cuts.signature(p) for p in pictures])


def moving(seed: int, count: int, step: int) -> list[np.ndarray]:
    """A wide picture of its own that goes by, `step` pixels a frame."""
    tall = noise(seed, 512, 64)
    smooth = np.stack([np.roll(tall, k, axis=1) for k in range(-16, 17)]).mean(axis=0).astype(np.uint8)
    return [np.roll(smooth, -step * k, axis=1)[:, :64] for k in range(count)]


def test_cuts_between_moving_shots():
    assert found(moving(1, 40, 1) + moving(2, 30, 2) + moving(3, 40, 1)) == [40, 70]


def test_still_pictures_and_shots_of_a_few_frames():
    assert found([noise(1)] * 30 + [noise(2)] * 6 + [noise(3)] * 30) == [30, 36]
    assert found([noise(1)] * 60) == []


def test_a_flash_is_no_cut():
    shot = moving(1, 60, 1)
    shot[30] = shot[31] = grey(255)
    assert found(shot) == []


def test_fast_motion_a_fade_and_repeated_frames_are_no_cuts():
    assert found(moving(1, 30, 1) + moving(1, 90, 9)[3:]) == []
    assert found([(noise(1) * (k / 60)).astype(np.uint8) for k in range(60)]) == []
    assert found([p for p in moving(1, 40, 3) for _ in range(2)]) == []


def test_a_cut_in_repeated_frames():
    assert found([p for p in moving(1, 30, 3) + moving(2, 30, 3) for _ in range(2)]) == [60]


def test_a_cut_in_the_dark():
    assert found([p // 5 for p in moving(4, 40, 1) + moving(5, 40, 1)]) == [40]


def test_next_to_nothing():
    assert found([]) == found([noise(1)]) == found([noise(1), noise(2)]) == []
