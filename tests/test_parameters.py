import math
import threading

import pytest

from livedream.parameters import (
    KNOBS,
    MASTER,
    OUTPUT,
    PLAYER,
    Parameter,
    Table,
    coerce,
    control,
    dream,
    latents,
    window,
)

FRAME = 1 / 30
TOUCHDESIGNER, CONSOLE = ("10.0.0.2", 7001), ("10.0.0.3", 7002)


def table(scenes=("road", "sky", "night"), latent=4, glide=0.0):
    """A table with a dream in it, nothing pending."""
    made = Table([*PLAYER, *dream(scenes, latent_length=latent), *MASTER])
    made.set("player/glide", [glide])
    made.tick(FRAME)
    return made


def put(table, address, *arguments, **more):
    """Set and tick; what the next frame then sees."""
    table.set(address, arguments, **more)
    return table.tick(FRAME)


def test_every_parameter_starts_at_its_default_and_explains_itself():
    t = table(glide=0.05)
    snapshot = t.tick(FRAME)
    assert snapshot["player/speed"] == 1
    assert snapshot["player/seed"] == 0
    assert snapshot["player/freeze"] is False
    assert snapshot["dream/temperature"] == 1
    assert snapshot["dream/latents"] == (0, 0, 0, 0)
    assert snapshot["master/fade"] == 1
    assert [snapshot[f"dream/knob/{i}"] for i in range(1, KNOBS + 1)] == [0] * 8
    assert all(each.doc for each in t.parameters.values())
    assert not snapshot.changes
    assert not snapshot.fired
    assert snapshot.event_at is None


@pytest.mark.parametrize("value", [1, 1.0, True])
def test_floats_ints_and_booleans_are_taken_for_one_another(value):
    t = table()
    for address in ("dream/knob/1", "player/seed", "master/blackout", "dream/scene"):
        assert t.set(address, [value])
    snapshot = t.tick(FRAME)
    assert type(snapshot["dream/knob/1"]) is float
    assert snapshot["dream/knob/1"] == 1.0
    assert type(snapshot["player/seed"]) is int
    assert snapshot["player/seed"] == 1
    assert snapshot["master/blackout"] is True
    assert snapshot["dream/scene"] == 1


@pytest.mark.parametrize(
    ("address", "sent", "kept"),
    [
        ("player/speed", 99, 8.0),
        ("player/speed", -9, -8.0),
        ("dream/knob/3", 1e300, 3.0),
        ("player/seed", 2**40, 16777215),
        ("dream/scene", 7, 2),
        ("dream/latent/0", -50, -3.0),
    ],
)
def test_out_of_range_is_clamped_and_counted(address, sent, kept):
    t = table()
    assert t.set(address, [sent])
    assert t.tick(FRAME)[address] == kept
    assert t.counters["clamped"] == 1
    assert t.counters["malformed"] == 0


@pytest.mark.parametrize(
    ("address", "arguments"),
    [
        ("player/speed", [math.nan]),
        ("player/speed", [math.inf]),
        ("player/seed", [-math.inf]),
        ("player/speed", [10**400]),
        ("player/speed", ["fast"]),
        ("player/speed", [b"\0\0"]),
        ("player/speed", [None]),
        ("player/speed", []),
        ("player/speed", ["1_0"]),
        ("player/speed", ["inf"]),
        ("master/blackout", ["maybe"]),
        ("master/blackout", [None]),
        ("player/reseed", ["now"]),
        ("dream/scene", ["nowhere"]),
        ("dream/scene", ["2024"]),
        ("dream/latents", [1, 2, 3]),
        ("dream/latents", [1, 2, 3, math.nan]),
    ],
)
def test_what_cannot_be_the_value_is_refused_and_counted(address, arguments):
    t = table()
    before = t.tick(FRAME).values
    assert not t.set(address, arguments)
    snapshot = t.tick(FRAME)
    assert snapshot.values == before
    assert not snapshot.changes
    assert not snapshot.fired
    assert t.counters["malformed"] == 1
    assert address in t.faults["malformed"]


def test_an_unknown_address_is_counted_and_named():
    t = table()
    assert not t.set("player/sped", [1])
    assert t.counters["unknown"] == 1
    assert "player/sped" in t.faults["unknown"]
    with pytest.raises(KeyError):
        t.target("player/sped")


def test_a_glide_is_a_straight_line_that_arrives_exactly():
    t = table(glide=1.0)
    t.set("player/speed", [4.0])
    way = [t.tick(FRAME)["player/speed"] for _ in range(31)]
    assert way[:29] == pytest.approx([1 + 3 * k / 30 for k in range(1, 30)])
    assert way[29:] == [4.0, 4.0]
    assert t.target("player/speed") == 4.0


def test_a_new_target_glides_on_from_the_present_value():
    t = table(glide=1.0)
    t.set("dream/knob/1", [2.0])
    for _ in range(15):
        present = t.tick(FRAME)["dream/knob/1"]
    assert present == pytest.approx(1.0)
    t.set("dream/knob/1", [-1.0])
    assert t.tick(FRAME)["dream/knob/1"] == pytest.approx(1.0 - 2 / 30)
    for _ in range(29):
        present = t.tick(FRAME)["dream/knob/1"]
    assert present == -1.0


def test_the_longer_of_a_parameters_own_glide_and_the_general_one_counts():
    slow = Parameter("dream/slow", "float", 0, 1, 0, glide=0.5)
    t = Table([*PLAYER, slow, Parameter("dream/jumpy", "float", 0, 1, 0, glide=None)])
    t.set("player/glide", [0.25])
    for address in ("dream/slow", "dream/jumpy", "player/speed"):
        t.set(address, [0.0 if address == "player/speed" else 1.0])
    snapshot = t.tick(0.125)
    assert (snapshot["dream/slow"], snapshot["dream/jumpy"], snapshot["player/speed"]) == (0.25, 1.0, 0.5)
    t.set("player/glide", [1.0])
    for _ in range(3):  # what glides already keeps its pace
        snapshot = t.tick(0.125)
    assert (snapshot["dream/slow"], snapshot["player/speed"]) == (1.0, 0.0)


def test_a_glide_time_applies_to_what_comes_with_it_on_the_same_frame():
    t = table(glide=0.0)
    t.set("master/fade", [0.0])
    t.set("player/glide", [1.0])
    assert t.tick(0.5)["master/fade"] == 0.5


def test_what_is_not_continuous_steps_at_once():
    t = table(glide=10.0)
    for address, value in (
        ("master/blackout", 1),
        ("player/freeze", 1),
        ("player/seed", 77),
        ("dream/scene", 2),
    ):
        assert put(t, address, value)[address] == value


def test_the_latest_value_wins_and_is_one_change():
    t = table()
    for value in (0.1, 0.2, 0.3):
        t.set("master/fade", [value], TOUCHDESIGNER)
    snapshot = t.tick(FRAME)
    assert snapshot["master/fade"] == 0.3
    assert snapshot.changes == (("master/fade", 0.3),)
    assert snapshot.senders == {"master/fade": TOUCHDESIGNER}
    assert t.counters["messages"] == 4  # the glide time of `table` too
    assert not t.tick(FRAME).changes


def test_event_at_is_when_the_oldest_change_of_the_frame_came():
    import time

    t = table()
    before = time.perf_counter()
    t.set("master/fade", [0.5])
    after = time.perf_counter()
    t.set("dream/knob/1", [1])
    assert before <= t.tick(FRAME).event_at <= after
    t.set("master/fade", [0.5])  # nothing new
    assert t.tick(FRAME).event_at is None


def test_what_a_sender_repeats_does_not_undo_another_hand():
    t = table()
    put(t, "master/fade", 0.5, sender=TOUCHDESIGNER)
    put(t, "master/fade", 0.9, sender=CONSOLE)
    assert put(t, "master/fade", 0.5, sender=TOUCHDESIGNER)["master/fade"] == 0.9
    assert put(t, "master/fade", 0.6, sender=TOUCHDESIGNER)["master/fade"] == 0.6
    assert put(t, "master/fade", 0.9, sender=CONSOLE)["master/fade"] == 0.6


@pytest.mark.parametrize("how", [{"sender": "local"}, {"sender": "page 1", "repeats": True}])
def test_a_sender_that_means_every_value_may_repeat_itself(how):
    t = table()
    put(t, "master/fade", 0.5, **how)
    put(t, "master/fade", 0.9, sender=CONSOLE)
    assert put(t, "master/fade", 0.5, **how)["master/fade"] == 0.5
    assert all(put(t, "player/reseed", 1, **how).fired for _ in range(2))


def test_only_so_many_senders_are_remembered_and_the_quiet_ones_are_forgotten_first():
    t = table()
    put(t, "master/fade", 0.5, sender=TOUCHDESIGNER)
    put(t, "master/fade", 0.4, sender=CONSOLE)
    for port in range(1000):
        t.set("dream/knob/1", [port % 3], ("10.9.9.9", port))
        t.set("master/fade", [0.5], TOUCHDESIGNER)
    assert t.tick(FRAME)["master/fade"] == 0.4  # it kept speaking, so it is known to repeat itself
    put(t, "master/fade", 0.3, sender="local")
    assert put(t, "master/fade", 0.4, sender=CONSOLE)["master/fade"] == 0.4  # long quiet: heard as new


def test_a_trigger_fires_on_another_value_above_0_or_with_no_argument():
    t = table()
    fired = [bool(put(t, "player/reseed", v, sender=TOUCHDESIGNER).fired) for v in (0, 1, 1, 0.5, 0, 0.2, 0, -1, 1)]
    assert fired == [False, True, False, True, False, True, False, False, True]
    assert put(t, "player/reseed", sender=TOUCHDESIGNER).fired == {"player/reseed"}
    assert put(t, "player/reseed", sender=TOUCHDESIGNER).changes == (("player/reseed", True),)
    assert not t.tick(FRAME).fired


def test_a_scene_acts_on_change_by_number_or_name():
    t = table()
    assert put(t, "dream/scene", "sky", sender=CONSOLE).fired == {"dream/scene"}
    assert t.target("dream/scene") == 1
    assert not put(t, "dream/scene", 1, sender=TOUCHDESIGNER).fired
    snapshot = put(t, "dream/scene", 2.0, sender=TOUCHDESIGNER)
    assert snapshot.fired == {"dream/scene"}
    assert snapshot["dream/scene"] == 2


def test_a_jump_always_acts_and_moves_the_scene():
    t = table()
    for _ in range(2):
        snapshot = put(t, "dream/scene_jump", "night", sender=CONSOLE)
        assert snapshot.fired == {"dream/scene_jump"}
        assert snapshot["dream/scene"] == 2
    assert not put(t, "dream/scene", 2).fired
    assert put(t, "dream/scene", 0).fired == {"dream/scene"}


def test_of_a_jump_and_a_scene_for_one_frame_the_later_counts():
    t = table()
    t.set("dream/scene_jump", [1])
    t.set("dream/scene", [2])
    snapshot = t.tick(FRAME)
    assert snapshot.fired == {"dream/scene"}
    assert snapshot["dream/scene"] == 2
    t.set("dream/scene", [1])
    t.set("dream/scene_jump", [0])
    snapshot = t.tick(FRAME)
    assert snapshot.fired == {"dream/scene_jump"}
    assert snapshot["dream/scene"] == 0


def test_the_latent_vector_sets_its_elements_and_shows_them():
    t = table(glide=1.0)
    t.set("dream/latents", [1, 2, 3, -9])
    snapshot = t.tick(0.5)
    assert snapshot["dream/latents"] == (0.5, 1.0, 1.5, -1.5)
    assert t.counters["clamped"] == 1
    t.set("dream/latent/1", [0])
    snapshot = t.tick(1.0)
    assert snapshot["dream/latents"] == (1.0, 0.0, 3.0, -3.0)
    assert snapshot["dream/latent/3"] == -3.0
    assert t.target("dream/latents") == (1.0, 0.0, 3.0, -3.0)


def test_above_256_latents_only_the_vector_has_an_address_and_glides_as_one():
    assert len(latents(256)) == 257
    t = table(latent=300, glide=1.0)
    assert not t.set("dream/latent/0", [1])
    assert t.set("dream/latents", [1.0] * 150 + [-2.0] * 150)
    assert t.tick(0.25)["dream/latents"] == (0.25,) * 150 + (-0.5,) * 150
    assert t.tick(1.0)["dream/latents"] == (1.0,) * 150 + (-2.0,) * 150


def test_another_dream_keeps_what_is_the_same_and_resets_the_rest():
    t = table()
    for address, value in (
        ("dream/knob/1", 2.0),
        ("dream/scene", 2),
        ("player/speed", 3.0),
        ("dream/latent/3", 1),
    ):
        t.set(address, [value], TOUCHDESIGNER)
    t.tick(FRAME)
    tilt = control("tilt", -1, 1, 0.5, "how far the camera leans")
    t.set("dream/latent/3", [2])
    t.replace("dream/", dream(["cave", "sea"], latent_length=2, controls=[tilt]))
    snapshot = t.tick(FRAME)
    assert snapshot["dream/knob/1"] == 2.0
    assert snapshot["player/speed"] == 3.0
    assert snapshot["dream/scene"] == 0
    assert snapshot["dream/tilt"] == 0.5
    assert "dream/latent/3" not in snapshot
    assert not t.set("dream/latent/3", [1])
    # What was said to the old scenes was not said to these.
    assert put(t, "dream/scene", 2, sender=TOUCHDESIGNER)["dream/scene"] == 1
    assert next(iter(t.parameters)) == "player/speed"
    assert list(t.parameters)[-1] == "master/panic"


def test_a_replaced_table_goes_on_gliding():
    t = table(glide=1.0)
    t.set("dream/knob/1", [2.0])
    t.tick(0.5)
    t.replace("dream/", dream(["cave"]))
    assert t.tick(0.25)["dream/knob/1"] == 1.5


def test_a_control_may_give_one_of_ours_its_own_range_but_not_take_a_name_of_another_kind():
    t = Table(dream(controls=[control("temperature", 0.1, 1.5, 0.8, "as trained")]))
    assert t.tick(FRAME)["dream/temperature"] == 0.8
    with pytest.raises(ValueError, match="latent"):
        control("latent", 0, 1, 0)


def test_a_control_of_several_numbers_is_a_vector():
    t = Table(dream(controls=[control("tint", 0, 1, (1.0, 0.5, 0.0), length=3), control("wind", -1, 1, 0, length=2)]))
    assert t.tick(FRAME)["dream/tint"] == (1.0, 0.5, 0.0)
    assert t.tick(FRAME)["dream/wind"] == (0.0, 0.0)
    assert put(t, "dream/wind", 1, -4)["dream/wind"] == (1.0, -1.0)


@pytest.mark.parametrize(
    "wrong", [("x", "colour"), ("x", "float", 0, 1, 2), ("x", "float", 0, math.inf), ("x", "float", 2, 1, 2)]
)
def test_a_parameter_that_makes_no_sense_cannot_be_declared(wrong):
    with pytest.raises(ValueError, match="parameter x"):
        Parameter(*wrong)
    with pytest.raises(ValueError, match="twice"):
        Table([*PLAYER, *PLAYER])


def test_a_snapshot_never_changes():
    t = table()
    first = put(t, "master/fade", 0.5)
    put(t, "master/fade", 0.1)
    assert first["master/fade"] == 0.5
    with pytest.raises(TypeError):
        first.values["master/fade"] = 1.0


def test_setting_the_changes_again_does_the_same():
    t, again = table(), table()
    for asked in (
        [("dream/scene", 1)],
        [("dream/scene_jump", 1), ("dream/latents", 1, 2, 3, 4)],
        [("player/glide", 2), ("player/speed", 5), ("player/reseed",)],
    ):
        for address, *arguments in asked:
            t.set(address, arguments)
        snapshot = t.tick(FRAME)
        for address, value in snapshot.changes:
            again.set(address, value if isinstance(value, tuple) else [value], "show", repeats=True)
        replayed = again.tick(FRAME)
        assert (replayed.values, replayed.fired) == (snapshot.values, snapshot.fired)


def test_many_threads_may_set_while_the_stage_ticks():
    t = table()

    def hand(i):
        for n in range(2000):
            t.set(f"dream/knob/{i}", [n / 1000], ("10.0.0.9", i))

    threads = [threading.Thread(target=hand, args=(i,)) for i in range(1, 5)]
    for each in threads:
        each.start()
    while any(each.is_alive() for each in threads):
        t.tick(FRAME)
    last = t.tick(FRAME)
    assert [last[f"dream/knob/{i}"] for i in range(1, 5)] == [1.999] * 4
    assert t.counters["messages"] == 1 + 4 * 2000


def test_every_word_said_to_a_command_counts_and_is_kept_nowhere():
    table = Table(OUTPUT)
    for word in ("rtmp://host/app/sekret", "rtmp://host/app/sekret", 3):
        assert table.set("output/add", [word], "hand")
    assert not table.set("output/add", ["x" * 1001], "hand")
    snapshot = table.tick(0.03)
    assert snapshot.texts == {"output/add": ("rtmp://host/app/sekret", "rtmp://host/app/sekret", "3")}
    assert snapshot.changes == ()
    assert table.target("output/add") == ""
    assert "sekret" not in str(table.faults)
    assert table.tick(0.03).texts == {}


def test_what_is_held_waits_with_its_latest_value():
    table = Table(PLAYER)
    table.off_beat = lambda: True
    table.set("player/speed", [2.0])
    table.set("player/seed", [7])
    table.set("player/speed", [3.0])
    snapshot = table.tick(0.0)
    assert (snapshot["player/seed"], snapshot["player/speed"]) == (7, 1.0)
    assert table.target("player/speed") == 3.0
    table.off_beat = lambda: False
    assert table.tick(1.0)["player/speed"] == 3.0


def test_other_present_values_leave_what_hands_did():
    table = Table(PLAYER)
    table.set("player/seed", [7])
    snapshot = table.tick(0.0)
    moved = snapshot.changed({"player/speed": 4.0})
    assert (moved["player/speed"], moved["player/seed"], snapshot["player/speed"]) == (4.0, 7, 1.0)
    assert moved.changes == snapshot.changes


def test_a_choice_of_numbers_takes_the_number_itself():
    """90 degrees is no index of four choices, but one of their names."""
    table = Table(window(0))
    for said, index in ((90, 1), (270.0, 3), (2, 2), ("180", 2), (0, 0), (100, 3)):
        assert table.set("window/0/rotate", [said])
        assert table.tick(1 / 30)["window/0/rotate"] == index
    assert table.counters["clamped"] == 1


@pytest.mark.parametrize(
    ("address", "arguments", "value"),
    [
        ("player/speed", [2.5, "from cue 12"], 2.5),
        ("player/speed", ["2.5"], 2.5),
        ("player/seed", ["7", None], 7),
        ("master/blackout", ["on"], True),
        ("master/blackout", [coerce.Midi(b"\0\x90\x3c\x40")], True),
        ("dream/scene", ["1"], 1),
        ("dream/latents", [1, "2", 0.5, -1, "cue"], (1.0, 2.0, 0.5, -1.0)),
        ("dream/latents", [coerce.Colour(b"\xff\0\xff\0")], (1.0, 0.0, 1.0, 0.0)),
    ],
)
def test_a_plain_meaning_is_taken(address, arguments, value):
    t = table()
    assert t.set(address, arguments, CONSOLE)
    assert t.target(address) == value


@pytest.mark.parametrize("arguments", [[None], ["1"], [True], [1, "cue 12"], [coerce.Midi(b"\0\x90\x3c\x01")]])
def test_a_trigger_takes_what_its_type_in_oscquery_says_and_numbers_of_any_kind(arguments):
    assert put(table(), "player/reseed", *arguments, sender=CONSOLE).fired == {"player/reseed"}
