"""What is kept of a show's effects: in sessions with numbers and order, in presets, in shows that are rendered."""

import json
import re

import av
import numpy as np
import pytest

from livedream import UserError
from livedream.cli import main
from livedream.effect import library
from livedream.output.window import hud
from livedream.parts.preset_recall import PresetRecall
from livedream.session import session_file
from livedream.session.run_options import RunOptions
from tests import dreams, effects
from tests.performance import Performance
from tests.show import Show, has_oscsend
from tests.waiting import until


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("effects")
    dreams.tiny(folder / "tiny.onnx")
    effects.brightness(folder / "brightness.onnx")
    effects.counter(folder / "counter.onnx")
    return folder


@pytest.mark.skipif(not has_oscsend, reason="needs oscsend (liblo-tools)")
def test_the_chains_of_both_decks_are_there_again_with_their_numbers(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    last, kept = tmp_path / "config" / "livedream" / "last.session", folder / "kept.session"
    given = ["--model", str(folder / "tiny.onnx"), "--size", "64x32", "--fps", "10", "--dreams", str(folder)]
    for name in ("brightness.onnx", "counter.onnx", "brightness.onnx#deck=b"):
        given += ["--effect", str(folder / name)]

    def chains(show):
        return [(each["deck"], each["n"], each["name"]) for each in show.status()["effects"]]

    with Show(folder / "tiny.onnx", *given, "--save", str(kept)) as show:
        show.frame()
        show.osc("effect/1/amount", "f", "0.75")
        show.osc("effect/2/rate", "f", "2")
        show.osc("b/effect/1/amount", "f", "-0.5")
        show.osc("effect/2/place", "i", "0")
        show.osc("effect/insert", "s", "brightness")
        until(lambda: ("a", 3, "brightness") in chains(show))
        show.osc("effect/3/wet", "f", "0.25")
        show.osc("effect/remove", "i", "1")
        until(lambda: chains(show) == [("a", 2, "counter"), ("a", 3, "brightness"), ("b", 1, "brightness")])
        until(lambda: last.exists() and '"effect/3/wet": 0.25' in last.read_text("utf-8"))
    assert show.code == 0, show.errors
    assert "deck A: effect 1 brightness · 64x32 · cpu" in show.said
    written = json.loads(kept.read_text("utf-8"))
    assert written["effect"] == ["counter.onnx#n=2", "brightness.onnx#n=3", "brightness.onnx#deck=b"]
    again = Show(None, str(kept))
    with again:
        again.frame()
        assert chains(again) == [("a", 2, "counter"), ("a", 3, "brightness"), ("b", 1, "brightness")]
        lines = dict(line.partition("\t")[::2] for line in hud.lines(again.status()))
        assert re.fullmatch(r"[\d.]+ fps   [\d.]+ ms   (in time|behind)", lines["counter"])
        assert {"brightness", "b brightness"} <= set(lines)
        values = {each["address"]: each["value"] for each in again.get("parameters")}
        assert (values["effect/2/rate"], values["effect/3/wet"], values["b/effect/1/amount"]) == (2, 0.25, -0.5)
        assert values["effect/3/amount"] == 0.5
    assert again.code == 0, again.errors
    assert "note" not in again.errors


def test_what_effects_a_session_names_is_read_from_its_folder(folder, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    file = folder / "named.session"
    file.write_text(json.dumps({"livedream session": 1, "effect": ["counter.onnx#n=2&deck=b", "deepdream"]}), "utf-8")
    options = RunOptions(**session_file.read(file))
    assert options.effects == (f"{folder / 'counter.onnx'}#n=2&deck=b", "deepdream")
    asked = library.parse(options.effects[0])
    assert (asked.deck, asked.name, asked.number) == (1, str(folder / "counter.onnx"), 2)
    assert library.parse(str(library.Asked(1, "a.onnx", 2))) == library.Asked(1, "a.onnx", 2)
    for wrong in ("a.onnx#deck=c", "a.onnx#n=x", "a.onnx#fit=cover"):
        with pytest.raises(UserError, match=re.escape(f"--effect {wrong}: after # comes deck=a or deck=b")):
            library.parse(wrong)


class Played(Performance):
    def __init__(self, folder, *paths, **options):
        super().__init__(*paths, **options)
        self.presets = PresetRecall(self.decks, self.table, folder)
        self.presets.start()
        self.transform = self.presets.transform
        self.play(1)
        until(lambda: self.presets.bank is not None)

    def say(self, command, *arguments):
        assert self.table.set(f"preset/{command}", arguments, "performer")
        return self.play(1)

    def end(self):
        self.presets.stop()
        return super().end()


def test_a_preset_moves_the_effects_that_it_was_stored_with(folder, tmp_path):
    inside = [folder / "brightness.onnx", folder / "counter.onnx"]
    show = Played(tmp_path, folder / "tiny.onnx", effects=inside, found=inside)
    try:
        show.set(player__glide=0, preset__morph=0)
        show.set(effect__1__amount=-0.5, effect__2__wet=0.25, effect__2__bypass=1)
        show.play(2).say("store", "dawn")
        show.set(effect__1__amount=1, effect__2__wet=1, effect__2__bypass=0)
        show.play(2)
        show.set(preset__morph=1)
        show.say("recall", "dawn").play(15)
        assert -0.45 < show.values["effect/1/amount"] < 0.95  # it glides there
        show.play(20)
        values = [show.values[f"effect/{each}"] for each in ("1/amount", "2/wet", "2/bypass")]
        assert values == [-0.5, 0.25, True]
        assert show.presets.error is None
        # Another effect in the place of one is left alone, and one that is not there is no error.
        show.set(effect__remove=1)
        show.play(1).set(effect__remove=2)
        show.play(1).set(effect__insert="counter")
        until(lambda: show.play(1).chains[0].slots)
        show.set(effect__1__wet=0.5, preset__morph=0)
        show.play(2).say("recall", "dawn").play(2)
        assert show.values["effect/1/wet"] == 0.5
        error = "preset dawn: effect 1 of deck A is counter and was brightness; its values are left as they are"
        assert show.presets.error == error
    finally:
        show.end()


def test_render_draws_a_dream_or_a_show_through_effects(folder, tmp_path, capsys):
    def pictures(path):
        with av.open(str(path)) as film:
            return [frame.to_ndarray(format="rgb24").astype(int) for frame in film.decode(video=0)]

    def render(what, name, *more):
        out = tmp_path / name
        code = main(["render", str(what), "-o", f"{out}#codec=ffv1", "--seconds", "0.4", *more])
        return code, pictures(out) if code == 0 else capsys.readouterr().err

    lit = ("--effect", str(folder / "brightness.onnx"))
    plain, once = render(folder / "tiny.onnx", "plain.mkv")[1], render(folder / "tiny.onnx", "once.mkv", *lit)[1]
    twice = render(folder / "tiny.onnx", "twice.mkv", *lit, *lit)[1]
    for number, before in enumerate(plain):
        assert np.abs(once[number] - np.minimum(before + 50, 255)).max() <= 1
        assert np.abs(twice[number] - np.minimum(before + 100, 255)).max() <= 1
    show = Performance(folder / "tiny.onnx", effects=[folder / "brightness.onnx"])
    show.shows.keep(tmp_path / "set.show")
    seen = show.play(12).end()
    code, drawn = render(tmp_path / "set.show", "more.mkv", *lit)
    assert code == 0
    for number, picture in seen.items():
        assert np.abs(drawn[number] - np.minimum(picture[..., :3].astype(int) + 50, 255)).max() <= 1
    assert render(folder / "tiny.onnx", "no.mkv", "--effect", str(folder / "tiny.onnx"))[0] == 2
    code, error = render(folder / "tiny.onnx", "no.mkv", "--effect", "gone")
    assert (code, error.count("\n")) == (2, 1)
    assert "gone: no such file, and no effect that ships has that name" in error


def test_a_show_ends_as_it_should_while_an_effect_is_in_the_middle_of_a_run(folder, tmp_path):
    slow = effects.slow(tmp_path / "slow.onnx", 192, 192, layers=6)
    with Show(folder / "tiny.onnx", "--size", "64x32", "--forget", "--effect", str(slow)) as show:
        show.frames(10)
    assert (show.code, show.errors) == (0, "")
