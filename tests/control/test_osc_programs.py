"""Pure Data, SuperCollider and liblo each drive every type of parameter, and Pure Data receives an answer."""

import os
import shutil
import subprocess
import time

import pytest

from livedream.control.osc import Receiver
from livedream.control.osc_out import Feedback
from livedream.parameters import MASTER, OUTPUT, PLAYER, Table, dream

# What each of them says: address, and values as OSC types them.
SAID = (
    ("player/speed", "f", (2.5,)),
    ("player/seed", "f", (1234,)),  # Pure Data and TouchDesigner know floats only
    ("player/freeze", "i", (1,)),
    ("dream/scene", "s", ("sky",)),
    ("dream/latents", "ffff", (0.5, -0.25, 1, 2)),
    ("dream/latent/3", "f", (1.5,)),
    ("dream/knob/1", "i", (-2,)),
    ("output/remove", "s", ("page",)),
    ("player/reseed", "", ()),
)
MOVED = {
    "player/speed": 2.5,
    "player/seed": 1234,
    "player/freeze": True,
    "dream/scene": 1,
    "dream/latents": (0.5, -0.25, 1.0, 1.5),
    "dream/knob/1": -2.0,
}


def needs(program, package):
    return pytest.mark.skipif(not shutil.which(program), reason=f"needs {program}: apt install {package}")


@pytest.fixture
def table():
    made = Table([*PLAYER, *dream(["road", "sky"], latent_length=4), *MASTER, *OUTPUT])
    made.set("player/glide", [0])
    made.tick(0.1)
    made.counters.update(messages=0)
    return made


@pytest.fixture
def receiver(table):
    feedback = Feedback(table, dict)
    made = Receiver(table, port=0, feedback=feedback)
    made.start()
    feedback.start()
    yield made
    feedback.stop()
    made.stop()


def arrived(table):
    """The snapshot after all of them; each was right."""
    count = len(SAID)
    end = time.monotonic() + 20
    while table.counters["messages"] < count:
        assert time.monotonic() < end, f"only {table.counters}, {table.faults}"
        time.sleep(0.01)
    assert table.counters == {"messages": count, "clamped": 0, "unknown": 0, "malformed": 0, "refused": 0}, table.faults
    values = table.tick(0.1)
    assert {address: values[address] for address in MOVED} == MOVED
    assert values.fired == {"dream/scene", "player/reseed"}
    assert values.texts == {"output/remove": ("page",)}
    return values


@needs("oscsend", "liblo-tools")
def test_oscsend(table, receiver):
    for address, types, values in SAID:
        command = ["oscsend", "127.0.0.1", str(receiver.port), f"/livedream/{address}", *([types] if types else [])]
        subprocess.run([*command, *map(str, values)], check=True, timeout=30)
    arrived(table)


@needs("pd", "puredata-core")
def test_pure_data_sends_and_receives_the_answer(table, receiver, tmp_path):
    patch = Patch()
    connect = patch.add("msg", f"connect 127.0.0.1 {receiver.port}")
    net = patch.add("obj", "netsend -u -b")
    patch.join(connect, net)
    shown = patch.add("obj", "print received")
    parse = patch.add("obj", "oscparse")
    patch.join(net, parse, outlet=1)  # what comes back on the socket that it sends from
    patch.join(parse, shown)
    triggers = [connect]
    for address, types, values in (*SAID, ("player/speed", "s", ("?",))):
        words = " ".join(map(str, values))
        begin = patch.add("msg", f"list {words}".strip())
        pack = patch.add("obj", f"oscformat {'-f ' + types if types else ''} livedream {address.replace('/', ' ')}")
        send, trim = patch.add("obj", "list prepend send"), patch.add("obj", "list trim")
        for a, b in ((begin, pack), (pack, send), (send, trim), (trim, net)):
            patch.join(a, b)
        triggers.append(begin)
    wait, quit_ = patch.add("obj", "delay 1500"), patch.add("msg", "\\; pd quit")
    patch.join(wait, quit_)
    # A trigger's outlets act from the right to the left.
    order = patch.add("obj", f"t {' '.join('b' * (len(triggers) + 1))}")
    patch.join(patch.add("obj", "loadbang"), order)
    for outlet, each in enumerate([wait, *reversed(triggers)]):
        patch.join(order, each, outlet)
    file = tmp_path / "client.pd"
    file.write_text(str(patch))
    command = ["pd", "-nogui", "-noaudio", "-nomidi", "-stderr", "-open", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    arrived(table)
    assert "received: list livedream player speed 2.5" in done.stderr


class Patch:
    """A Pure Data patch: boxes by number, in the order they were added, and the cords between them."""

    def __init__(self):
        self._boxes, self._cords = [], []

    def add(self, kind, text):
        self._boxes.append(f"#X {kind} 20 {20 + 20 * len(self._boxes)} {text};")
        return len(self._boxes) - 1

    def join(self, source, target, outlet=0):
        self._cords.append(f"#X connect {source} {outlet} {target} 0;")

    def __str__(self):
        return "\n".join(["#N canvas 0 0 900 900 10;", *self._boxes, *self._cords, ""])


@needs("sclang", "supercollider-language")
def test_supercollider_messages_bundles_and_a_bundle_for_later(table, receiver, tmp_path):
    lines = []
    for n, (address, _, values) in enumerate(SAID):
        text = ", ".join([f'"/livedream/{address}"', *(f'"{v}"' if isinstance(v, str) else f"{v}" for v in values)])
        # One as a message, one in a bundle for now, one in a bundle that is for an hour later: none waits.
        lines.append((f"n.sendMsg({text});", f"n.sendBundle(nil, [{text}]);", f"n.sendBundle(3600, [{text}]);")[n % 3])
    file = tmp_path / "client.scd"
    file.write_text(
        f'n = NetAddr("127.0.0.1", {receiver.port});\n' + "\n".join(lines) + "\n{ 0.3.wait; 0.exit; }.fork;\n"
    )
    quiet = {"QT_QPA_PLATFORM": "offscreen", "QTWEBENGINE_DISABLE_SANDBOX": "1", "HOME": str(tmp_path)}
    quiet["QTWEBENGINE_CHROMIUM_FLAGS"] = "--no-sandbox"
    command = ["sclang", "-D", str(file)]
    subprocess.run(command, env={**os.environ, **quiet}, capture_output=True, timeout=100, check=True)
    arrived(table)
