"""What the documentation hands out works with a real show: a patch in Pure Data, an example in sclang, and functions
of the TouchDesigner script, for which fakes stand in for TouchDesigner's own objects, since it does not run here.
"""

import importlib.util
import os
import re
import shutil
import socket
import subprocess
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from pythonosc.udp_client import SimpleUDPClient

from tests import dreams
from tests.show import Show

DOCS = Path(__file__).parent.parent / "docs"


@pytest.fixture(scope="module")
def show(tmp_path_factory):
    path = dreams.tiny(tmp_path_factory.mktemp("dream") / "tiny.onnx")
    with Show(path, "--presets", str(tmp_path_factory.mktemp("presets") / "p.json")) as show:
        show.frame()
        yield show
    assert show.code == 0, show.errors


def becomes(show, address, wanted, seconds=20):
    end = time.monotonic() + seconds
    while (value := show.value(address)) != pytest.approx(wanted, abs=1e-5):
        assert time.monotonic() < end, f"{address} is {value}, not {wanted}"
        show.frame()  # a value can only change with a frame


def reports(show):
    """Wait until the show has told its subscribers how it is, twice: then all that had subscribed before know it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as told:
        told.bind(("127.0.0.1", 0))
        told.settimeout(20)
        show.osc("subscribe", "i", str(told.getsockname()[1]))
        for _ in range(2):
            while not told.recv(65536).startswith(b"/livedream/status/state"):
                pass


@pytest.mark.skipif(not shutil.which("pd"), reason="needs Pure Data: apt install puredata-core puredata-utils")
def test_pure_data_plays_the_main_addresses_with_the_patch(show):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    gestures = [f"ld-connect 127.0.0.1 {show.osc_port}", "ld-speed 0.5", "ld-temperature 0.25", "ld-knob1 -2"]
    gestures += ["ld-knob2 1.5", "ld-fade 0.75", "ld-freeze 1", "ld-scene 1", "ld-reseed bang", f"ld-feedback {port}"]
    command = ["pd", "-nogui", "-noaudio", "-nomidi", "-stderr", "-open", str(DOCS / "livedream.pd")]
    command += [word for each in gestures for word in ("-send", each)]
    pd = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        wanted = {"player/speed": 0.5, "dream/temperature": 0.25, "dream/knob/1": -2, "dream/knob/2": 1.5}
        for address, value in (wanted | {"master/fade": 0.75, "player/freeze": True, "dream/scene": 1}).items():
            becomes(show, address, value)
        taken = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)  # Pure Data listens for the feedback now
        with taken, pytest.raises(OSError, match="in use"):
            taken.bind(("", port))
        reports(show)
    finally:
        pd.terminate()
        errors = pd.communicate(timeout=20)[1]
    assert "error" not in errors.lower()
    assert "couldn't create" not in errors


@pytest.mark.skipif(not shutil.which("sclang"), reason="needs SuperCollider: apt install supercollider-language")
def test_the_supercollider_example_plays_a_show(show, tmp_path):
    text = (DOCS / "controllers.md").read_text("utf-8")
    example = re.search(r"```supercollider\n(.*?)```", text, re.DOTALL)[1]
    file = tmp_path / "example.scd"
    file.write_text(example.replace("9000", str(show.osc_port)) + "\n{ 1.wait; 0.exit; }.fork;\n")
    head_less = {"QT_QPA_PLATFORM": "offscreen", "QTWEBENGINE_DISABLE_SANDBOX": "1"}
    head_less["QTWEBENGINE_CHROMIUM_FLAGS"] = "--no-sandbox"
    show.osc("master/fade", "f", "1")
    child = subprocess.run(
        ["sclang", "-D", str(file)], env=os.environ | head_less, capture_output=True, text=True, timeout=90
    )
    assert "ERROR" not in child.stdout
    becomes(show, "master/fade", 0.5)
    becomes(show, "dream/knob/1", 1.25)
    becomes(show, "dream/scene", 0)


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("sliders", DOCS / "touchdesigner_sliders.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_touchdesigner_script_finds_every_address_with_its_range_in_a_show(show, script):
    found = script.sliders(script.read(f"http://127.0.0.1:{show.web_port}/"))
    sliders = {each["address"].removeprefix("/livedream/"): each for each in found}
    for each in show.get("parameters"):
        if each["type"] == "vector" and each["length"] > script.LONGEST:
            assert each["address"] not in sliders
            continue
        slider = sliders[each["address"]]
        assert slider["choices"] == each["choices"]
        if each["type"] in ("float", "int"):
            assert (slider["low"], slider["high"]) == (each["low"], each["high"])
            assert slider["kind"] == {"float": "Float", "int": "Int"}[each["type"]]
        if each["type"] == "trigger":
            assert slider["kind"] == "Pulse"
    names = [each["name"] for each in found]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch("[A-Z][a-z0-9]*", name) for name in names)  # what TouchDesigner demands of them


class FakeComp:
    """As much of a TouchDesigner COMP, its pages and its OSC Out DAT as the script touches; what it sends is real."""

    def __init__(self, port):
        self.par, self.stored, self.pages = SimpleNamespace(), {}, []
        self.sent, self._client = [], SimpleUDPClient("127.0.0.1", port)

    def appendCustomPage(self, name):
        self.pages.append(name)
        return FakePage(self)

    def store(self, key, value):
        self.stored[key] = value

    def fetch(self, key):
        return self.stored[key]

    def op(self, name):
        assert name == "oscout1"
        return self

    def sendOSC(self, address, values):
        self.sent.append((address, values))
        self._client.send_message(address, values)


class FakePage:
    def __init__(self, comp):
        self.comp = comp

    def __getattr__(self, method):
        style = method.removeprefix("append")
        assert style in ("Float", "Int", "Toggle", "Pulse", "Menu", "Str"), method

        def append(name, label, size=1):
            names = [name] if size == 1 else [f"{name}{i + 1}" for i in range(size)]
            for each in names:
                par = SimpleNamespace(name=each, style=style, owner=self.comp, val=0)
                par.eval = lambda par=par: par.val
                setattr(self.comp.par, each, par)
            return [getattr(self.comp.par, each) for each in names]

        return append


def test_the_touchdesigner_script_moves_a_show_from_fake_touchdesigner_objects(show, script):
    comp = FakeComp(show.osc_port)
    script.build(comp, f"http://127.0.0.1:{show.web_port}/")
    assert {"Player", "Dream", "Master"} <= set(comp.pages)
    par = comp.par
    assert (par.Playerspeed.normMin, par.Playerspeed.max) == (-8, 8)
    assert par.Dreamscene.menuNames == ["first", "second"]
    for name, value in (("Playerspeed", 0.75), ("Masterblackout", True), ("Dreamscenejump", "second")):
        getattr(par, name).val = value
        script.send(getattr(par, name))
    script.send(par.Playerreseed)
    becomes(show, "player/speed", 0.75)
    becomes(show, "master/blackout", True)
    becomes(show, "dream/scene", 1)
    assert comp.sent[-2:] == [("/livedream/player/reseed", [1]), ("/livedream/player/reseed", [0])]


def test_what_the_touchdesigner_script_hears_is_shown_and_not_sent_back(show, script):
    comp = FakeComp(show.osc_port)
    script.build(comp, f"http://127.0.0.1:{show.web_port}/")
    script.heard(comp, "/livedream/player/speed", [2.0])
    script.heard(comp, "/livedream/dream/scene", [0])
    script.heard(comp, "/livedream/dream/scene/name", ["first"])
    script.heard(comp, "/livedream/status/fps", [30.0])
    for each in (comp.par.Playerspeed, comp.par.Dreamscene):
        script.send(each)
    assert (comp.par.Playerspeed.val, comp.par.Dreamscene.val, comp.sent) == (2.0, "first", [])
    for value in (3.0, 2.0):  # a hand that comes back to what was heard is a hand
        comp.par.Playerspeed.val = value
        script.send(comp.par.Playerspeed)
    assert [values for _, values in comp.sent] == [[3.0], [2.0]]


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.md")), ids=lambda each: each.name)
def test_every_file_that_a_page_of_the_documentation_links_to_exists(page):
    links = re.findall(r"\]\(((?!http|#)[^)#]+)\)", page.read_text("utf-8"))
    assert [each for each in links if not (page.parent / each).exists()] == []
