"""A stored moment is found again to the last bit, however the way there was; and the way there is no jump."""

from itertools import pairwise

import numpy as np
import pytest

from livedream.parameters import live_picture
from livedream.parts.preset_recall import PresetRecall
from livedream.shows import replay, show_file
from tests import dreams
from tests.performance import FPS, Performance, numbered
from tests.waiting import until


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dreams")
    target = dreams.noisy(folder / "noisy.onnx", title="Noisy")
    return {
        "calm": dreams.tiny(folder / "calm.onnx", title="Calm"),
        "walk": dreams.tiny(folder / "walk.onnx", title="Walk", step=False),
        "big": dreams.tiny(folder / "big.onnx", 96, 96, title="Big", control=True),
        "noisy": target,
    }


class Played(Performance):
    """With presets; `say` sends them a performer's message."""

    def __init__(self, folder, *paths, **options):
        super().__init__(*paths, **options)
        self.seconds_of_a_beat = 0.5
        self.presets = PresetRecall(self.decks, self.table, folder, beat=lambda: self.seconds_of_a_beat)
        self.presets.start()
        self.transform = self.presets.transform

    def say(self, command, *arguments):
        assert self.table.set(f"preset/{command}", arguments, "performer")

    def latest(self):
        return self.pictures[self.number]

    def end(self):
        self.presets.stop()
        return super().end()


@pytest.fixture
def played(tmp_path, paths):
    made = []

    def make(*names, **options):
        show = Played(tmp_path / "presets", *(paths[name] for name in names), **options)
        made.append(show)
        show.set(preset__morph=0)
        show.play(1)
        until(lambda: show.presets.bank is not None)
        return show

    yield make
    for each in made:
        each.end()


def standing(show):
    """All that decides what comes next, of each deck, to the bit."""
    found = []
    for deck in show.decks:
        at = deck.player.walk.shown_state()
        noises = [each.noise for each in (at.before, at.after) if each.noise is not None]
        arrays = (at.before.latent, at.after.latent, *noises, *at.decode_state.values(), *at.step_state.values())
        found.append((at.phase, at.seed, at.random_step, at.steps, *(each.tobytes() for each in arrays)))
    return found


def following(show, frames=25):
    """(picture, where the decks stand) of this frame and those that follow."""
    found = []
    for _ in range(frames):
        found.append((show.latest().tobytes(), standing(show)))
        show.play(1)
    return found


def stored(show, name="dawn", prefixes=("",)):
    """Store a moment that is not an easy one; what followed it."""
    for prefix in prefixes:
        show.set(**{f"{prefix}player__speed": 1.7, f"{prefix}dream__temperature": 1.5, f"{prefix}dream__knob__2": 0.5})
        show.set(**{f"{prefix}dream__latent__1": 0.25})
    show.play(37)
    show.say("store", name)
    before = show.latest().tobytes(), standing(show)
    show.play(1)
    return [before, *following(show, 24)]


def elsewhere(show):
    show.set(player__speed=3, dream__scene="second", dream__knob__2=-2, player__seed=99, dream__temperature=0.3)
    show.play(20).set(player__reseed=1, dream__knob__1=1, dream__latent__0=-1, player__freeze=1)
    show.play(11)


@pytest.mark.parametrize("name", ["calm", "noisy", "walk"])
@pytest.mark.parametrize("seconds", [0, 0.5])
def test_a_moment_is_found_again_to_the_last_bit_and_goes_on_as_it_did(played, name, seconds):
    show = played(name)
    then = stored(show)
    elsewhere(show)
    show.set(preset__morph=seconds)
    show.say("recall", "dawn")
    show.play(1 + max(1, round(seconds * FPS)))
    assert following(show) == then
    assert show.presets.error is None
    # And from another run of the program, another seed, and by its number.
    show.end()
    other = played(name, seed=7)
    other.play(5).set(preset__morph=seconds)
    other.say("recall", 0)
    other.play(1 + max(1, round(seconds * FPS)))
    assert following(other) == then


@pytest.mark.parametrize("seconds", [0, 0.5])
def test_from_a_loop_in_the_past_it_is_found_again_too(played, seconds):
    show = played("noisy")
    then = stored(show)
    elsewhere(show)
    show.set(player__freeze=0, player__loop=1)
    show.play(20)
    assert show.decks[0].player.walk.playhead.at is not None
    show.say("store", "loop")
    seen = show.latest()
    show.play(5).set(preset__morph=seconds)
    show.say("recall", "dawn")
    show.play(1 + max(1, round(seconds * FPS)))
    assert following(show) == then
    assert show.table.target("player/loop") == 0
    # What was stored there is what was seen, from which the dream goes on.
    show.set(preset__morph=0)
    show.say("recall", "loop")
    show.play(2)
    assert np.abs(show.latest().astype(int) - seen)[..., :2].max() == 0  # blue is the decoder's own age


def test_both_decks_are_found_again(played):
    show = played("calm", "noisy")
    show.set(mix__crossfade=0.5)
    then = stored(show, prefixes=("", "b__"))
    elsewhere(show)
    show.set(b__player__speed=0.2, b__player__seed=5, mix__crossfade=0.1, preset__morph=0.3)
    show.say("recall", "dawn")
    show.play(10)
    assert following(show) == then


def test_a_morph_moves_evenly_and_never_jumps(played):
    show = played("calm")
    show.set(dream__temperature=0, player__speed=0.5, dream__knob__1=-2, player__glide=0)
    show.play(20).say("store", "dawn")
    show.play(20).set(dream__scene="second", dream__knob__1=2, dream__temperature=0)
    show.play(20).set(preset__morph=2)
    show.say("recall", "dawn")
    show.play(1)
    knobs, latents = [], []
    for _ in range(75):
        show.play(1)
        player = show.decks[0].player
        knobs.append(show.values["dream/knob/1"])
        latents.append(player.walk.shown().latent)
    steps = [np.abs(b - a).max() for a, b in pairwise(latents)]
    whole = np.abs(latents[0] - latents[60]).max()
    assert max(steps) < whole / 10  # a cut would be all of it in one
    assert min(steps) > 0.2 * np.median(steps[62:])  # neither before, nor as it arrives, does it stand still
    assert knobs[29] == pytest.approx(0)
    assert knobs[59] == -2


def test_switches_change_half_way_and_hands_win(played):
    show = played("calm", "noisy")
    show.set(mix__mode="screen", player__speed=2, dream__knob__1=1, dream__knob__2=1, master__blend=1)
    show.play(5).say("store", "dawn")
    show.play(5).set(mix__mode="add", player__speed=0.5, dream__knob__1=-1, dream__knob__2=-1, master__blend=0)
    show.play(5).set(preset__morph=1)
    show.say("recall", "dawn")
    show.play(14)
    assert (show.table.target("mix/mode"), show.table.target("master/blend")) == (1, False)
    show.set(dream__knob__1=-3, master__blend=False)
    show.play(3)
    assert show.table.target("mix/mode") == 2
    show.play(20)
    now = show.values
    assert (now["dream/knob/1"], now["dream/knob/2"], now["player/speed"]) == (-3, 1, 2)
    assert show.presets.status()["preset_part"] is None


def test_another_recall_on_the_way_goes_on_from_there(played):
    show = played("noisy")
    show.set(dream__temperature=0, player__speed=0.4)
    show.play(5).say("store", "dawn")
    show.play(30).set(dream__scene="second")
    show.play(5).say("store", "dusk")
    show.play(20).set(preset__morph=1, dream__scene__jump=0)
    drawn = []
    for name in ("dawn", "dusk", "dawn", "dusk"):
        show.say("recall", name)
        for _ in range(12):
            show.play(1)
            drawn.append(show.decks[0].player.walk.shown().latent)
    then = standing_of(show, "dusk")
    for _ in range(20):
        show.play(1)
        drawn.append(show.decks[0].player.walk.shown().latent)
        if show.presets.status()["preset_part"] is None:
            break
    assert standing(show)[0][:4] == then
    steps = [np.abs(b - a).max() for a, b in pairwise(drawn)]
    assert max(steps) < 0.25  # of latents that are 2 apart


def standing_of(show, name):
    state = show.presets.bank.find(name).decks[0]["moment"]
    return tuple(state[each] for each in ("phase", "seed", "drawn", "steps"))


def test_what_is_stored_on_the_way_is_what_is_seen(played):
    show = played("calm")
    show.set(player__freeze=1, dream__scene="second", dream__knob__1=2, player__glide=0)
    show.play(10).say("store", "dusk")
    show.play(2).set(dream__scene__jump=0, dream__knob__1=-2, preset__morph=1)
    show.play(10).say("recall", "dusk")
    show.play(12)
    before = show.latest()
    show.say("store", "between")
    show.play(30).set(preset__morph=0)
    show.play(1).say("recall", "between")
    show.play(2)
    assert np.abs(before.astype(int) - show.latest()).max() <= 6  # the next frame's knob
    assert np.abs(before.astype(int) - show.pictures[max(show.pictures) - 2]).max() > 10


def test_undo_goes_back_to_before_the_recall_as_often_as_there_were(played):
    show = played("noisy")
    stored(show)
    elsewhere(show)
    first = show.latest().tobytes(), standing(show), show.table.target("dream/knob/2")
    show.say("recall", "dawn")
    show.play(8)
    second = show.latest().tobytes(), standing(show), show.table.target("dream/knob/2")
    show.set(preset__morph=1)
    show.say("recall", "dawn")
    show.play(10).set(preset__morph=0)
    for then in (second, first):
        show.play(1).set(preset__undo=1)
        show.play(2)
        assert (show.latest().tobytes(), standing(show), show.table.target("dream/knob/2")) == then
        show.play(3)
    show.set(preset__undo=1)
    show.play(2)
    assert "nothing was recalled" in show.presets.error


def test_a_hand_that_goes_to_a_scene_on_the_way_gets_there(played):
    show = played("calm")
    show.set(dream__temperature=0, player__glide=0)
    show.play(9).say("store", "dawn")
    show.play(9).set(preset__morph=1)
    show.say("recall", "dawn")
    show.play(10).set(dream__scene="second")
    show.play(30)
    other = played("calm")
    other.set(dream__temperature=0, player__glide=0, dream__scene="second")
    other.play(30)
    at, wanted = (each.decks[0].player.walk.state(complete=False) for each in (show, other))
    assert np.array_equal(at.after.latent, wanted.after.latent)


def test_beats_are_as_long_as_the_tempo_says(played):
    show = played("calm")
    show.seconds_of_a_beat = 0.25
    show.play(5).say("store", "dawn")
    show.play(5).set(preset__morph=2, preset__beats=1)
    show.play(1).say("recall", "dawn")
    show.play(10)
    assert 0.5 < show.presets.status()["preset_part"] < 0.7
    show.play(6)
    assert show.presets.status()["preset_part"] is None


def test_a_recall_waits_for_the_beat_and_its_values_do_not(played):
    show = played("calm")
    show.set(player__speed=2)
    show.play(5).say("store", "dawn")
    show.play(5).set(player__speed=0.5)
    show.play(3)
    show.table.off_beat = lambda: True
    show.say("recall", "dawn")
    show.play(5)
    assert show.values["player/speed"] == 0.5
    show.table.off_beat = lambda: False
    show.play(1)
    show.table.off_beat = lambda: True
    show.play(1)
    assert show.values["player/speed"] == 2


def test_a_deck_with_another_dream_takes_the_parameters_that_it_has(played, paths):
    show = played("calm", "noisy")
    show.set(b__dream__knob__1=2, mix__crossfade=0.3)
    show.play(30).say("store", "dawn")
    then = standing(show)[0]
    show.play(5).load(paths["big"], 1)
    show.play(5).set(b__dream__push=0.5, b__dream__knob__1=0)
    show.play(5)
    show.say("recall", "dawn")
    show.play(2)
    assert standing(show)[0] == then
    assert (
        show.presets.error == "preset dawn: deck B plays another dream than Noisy; only its parameters are taken there"
    )
    assert (show.table.target("b/dream/knob/1"), show.table.target("b/dream/push")) == (2, 0.5)
    show.play(3)


def test_each_dream_has_its_own_bank(played, paths, tmp_path):
    show = played("calm")
    show.say("store", "dawn")
    show.play(1).load(paths["big"])
    show.play(2)
    until(lambda: show.presets.bank is not None)
    show.say("recall", "dawn")
    show.play(1)
    assert show.presets.error == "preset/recall: no preset 'dawn'; there are: none yet"
    show.say("store", 3)
    show.play(1)
    assert show.presets.status()["presets"] == [{"number": 3, "name": "3"}]
    assert show.presets.status()["preset"] == "3"
    show.load(paths["calm"])
    show.play(2)
    until(lambda: show.presets.bank is not None)
    assert show.presets.status()["presets"] == [{"number": 0, "name": "dawn"}]
    show.say("delete", "dawn")
    show.play(1)
    show.end()
    assert [each.name.rpartition("-")[0] for each in sorted((tmp_path / "presets").iterdir())] == ["Big", "Calm"]


def test_a_moment_that_was_damaged_is_left_out_and_said(played):
    show = played("calm")
    show.set(dream__knob__1=2)
    show.play(5).say("store", "dawn")
    show.play(5).set(dream__knob__1=0)
    show.play(5)
    at = show.presets.bank.find("dawn").decks[0]["moment"]
    for wrong in (
        {"before": "AAAA"},
        {"phase": -1},
        {"seed": "3"},
        {"recurrent": {"state.g": ""}},
        {"noises": [at["after"]]},
    ):
        show.presets.bank.find("dawn").decks[0]["moment"] = at | wrong
        show.say("recall", "dawn")
        show.play(2)
        assert "its moment is damaged" in show.presets.error
    show.play(3)
    assert show.values["dream/knob/1"] == 2


@pytest.mark.parametrize("late", [1, 3])
def test_a_show_with_recalls_and_morphs_is_drawn_again_to_the_bit(played, tmp_path, late):
    show = played("noisy", "calm")
    show.shows.keep(tmp_path / "kept.show")
    show.set(mix__crossfade=0.4)
    stored(show, prefixes=("", "b__"))
    elsewhere(show)
    show.play(5).say("store", "dusk")
    for seconds, name in ((1, "dawn"), (0.4, "dusk"), (0, "dawn"), (2, "dusk")):
        show.set(preset__morph=seconds)
        show.play(1).say("recall", name)
        show.play(16, late)
    middle = show.shows.keep(tmp_path / "middle.show")  # begins on the way
    show.play(9, late).set(preset__undo=1)
    pictures = show.play(40, late).end()
    for path in (tmp_path / "kept.show", middle.path):
        kept = show_file.read(path)
        drawn = numbered(replay.frames(kept, replay.dreams(kept)))
        assert sorted(drawn) == list(range(kept.first, show.number + 1))
        due = {number: each for number, each in pictures.items() if number >= kept.first}
        assert not [number for number, each in due.items() if not np.array_equal(each, drawn[number])]
        numbers = sorted(drawn)
        jumps = [np.abs(drawn[b].astype(int) - drawn[a]).max() for a, b in pairwise(numbers)]
        assert sum(each > 60 for each in jumps) <= 2  # none on the way, also in frames that were dropped


def test_a_preset_that_is_stored_while_a_live_picture_draws_the_dream_is_what_was_seen(played):
    show = played("calm")
    show.table.replace("input/", live_picture())
    show.set(player__glide=0, player__freeze=True, input__pull=1)
    dream = show.decks[0].player.dream
    show.decks[0].pull_to(dream.sha256, np.full_like(dream.mean, 1.5))
    show.play(20)
    seen = show.latest()
    show.say("store", "seen")
    show.play(1)
    show.set(input__pull=0)
    show.play(2)
    assert not np.array_equal(show.latest(), seen)
    show.say("recall", "seen")  # no live picture by now
    show.play(2)
    assert np.array_equal(show.latest(), seen)
