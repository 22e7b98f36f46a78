import logging
import shutil
import socket
import struct
import subprocess
import threading
import time

import pytest
from pythonosc.osc_message_builder import OscMessageBuilder
from pythonosc.udp_client import SimpleUDPClient

from livedream import UserError
from livedream.control import osc, osc_address, osc_pattern
from livedream.parameters import MASTER, PLAYER, Table, dream
from tests.waiting import until

FRAME = 1 / 30


def bundle(*elements, time_tag=1):
    sized = b"".join(struct.pack(">i", len(each)) + each for each in elements)
    return b"#bundle\0" + struct.pack(">Q", time_tag) + sized


def message(address, *arguments):
    builder = OscMessageBuilder(address)
    for each in arguments:
        builder.add_arg(each)
    return builder.build().dgram


def nested(depth):
    packet = message("/livedream/player/speed", 7.0)
    for _ in range(depth):
        packet = bundle(packet)
    return packet


@pytest.fixture
def table():
    made = Table([*PLAYER, *dream(["road", "sky"], latent_length=64), *MASTER])
    made.set("player/glide", [0.0])
    made.tick(FRAME)
    made.counters.update(messages=0)
    return made


@pytest.fixture
def receiver(table):
    made = osc.Receiver(table, port=0)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def client(receiver):
    with SimpleUDPClient("127.0.0.1", receiver.port) as made:
        yield made


@pytest.fixture
def raw(receiver):
    """Sends bytes to the receiver."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
        made.connect(("127.0.0.1", receiver.port))
        yield made


def test_messages_move_the_table(table, client):
    client.send_message("/livedream/player/speed", 2.5)
    client.send_message("/livedream/player/freeze", True)
    client.send_message("/livedream/player/seed", 1234)
    client.send_message("/livedream/dream/scene", "sky")
    client.send_message("/livedream/dream/latents", [0.5] * 64)
    client.send_message("/livedream/player/reseed", [])
    until(lambda: table.counters["messages"] == 6)
    snapshot = table.tick(FRAME)
    assert snapshot["player/speed"] == 2.5
    assert snapshot["player/freeze"] is True
    assert snapshot["player/seed"] == 1234
    assert snapshot["dream/scene"] == 1
    assert snapshot["dream/latents"] == (0.5,) * 64
    assert snapshot.fired == {"dream/scene", "player/reseed"}
    assert {kind: n for kind, n in table.counters.items() if n} == {"messages": 6}


@pytest.mark.skipif(not shutil.which("oscsend"), reason="oscsend (Debian: liblo-tools) is not installed")
def test_oscsend_moves_the_table(table, receiver):
    for line in (
        "player/speed f 3.5",
        "player/freeze T",
        "player/seed h 99",
        "dream/temperature d 0.25",
        "dream/scene s sky",
        "dream/knob/2 i -2",
        "master/blackout T",
        "player/reseed I",
    ):
        address, *arguments = line.split()
        subprocess.run(["oscsend", "127.0.0.1", str(receiver.port), f"/livedream/{address}", *arguments], check=True)
    until(lambda: table.counters["messages"] == 8)
    snapshot = table.tick(FRAME)
    assert [snapshot[a] for a in ("player/speed", "player/freeze", "player/seed")] == [3.5, True, 99]
    assert [snapshot[a] for a in ("dream/temperature", "dream/scene", "dream/knob/2")] == [0.25, 1, -2.0]
    assert snapshot["master/blackout"] is True
    assert snapshot.fired == {"dream/scene", "player/reseed"}


@pytest.mark.parametrize(
    ("packet", "kind"),
    [
        pytest.param(nested(400), "malformed", id="bundles 400 deep"),
        pytest.param(message("/livedream/player/speed", 7.0)[:-2], "malformed", id="cut short"),
        pytest.param(b"", "malformed", id="nothing"),
        pytest.param(b"GET / HTTP/1.1\r\n\r\n", "malformed", id="not OSC"),
        pytest.param(b"/livedream/\xff\xfe\0\0\0,i\0\0\0\0\0\1", "malformed", id="not UTF-8"),
        pytest.param(message("/livedream/player/speed", float("nan")), "malformed", id="NaN"),
        pytest.param(message("/livedream/player/speed", float("-inf")), "malformed", id="infinity"),
        pytest.param(message("/livedream/player/speed", "seven"), "malformed", id="a word for a number"),
        pytest.param(message("/livedream/player/speed", b"7777"), "malformed", id="a blob for a number"),
        pytest.param(message("/livedream/player/speed"), "malformed", id="no argument"),
        pytest.param(message("/livedream/dream/latents", *[1.0] * 63), "malformed", id="vector too short"),
        pytest.param(message("/livedream/subscribe", "here"), "malformed", id="subscribe without a number"),
        pytest.param(message("/livedream/subscribe", 70000), "malformed", id="subscribe to no port"),
        pytest.param(bytes(65500), "malformed", id="64 KB of nothing"),
        pytest.param(message("/livedream/player/speed", b"x" * 65000), "malformed", id="64 KB of blob"),
        pytest.param(message("/" + "*" * 60, 7.0), "unknown", id="many stars"),
        pytest.param(message("/livedream/player/x*", 7.0), "unknown", id="a pattern of nothing"),
        pytest.param(message("/livedream/player/{speed,{seed}}", 7.0), "malformed", id="braces within braces"),
        pytest.param(message("/player/speed", 7.0), "unknown", id="without the prefix"),
        pytest.param(message("/livedream", 7.0), "unknown", id="the prefix alone"),
        pytest.param(message("/livedream/player/speed", 99.0), "clamped", id="out of range"),
    ],
)
def test_any_fault_is_counted_and_the_next_message_acts(table, raw, packet, kind):
    raw.send(packet)
    raw.send(message("/livedream/master/fade", 0.25))
    until(lambda: table.target("master/fade") == 0.25)
    assert {k: n for k, n in table.counters.items() if n and k != "messages"} == {kind: 1}
    assert table.target("player/speed") == (8.0 if kind == "clamped" else 1.0)


def test_a_bundle_for_the_far_future_acts_now(table, raw):
    raw.send(bundle(message("/livedream/player/speed", 3.0), time_tag=2**64 - 1))
    until(lambda: table.target("player/speed") == 3.0)


def test_it_outlives_a_flood(table, receiver, raw):
    for n in range(20000):
        raw.send((b"\0garbage", nested(9), message("/livedream/no", n), message("/livedream/player/seed", n))[n % 4])
    good = message("/livedream/master/fade", 0.25)  # sent again, because the flood may have filled the socket
    until(lambda: table.target("master/fade") == 0.25, act=lambda: raw.send(good))
    assert min(table.counters["malformed"], table.counters["unknown"]) > 0


def test_faults_are_logged_in_one_line_a_second_at_most(table, raw, caplog):
    caplog.set_level(logging.INFO)
    begin = time.monotonic()
    for n in range(300):
        raw.send(message(f"/livedream/nothing/{n}\n", n))
        raw.send(message("/livedream/player/speed", 1000.0 + n))
    until(lambda: table.counters["clamped"] == 300)
    until(lambda: "299" in caplog.text)  # the last of a burst is not forgotten
    lines = [each.getMessage() for each in caplog.records]
    assert len(lines) <= 1 + (time.monotonic() - begin)
    assert all("\n" not in line for line in lines)
    assert "unknown" in lines[-1]
    assert "clamped" in lines[-1]


def test_a_touchdesigner_that_repeats_everything_every_cook_acts_once(table, client, raw):
    channels = [message(f"/livedream/dream/latent/{i}", i / 64) for i in range(63)]
    cook = [bundle(*channels, message("/livedream/master/fade", 0.5), time_tag=2**63 + n) for n in range(60)]
    for packet in cook[:30]:
        raw.send(packet)
    until(lambda: table.counters["messages"] == 30 * 64)
    assert len(table.tick(FRAME).changes) == 63  # latent 0 was 0 before
    client.send_message("/livedream/master/fade", 0.875)
    until(lambda: table.target("master/fade") == 0.875)
    table.tick(FRAME)
    for packet in cook[30:]:
        raw.send(packet)
    until(lambda: table.counters["messages"] == 60 * 64 + 1)
    snapshot = table.tick(FRAME)
    assert not snapshot.changes
    assert snapshot.event_at is None
    assert snapshot["master/fade"] == 0.875


def test_a_button_fires_on_the_press_only(table, client):
    fired = []
    for n, value in enumerate((1, 1, 0, 1.0, 0, True, False), 1):
        client.send_message("/livedream/player/reseed", value)
        until(lambda n=n: table.counters["messages"] == n)
        fired.append(bool(table.tick(FRAME).fired))
    assert fired == [True, False, False, True, False, True, False]


def test_subscribe_gives_the_senders_host_and_the_port(table):
    asked = []

    class Recorder:
        def subscribe(self, *arguments):
            asked.append(arguments)

    receiver = osc.Receiver(table, port=0, feedback=Recorder())
    receiver.start()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.connect(("127.0.0.1", receiver.port))
        client.send(message("/livedream/subscribe", 9100))
        client.send(message("/livedream/subscribe", 9101.0))
        until(lambda: len(asked) == 2)
        me = client.getsockname()
    receiver.stop()
    assert asked == [("127.0.0.1", 9100, me), ("127.0.0.1", 9101, me)]


@pytest.mark.parametrize("prefix", ["/vj/left", "vj/left/"])
def test_another_prefix(table, prefix):
    receiver = osc.Receiver(table, port=0, prefix=prefix)
    receiver.start()
    with SimpleUDPClient("127.0.0.1", receiver.port) as client:
        client.send_message("/livedream/player/speed", 2.0)
        client.send_message("/vj/left/player/speed", 3.0)
        until(lambda: table.target("player/speed") == 3.0)
    receiver.stop()
    assert table.counters["unknown"] == 1


def test_a_default_port_that_is_taken_gives_the_next_and_says_so(table, receiver, monkeypatch, caplog):
    monkeypatch.setattr(osc, "PORT", receiver.port)
    second = osc.Receiver(table)
    second.start()
    assert receiver.port < second.port < receiver.port + 100
    with SimpleUDPClient("127.0.0.1", second.port) as client:
        client.send_message("/livedream/player/speed", 3.0)
        until(lambda: table.target("player/speed") == 3.0)
    second.stop()
    assert f"{receiver.port} is taken" in caplog.text
    assert str(second.port) in caplog.text


def test_an_asked_for_port_that_is_taken_is_refused(table, receiver):
    with pytest.raises(UserError, match=f"127.0.0.1:{receiver.port}") as error:
        osc.Receiver(table, port=receiver.port).start()
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("host", ["no-such-host.invalid", "203.0.113.7"])
def test_a_host_that_is_not_ours_is_refused(table, host):
    with pytest.raises(UserError, match=host):
        osc.Receiver(table, host=host, port=0).start()


def test_stop_ends_the_thread_and_frees_the_port(table):
    before = threading.active_count()
    for _ in range(2):
        receiver = osc.Receiver(table, port=0)
        receiver.start()
        port = receiver.port
        receiver.stop()
        assert threading.active_count() == before
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.bind(("127.0.0.1", port))


@pytest.mark.parametrize("text", ["9000", "localhost", ":9000", "a:b", "a:0", "a:65536", "a:-1", "a:٣", ""])
def test_a_wrong_host_and_port_is_refused_in_one_line(text):
    with pytest.raises(UserError, match="HOST:PORT"):
        osc_address.host_port(text)
    assert osc_address.host_port("localhost:9001") == ("localhost", 9001)


def test_one_odd_message_in_a_bundle_drops_only_itself(table, raw):
    odd = b"/other/xy\0\0\0,zz\0" + bytes(8), b"/a\0\0,f\0\0", message("/livedream/player/speed", float("nan"))
    inner = bundle(message("/livedream/dream/knob/1", 1.5), *odd, message("/livedream/dream/knob/2", 2.5))
    raw.send(bundle(odd[0], inner, message("/livedream/master/fade", 0.25)))
    until(lambda: table.target("master/fade") == 0.25)
    assert (table.target("dream/knob/1"), table.target("dream/knob/2")) == (1.5, 2.5)
    assert table.counters["malformed"] == 4


@pytest.mark.parametrize(
    ("pattern", "moved"),
    [
        ("/livedream/dream/knob/*", 8),
        ("/livedream/dream/knob/[1-3]", 3),
        ("/livedream/dream/knob/[!1-3]", 5),
        ("/livedream/*/knob/?", 8),
        ("/live*/{dream,nobody}/kn?b/{1,2,33}", 2),
    ],
)
def test_a_pattern_moves_what_it_matches(table, raw, pattern, moved):
    raw.send(message(pattern, 1.5))
    until(lambda: table.counters["messages"] == moved)
    assert dict(table.tick(FRAME).changes) == {
        a: 1.5 for a in table.parameters if a.startswith("dream/knob/") and table.target(a) == 1.5
    }
    assert sum(table.target(f"dream/knob/{n}") == 1.5 for n in range(1, 9)) == moved


def test_costly_patterns_are_refused_until_time_has_passed(table):
    seconds = [0.0]
    matcher = osc_pattern.Matcher("/livedream", lambda: seconds[0])

    def ask():
        for n in range(5000):
            matcher.find(f"/livedream/*/*{n}*", table.parameters)

    with pytest.raises(osc_pattern.Refused, match="too many patterns"):
        ask()
    seconds[0] = 1.0
    assert len(matcher.find("/livedream/dream/knob/*", table.parameters)) == 8
