"""The place: it goes on in time as the footage did, leaves for elsewhere, and which memories a drawing takes there."""

import numpy as np
import pytest
import torch
from livedream_export.vae_rnn import memories
from livedream_export.vae_rnn.walk import FADE, LONGEST, Recall, Walk, start

from tests.export import footage_frames

pytestmark = pytest.mark.timeout(600)  # seconds of work, but not on a machine that has other work
FPS = 25.0
LATENT = 12


def remembered(count, period=80, most=1 << 30):
    frames = footage_frames.round_trip(count, period)
    return memories.build(frames, np.arange(count), [(0, count)], FPS, 1e9, most=most)


def walk_among(found) -> Walk:
    """Latents say how a memory looks, as learned ones do."""
    axes = np.random.default_rng(0).normal(size=(found.descriptors.shape[1], LATENT))
    latents = found.descriptors @ axes
    white = (latents - latents.mean(0)) / latents.std(0)
    return Walk(found, torch.from_numpy(white.astype(np.float32)), FPS)


@torch.no_grad()
def walked(walk, seconds, wander=0.5, begin=0):
    """Return places [N, 3] and walks [N, 3] of a dream without a performer."""
    place, state, seen = (torch.from_numpy(each) for each in start(walk, begin).values())
    chance = torch.randn(round(seconds * FPS), 1, memories.LIKENESS, generator=torch.Generator().manual_seed(1))
    temperature, wander = torch.ones(1), torch.full((1,), wander)
    places, states = [place], [state]
    for each in chance:
        place, state, seen = walk(place, state, seen, walk.at(place), temperature, wander, each)
        places.append(place)
        states.append(state)
    return torch.cat(places).numpy(), torch.cat(states).numpy()


def ways(states) -> np.ndarray:
    """Steps from one leaving to the next."""
    return np.diff(np.flatnonzero(states[:, 0] == 0))


def main(places) -> np.ndarray:
    """The position that has the larger share, [N]."""
    return np.where(places[:, 2] < 0.5, places[:, 0], places[:, 1])


@pytest.fixture(scope="module")
def some():
    return remembered(300)


@pytest.fixture(scope="module")
def walk(some):
    return walk_among(some)


@pytest.fixture(scope="module")
def wandering(walk):
    """Three minutes."""
    return walked(walk, 180)


def test_it_goes_on_by_one_frame_a_step(some, wandering):
    places, states = wandering
    alone = (states[1:, 1] == 0) & (states[:-1, 1] == 0) & (states[1:, 0] > 0)
    gone = np.diff(np.interp(main(places), np.arange(len(some.frames)), some.frames))[alone]
    assert np.allclose(gone, 1)
    assert alone.mean() > 0.4


def test_it_goes_on_by_one_frame_a_step_where_memories_lie_wider_apart():
    few = remembered(300, most=110)
    places, states = walked(walk_among(few), 30)
    alone = (states[1:, 1] == 0) & (states[:-1, 1] == 0) & (states[1:, 0] > 0)
    gone = np.diff(np.interp(main(places), np.arange(len(few.frames)), few.frames))[alone]
    assert np.median(gone) == pytest.approx(1, abs=0.01)
    assert gone.max() < 4


def test_what_is_seen_never_jumps(wandering):
    places, _ = wandering
    steps = np.diff(places[:, :2], axis=0)
    shown = np.stack([places[:, 2] < 1 - 1e-4, places[:, 2] > 1e-4], 1)
    seen = shown[1:] & shown[:-1]
    assert steps[seen].min() >= 0
    assert steps[seen].max() <= 1 + 1e-4
    assert np.abs(np.diff(places[:, 2])).max() <= 1 / FADE + 1e-6


def test_it_stays_on_one_way_for_seconds_at_most(wandering):
    _, states = wandering
    assert ways(states).max() <= LONGEST * FPS + 1
    assert 1.0 < ways(states).mean() / FPS < LONGEST


def test_in_some_minutes_it_finds_nearly_all_memories(some, wandering):
    places, _ = wandering
    found = np.zeros(len(some.frames), bool)
    for slot, share in ((0, 1 - places[:, 2]), (1, places[:, 2])):
        found[places[share > 0.2, slot].astype(int)] = True
    assert found.mean() > 0.9


@pytest.mark.parametrize(("count", "period"), [(50, 50), (60, 35), (20, 20), (9, 100)])
def test_in_a_loop_of_seconds_it_is_never_stuck(count, period):
    places, states = walked(walk_among(remembered(count, period)), 25)
    moves = (np.abs(np.diff(main(places))) > 1e-6).astype(int)
    assert np.convolve(moves, np.ones(25), "valid").min() >= 10  # of 25 steps
    assert len(ways(states)) >= 6
    assert np.ptp(main(places)) > 0.6 * count


def test_wander_drives_on_at_0_and_is_a_kaleidoscope_at_1(walk, wandering):
    slow, fast = (np.mean(ways(walked(walk, 40, wander)[1])) for wander in (0.0, 1.0))
    usual = np.mean(ways(wandering[1]))
    assert slow > 1.3 * usual
    assert fast < 0.7 * usual


@pytest.fixture(scope="module")
def recall(walk, some):
    return Recall(walk, some, near=0.3, far=0.9, usual=50.0)


@torch.no_grad()
def recalled(recall, place, x=None):
    """Return index, weight, motion, away and drawn at a place, with its own latent or another."""
    place = torch.tensor([place], dtype=torch.float32)
    return [each.numpy() for each in recall(recall.walk.at(place) if x is None else x, place)]


def mixture(recall, place, x=None):
    """Return the share of each memory in the picture, [M]."""
    index, weight, *_ = recalled(recall, place, x)
    found = np.zeros(recall.walk.count)
    np.add.at(found, index, weight)
    return found


PLACES = np.random.default_rng(4).uniform([0, 0, 0], [299, 299, 1], (40, 3)).tolist()
PLACES += [[0, 0, 0], [299, 299, 0], [299, 0, 1], [298.5, 299, 0.5], [7.5, 200.5, 0.5], [7.6, 200.6, 0.5]]


@pytest.mark.parametrize("pushed", [0.0, 0.5, 3.0])
def test_weights_add_up_to_1_and_there_is_such_a_memory(recall, pushed):
    rng = np.random.default_rng(0)
    for place in PLACES:
        there = recall.walk.at(torch.tensor([place], dtype=torch.float32))
        x = there + pushed * torch.from_numpy(rng.normal(size=(1, LATENT)).astype(np.float32))
        index, weight, motion, away, drawn = recalled(recall, place, x)
        assert weight.sum() == pytest.approx(1, abs=1e-4)
        assert weight.min() >= 0
        assert 0 <= index.min() <= index.max() < recall.walk.count
        assert np.isfinite(motion).all()
        shown = (weight[:, None] * recall.walk.white[index].numpy()).sum(0)
        assert np.allclose(away[0], x[0].numpy() - shown, atol=1e-4)
        assert np.allclose(drawn, x, atol=1e-4)


def test_at_a_memory_it_is_drawn_alone_and_unmoved(recall):
    for k in (0, 17, 298, 299):
        index, weight, motion, away, _ = recalled(recall, [k, 5, 0])
        assert (index[0], weight[0]) == (k, pytest.approx(1))
        assert not motion.any()
        assert np.abs(away).max() < 1e-3


def test_between_two_the_nearer_is_moved_to_where_things_are_by_then(recall, some):
    index, weight, motion, *_ = recalled(recall, [17.25, 5, 0])
    flow = some.flow[17] * some.scale[17]
    assert (index[0], weight[0]) == (17, pytest.approx(1))
    assert np.allclose(motion[0], -0.25 * flow, atol=1e-4)
    index, weight, motion, *_ = recalled(recall, [17.9, 5, 0])
    assert (index[0], weight[0]) == (18, pytest.approx(1))
    assert np.allclose(motion[0], 0.1 * flow, atol=1e-4)


def test_what_is_drawn_changes_little_when_the_place_moves_little(recall):
    def largest(places):
        found = np.stack([mixture(recall, each) for each in places])
        return np.abs(np.diff(found, axis=0)).sum(1).max()

    fine = np.linspace(0, 1, 201)
    assert largest([[20 + t, 150, 0] for t in fine]) < 0.2
    assert largest([[20, 150, t] for t in fine]) < 0.05
    assert largest([[20 + t, 150 + t, 0.2 + 0.1 * t] for t in fine]) < 0.3


def test_a_push_as_small_as_the_dreams_own_leads_nowhere_else_and_a_knob_does(recall, walk):
    place = torch.tensor([[20.0, 150.0, 0.0]])
    there = walk.at(place)
    target = int((walk.white - there).square().mean(1).argmax())
    led = walk.white[target : target + 1]
    little = there + 0.25 * (led - there) / (led - there).square().mean().sqrt()
    assert mixture(recall, [20, 150, 0], little)[20] == pytest.approx(1, abs=1e-4)
    drawn = mixture(recall, [20, 150, 0], led)
    assert drawn[20] < 0.01
    near = walk.white[np.flatnonzero(drawn > 0.1)]
    way = (led - there) / (led - there).norm()
    assert ((near - there) @ way.T).mean() > 0.25 * (led - there).norm()  # it lies on the way
    onward = mixture(recall, [20.5, 150, 0], led)  # and there, too, time goes on
    assert np.abs(np.flatnonzero(onward > 0.1)[:, None] - np.flatnonzero(drawn > 0.1)).min(1).max() <= 1


def test_what_is_far_from_its_memories_is_drawn_as_if_it_were_not(walk, some):
    """Else the correction would not trust memories that a knob led to."""
    recall = Recall(walk, some, near=0.3, far=0.9, usual=0.5)
    there = walk.at(torch.tensor([[20.0, 150.0, 0.0]]))
    index, weight, _, away, drawn = recalled(recall, [20, 150, 0], there + 4)
    assert np.sqrt(np.square(away).mean()) == pytest.approx(0.5, abs=1e-3)
    assert np.allclose(drawn - away, (weight[:, None] * walk.white[index].numpy()).sum(0), atol=1e-4)
