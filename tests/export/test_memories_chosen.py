"""Which frames a dream remembers, and where it may pass from one to another unseen."""

import numpy as np
import pytest
import simplejpeg
from livedream_export import kept_pictures
from livedream_export.cache import Footage
from livedream_export.material import held_out
from livedream_export.vae_rnn import choosing, memories
from livedream_export.vae_rnn.recipe import Recipe
from livedream_export.vae_rnn.remembering import Remembering

from livedream import UserError
from tests.export import footage_frames, training

FPS = 25.0


def built(frames, segments=None, fps=FPS, room=1e9, **options):
    allowed = np.flatnonzero(~held_out(len(frames), fps))
    return memories.build(frames, allowed, segments or [(0, len(frames))], fps, room, **options)


def runs(found) -> list[np.ndarray]:
    """Frames of each run of memories that go on from one another."""
    return np.split(found.frames, np.flatnonzero(~found.onward[:-1]) + 1)


@pytest.fixture(scope="module")
def lap():
    """Twelve seconds of going round, the tenth of them held out, with a cut."""
    frames = footage_frames.round_trip(300)
    frames[200:] = footage_frames.round_trip(100, seed=1)
    return frames


@pytest.fixture(scope="module")
def whole(lap):
    return built(lap, [(0, 200), (200, 300)])


def test_all_frames_that_may_be_learned_are_kept_when_they_fit(lap, whole):
    assert whole.frames.tolist() == [*range(225), *range(250, 300)]
    assert (whole.speed[whole.onward] == 1).all()
    for k in (0, 100, 274):
        kept = simplejpeg.decode_jpeg(whole.pictures[k])
        assert np.abs(kept - lap[whole.frames[k]].astype(int)).mean() < 3


def test_runs_end_at_cuts_and_where_frames_are_held_out(whole):
    assert [(run[0], run[-1]) for run in runs(whole)] == [(0, 199), (200, 224), (250, 299)]


@pytest.mark.parametrize("share", [0.7, 0.4, 0.1])
def test_what_is_kept_takes_no_more_room_than_there_is(lap, whole, share):
    found = built(lap, [(0, 200), (200, 300)], room=share * whole.bytes, each=0.0)
    assert found.bytes <= 1.05 * share * whole.bytes  # how large a picture gets is an estimate
    assert found.bytes > 0.4 * share * whole.bytes
    with_more = built(lap, [(0, 200), (200, 300)], room=share * whole.bytes, each=500.0)
    assert with_more.bytes + 500 * len(with_more.frames) <= 1.05 * share * whole.bytes


def test_no_more_are_kept_than_was_asked_for(lap):
    for most in (2, 30, 200):
        found = built(lap, [(0, 200), (200, 300)], most=most)
        assert 2 <= len(found.frames) <= most


def test_a_montage_keeps_to_its_room_too():
    """Shots of a few frames cannot be thinned much."""
    frames = np.concatenate([footage_frames.round_trip(3, seed=k) for k in range(80)])
    shots = [(k, k + 3) for k in range(0, 240, 3)]
    for most in (100, 60, 20):
        assert 0.5 * most <= len(built(frames, shots, most=most).frames) <= most


def test_memories_that_follow_one_another_are_at_most_four_frames_apart_and_never_across_a_cut(lap):
    found = built(lap, [(0, 200), (200, 300)], most=120)
    shot = np.searchsorted([200, 250], found.frames, "right") + 10 * (found.frames < 225)
    gaps = np.diff(found.frames)[found.onward[:-1]]
    assert gaps.min() >= 1
    assert gaps.max() <= choosing.WIDEST
    assert (np.diff(shot)[found.onward[:-1]] == 0).all()
    assert np.allclose(found.speed[found.onward], 1 / gaps)
    assert not set(found.frames) & set(range(225, 250))


def test_where_little_moves_they_lie_wider_apart():
    moving = footage_frames.round_trip(100)
    frames = np.concatenate([moving, np.repeat(moving[-1:], 100, 0)])
    found = built(frames, most=130)
    assert (found.frames < 100).sum() > 1.6 * (found.frames >= 100).sum()


def test_of_long_footage_they_are_stretches_of_everything_there_is():
    """Two minutes of one place, and in the middle two seconds of another."""
    frames = footage_frames.round_trip(1200)
    frames[600:620] = footage_frames.round_trip(20, seed=5)
    found = built(frames, [(0, 600), (600, 620), (620, 1200)], fps=10.0, most=120)
    assert 60 <= len(found.frames) <= 120
    assert ((found.frames >= 600) & (found.frames < 620)).sum() >= 4
    assert max(run[-1] - run[0] for run in runs(found)) >= 20  # so that there is motion, not stills


def test_flow_says_where_things_go():
    frames = footage_frames.slide(30, pixels=2)
    found = built(frames)
    flow = found.flow * found.scale[:, None, None, None]
    assert np.median(flow[:20, 0]) == pytest.approx(-2, abs=0.3)
    assert np.median(flow[:20, 1]) == pytest.approx(0, abs=0.3)
    assert not flow[-1].any()  # nothing follows the last


def test_places_that_look_and_go_on_alike_are_near_and_others_far(whole):
    inside = np.flatnonzero((whole.frames >= 10) & (whole.frames < 140))  # a round is 80 frames
    again = np.searchsorted(whole.frames, whole.frames[inside] + 80)
    kept = (again < len(whole.frames)) & (
        whole.frames[again.clip(max=len(whole.frames) - 1)] == whole.frames[inside] + 80
    )
    apart = np.square(whole.likeness[inside[kept]] - whole.likeness[again[kept]]).sum(1)
    half_a_round_on = np.square(whole.likeness[inside[:40]] - whole.likeness[inside[40:80]]).sum(1)
    assert kept.sum() > 20
    assert np.median(apart) < 0.1 * half_a_round_on.mean()
    assert 0.3 < half_a_round_on.mean() < 3  # 1 between two of chance, about


@pytest.mark.parametrize("level", [0, 128])
def test_footage_in_which_nothing_can_be_told_apart_has_memories_all_the_same(level):
    found = built(np.full((60, 32, 32, 3), level, np.uint8))
    for numbers in (found.descriptors, found.likeness, found.scale, found.speed):
        assert np.isfinite(numbers).all()
    assert len(found.frames) == 60


def test_a_dream_of_footage_has_what_its_file_has_room_for():
    frames = footage_frames.round_trip(50)
    footage = Footage(frames, ((0, 50),), FPS, (), "0" * 64, ())
    assert len(memories.of_footage(footage, Recipe()).frames) == 50
    assert len(memories.of_footage(footage, Recipe(max_memories=20)).frames) <= 20
    with pytest.raises(UserError, match=r"--megabytes 0.5: too little for networks and memories; at least 7$"):
        memories.of_footage(footage, Recipe(megabytes=0.5))
    assert len(memories.of_footage(footage, Recipe(megabytes=7)).frames) == 50


@pytest.mark.parametrize(("width", "subsampling"), [(256, "444"), (288, "420")])
def test_colour_is_kept_at_half_the_sides_where_the_network_takes_it_so(width, subsampling):
    *_, found = simplejpeg.decode_jpeg_header(kept_pictures.jpeg(np.zeros((256, width, 3), np.uint8), 90))
    assert found == subsampling
    assert Remembering(256, width, training.SMALL).large == (subsampling == "420")
