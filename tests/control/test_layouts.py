"""The layouts for tablets have every address of the table, once, with its range.

Neither program runs here: what is tested is that the files keep to their formats.
"""

import json
import xml.etree.ElementTree as ET
import zlib
from collections import Counter

import pytest

from livedream.cli import main
from livedream.control.addresses import standard
from livedream.control.layouts import KINDS, arrange
from livedream.parameters import COLOUR as COLOURS
from livedream.parameters import Parameter, Table, control, dream, modulator, with_elements

POINT = Parameter("look/tint/centre", "vector", 0, 1, (0.25, 0.5), doc="Centre", length=2, parts=("x", "y"))
COLOUR = Parameter("look/tint/colour", "vector", 0, 1, (1.0, 0.5, 0.0, 1.0), length=4, parts=COLOURS)
INSERT = Parameter("look/insert", "choice", 0, 39, choices=tuple(f"look {i}" for i in range(40)), always=True)
ODD = Parameter("later/thing", "float", -2, 5, 1, doc="of a group that nobody has thought of yet")
SCENES = ["the road & <sky>", "2", "]]>", "road^wide"]


def everything() -> list[Parameter]:
    own = {each.address: each for each in standard()}
    tilt = control("tilt", -1, 4, 0.5, "how far the camera leans")
    mine = dream(SCENES, [("warmer", "6 grey levels"), ("", "")], latent_length=64, controls=[tilt])
    own |= {each.address: each for each in mine}
    own |= {f"b/{each.address}": each.on_deck("b/") for each in mine}
    more = (*(each for n in range(2, 9) for each in modulator(n)), POINT, COLOUR, INSERT, ODD)
    return list(with_elements((own | {each.address: each for each in more}).values()))


def touchosc_nodes(parameters, prefix="/livedream"):
    data = KINDS["touchosc"](parameters, prefix, 9001)
    root = ET.fromstring(zlib.decompress(data))
    assert (root.tag, root.get("version"), len(root)) == ("lexml", "3", 1)
    return list(root.iter("node"))


def sent(node) -> list[tuple[str, list[tuple]]]:
    """What a node sends: the address, and of each argument kind, conversion, value, scale."""
    found = []
    for message in node.findall("messages/osc"):
        if message.findtext("send") == "1":
            fields = ("type", "conversion", "value", "scaleMin", "scaleMax")
            parts = [tuple(p.findtext(f) for f in fields) for p in message.findall("arguments/partial")]
            found.append((message.findtext("path/partial/value"), parts))
    return found


def osc_widgets(parameters, prefix="/livedream") -> list[dict]:
    session = json.loads(KINDS["open-stage-control"](parameters, prefix, 9001))
    assert (session["type"], session["content"]["type"]) == ("session", "root")
    assert tuple(map(int, session["version"].split("."))) > (1, 24, 2)  # older ones would be converted
    found = []
    for tab in session["content"]["tabs"]:
        assert tab["type"] == "tab"
        assert tab["label"]
        found += tab["widgets"]
    return found


def test_every_address_of_the_table_is_on_a_page_once():
    parameters = everything()
    Table(parameters)  # they are a table
    on_pages = [c.parameter for p in arrange.pages(parameters) for g in p.groups for c in g.controls]
    assert Counter(on_pages) == Counter(parameters)

    moved = Counter(f"/livedream/{each.address}" for each in parameters)
    widgets = osc_widgets(parameters)
    assert {each["address"] for each in widgets if "typeTags" in each} == {*moved, "/livedream/subscribe"}
    assert max(Counter(each["id"] for each in widgets).values()) == 1
    many = {each.address for each in parameters if each.type == "choice" or each.jog}
    for address, times in Counter(each["address"] for each in widgets if "typeTags" in each).items():
        assert times == 1 or address.removeprefix("/livedream/") in many, address

    left_out = {each.address for each in parameters if each.type == "text" and not each.takes_number}
    sends = {address for node in touchosc_nodes(parameters) for address, _ in sent(node)}
    assert sends == {*moved, "/livedream/subscribe"} - {f"/livedream/{each}" for each in left_out}
    assert "output/add" in left_out  # TouchOSC has no field to write in


def test_controls_lie_within_their_groups_and_pages_and_do_not_overlap():
    for page in arrange.pages(everything(), writes=False):
        boxes = [c.box for group in page.groups for c in group.controls]
        for group in page.groups:
            assert group.box.y + group.box.h <= arrange.HEIGHT - arrange.TABS
            for inner in (each.box for each in group.controls):
                assert group.box.x < inner.x
                assert inner.x + inner.w < group.box.x + group.box.w
                assert group.box.y < inner.y
                assert inner.y + inner.h <= group.box.y + group.box.h
                assert inner.h >= 44 or page.name.endswith("latents")  # a finger's
        for i, a in enumerate(boxes):
            for b in boxes[:i]:
                assert a.x + a.w <= b.x or b.x + b.w <= a.x or a.y + a.h <= b.y or b.y + b.h <= a.y, page.name
    names = [page.name for page in arrange.pages(everything())]
    assert names[:5] == ["play", "B play", "history", "latents", "B latents"]
    assert "later" in names


def test_touchosc_controls_have_the_parameters_range_and_begin_where_it_does():
    parameters = {f"/livedream/{each.address}": each for each in everything()}
    seen = set()
    for node in touchosc_nodes(parameters.values()):
        if node.get("type") != "FADER":
            continue
        ((address, [(kind, conversion, value, low, high)]),) = sent(node)
        parameter = parameters[address]
        assert (kind, value, float(low), float(high)) == ("VALUE", "x", parameter.low, parameter.high)
        assert conversion == ("FLOAT" if parameter.type == "float" else "INTEGER")
        x = next(float(v.findtext("default")) for v in node.findall("values/value") if v.findtext("key") == "x")
        assert low == high or x * (float(high) - float(low)) + float(low) == pytest.approx(parameter.start, abs=1e-4)
        assert node.findtext("messages/osc/receive") == "1"  # feedback moves it
        seen.add(address)
    assert {"/livedream/player/speed", "/livedream/dream/knob/1", "/livedream/later/thing"} <= seen


def test_touchosc_scenes_choices_and_steps_send_what_they_say():
    nodes = touchosc_nodes(everything())
    texts = {v.findtext("default") for n in nodes for v in n.findall("values/value") if v.findtext("key") == "text"}
    assert {"the road & <sky>", "1 warmer", "Knob 2", "Centre"} <= texts
    by_address = {}
    for node in nodes:
        for address, parts in sent(node):
            by_address.setdefault(address.removeprefix("/livedream/"), []).append((node, parts))
    jumps = [parts[0][:3] for _, parts in by_address["dream/scene_jump"]]
    assert jumps == [("CONSTANT", "INTEGER", str(i)) for i in range(4)]
    assert {n.findtext("messages/osc/triggers/trigger/condition") for n, _ in by_address["dream/scene_jump"]} == {
        "RISE"
    }
    ((radio, _),) = by_address["dream/scene"]
    keys = {p.findtext("key"): p.findtext("value") for p in radio.findall("properties/property")}
    assert (radio.get("type"), keys["steps"]) == ("RADIO", "4")
    assert [float(parts[0][4]) for _, parts in by_address["tempo/nudge"]] == [-0.05, 0.05]
    assert {n.findtext("messages/osc/triggers/trigger/condition") for n, _ in by_address["player/reseed"]} == {"ANY"}
    assert [parts[0][2] for _, parts in by_address["preset/recall"]] == list("01234567")
    ((_, zeros),) = by_address["dream/latents"]
    assert [each[2] for each in zeros] == ["0"] * 64
    ((pad, axes),) = by_address["look/tint/centre"]
    assert (pad.get("type"), [each[2] for each in axes]) == ("XY", ["x", "y"])


@pytest.mark.parametrize(
    "vector", [COLOUR, POINT, *(each for each in standard() if each.address == "window/0/corners")]
)
def test_each_number_of_a_vector_has_a_fader(vector):
    whole = {each.address for each in everything() if each.vector == vector.address}
    assert len(whole) == vector.length
    faders = {each["address"] for each in osc_widgets(everything()) if each["type"] == "fader"}
    assert {f"/livedream/{each}" for each in whole} <= faders
    sends = {
        address for node in touchosc_nodes(everything()) if node.get("type") == "FADER" for address, _ in sent(node)
    }
    assert {f"/livedream/{each}" for each in whole} <= sends


def test_no_two_touchosc_nodes_share_an_id():
    ids = [node.get("ID") for node in touchosc_nodes(everything())]
    assert len(set(ids)) == len(ids)


def test_open_stage_control_widgets_have_the_parameters_range_and_begin_where_it_does():
    by_address = {each["address"]: each for each in osc_widgets(everything()) if "typeTags" in each}
    for parameter in everything():
        widget = by_address[f"/livedream/{parameter.address}"]
        if widget["type"] == "fader":
            assert widget["range"] == {"min": parameter.low, "max": parameter.high}
            assert widget["default"] == parameter.start
            assert widget["logScale"] == (parameter.curve == "log")
            assert widget["typeTags"] == ("f" if parameter.type == "float" else "i")
        elif widget["type"] in ("switch", "dropdown"):
            assert list(widget["values"].values()) == list(range(len(parameter.choices)))
            assert [name.strip() for name in widget["values"]] == list(parameter.choices)
            assert not any(name.isdigit() for name in widget["values"])
    kinds = {each["type"] for each in by_address.values()}
    assert kinds == {"fader", "button", "switch", "dropdown", "input", "xy"}
    places = {"left", "top", "width", "height"}
    for each in osc_widgets(everything()):
        assert all(0 <= float(each[name].removesuffix("%")) <= 100 for name in places)


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_table_makes_the_same_file_with_any_prefix(kind, tmp_path):
    first, again = (KINDS[kind](everything(), "/vj", 9001) for _ in range(2))
    assert first == again
    text = (zlib.decompress(first) if kind == "touchosc" else first).decode()
    assert "/vj/player/speed" in text
    assert "/livedream/" not in text


@pytest.mark.parametrize("kind", KINDS)
def test_the_command_writes_the_file_of_the_dream_that_ships(kind, tmp_path, capsys):
    file = tmp_path / "tablet"
    assert main(["params", "rainbow", "--layout", kind, "-o", str(file)]) == 0
    text = (zlib.decompress(file.read_bytes()) if kind == "touchosc" else file.read_bytes()).decode()
    assert "warmer" in text
    assert "/livedream/mod/8/depth" in text
    assert [each.name for each in tmp_path.iterdir()] == ["tablet"]
    assert main(["params", "--layout", kind]) == 2
    assert "-o FILE" in capsys.readouterr().err
