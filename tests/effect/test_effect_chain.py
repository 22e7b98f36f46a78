"""A chain of effects over pictures: what it makes of them in order, when it steps, and what it survives."""

import numpy as np
import pytest

from livedream import UserError
from livedream.backend import cpu
from livedream.dream import read
from livedream.effect.applier import Applier
from livedream.effect.chain import EffectChain, parameters
from livedream.effect.slot import RETRY, Slot
from livedream.parameters import ALWAYS, EFFECTS, GLIDE, Table
from livedream.parts.safety import Safety
from tests import dreams, effects
from tests.waiting import until

GREY = np.full((32, 64, 4), 100, np.uint8)
GREY[..., 3] = 255
FPS = 25.0


def loaded(path):
    """Load an effect of our own, which need not be proven in a child process."""
    return read.inspect(path.read_bytes(), path)


class Chain:
    """A chain with its table, drawn frame by frame over GREY."""

    def __init__(self, *paths, live=False, fps=FPS, prefix=""):
        self.chain = EffectChain(fps, prefix, live)
        self.live, self.frame = live, -1
        self.table = Table([*ALWAYS, GLIDE])
        self.table.set("player/glide", [0])
        for path in paths:
            self.insert(path)

    def insert(self, path):
        slot = self.chain.insert(Slot(loaded(path), cpu.load, self.chain.fps, self.live))
        self.offer()
        return slot

    def offer(self):
        self.table.replace(f"{self.chain.prefix}effect/", parameters(self.chain))

    def set(self, address, *value):
        assert self.table.set(address, value)

    def draw(self, picture=GREY, frames=1, seconds=None):
        self.frame += frames
        return self.chain.draw(picture, self.table.tick(frames / self.chain.fps), self.frame, seconds)

    def level(self, **more):
        """The red of the picture drawn, which must be the same everywhere."""
        picture = self.draw(**more)
        assert picture.shape == GREY.shape
        assert (picture[..., 0] == picture[0, 0, 0]).all()
        assert (picture[..., 3] == 255).all()
        return int(picture[0, 0, 0])


@pytest.fixture
def made(tmp_path):
    """Write an effect of tests.effects and return its path."""

    def make(kind, *arguments, name=None, **options):
        return getattr(effects, kind)(tmp_path / f"{name or kind}.onnx", *arguments, **options)

    return make


def test_an_empty_chain_gives_the_picture_itself():
    assert Chain().draw() is GREY


def test_effects_act_in_their_order_with_their_controls_wet_and_bypass(made):
    show = Chain(made("brightness"), made("breaking"))  # 50 brighter, then 255 − x
    assert show.level() == 105
    show.set("effect/1/amount", 1.0)
    assert show.level() == 55
    show.set("effect/2/place", 0)
    show.chain.move(2, 0)
    assert show.level() == 255  # 255 − 100, and 100 brighter
    show.set("effect/1/wet", 0.5)
    assert abs(show.level() - (155 + 50)) <= 1
    show.set("effect/1/bypass", True)
    runs = show.chain.slots[1].runs
    assert show.level() == 155
    assert show.chain.slots[1].runs == runs
    assert show.chain.status()[1]["state"] == "bypassed"
    show.set("effect/2/wet", 0.0)
    assert show.draw() is GREY


def test_numbers_stay_and_the_lowest_free_one_is_taken(made):
    show = Chain(*[made("brightness")] * 3)
    show.chain.remove(2)
    assert [each.number for each in show.chain.slots] == [1, 3]
    assert show.insert(made("counter")).number == 2
    assert [each.number for each in show.chain.slots] == [1, 3, 2]
    assert "effect/2/rate" in show.table.parameters
    assert "effect/2/amount" not in show.table.parameters
    show.chain.remove(7)
    while len(show.chain.slots) < EFFECTS:
        show.insert(made("brightness"))
    with pytest.raises(UserError, match="8 effects are all"):
        show.insert(made("brightness"))


def test_the_second_deck_has_its_own_addresses(made):
    show = Chain(made("brightness"), prefix="b/")
    show.set("b/effect/1/amount", -0.5)
    assert show.level() == 50
    assert {each.deck for address, each in show.table.parameters.items() if "effect/" in address} == {"b/"}


def test_a_control_that_is_called_as_ours_gets_another_address(tmp_path):
    control = {"name": "wet", "low": 0, "high": 1, "default": 0.25}
    nodes = [effects.helper.make_node("Mul", ["x", "control.wet"], ["levels"])]
    show = Chain(effects.written(tmp_path / "a.onnx", nodes, (64, 32), (), [control]))
    assert show.draw()[0, 0, 0] == 25
    show.set("effect/1/control_wet", 1.0)
    assert show.draw()[0, 0, 0] == 100


def test_a_picture_of_any_size_is_fitted_and_comes_back_in_its_shape(made):
    show = Chain(made("brightness", 128, 96, scale=2), made("brightness", 64, 64, name="other"))
    for height, width, down, across in ((32, 64, 128, 256), (90, 160, 144, 256), (300, 150, 300, 150)):
        picture = np.full((height, width, 4), 100, np.uint8)
        show.set("effect/1/wet", 1.0)
        drawn = show.draw(picture)
        assert drawn.shape == (down, across, 4)
        assert np.abs(drawn[..., :3].astype(int) - 200).max() <= 1
        show.set("effect/1/wet", 0.5)
        drawn = show.draw(picture)
        assert drawn.shape == (down, across, 4)
        assert np.abs(drawn[..., :3].astype(int) - 175).max() <= 1


@pytest.mark.parametrize("fps", [25.0, 30.0, 60.0, 24.0, 12.5])
def test_state_moves_by_the_time_of_the_show_and_not_by_its_frames(made, fps):
    show = Chain(made("counter", fps=25.0), fps=fps)
    levels = [show.level() for _ in range(round(4 * fps))]
    assert levels[0] == 1
    for frame, level in enumerate(levels):
        assert abs(level - (1 + 25 * frame / fps)) <= 1


def test_rate_scales_the_steps_and_reset_begins_anew(made):
    show = Chain(made("counter"))
    assert [show.level() for _ in range(3)] == [1, 2, 3]
    show.set("effect/1/rate", 0.5)
    assert [show.level() for _ in range(4)] == [3, 4, 4, 5]
    show.set("effect/1/rate", 2.0)
    assert [show.level() for _ in range(2)] == [7, 9]
    show.set("effect/1/rate", 0.0)
    assert [show.level() for _ in range(2)] == [9, 9]
    show.set("effect/1/rate", 1.0)
    show.set("effect/1/reset", 1)
    assert [show.level() for _ in range(2)] == [1, 2]


def test_panic_begins_anew(made):
    show = Chain(made("counter"))
    assert [show.level() for _ in range(3)] == [1, 2, 3]
    show.set("master/panic", 1)
    Safety(show.table).transform(show.table.tick(0), 0, 0.0)
    assert [show.level() for _ in range(2)] == [1, 2]


def test_frames_that_were_left_out_move_no_more_than_one(made):
    show = Chain(made("counter"))
    assert [show.level(frames=each) for each in (1, 50, 1)][-1] <= 5


def test_between_steps_the_picture_is_held_or_blended(made):
    show = Chain(made("counter", fps=5.0, by=40))
    assert [show.level() for _ in range(11)] == [40] * 5 + [80] * 5 + [120]
    show.set("master/blend", True)
    show.set("effect/1/reset", 1)
    for _ in range(14):
        show.draw()
    levels = [show.level() for _ in range(10)]
    assert max(np.diff(levels)) <= 9  # a fifth of a step at each frame
    assert levels[-1] - levels[0] >= 60


@pytest.mark.parametrize(("broken", "why"), [(1.0, "not finite"), (2.0, "Gather")])
def test_an_effect_that_breaks_is_left_out_counted_named_and_tried_again(made, caplog, broken, why):
    show = Chain(made("breaking"))
    slot = show.chain.slots[0]
    assert show.level() == 155
    show.set("effect/1/broken", broken)
    levels = [show.level() for _ in range(round(2 * RETRY * FPS))]
    assert set(levels) == {100}  # the chain goes on without it
    assert slot.failed == 2  # and it is not tried at every frame
    assert why in slot.error
    assert show.chain.status()[0]["state"] == "failed"
    assert len([each for each in caplog.records if "the chain goes on without it" in each.message]) == 1
    show.set("effect/1/broken", 0.0)
    for _ in range(round(RETRY * FPS) + 1):
        last = show.level()
    assert last == 155
    assert slot.error is None


def test_reset_tries_a_broken_effect_at_once(made):
    show = Chain(made("breaking"))
    show.set("effect/1/broken", 1.0)
    assert show.level() == 100
    show.set("effect/1/broken", 0.0)
    assert show.level() == 100
    show.set("effect/1/reset", 1)
    assert show.level() == 155


def test_another_provider_that_fails_makes_way_for_the_processor(made, caplog):
    class Card(cpu.CpuRunner):
        """A pretended graphics card, which is lost at its third run."""

        def __call__(self, inputs):
            self.count = getattr(self, "count", 0) + 1
            if self.count == 3:
                raise RuntimeError("device lost")
            return super().__call__(inputs)

    def load(component):
        return Card(component, cpu.load(component).session, "cuda")

    show = Chain()
    slot = show.chain.insert(Slot(loaded(made("breaking")), load, FPS, live=False))
    show.offer()
    assert [show.level() for _ in range(5)] == [155] * 5
    assert slot.status()["provider"] == "cpu"
    assert "device lost" in caplog.text


def test_a_faster_provider_goes_on_where_the_effect_was(made):
    show = Chain(made("counter"), live=True)
    slot = show.chain.slots[0]
    assert [show.level(seconds=30.0) for _ in range(5)] == [1, 2, 3, 4, 5]
    other = Applier(slot.dream, lambda part: cpu.CpuRunner(part, cpu.load(part).session, "pretended"))
    slot.offer(other)
    assert [show.level(seconds=30.0) for _ in range(5)] == [6, 7, 8, 9, 10]
    assert slot.status()["provider"] == "pretended"
    show.chain.stop()


def test_an_effect_without_a_state_does_not_run_again_on_the_same_picture(made):
    show = Chain(made("brightness"))
    slot = show.chain.slots[0]
    assert [show.level() for _ in range(5)] == [150] * 5
    assert slot.runs == 1
    show.set("effect/1/amount", 1.0)
    assert show.level() == 200
    assert (show.draw(GREY.copy())[..., 0] == 200).all()
    assert slot.runs == 3


def test_a_live_effect_that_is_waited_for_shows_every_frame(made):
    show = Chain(made("counter"), live=True)
    assert [show.level(seconds=30.0) for _ in range(20)] == list(range(1, 21))
    slot = show.chain.slots[0]
    assert (slot.runs, slot.late) == (20, 0)
    show.chain.stop()


def test_a_live_effect_that_is_never_waited_for_shows_its_last_picture(made):
    show = Chain(made("breaking"), live=True)
    assert show.level(seconds=0.0) == 100  # there is none yet
    until(lambda: show.level(seconds=0.0) == 155)
    slot = show.chain.slots[0]
    assert slot.late > 0
    assert show.chain.status()[0]["state"] == "behind"
    other = np.full((90, 160, 4), 200, np.uint8)
    assert show.draw(other, seconds=0.0).shape == other.shape  # its last picture has another size
    until(lambda: (show.draw(other, seconds=0.0)[..., 0] == 55).all())
    show.set("effect/1/broken", 1.0)
    until(lambda: (show.draw(other, seconds=0.0)[..., 0] == 200).all())
    assert "not finite" in slot.error
    show.chain.stop()


def test_what_moves_is_the_same_every_time_it_is_rendered(made):
    paths = made("counter", fps=17.0), made("brightness")
    assert np.array_equal(*(np.stack([show.draw() for _ in range(40)]) for show in (Chain(*paths), Chain(*paths))))


def test_a_dream_is_no_effect_and_says_so(tmp_path):
    from livedream.effect import library

    with pytest.raises(UserError, match=r"tiny\.onnx: draws by itself \(decode\), so it is no effect.*--model"):
        library.load(dreams.tiny(tmp_path / "tiny.onnx"))
    with pytest.raises(UserError, match="no effect that ships has that name"):
        library.load("nonesuch")
