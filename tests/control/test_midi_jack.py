"""Controllers on a real JACK server: all that is moved arrives, the clock is followed, lights come back, hot-plug."""

import json
import os
import socket
import subprocess
import sys
import threading
import time

import mido
import pytest
from pythonosc.osc_message import OscMessage
from pythonosc.udp_client import SimpleUDPClient

from livedream.cli import main
from livedream.control.midi import mapping_file, surface
from livedream.control.midi.bridge import Bridge
from livedream.control.midi.controls import Binding, Control
from livedream.control.midi.surface import Surface
from livedream.control.tempo import Tempo
from livedream.parameters import TEMPO, Parameter, Table, knob
from tests import dreams
from tests.jack import REAL_TIME, Controller, eventually, server
from tests.show import Show, has_oscsend

PULSES = 4 * 24 + 1  # of MIDI clock: four beats
HUNDRED = [Parameter(f"dream/latent/{i}", "float", -3, 3) for i in range(100)]


@pytest.fixture(scope="module", autouse=True)
def jack():
    with server():
        yield


@pytest.fixture(autouse=True)
def often(monkeypatch):
    monkeypatch.setattr(surface, "SCAN", 0.1)


class Played:
    """A surface with a table that a drawer ticks, sixty times a second."""

    def __init__(self, parameters, folder=None, tempo=False, wanted="fader box"):
        self.table, self.lines = Table(parameters), []
        self.tempo = Tempo(self.table) if tempo else None
        self.surface = Surface(wanted, self.table, self.tempo, folder, self.lines.append)
        self._over = threading.Event()
        self._drawer = threading.Thread(target=self._draw)

    def __enter__(self):
        self.surface.start()
        self._drawer.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._drawer.join()
        self.surface.stop()

    def _draw(self):
        while not self._over.wait(1 / 60):
            self.surface.on_frame(self.table.tick(1 / 60))

    def messages(self):
        return self.surface.status()["midi"]["messages"]

    def plugged(self):
        eventually(lambda: self.surface.status()["midi"]["port"])
        return self


def test_a_hundred_of_a_hundred_controls_arrive(tmp_path):
    controls = [Control("cc", i // 50, i % 50) for i in range(100)]
    bindings = [Binding(f"dream/latent/{i}", each) for i, each in enumerate(controls)]
    mapping_file.save(tmp_path, "fader box", bindings)
    with Controller("fader box") as box, Played(HUNDRED, tmp_path) as played:
        played.plugged()
        # One at a time: RtMidi's JACK output loses and repeats some of a burst.
        wanted = {}
        for i, each in enumerate(controls):
            for value in (64, 100 + i % 20):  # 64 is exactly 0, where they are
                before = played.messages()
                box.send(mido.Message("control_change", channel=each.channel, control=each.number, value=value))
                eventually(lambda before=before: played.messages() == before + 1, every=0.0005)
            wanted[f"dream/latent/{i}"] = pytest.approx((value - 64) / 63 * 3)
        eventually(lambda: {each: played.table.target(each) for each in wanted} == wanted)
        assert [played.table.counters[each] for each in ("clamped", "unknown", "malformed")] == [0, 0, 0]


@pytest.mark.parametrize("bpm", [97.5, 174])
def test_the_clock_is_followed_within_half_a_bpm_in_four_beats(bpm):
    for _ in range(3):  # JACK drops some where the machine is busy
        arrived, tempo = four_beats(bpm)
        if arrived == PULSES:
            break
    else:
        pytest.skip(f"JACK dropped {PULSES - arrived} of {PULSES} pulses: this machine is too busy")
    assert abs(tempo.bpm - bpm) <= 0.5
    assert abs(tempo.beat - 4) < 0.1


def four_beats(bpm: float) -> tuple[int, Tempo]:
    """A start and the pulses of four beats: how many came, and the tempo right after them."""
    came = []
    with Controller("fader box") as box, Played(TEMPO, tempo=True) as played:
        take = played.tempo.clock
        played.tempo.clock = lambda at: (came.append(at), take(at))
        played.plugged()
        played.table.set("tempo/source", ["midi"])
        eventually(lambda: played.table.target("tempo/source") == 1)
        box.send(mido.Message("start"))
        last = in_time(box, bpm)
        time.sleep(0.1)
        played.tempo.on_frame(played.table.tick(0))
        played.tempo.move(last)
    return len(came), played.tempo


def in_time(box: Controller, bpm: float) -> float:
    """Send the pulses, as evenly as a thread can; returns when the last one went."""
    went = []

    def send():
        if REAL_TIME:
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(5))  # this thread's
        first = time.perf_counter() + 0.05
        for n in range(PULSES):
            time.sleep(max(0.0, first + n * 60 / bpm / 24 - time.perf_counter()))
            box.send(mido.Message("clock"))
            went.append(time.perf_counter())

    sender = threading.Thread(target=send)
    sender.start()
    sender.join()
    return went[-1]


def test_lights_show_what_another_hand_does_and_never_what_the_controller_did(tmp_path):
    bindings = [
        Binding("dream/knob/1", Control("cc", 0, 1)),
        Binding("dream/knob/2", Control("cc14", 0, 2)),
        Binding("dream/knob/3", Control("pitch", 3)),
    ]
    mapping_file.save(tmp_path, "fader box", bindings)
    with Controller("fader box") as box, Played([knob(i) for i in range(1, 9)], tmp_path) as played:
        played.plugged()
        # At first all of it: the middle.
        eventually(lambda: len(box.lit) == 4)
        assert [str(each).split(" time")[0] for each in box.lit] == [
            "control_change channel=0 control=1 value=64",
            "control_change channel=0 control=2 value=64",
            "control_change channel=0 control=34 value=0",
            "pitchwheel channel=3 pitch=0",
        ]
        box.lit.clear()
        box.cc(1, 64, 90)
        eventually(lambda: played.table.target("dream/knob/1") > 1)
        played.table.set("dream/knob/3", [3.0], "a fader elsewhere")
        played.table.set("dream/knob/2", [-3.0], "a fader elsewhere")
        eventually(lambda: len(box.lit) == 3)
        assert {each.type for each in box.lit} == {"pitchwheel", "control_change"}
        assert next(each.pitch for each in box.lit if each.type == "pitchwheel") == 8191
        sent = {each.control: each.value for each in box.lit if each.type == "control_change"}
        assert sent == {2: 0, 34: 0}  # nothing for CC 1, whose control made the change


def test_unplugged_and_plugged_in_again_with_what_was_learned(tmp_path):
    with Played([knob(1)], tmp_path) as played:
        eventually(lambda: played.lines)
        assert played.lines == ["MIDI: no port 'fader box' yet; MIDI ports: none; nothing is plugged in"]
        with Controller("fader box") as box:
            played.plugged()
            played.surface.mapper.learn("dream/knob/1")
            box.cc(21, 60, 64, 90)
            eventually(lambda: played.table.target("dream/knob/1") > 1)
            written = eventually(lambda: list(tmp_path.glob("*.json")))
            assert json.loads(written[0].read_text()) == {
                "controller": "fader box",
                "bindings": [{"control": "CC 21", "channel": 1, "address": "dream/knob/1"}],
            }
        eventually(lambda: played.surface.status()["midi"]["port"] is None)
        assert "unplugged" in played.surface.status()["midi"]["error"]
        played.table.set("dream/knob/1", [0.0], "another sender")
        with Controller("fader box") as box:
            played.plugged()
            assert played.surface.status()["midi"]["error"] is None
            eventually(lambda: box.lit)
            assert (box.lit[0].control, box.lit[0].value) == (21, 64)
            box.cc(21, 127)  # where it stands is far off the value: nothing jumps
            box.cc(21, 60, 32)
            eventually(lambda: played.table.target("dream/knob/1") == -1.5)


def test_a_damaged_file_is_one_line_and_kept(tmp_path):
    path = tmp_path / "fader box.json"
    path.write_text('{"bindings": [{"control": "CC 900"')
    with Controller("fader box") as box, Played([knob(1)], tmp_path) as played:
        played.plugged()
        eventually(lambda: len(played.lines) == 2)
        assert str(path) in played.lines[0]
        assert "\n" not in played.lines[0]
        assert "900" in path.read_text()
        played.surface.mapper.learn("dream/knob/1")
        box.cc(3, 64)
        eventually(lambda: (tmp_path / "fader box.damaged.json").exists())
        eventually(path.exists)
        assert "900" in (tmp_path / "fader box.damaged.json").read_text()
        assert mapping_file.load(tmp_path, "fader box") == (Binding("dream/knob/1", Control("cc", 0, 3)),)


@pytest.mark.skipif(not has_oscsend, reason="needs oscsend (apt: liblo-tools)")
def test_a_real_show_with_a_prefix_of_its_own_learns_and_is_played(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    dreams.tiny(tmp_path / "tiny.onnx")
    with (
        Controller("fader box") as box,
        Show(tmp_path / "tiny.onnx", "--size", "64x32", "--midi", "Fader", prefix="/vj/left") as show,
    ):
        show.frame()
        eventually(lambda: show.status()["midi"]["port"] == "fader box")
        show.osc("midi/learn", "s", "/vj/left/master/fade")
        eventually(lambda: show.status()["midi"]["learning"] == "master/fade")
        box.cc(7, 120, 127, 100)
        eventually(lambda: show.status()["midi"]["bindings"])
        assert show.status()["midi"]["bindings"] == [{"name": "master/fade", "control": "CC 7", "waiting": False}]
        before = show.until(lambda pixels: True)[2]
        box.cc(7, 0)
        show.until(lambda pixels: not pixels[..., :3].any())  # black
        assert before[..., :3].any()
        show.osc("master/fade", "f", "1")
        eventually(lambda: box.lit and box.lit[-1].value == 127)
        show.osc("midi/forget", "s", "/vj/left/master/fade")
        eventually(lambda: not show.status()["midi"]["bindings"])
        assert show.status()["midi"]["error"] is None
    assert (show.code, show.errors) == (0, "")
    assert "MIDI: fader box, 0 of its controls are bound" in show.said
    assert (tmp_path / "config" / "livedream" / "midi" / "fader box.json").exists()


def test_without_a_name_the_only_controller_is_taken_and_of_several_they_are_listed(tmp_path):
    model = dreams.tiny(tmp_path / "tiny.onnx")
    with Controller("fader box"):
        with Show(model, "--midi") as show:
            show.frame()
            eventually(lambda: show.status()["midi"]["port"] == "fader box", 60)
        assert (show.code, show.errors) == (0, "")
        with Controller("pad box"):
            command = [sys.executable, "-m", "livedream", "run", "--model", str(model), "--midi", "--out", "none"]
            done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (2, "")
    assert "choose one by its name: " in done.stderr
    assert all(each in done.stderr for each in ("fader box", "pad box"))


def test_ports_are_listed(capfd):
    with Controller("fader box"), Controller("pads"):
        assert main(["run", "--midi", "?"]) == 0
    assert capfd.readouterr().out == "MIDI ports: fader box, pads\n"


class Osc:
    """A program that takes OSC."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(10)
        self.place = "127.0.0.1", self.socket.getsockname()[1]

    def next(self):
        message = OscMessage(self.socket.recv(65536))
        return message.address, message.params


def test_a_bridge_says_every_control_by_its_own_address():
    program = Osc()
    bridge = Bridge("", program.place)
    with Controller("pads") as pads:
        bridge.start()
        try:
            eventually(lambda: bridge.surface.status()["midi"]["port"])
            pads.cc(21, 64)
            assert program.next() == ("/midi/cc/1/21", [0.5])
            for velocity in (127, 0):  # both count, however fast
                pads.send(mido.Message("note_on", channel=9, note=36, velocity=velocity))
            assert program.next() == ("/midi/note/10/36", [1.0])
            assert program.next() == ("/midi/note/10/36", [0.0])
            pads.send(mido.Message("pitchwheel", pitch=-8192))
            assert program.next() == ("/midi/pitch/1", [-1.0])
            for _ in range(2):
                pads.send(mido.Message("program_change", program=5))
                assert program.next() == ("/midi/program/1", [5])
        finally:
            bridge.stop()


def test_a_bridge_with_a_map_and_lights(tmp_path):
    program = Osc()
    lines = [
        {"control": "CC 1+33", "address": "/composition/speed", "low": 0.5, "high": 2},
        {"control": "note 36", "address": "/composition/clear", "type": "trigger"},
        {"control": "CC 5", "address": "/composition/master"},
    ]
    (tmp_path / "map.json").write_text(json.dumps({"bindings": lines}))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        listen = free.getsockname()[1]
    bridge = Bridge("pads", program.place, tmp_path / "map.json", listen=listen)
    with Controller("pads") as pads:
        bridge.start()
        try:
            eventually(lambda: bridge.surface.status()["midi"]["port"])
            pads.cc(1, 0)
            pads.cc(33, 0)
            pads.send(mido.Message("note_on", note=36, velocity=3))
            assert program.next() == ("/composition/clear", [1])
            eventually(lambda: len(pads.lit) >= 3)
            pads.lit.clear()
            SimpleUDPClient("127.0.0.1", listen).send_message("/composition/master", 1.0)
            eventually(lambda: pads.lit)
            assert (pads.lit[0].control, pads.lit[0].value) == (5, 127)
            pads.cc(1, 127)
            eventually(lambda: program.next()[1][0] > 1.9)
            pads.cc(33, 127)
            assert program.next() == ("/composition/speed", [2.0])
        finally:
            bridge.stop()


def numbered(number: int, value: int, first: int = 99) -> list[mido.Message]:
    """The four messages of an NRPN fader's movement; first: 101 for an RPN."""
    pairs = [(first, number >> 7), (first - 1, number & 127), (6, value >> 7), (38, value & 127)]
    return [mido.Message("control_change", control=control, value=said) for control, said in pairs]


def test_an_nrpn_fader_is_learned_goes_up_and_down_and_another_moves_nothing(tmp_path):
    with Controller("fader box") as box, Played([knob(1), knob(2)], tmp_path) as played:
        played.plugged()
        played.surface.mapper.learn("dream/knob/1")

        def move(number, value, first=99):
            for each in numbered(number, value, first):
                before = played.messages()
                box.send(each)
                eventually(lambda before=before: played.messages() == before + 1, every=0.0005)

        for value in (*range(0, 16384, 1500), 16383):
            move(135, value)
        assert played.table.target("dream/knob/1") == 3
        for value in range(16383, -1, -1500):
            move(135, value)
        down = played.table.target("dream/knob/1")
        assert down == pytest.approx(-3 + 6 * (16383 % 1500) / 16384, abs=1e-3)
        for value in range(0, 16384, 1500):
            move(136, value)
            move(135, value, first=101)  # the RPN of the same number
        assert played.table.target("dream/knob/1") == down
        eventually(lambda: mapping_file.load(tmp_path, "fader box"))
        assert mapping_file.load(tmp_path, "fader box") == (Binding("dream/knob/1", Control("nrpn", 0, 135)),)


def test_a_bridge_gives_an_nrpn_an_address_when_it_moves():
    program = Osc()
    bridge = Bridge("pads", program.place)
    with Controller("pads") as pads:
        bridge.start()
        try:
            eventually(lambda: bridge.surface.status()["midi"]["port"])
            heard = []
            for each in (*numbered(135, 16383), *numbered(2, 8192, first=101)):
                before = bridge.surface.status()["midi"]["messages"]
                pads.send(each)
                eventually(lambda before=before: bridge.surface.status()["midi"]["messages"] == before + 1)
            while ("/midi/rpn/1/2", [0.5]) not in heard:
                heard.append(program.next())
            assert ("/midi/nrpn/1/135", [1.0]) in heard
            assert {address for address, _ in heard} == {"/midi/nrpn/1/135", "/midi/rpn/1/2"}
        finally:
            bridge.stop()
