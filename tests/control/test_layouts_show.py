"""A layout made of a running show: everything that its controls send is understood there. What a control sends is read
from the file; neither TouchOSC nor Open Stage Control runs here.
"""

import json
import xml.etree.ElementTree as ET
import zlib

import pytest
from pythonosc.udp_client import SimpleUDPClient

from livedream.cli import main
from tests import dreams
from tests.show import Show

LEFT = ("output/", "dream/load", "look/")  # would end the test's output, change what there is, or has no choice yet


@pytest.fixture(scope="module")
def show(tmp_path_factory):
    folder = tmp_path_factory.mktemp("show")
    path = dreams.tiny(folder / "tiny.onnx")
    with Show(path, "--presets", str(folder / "presets.json"), "--recordings", str(folder)) as show:
        show.frame()
        yield show
    assert show.code == 0


def layout(show, kind, file) -> bytes:
    page = f"http://127.0.0.1:{show.web_port}/"
    assert main(["params", page, "--layout", kind, "-o", str(file)]) == 0
    return file.read_bytes()


def of_touchosc(data):
    """(address, arguments) of each message, with the control's values at 1."""
    for message in ET.fromstring(zlib.decompress(data)).iter("osc"):
        if message.findtext("send") == "0":
            continue
        arguments = []
        for each in message.findall("arguments/partial"):
            text, end = each.findtext("value"), each.findtext("scaleMax")
            of = {"INTEGER": lambda text: round(float(text)), "FLOAT": float, "STRING": str}[
                each.findtext("conversion")
            ]
            arguments.append(of(text if each.findtext("type") == "CONSTANT" else end))
        yield message.findtext("path/partial/value"), arguments


def of_open_stage_control(data):
    """(address, arguments) of each widget at one end of what it sends."""
    for tab in json.loads(data)["content"]["tabs"]:
        for each in tab["widgets"]:
            if "typeTags" not in each:
                continue
            value = each.get("on", 0)
            if each["type"] == "fader":
                value = each["range"]["max"]
            elif each["type"] in ("switch", "dropdown"):
                value = max(each["values"].values())
            elif each["type"] == "input":
                value = "1"
            of = {"i": int, "f": float, "s": str}[each["typeTags"]]
            yield each["address"], [of(part) for part in (value if isinstance(value, list) else [value])]


@pytest.mark.parametrize(
    ("kind", "messages"), [("touchosc", of_touchosc), ("open-stage-control", of_open_stage_control)]
)
def test_a_running_show_understands_everything_that_its_layout_sends(show, kind, messages, tmp_path):
    sent = list(messages(layout(show, kind, tmp_path / "tablet")))
    known = {f"/livedream/{each['address']}" for each in show.get("parameters") if each["type"] != "text"}
    assert known <= {address for address, _ in sent}

    before = show.status()["osc"]
    client = SimpleUDPClient("127.0.0.1", show.osc_port)
    count = 0
    for address, arguments in sent:
        if not address.removeprefix("/livedream/").startswith((*LEFT, "subscribe")):
            client.send_message(address, arguments)
            count += 1
            if count % 50 == 0:
                show.frame()
    while (now := show.status()["osc"])["messages"] < before["messages"] + count:
        show.frame()
    assert {name: now[name] - before[name] for name in ("unknown", "malformed", "clamped")} == {
        "unknown": 0,
        "malformed": 0,
        "clamped": 0,
    }, show.status()["osc"]


def test_where_no_show_answers_it_is_said_in_one_line(tmp_path, capsys):
    assert main(["params", "http://127.0.0.1:9/", "--layout", "touchosc", "-o", str(tmp_path / "a.tosc")]) == 2
    assert "no show answers there" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
