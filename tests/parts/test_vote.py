"""Votes make a knob: it learns what is voted for; presets, sessions and shows keep it, and a new dream file has it."""

import json

import numpy as np
import pytest

from livedream import UserError
from livedream.dream import read
from livedream.parameters import Table, vote
from livedream.parts.preset_recall import PresetRecall
from livedream.parts.voting import Voting
from livedream.play.liked_places import LikedPlaces
from livedream.play.preference import Preference
from livedream.session import session_file
from livedream.shows import replay, show_file
from tests import dreams
from tests.performance import Performance
from tests.show import Show
from tests.waiting import until


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dreams")
    return dreams.tiny(folder / "tiny.onnx", step=False), dreams.tiny(folder / "other.onnx", title="Other", step=False)


class Asked(Performance):
    """With the vote; its pictures are `dreams.picture` of a latent: its first number makes them redder."""

    def __init__(self, folder, *paths, **options):
        super().__init__(*paths, **options)
        self.voting = Voting(self.decks, self.table, folder, "redder")
        self.voting.start()
        self.effects.append(self.voting)  # sees every frame
        self.play(1)

    def says(self, deck=0):
        return self.voting.status()["vote"]["decks"][deck]

    def vote(self, *ups, prefix=""):
        for up in ups:
            assert self.table.set(f"{prefix}vote/{'up' if up else 'down'}", (), "somebody")

    def ask(self, times, likes, prefix=""):
        """Let a viewer vote so often, every two seconds, on whether the number `likes` of the latent is high."""
        deck = self.decks[bool(prefix)]
        for _ in range(times):
            self.play(59)
            self.vote(deck.player.walk.shown().latent[abs(likes)] * (1 if likes >= 0 else -1) > 0, prefix=prefix)
            self.play(1)
        self.play(30)

    def direction(self, prefix=""):
        return np.array(self.table.target(f"{prefix}vote/direction"))

    def end(self):
        self.voting.stop()
        return super().end()


@pytest.fixture
def asked(tmp_path, paths):
    made = []

    def make(*chosen, **options):
        made.append(Asked(tmp_path, *(chosen or paths[:1]), **options))
        return made[-1]

    yield make
    for each in made:
        each.end()


def test_the_knob_does_what_was_voted_for_and_its_opposite(asked):
    show = asked()
    show.ask(40, likes=0)
    way = show.direction()
    assert way[0] > 2 * np.abs(way[1:]).max()
    assert show.says()["sure"] > 0.2
    red = []
    for amount in (-2, 0, 2):
        show.set(vote__amount=amount)
        show.play(3)
        red.append(show.pictures[show.number][..., 0].mean())
    assert red[0] < red[1] - 8
    assert red[2] > red[1] + 8


def test_each_vote_counts_however_many_come_at_once_from_whomever(asked):
    show = asked()
    show.vote(*[True] * 7, *[False] * 2)  # one sender, in one frame, much faster than 20 times a second
    show.table.set("vote/up", (1,), "another")
    show.table.set("vote/up", (0,), "another")  # a button that is let go
    show.play(2)
    assert (show.says()["up"], show.says()["down"]) == (8, 2)


def test_a_trigger_that_is_no_vote_is_still_no_stream():
    table = Table([each for each in vote(4) if each.address in ("vote/up", "vote/reset")])
    for _ in range(3):
        for address in ("vote/up", "vote/reset"):
            table.set(address, (1,), "sender", at=1.0)
    assert dict(table.tick(0.1).changes) == {"vote/up": 3, "vote/reset": True}


def test_the_places_that_are_liked_are_those_with_the_most_votes_around_them():
    learned = LikedPlaces()
    assert (learned.most, learned.least) == (-1, -1)
    liked, not_liked = (100, 400, 405, 410), (700, 1000, 1002, 1004)
    for memory in liked + not_liked:
        learned.vote(np.float32([memory, 0, 0]), memory in liked)
    assert learned.most == 405
    assert 1000 <= learned.least <= 1004
    learned.vote(np.float32([2000, 100, 1]), True)  # two against three: it stays where it is
    assert learned.most == 405
    learned.vote(np.float32([100, 0, 0]), True, 3)
    assert learned.most == 100


def test_votes_at_random_make_nobody_sure():
    random, learned = np.random.default_rng(1), Preference(16)
    for _ in range(200):
        latent = random.standard_normal(16).astype(np.float32)
        learned.see(latent)
        learned.vote(latent, bool(random.random() < 0.5))
    assert learned.sure < 0.35
    assert np.isfinite(learned.direction()).all()


def test_the_direction_stays_among_the_dreams_latents():
    random, learned = np.random.default_rng(2), Preference(8)
    spread = np.array([3, 1, 1, 1, 1, 1, 1, 0.1])
    for _ in range(300):
        latent = (random.standard_normal(8) * spread).astype(np.float32)
        latent[1] = 0.9 * latent[0]  # these two go together
        learned.see(latent)
        learned.vote(latent, bool(latent[0] + 5 * latent[7] > 0))
    way = learned.direction()
    assert way[1] / way[0] == pytest.approx(0.9, abs=0.15)
    assert abs(way[7]) < 0.2


def test_each_deck_learns_by_itself(asked, paths):
    show = asked(*paths)
    show.ask(25, likes=0)
    show.ask(25, likes=-1, prefix="b/")
    assert np.argmax(np.abs(show.direction())) == 0
    assert np.argmax(np.abs(show.direction("b/"))) == 1
    assert show.direction("b/")[1] < 0
    assert show.says(0)["up"] + show.says(0)["down"] == show.says(1)["up"] + show.says(1)["down"] == 25


def test_a_preset_has_the_direction_and_votes_go_on_from_it(asked, tmp_path):
    show = asked()
    presets = PresetRecall(show.decks, show.table, tmp_path / "presets")
    presets.start()
    show.transform = presets.transform
    show.set(preset__morph=0)
    show.ask(30, likes=0)
    until(lambda: presets.bank is not None)
    show.set(vote__amount=1.5)
    show.play(3)
    show.set(preset__store="red")
    show.play(1)
    before = show.direction()
    show.set(vote__reset=1)
    show.play(1)
    assert not show.direction().any()
    assert show.says()["up"] == 0
    show.set(preset__recall="red", vote__amount=0)
    show.play(1)
    assert np.array_equal(show.direction(), before)
    assert show.table.target("vote/amount") == 1.5
    show.ask(1, likes=0)
    after = show.direction()
    assert before @ after > 0.9 * np.linalg.norm(before) * np.linalg.norm(after)
    presets.stop()


def test_a_session_file_has_the_direction_and_begins_with_it(asked):
    show = asked()
    show.ask(10, likes=0)
    kept = json.loads(json.dumps(session_file.values(show.table)))
    other = asked()
    assert session_file.begin(other.table, kept, "session") == []
    other.play(2)
    assert np.allclose(other.direction(), show.direction())


def test_a_show_that_is_rendered_again_has_the_same_pictures(asked, tmp_path, paths):
    show = asked()
    file = tmp_path / "votes.show"
    show.shows.keep(file)
    show.set(vote__amount=2)
    show.ask(8, likes=0)
    expected = {number: picture.copy() for number, picture in show.pictures.items()}
    show.end()
    kept = show_file.read(file)
    again = {frame.number: frame.pixels for frame in replay.frames(kept, replay.dreams(kept))}
    assert len(again) > 100
    assert all(np.array_equal(pixels, expected[number]) for number, pixels in again.items() if number in expected)


def test_another_dream_begins_without_a_direction(asked, paths):
    show = asked()
    show.ask(5, likes=0)
    from livedream.backend import cpu
    from livedream.play.player import Player

    show.decks[0].offer(Player(read.load(paths[1]), cpu.load))
    show.play(2)
    assert not show.direction().any()
    assert show.says() == {"up": 0, "down": 0, "sure": 0.0}


def test_it_is_saved_as_a_knob_of_a_new_file(asked, tmp_path, paths):
    show = asked()
    show.set(vote__save=1)
    show.play(1)
    assert "nobody has voted" in show.voting.status()["vote"]["error"]
    assert list(tmp_path.glob("*.onnx")) == []
    show.ask(20, likes=0)
    up, down = show.says()["up"], show.says()["down"]
    assert up + down == 20
    show.table.set("vote/word", ("much  redder!",))
    for number in (1, 2):
        show.set(vote__save=1)
        show.play(1)
        name = "tiny-much-redder.onnx" if number == 1 else "tiny-much-redder-2.onnx"
        until(lambda wanted=tmp_path / name: show.voting.saved == wanted)
    before, after = read.load(paths[0]), read.load(tmp_path / "tiny-much-redder.onnx")
    names = [each.name for each in after.directions]
    assert names == [f"knob {i}" for i in range(1, 8)] + ["much redder!"]  # all eight were taken: the weakest goes
    assert np.allclose(after.directions[-1].vector, show.direction(), atol=1e-6)
    assert after.components["decode"].model == before.components["decode"].model
    assert {each: after.provenance["votes"]["much redder!"][each] for each in ("up", "down")} == {
        "up": up,
        "down": down,
    }


def test_memories_come_along(asked, tmp_path):
    path = dreams.remembering(tmp_path / "kept.onnx")
    show = asked(path)
    show.vote(True, False, True)
    show.play(5)
    show.set(vote__save=1)
    show.play(1)
    until(lambda: show.voting.saved is not None or show.voting.error)
    assert show.voting.error is None
    before, after = read.load(path), read.load(show.voting.saved)
    assert after.memories.pictures == before.memories.pictures
    assert not after.directions[-1].vector[after.places].any()
    assert after.directions[-1].places == show.table.target("vote/places")


def test_in_a_dream_of_memories_the_knob_leads_to_the_place_that_was_liked(asked, tmp_path):
    show = asked(dreams.remembering(tmp_path / "kept.onnx"))
    show.set(player__speed=0, dream__scene_jump="far")
    show.play(2)
    show.vote(True, True)
    show.set(dream__scene_jump="first")
    show.play(2)
    most, least = show.table.target("vote/places")
    assert (most, least) == (pytest.approx(7, abs=0.5), -1)
    show.set(vote__amount=3, vote__direction=(0, 0, 0))  # the place alone
    show.play(2)
    drawn = show.decks[0].player.latent(show.values)[3:]
    first, second, share = drawn
    seen = {round(float(first)): 1 - share, round(float(second)): share}
    assert min(seen.values()) == pytest.approx(1 / 3, abs=0.01)  # so much is of what is liked
    assert abs(min(seen, key=seen.get) - 7) <= 6 + 1
    show.set(vote__reset=1, vote__amount=0)
    show.play(2)
    assert show.table.target("vote/places") == (-1, -1)
    assert show.decks[0].player.latent(show.values)[3:] == pytest.approx(show.decks[0].player.walk.shown().latent[3:])


def test_a_knob_that_leads_to_a_place_reads_only_whole_descriptions(tmp_path):
    path, components, metadata, memories = dreams.remembering_parts(tmp_path / "led.onnx")
    metadata["directions"][0]["places"] = [7, -1]
    dreams.write.write(path, components, metadata, memories)
    assert read.load(path).directions[0].places == (7, -1)
    for wrong in ([7], "7", [7, float("1e9")], [7, None]):
        metadata["directions"][0]["places"] = wrong
        with pytest.raises(UserError, match="places"):
            dreams.write.write(path, components, metadata, memories)


def test_over_osc_in_a_real_show(paths, tmp_path):
    with Show(paths[0], "--fps", "20", "--vote-word", "eerie", "--save", tmp_path / "a.session") as show:
        show.frame()
        for _ in range(3):
            show.osc("vote/up")
        show.osc("vote/down", "f", "1.0")
        until(lambda: show.status()["vote"]["decks"][0]["down"] == 1)
        assert show.status()["vote"]["decks"][0]["up"] == 3
        assert show.status()["vote"]["word"] == "eerie"
        show.osc("vote/word", "s", "calmer")
        until(lambda: "calmer" in (tmp_path / "a.session").read_text())
    kept = json.loads((tmp_path / "a.session").read_text())
    assert kept["vote_word"] == "calmer"
    assert len(kept["values"]["vote/direction"]) == 8
    assert (show.code, show.errors) == (0, "")
