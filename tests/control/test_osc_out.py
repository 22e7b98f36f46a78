import socket
import time

import pytest
from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import OscMessageBuilder
from pythonosc.udp_client import SimpleUDPClient

from livedream import UserError
from livedream.control import osc
from livedream.control.osc_out import ANSWERS, SUBSCRIBERS, Feedback
from livedream.parameters import MASTER, PLAYER, TEMPO, Table, dream

STATUS = {
    "frame": 90,
    "state": "playing",
    "fps": {"target": 30, "sent": 30.0, "fresh": 29.5},
    "ms": {"model_p50": 12.5, "latency_p50": 40.0},
    "outputs": [{"dropped": 2}, {"dropped": 3}],
    "decks": [{"dream": "rainbow"}],
}


class Listener:
    """A console that receives what is sent to its port."""

    def __init__(self):
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(10.0)
        self.port = self._socket.getsockname()[1]
        self.address = f"127.0.0.1:{self.port}"
        self.sender = ("127.0.0.1", self.port + 1)  # the socket it would send from

    def receive_until(self, last):
        """Messages up to and with the address `last`: (address, arguments)."""
        received = []
        while not received or received[-1][0] != last:
            message = OscMessage(self._socket.recv(65536))
            received.append((message.address, message.params))
        return received

    def close(self):
        self._socket.close()


@pytest.fixture
def table():
    made = Table([*PLAYER, *dream(["road", "sky"], latent_length=4), *MASTER])
    made.set("player/glide", [1.0])
    made.tick(0.1)
    return made


@pytest.fixture
def listeners():
    made = [Listener(), Listener()]
    yield made
    for each in made:
        each.close()


@pytest.fixture
def start():
    """Makes feedback that is stopped at the end."""
    started = []

    def make(*arguments, **more):
        started.append(Feedback(*arguments, **more))
        started[-1].start()
        return started[-1]

    yield make
    for each in started:
        each.stop()


LAST_VALUE = "/livedream/master/hold"  # of a greeting
LAST_STATUS = "/livedream/status/dream"


def test_status_goes_out_as_numbers_and_strings_each_on_its_own_address(table, listeners, start):
    start(table, lambda: STATUS, [listeners[0].address])
    received = listeners[0].receive_until(LAST_STATUS)
    assert {a.removeprefix("/livedream/status/"): v for a, v in received if "/status/" in a} == {
        "fps": [29.5],
        "frame": [90],
        "model_ms": [12.5],
        "latency_ms": [40.0],
        "drops": [5],
        "state": ["playing"],
        "dream": ["rainbow"],
    }
    begin = time.monotonic()
    listeners[0].receive_until(LAST_STATUS)  # and again
    assert time.monotonic() - begin > 0.5


def test_status_that_is_not_known_yet_is_left_out(table, listeners, start):
    start(table, lambda: {"state": "loading", "frame": 0, "decks": []}, [listeners[0].address])
    received = listeners[0].receive_until("/livedream/status/state")
    assert [a for a, _ in received if "/status/" in a] == ["/livedream/status/frame", "/livedream/status/state"]


def test_a_new_subscriber_gets_every_value(table, listeners, start):
    table.set("dream/scene", ["sky"])
    table.set("master/blackout", [True])
    table.tick(0.1)
    feedback = start(table, dict)
    feedback.subscribe("127.0.0.1", listeners[0].port, listeners[0].sender)
    received = dict(listeners[0].receive_until(LAST_VALUE))
    assert received["/livedream/dream/scene"] == [1]
    assert received["/livedream/master/blackout"] == [1]  # a number, for TouchDesigner's sake
    assert received["/livedream/dream/latent/3"] == [0.0]
    assert "/livedream/player/reseed" not in received  # to repeat a trigger would be to fire it
    assert "/livedream/dream/scene_jump" not in received


def test_targets_are_sent_rather_than_glide_steps(table, listeners, start):
    feedback = start(table, dict, [listeners[0].address])
    listeners[0].receive_until(LAST_VALUE)
    table.set("player/speed", [5.0], ("10.0.0.2", 1))
    for _ in range(5):
        feedback.on_frame(table.tick(0.1))
    table.set("master/hold", [1], ("10.0.0.2", 1))
    feedback.on_frame(table.tick(0.1))
    assert listeners[0].receive_until(LAST_VALUE) == [("/livedream/player/speed", [5.0]), (LAST_VALUE, [1])]


def test_a_change_is_sent_to_all_but_its_sender(table, listeners, start):
    one, other = listeners
    feedback = start(table, dict)
    for each in listeners:
        feedback.subscribe("127.0.0.1", each.port, each.sender)
    for each in listeners:
        each.receive_until(LAST_VALUE)
    table.set("master/fade", [0.5], one.sender)
    table.set("dream/knob/1", [0.25], ("127.0.0.1", other.port))  # from the very port it listens on
    feedback.on_frame(table.tick(0.1))
    table.set("master/hold", [1], "page")
    feedback.on_frame(table.tick(0.1))
    assert one.receive_until(LAST_VALUE) == [("/livedream/dream/knob/1", [0.25]), (LAST_VALUE, [1])]
    assert other.receive_until(LAST_VALUE) == [("/livedream/master/fade", [0.5]), (LAST_VALUE, [1])]


def test_a_jump_is_sent_as_the_scene_and_a_trigger_not_at_all(table, listeners, start):
    feedback = start(table, dict, [listeners[0].address])
    listeners[0].receive_until(LAST_VALUE)
    table.set("player/reseed")
    table.set("dream/scene_jump", ["sky"])
    table.set("master/hold", [1])
    feedback.on_frame(table.tick(0.1))
    assert listeners[0].receive_until(LAST_VALUE) == [
        ("/livedream/dream/scene", [1]),
        ("/livedream/dream/scene/name", ["sky"]),
        (LAST_VALUE, [1]),
    ]


def test_a_jog_is_not_sent_and_a_beat_is_sent_at_once(listeners, start):
    table = Table([*MASTER, *TEMPO])
    feedback = start(table, dict, [listeners[0].address])
    greeting = listeners[0].receive_until("/livedream/tempo/sync")
    assert "/livedream/tempo/bpm" in dict(greeting)
    assert "/livedream/tempo/nudge" not in dict(greeting)
    table.set("tempo/nudge", [0.1])
    table.set("tempo/bpm", [90])
    feedback.on_frame(table.tick(0.1))
    assert listeners[0].receive_until("/livedream/tempo/bpm") == [("/livedream/tempo/bpm", [90.0])]
    feedback.send_status("beat", 3.0)
    assert listeners[0].receive_until("/livedream/status/beat") == [("/livedream/status/beat", [3.0])]


def test_to_renew_a_subscription_brings_no_second_greeting(table, listeners, start):
    feedback = start(table, dict)
    for _ in range(3):
        feedback.subscribe("127.0.0.1", listeners[0].port, listeners[0].sender)
    listeners[0].receive_until(LAST_VALUE)
    feedback.subscribe("127.0.0.1", listeners[0].port, listeners[0].sender)
    table.set("master/hold", [1])
    feedback.on_frame(table.tick(0.1))
    assert listeners[0].receive_until(LAST_VALUE) == [(LAST_VALUE, [1])]


def test_only_so_many_subscribers_and_the_stalest_makes_room(table, listeners, start):
    first, second = listeners
    feedback = start(table, dict)
    feedback.subscribe("127.0.0.1", first.port, first.sender)
    feedback.subscribe("127.0.0.1", second.port, second.sender)
    for each in listeners:
        each.receive_until(LAST_VALUE)
    for n in range(SUBSCRIBERS - 1):
        feedback.subscribe("127.0.0.1", 1 + n, ("127.0.0.1", 1 + n))
        feedback.subscribe("127.0.0.1", second.port, second.sender)
    table.set("master/fade", [0.5])
    feedback.on_frame(table.tick(0.1))
    second.receive_until("/livedream/master/fade")
    feedback.subscribe("127.0.0.1", first.port, first.sender)  # it comes back, and is new
    assert ("/livedream/master/fade", [0.5]) in first.receive_until(LAST_VALUE)


def test_after_another_dream_everything_can_be_sent_again(table, listeners, start):
    feedback = start(table, dict, [listeners[0].address], prefix="/vj")
    listeners[0].receive_until("/vj/master/hold")
    table.replace("dream/", dream(["cave"], latent_length=2))
    feedback.resend()
    received = dict(listeners[0].receive_until("/vj/master/hold"))
    assert "/vj/dream/latent/1" in received
    assert "/vj/dream/latent/3" not in received


def test_what_cannot_be_sent_is_named_in_one_line_and_the_rest_goes_on(listeners, start, caplog):
    # 17000 numbers are more than a UDP packet can hold; a network that is down fails the same way.
    table = Table([*dream(latent_length=17000), *MASTER])
    start(table, lambda: STATUS, [listeners[0].address])
    listeners[0].receive_until(LAST_STATUS)
    assert [listeners[0].address in each.getMessage() for each in caplog.records] == [True]


@pytest.mark.parametrize("text", ["nowhere", "127.0.0.1:x", "no-such-host.invalid:9001"])
def test_a_bad_target_is_refused_in_one_line(table, text):
    with pytest.raises(UserError, match="--osc-out") as error:
        Feedback(table, dict, [text])
    assert "\n" not in str(error.value)


def test_a_vector_is_sent_whole_and_by_its_elements(table, listeners, start):
    one, other = listeners
    feedback = start(table, dict)
    for each in listeners:
        feedback.subscribe("127.0.0.1", each.port, each.sender)
        each.receive_until(LAST_VALUE)
    table.set("dream/latents", [0.5, 0, 0, 1], one.sender)
    table.set("dream/latent/1", [0.25], one.sender)
    feedback.on_frame(table.tick(0.1))
    assert dict(other.receive_until("/livedream/dream/latents")) == {
        "/livedream/dream/latent/0": [0.5],
        "/livedream/dream/latent/1": [0.25],
        "/livedream/dream/latent/3": [1.0],
        "/livedream/dream/latents": [0.5, 0.25, 0.0, 1.0],
    }
    table.set("master/hold", [1], "page")
    feedback.on_frame(table.tick(0.1))
    assert one.receive_until(LAST_VALUE) == [(LAST_VALUE, [1])]


@pytest.fixture
def receiver(table, start):
    """With feedback that knows no status yet."""
    made = osc.Receiver(table, port=0, feedback=start(table, lambda: STATUS))
    made.start()
    yield made
    made.stop()


class Asker:
    """A socket that is connected, as Pure Data's: it receives only what comes from the port that it sends to."""

    def __init__(self, receiver):
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.connect(("127.0.0.1", receiver.port))
        self._socket.settimeout(10.0)

    def send(self, address, *arguments):
        self._socket.send(message(f"/livedream/{address}", *arguments))

    def receive(self):
        received = OscMessage(self._socket.recv(65536))
        return received.address.removeprefix("/livedream/"), received.params

    def close(self):
        self._socket.close()

    def receive_until(self, last):
        received = [self.receive()]
        while received[-1][0] != last:
            received.append(self.receive())
        return received


@pytest.fixture
def asker(receiver):
    made = Asker(receiver)
    yield made
    made.close()


def message(address, *arguments):
    builder = OscMessageBuilder(address)
    for each in arguments:
        builder.add_arg(each)
    return builder.build().dgram


@pytest.mark.parametrize(
    ("address", "answers"),
    [
        ("player/speed", [("player/speed", [1.0])]),
        ("player/freeze", [("player/freeze", [0])]),
        ("player/seed", [("player/seed", [7])]),
        ("dream/scene", [("dream/scene", [1]), ("dream/scene/name", ["sky"])]),
        ("dream/latents", [("dream/latents", [0.0, 0.0, 1.0, 0.0])]),
        ("dream/latent/2", [("dream/latent/2", [1.0])]),
        ("status/fps", [("status/fps", [29.5])]),
        ("status/state", [("status/state", ["playing"])]),
    ],
)
def test_a_question_is_answered_where_it_came_from(table, asker, address, answers):
    table.set("player/seed", [7])
    table.set("dream/scene", ["sky"])
    table.set("dream/latent/2", [1.0])
    table.tick(0.1)
    asker.send(address, "?")
    assert [asker.receive() for _ in answers] == answers
    assert sum(table.counters[kind] for kind in ("unknown", "malformed")) == 0


def test_what_has_no_value_has_no_answer_and_what_is_not_there_is_counted(table, asker):
    for address in ("player/reseed", "dream/scene_jump", "status/nothing", "player/nothing"):
        asker.send(address, "?")
    asker.send("master/hold", "?")
    assert asker.receive() == ("master/hold", [0])
    assert (table.counters["unknown"], table.counters["malformed"]) == (1, 0)
    assert not table.tick(0.1).fired


def test_who_has_subscribed_is_answered_there(table, receiver, asker, listeners):
    asker.send("subscribe", listeners[0].port)
    listeners[0].receive_until("/livedream/status/dream")
    with SimpleUDPClient("127.0.0.1", receiver.port) as other:  # the same host, another socket
        other.send_message("/livedream/player/speed", "?")
    assert ("/livedream/player/speed", [1.0]) in listeners[0].receive_until("/livedream/player/speed")


def test_a_dump_says_everything_once_a_second_at_most(table, asker, listeners):
    begin = time.monotonic()
    for _ in range(50):
        asker.send("dump")
    first = asker.receive_until("status/dream")
    assert len(first) == len(dict(first))  # each thing once
    assert {"player/speed", "dream/latents", "dream/latent/3", "dream/scene/name", "status/fps"} <= dict(first).keys()
    assert not {"player/reseed", "dream/scene_jump"} & dict(first).keys()
    asker.send("dump")
    asker.receive_until("status/dream")
    assert time.monotonic() - begin >= 0.9
    asker.send("dump", listeners[0].port)
    assert ("/livedream/player/speed", [1.0]) in listeners[0].receive_until("/livedream/status/dream")
    asker.send("dump", "there")
    asker.send("player/speed", "?")
    asker.receive_until("player/speed")
    assert table.counters["malformed"] == 1


def test_a_flood_of_questions_is_no_flood_of_answers():
    wide = Table([*PLAYER, *dream(latent_length=256), *MASTER])
    sent = []
    feedback = Feedback(wide, dict)
    for n in range(5000):
        feedback.ask(f"dream/latent/{n % 256}", ("127.0.0.1", 9 + n % 7), lambda packet, target: sent.append(packet))
    feedback.start()
    feedback.ask("player/speed", ("127.0.0.1", 9), lambda packet, target: sent.append(packet))
    deadline = time.monotonic() + 10
    while not sent and time.monotonic() < deadline:
        time.sleep(0.01)
    feedback.stop()
    assert 0 < len(sent) <= 2 * ANSWERS


def test_a_console_subscribes_changes_and_receives_only_the_others_changes(table, listeners, start):
    feedback = start(table, dict)
    receiver = osc.Receiver(table, port=0, feedback=feedback)
    receiver.start()
    one, other = (SimpleUDPClient("127.0.0.1", receiver.port) for _ in range(2))
    with one, other:
        one.send_message("/livedream/subscribe", listeners[0].port)
        other.send_message("/livedream/subscribe", listeners[1].port)
        for each in listeners:
            each.receive_until(LAST_VALUE)
        one.send_message("/livedream/dream/knob/1", 0.5)
        other.send_message("/livedream/dream/knob/2", 0.25)
        one.send_message("/livedream/player/reseed", [])
        fired = set()
        while "player/reseed" not in fired:  # the stage's loop
            snapshot = table.tick(0.01)
            fired |= snapshot.fired
            feedback.on_frame(snapshot)
        table.set("master/hold", [1])
        feedback.on_frame(table.tick(0.01))
    receiver.stop()
    assert listeners[0].receive_until(LAST_VALUE) == [("/livedream/dream/knob/2", [0.25]), (LAST_VALUE, [1])]
    assert listeners[1].receive_until(LAST_VALUE) == [("/livedream/dream/knob/1", [0.5]), (LAST_VALUE, [1])]
