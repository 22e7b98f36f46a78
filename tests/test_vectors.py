"""Colours, points, corners and latents: whole and by element; and no address that is both a value and a container."""

import json

import pytest

from livedream import parameters
from livedream.control.osc import Receiver
from livedream.control.osc_packet import read
from livedream.look.chain import Chain
from livedream.look.chain import parameters as of_looks
from livedream.parameters import Table

LOOK = """/*{"ISFVSN": "2", "INPUTS": [
 {"NAME": "ink", "TYPE": "color", "DEFAULT": [1, 0.5, 0, 1]}, {"NAME": "ink_r", "TYPE": "float"},
 {"NAME": "centre", "TYPE": "point2D", "DEFAULT": [0.5, 0.5], "MIN": [0, 0], "MAX": [1, 1]}]}*/
void main() { gl_FragColor = ink; }"""


@pytest.fixture
def table(tmp_path):
    (tmp_path / "tint.fs").write_text(LOOK)
    chain = Chain()
    chain.insert(tmp_path / "tint.fs")
    push = parameters.control("push", -1, 1, 0.25, length=3)
    dreams = parameters.dream(["dawn", "dusk"], latent_length=5, controls=[push])
    decks = [each.on_deck(prefix) for prefix in parameters.DECKS for each in (*dreams, *parameters.layer("sky"))]
    show = (*parameters.mix(), *of_looks(chain), *parameters.ALWAYS, *parameters.modulator(1), *parameters.window(0))
    made = Table([*parameters.PLAYER, *parameters.LOADING, *decks, *show])
    made.set("player/glide", [0])
    made.tick(1)
    return made


def put(table, address, *arguments):
    assert table.set(address, arguments), table.faults
    return table.tick(0.1)


def test_no_address_is_both_a_value_and_a_container(table):
    addresses = [*table.parameters, "subscribe", "dump"]
    assert [(a, b) for a in addresses for b in addresses if b.startswith(f"{a}/")] == []


@pytest.mark.parametrize(
    ("former", "present", "value"),
    [
        ("master/fade/time", "master/fade_time", 2.0),
        ("master/blackout/time", "master/blackout_time", 3.0),
        ("dream/latent", "dream/latents", (1.0, 0.0, -1.0, 0.0, 2.0)),
        ("dream/latents/3", "dream/latent/3", 0.5),
        ("b/dream/latent", "b/dream/latents", (1.0, 0.0, -1.0, 0.0, 2.0)),
        ("look/tint/ink/0", "look/tint/ink_r_", 0.25),
        ("look/tint/ink/3", "look/tint/ink_a", 0.5),
        ("look/tint/centre/1", "look/tint/centre_y", 0.75),
        ("dream/push/2", "dream/push_2", -0.5),
        ("window/0/corners/7", "window/0/corners_bottom_left_y", 0.9),
    ],
)
def test_former_addresses_and_numbered_elements_are_still_taken(table, former, present, value):
    assert former not in table.parameters
    snapshot = put(table, former, *(value if isinstance(value, tuple) else (value,)))
    assert snapshot[present] == value
    assert table.target(former) == table.target(present) == value
    assert {table.vector_of(a) or a for a, _ in snapshot.changes} == {table.vector_of(present) or present}


def test_the_former_jump_jumps(table):
    snapshot = put(table, "dream/scene/jump", "dusk")
    assert (snapshot.fired, snapshot["dream/scene"]) == ({"dream/scene_jump"}, 1)


def test_a_limit_by_a_former_address_holds_for_the_vector_and_its_elements(table):
    table.limit({"dream/latent": (-1, 1), "look/tint/ink": (0, 0.5), "master/fade/time": (0, 2)})
    assert put(table, "dream/latents", *[3] * 5)["dream/latents"] == (1.0,) * 5
    assert put(table, "dream/latent/2", -3)["dream/latents"] == (1.0, 1.0, -1.0, 1.0, 1.0)
    assert put(table, "look/tint/ink_g", 1)["look/tint/ink"][1] == 0.5
    assert put(table, "master/fade_time", 9)["master/fade_time"] == 2
    table.limit({"look/tint/ink/2": (0, 0.1)})
    assert put(table, "look/tint/ink", 1, 1, 1, 1)["look/tint/ink"] == (1, 1, 0.1, 1)


@pytest.mark.parametrize(
    ("tags", "data", "wanted"),
    [
        ("r", bytes([0, 51, 255, 102]), (0, 0.2, 1, 0.4)),
        ("ffff", (0.1, 0.2, 0.3, 0.4), (0.1, 0.2, 0.3, 0.4)),
        ("fff", (0.1, 0.2, 0.3), (0.1, 0.2, 0.3, 0.9)),  # the alpha stays
        ("iiii", (0, 1, 0, 1), (0, 1, 0, 1)),
        ("[ffff]", (0.1, 0.2, 0.3, 0.4), (0.1, 0.2, 0.3, 0.4)),
        ("[fff]", (0.1, 0.2, 0.3), (0.1, 0.2, 0.3, 0.9)),
    ],
)
def test_a_colour_in_every_form_that_osc_has(table, tags, data, wanted):
    from struct import pack

    put(table, "look/tint/ink", 0, 0, 0, 0.9)
    packed = data if isinstance(data, bytes) else pack(f">{tags.strip('[]')}", *data)
    tagged = f",{tags}".encode()
    packet = b"/livedream/look/tint/ink\0\0\0\0" + tagged + b"\0" * (4 - len(tagged) % 4) + packed
    Receiver(table, port=0).take(packet, ("127.0.0.1", 5), print)
    assert table.faults == {}
    assert table.tick(0.1)["look/tint/ink"] == pytest.approx(wanted)


def test_an_array_is_a_vector_and_what_is_no_vector_is_refused(table):
    assert put(table, "look/tint/ink", [0.5, 0.25, 0, 1])["look/tint/ink"] == (0.5, 0.25, 0, 1)
    assert put(table, "look/tint/centre", (0.1, 0.2))["look/tint/centre"] == (0.1, 0.2)
    for address, arguments in (
        ("look/tint/ink", (1, 1)),
        ("dream/push", (1, 1)),
        ("look/tint/centre", (1,)),
        ("look/tint/ink", ([1, 1, 1, "red"],)),
        ("look/tint/centre", (read(b"/a\0\0,r\0\0\xff\xff\xff\xff")[0][1])),
    ):
        assert not table.set(address, arguments), address
    assert table.tick(0.1)["look/tint/ink"] == (0.5, 0.25, 0, 1)


def test_hands_on_single_elements_do_not_disturb_each_other(table):
    table.set("look/tint/ink_g", [1.0], "knob")
    table.set("look/tint/ink_b", [0.75], "fader")
    snapshot = table.tick(0.1)
    assert snapshot["look/tint/ink"] == (1, 1.0, 0.75, 1)
    assert snapshot.senders == {"look/tint/ink_g": "knob", "look/tint/ink_b": "fader"}


def test_the_modulation_takes_the_former_name_of_a_target(table):
    from livedream.control.modulation import Modulation
    from livedream.control.tempo import Tempo

    table.replace("mod/", ())
    modulation = Modulation(table, 30, Tempo(table))
    table.set("mod/1/target", ["look/tint/centre/0"])
    table.set("mod/1/source", ["square"])
    values = modulation.transform(table.tick(0), 0)
    choices = table.parameters["mod/1/target"].choices
    assert choices[values["mod/1/target"]] == "look/tint/centre_x"
    assert values["look/tint/centre"] == (0.75, 0.5)


def test_presets_and_sessions_keep_a_vector_once_and_read_the_former_addresses(table):
    from livedream.control import preset_file
    from livedream.session import session_file

    wrong = session_file.begin(table, {"dream/latent/1": 2, "look/tint/ink/0": 0.5, "dream/latent": [1] * 5}, "file")
    assert wrong == []
    table.tick(0.1)
    kept = session_file.values(table)
    assert kept["look/tint/ink"] == (0.5, 0.5, 0, 1)
    assert [each for each in kept if "latent" in each] == [f"dream/latent/{i}" for i in range(5)]
    assert not any(each.startswith("look/tint/ink_") for each in kept)
    json.dumps(kept)
    assert {"look/tint/ink", "dream/latents", "look/tint/ink_r"} <= set(preset_file.kept(table.parameters))
    assert "look/tint/ink_g" not in preset_file.kept(table.parameters)


def test_a_vector_that_is_too_long_has_no_elements():
    long = Table(parameters.dream(latent_length=300, controls=[parameters.control("many", 0, 1, 0, length=257)]))
    assert not any(each.vector for each in long.parameters.values())
    assert put(long, "dream/many", *[1] * 257)["dream/many"] == pytest.approx((1,) * 257)
