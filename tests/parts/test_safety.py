"""Panic, blackouts that take their time, and limits: in the values of frames, and in real shows."""

import numpy as np
import pytest

from livedream.control.modulation import Modulation
from livedream.control.tempo import Tempo
from livedream.dream import read as dreams
from livedream.parts import safety
from livedream.play import dream_parameters as tables
from tests.dreams import tiny
from tests.show import Show, has_oscsend

PERIOD = 0.1
needs_oscsend = pytest.mark.skipif(not has_oscsend, reason="needs oscsend (liblo-tools)")


class Hands:
    """A table as a show has it, and what its frames are drawn with, ten a second."""

    def __init__(self, model, recall=lambda values, seconds: False):
        dream = dreams.load(model)
        self.table = tables.of(dream)
        self.tempo = Tempo(self.table)
        self.table.off_beat = self.tempo.off_beat
        self.modulation = Modulation(self.table, 1 / PERIOD, self.tempo)
        self.safety = safety.Safety(self.table, recall)
        self.number = 0

    def set(self, address, *arguments):
        self.table.set(address, arguments)

    def frame(self):
        values = self.table.tick(PERIOD)
        values = self.tempo.transform(self.modulation.transform(values, self.number, PERIOD))
        self.number += 1
        return self.safety.transform(values, self.number, PERIOD)

    def light(self):
        values = self.frame()
        return 0.0 if values["master/blackout"] else round(values["master/fade"], 6)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return tiny(tmp_path_factory.mktemp("dream") / "tiny.onnx")


@pytest.fixture
def hands(model):
    made = Hands(model)
    made.set("player/glide", 0)
    made.frame()
    return made


def test_a_blackout_is_at_once_and_changes_nothing_else(hands):
    hands.set("master/fade", 0.7)
    before = hands.frame()
    hands.set("master/blackout", 1)
    dark = hands.frame()
    assert {each for each in before.values if before[each] != dark[each]} == {"master/blackout"}
    hands.set("master/blackout", 0)
    assert dict(hands.frame().values) == dict(before.values)


def test_a_blackout_fades_out_and_in_in_its_time(hands):
    hands.set("master/blackout_time", 0.5)
    hands.set("master/blackout", 1)
    assert [hands.light() for _ in range(6)] == [0.8, 0.6, 0.4, 0.2, 0, 0]
    assert hands.frame()["master/blackout"]
    hands.set("master/blackout", 0)
    hands.set("master/fade", 0.5)
    assert [hands.light() for _ in range(3)] == [0.1, 0.2, 0.3]
    hands.set("master/blackout", 1)  # and turns back half-way
    assert [hands.light() for _ in range(4)] == [0.2, 0.1, 0, 0]


def test_a_show_that_begins_dark_does_not_fade_there(model):
    hands = Hands(model)
    hands.set("master/blackout_time", 5)
    hands.set("master/blackout", 1)
    assert hands.light() == 0


def test_the_fade_takes_its_time_and_no_more_than_glides_do(hands):
    hands.set("master/fade_time", 0.4)
    hands.set("master/fade", 0)  # in the same frame
    assert [hands.light() for _ in range(5)] == [0.75, 0.5, 0.25, 0, 0]
    hands.set("player/glide", 1)
    hands.set("master/fade", 1)
    assert [hands.light() for _ in range(3)] == [0.1, 0.2, 0.3]
    hands.set("dream/knob/1", 1)
    hands.frame()
    assert hands.frame()["dream/knob/1"] == pytest.approx(0.2)  # nothing else waits for the fade's time


def test_panic_makes_everything_calm_and_seen_in_a_fifth_of_a_second(hands):
    for address, value in (
        ("master/blackout_time", 30),
        ("master/fade_time", 30),
        ("player/glide", 10),
        ("tempo/quantize", "bar"),
        ("mod/1/source", "sine"),
        ("mod/1/target", "dream/knob/2"),
    ):
        hands.set(address, value)
    hands.frame()
    for address, value in (
        ("player/speed", -6),
        ("player/freeze", 1),
        ("dream/temperature", 2),
        ("dream/knob/1", 3),
        ("dream/latent/5", -3),
        ("master/hold", 1),
        ("master/fade", 0),
        ("master/blackout", 1),
    ):
        hands.table.set(address, [value], seconds=0.0)
    hands.frame()
    hands.table.set("master/panic", ())
    hands.frame()
    values = hands.frame()  # the next one is on its way
    assert [values[each] for each in ("master/hold", "player/freeze", "mod/1/source")] == [False, False, 0]
    assert -6 < values["player/speed"] < 1
    assert 0 < values["dream/knob/1"] < 3
    hands.frame()
    values = hands.frame()
    now = {each: values[each] for each in ("player/speed", "dream/temperature", "dream/knob/1", "dream/latent/5")}
    assert now == {"player/speed": 1, "dream/temperature": 1, "dream/knob/1": 0, "dream/latent/5": 0}
    assert values["dream/latents"] == (0.0,) * 8
    assert (values["master/fade"], values["master/blackout"], values["dream/knob/2"]) == (1.0, False, 0.0)
    assert values["tempo/quantize"] == 2  # the room's things stay


def test_panic_goes_to_its_preset_if_there_is_one(model):
    asked = []
    hands = Hands(model, lambda values, seconds: asked.append(seconds) or True)
    hands.set("dream/knob/1", 3)
    hands.set("master/hold", 1)
    hands.frame()
    hands.table.set("master/panic", ())
    for _ in range(5):
        values = hands.frame()
    assert asked == [safety.QUICK]
    assert (values["dream/knob/1"], values["master/hold"]) == (3, False)  # the preset's affair; seen all the same


def test_nothing_gets_past_a_limit(hands):
    hands.table.limit({"player/speed": (0.5, 2), "dream/knob/3": (-1, 1), "dream/latents": (-0.5, 0.5)})
    hands.set("player/speed", 8)
    hands.set("dream/latents", *[3] * 8)
    values = hands.frame()
    assert (values["player/speed"], values["dream/latents"]) == (2, (0.5,) * 8)
    assert hands.table.counters["clamped"] == 2
    hands.set("tempo/sync", 1)
    hands.set("tempo/bpm", 240)
    assert hands.frame()["player/speed"] == 2
    hands.set("mod/1/target", "dream/knob/3")
    hands.set("mod/1/offset", 1)
    hands.set("mod/1/source", "square")
    assert max(hands.frame()["dream/knob/3"] for _ in range(20)) == 1
    assert hands.frame()["dream/knob/4"] == 0


def test_a_limit_can_be_for_all_knobs(hands):
    hands.table.limit({"dream/knob": (-1, 2)})
    hands.set("dream/knob/1", 3)
    hands.set("dream/knob/8", -3)
    values = hands.frame()
    assert (values["dream/knob/1"], values["dream/knob/8"]) == (2, -1)


def test_limits_hold_for_the_next_dream_too(hands, tmp_path):
    hands.table.limit({"dream/knob/1": (-0.5, 0.5), "dream/push": (0, 0.25), "dream/latent/2": (1, 2)})
    assert hands.frame()["dream/latent/2"] == 1
    other = dreams.load(tiny(tmp_path / "other.onnx", control=True))
    tables.change(hands.table, other)
    hands.set("dream/knob/1", -3)
    hands.set("dream/push", 1)
    values = hands.frame()
    assert (values["dream/knob/1"], values["dream/push"], values["dream/latent/2"]) == (-0.5, 0.25, 1)
    assert hands.table.parameters["dream/push"].high == 0.25  # and who asks is told


@needs_oscsend
def test_panic_in_a_real_show_brings_the_picture_back(model, tmp_path):
    with Show(
        model, "--size", "64x32", "--panic", "safe", "--presets", str(tmp_path / "bank.json"), "--forget"
    ) as show:
        show.frame()
        show.osc("dream/knob/1", "f", "0.5")
        show.until(lambda pixels: show.value("dream/knob/1") == 0.5)
        show.osc("preset/store", "s", "safe")
        show.until(lambda pixels: show.status()["preset"] == "safe")
        show.osc("master/blackout", "i", "1")
        show.until(lambda pixels: not pixels[..., :3].any())
        show.osc("dream/knob/1", "f", "-3")
        show.osc("player/freeze", "i", "1")
        show.until(lambda pixels: show.value("player/freeze"))
        show.osc("master/panic", "i", "1")
        show.until(lambda pixels: pixels[..., :3].any())
        show.until(lambda pixels: show.value("dream/knob/1") == 0.5 and not show.value("player/freeze"))
        moving = show.frames(30)
        assert not np.array_equal(moving[0][2], moving[-1][2])
        assert show.status()["errors"] == 0
    assert show.code == 0, show.errors
