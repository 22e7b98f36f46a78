"""Knobs keep to where the dream is good, and leave alone whatever is there already."""

import numpy as np
import pytest

from livedream.backend import cpu
from livedream.dream import read
from livedream.play import clip, dream_parameters
from livedream.play.player import Player
from tests.dreams import picture, tiny

CHANCE = np.random.default_rng(5)
FOOTAGE = CHANCE.standard_normal((200, 64)).astype(np.float32)
MEAN, STD = np.linspace(-1, 1, 64, dtype=np.float32), np.linspace(0.5, 2, 64, dtype=np.float32)


def far(latent):
    return float(np.sqrt(np.mean(((latent - MEAN) / STD) ** 2)))


def test_the_limit_begins_where_footage_ends():
    for length in (8, 64, 256):
        lengths = np.sqrt((CHANCE.standard_normal((20_000, length)) ** 2).mean(1))
        assert 2e-4 < (lengths > clip.knee(length)).mean() < 3e-3


def test_small_offsets_are_added_to_the_bit():
    for each in FOOTAGE:
        latent = MEAN + STD * each
        added = np.float32(0.3) * STD * FOOTAGE[7]
        if far(latent + added) < clip.knee(64):
            assert clip.limited(latent, added, MEAN, STD) is added


def test_knobs_together_do_not_leave_the_footage_and_still_turn_the_picture_their_way():
    latent, added = MEAN + STD * FOOTAGE[0], 3 * STD * FOOTAGE[1]
    seen = latent + clip.limited(latent, added, MEAN, STD)
    assert far(latent + added) > 2.5
    assert far(seen) <= clip.knee(64) * (1 + clip.ROOM) + 1e-4
    wanted, got = (latent + added - MEAN) / STD, (seen - MEAN) / STD
    assert wanted @ got / np.linalg.norm(wanted) / np.linalg.norm(got) > 0.999


def test_lifted_it_is_all_added_and_between_part_of_it():
    latent, added = MEAN + STD * FOOTAGE[0], 3 * STD * FOOTAGE[1]
    assert clip.limited(latent, added, MEAN, STD, 1.0) is added
    ways = [far(latent + clip.limited(latent, added, MEAN, STD, part)) for part in (0, 0.25, 0.5, 0.75, 1)]
    assert ways == sorted(ways)
    assert np.allclose(np.diff(ways), (ways[-1] - ways[0]) / 4, rtol=1e-3)


def test_a_knob_that_turns_slowly_never_jumps():
    latent, way = MEAN + STD * FOOTAGE[0], STD * FOOTAGE[1]
    seen = [far(latent + clip.limited(latent, np.float32(k) * way, MEAN, STD)) for k in np.linspace(0, 3, 3001)]
    assert np.abs(np.diff(seen)).max() < 2e-3


def test_a_dream_that_is_far_out_by_itself_is_left_there():
    latent = MEAN + 4 * STD * FOOTAGE[2]
    nothing = np.zeros(64, np.float32)
    assert clip.limited(latent, nothing, MEAN, STD) is nothing
    little = np.float32(0.2) * STD * FOOTAGE[2]
    assert clip.limited(latent, little, MEAN, STD) is little
    assert far(latent) < far(latent + clip.limited(latent, 3 * STD * FOOTAGE[2], MEAN, STD)) < far(latent) * 1.3


@pytest.mark.parametrize("unclip", [0, 1])
def test_the_picture_is_that_of_the_limited_latent(tmp_path, unclip):
    dream = read.load(tiny(tmp_path / "tiny.onnx"))
    player, values = Player(dream, cpu.load), dream_parameters.of(dream)
    values.set("player/glide", [0])
    values.set("player/freeze", [1])
    values.set("dream/unclip", [unclip])
    for i in range(8):
        values.set(f"dream/latent/{i}", [-3])
        values.set(f"dream/knob/{i + 1}", [-1])
    now = values.tick(1 / 25)
    player.move(1, 25.0, now)
    scene = player.walk.before.latent
    asked = np.full(8, -4, np.float32)
    added = clip.limited(scene, asked, dream.mean, dream.std, unclip)
    assert (unclip == 1) == np.array_equal(added, asked)
    assert np.array_equal(player.draw(now), picture(scene + added)[0])
