import socket
import time

import pytest
from pythonosc.osc_message import OscMessage
from pythonosc.udp_client import SimpleUDPClient

from livedream import UserError
from livedream.control import osc
from livedream.control.osc_out import SUBSCRIBERS, Feedback
from livedream.parameters import MASTER, PLAYER, Table, dream

STATUS = {
    "frame": 90,
    "state": "playing",
    "fps": {"target": 30, "sent": 30.0, "fresh": 29.5},
    "ms": {"model_p50": 12.5, "latency_p50": 40.0},
    "outputs": [{"dropped": 2}, {"dropped": 3}],
    "decks": [{"dream": "rainbow"}],
}


class Listener:
    """A console: it hears what is sent to its port."""

    def __init__(self):
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(10.0)
        self.port = self._socket.getsockname()[1]
        self.address = f"127.0.0.1:{self.port}"
        self.hand = ("127.0.0.1", self.port + 1)  # the socket it would send from

    def hear_until(self, last):
        """Messages up to and with the address `last`: (address, arguments)."""
        heard = []
        while not heard or heard[-1][0] != last:
            message = OscMessage(self._socket.recv(65536))
            heard.append((message.address, message.params))
        return heard

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
    heard = listeners[0].hear_until(LAST_STATUS)
    assert {a.removeprefix("/livedream/status/"): v for a, v in heard if "/status/" in a} == {
        "fps": [29.5],
        "frame": [90],
        "model_ms": [12.5],
        "latency_ms": [40.0],
        "drops": [5],
        "state": ["playing"],
        "dream": ["rainbow"],
    }
    begin = time.monotonic()
    listeners[0].hear_until(LAST_STATUS)  # and again
    assert time.monotonic() - begin > 0.5


def test_status_that_is_not_known_yet_is_left_out(table, listeners, start):
    start(table, lambda: {"state": "loading", "frame": 0, "decks": []}, [listeners[0].address])
    heard = listeners[0].hear_until("/livedream/status/state")
    assert [a for a, _ in heard if "/status/" in a] == ["/livedream/status/frame", "/livedream/status/state"]


def test_a_newcomer_is_told_every_value(table, listeners, start):
    table.set("dream/scene", ["sky"])
    table.set("master/blackout", [True])
    table.tick(0.1)
    feedback = start(table, dict)
    feedback.subscribe("127.0.0.1", listeners[0].port, listeners[0].hand)
    heard = dict(listeners[0].hear_until(LAST_VALUE))
    assert heard["/livedream/dream/scene"] == [1]
    assert heard["/livedream/master/blackout"] == [1]  # a number, for TouchDesigner's sake
    assert heard["/livedream/dream/latent/3"] == [0.0]
    assert "/livedream/player/reseed" not in heard  # to repeat a trigger is to pull it
    assert "/livedream/dream/scene/jump" not in heard


def test_targets_are_sent_rather_than_glide_steps(table, listeners, start):
    feedback = start(table, dict, [listeners[0].address])
    listeners[0].hear_until(LAST_VALUE)
    table.set("player/speed", [5.0], ("10.0.0.2", 1))
    for _ in range(5):
        feedback.show(table.tick(0.1))
    table.set("master/hold", [1], ("10.0.0.2", 1))
    feedback.show(table.tick(0.1))
    assert listeners[0].hear_until(LAST_VALUE) == [("/livedream/player/speed", [5.0]), (LAST_VALUE, [1])]


def test_a_hand_does_not_hear_itself_but_the_others_do(table, listeners, start):
    one, other = listeners
    feedback = start(table, dict)
    for each in listeners:
        feedback.subscribe("127.0.0.1", each.port, each.hand)
    for each in listeners:
        each.hear_until(LAST_VALUE)
    table.set("master/fade", [0.5], one.hand)
    table.set("dream/knob/1", [0.25], ("127.0.0.1", other.port))  # from the very port it listens on
    feedback.show(table.tick(0.1))
    table.set("master/hold", [1], "page")
    feedback.show(table.tick(0.1))
    assert one.hear_until(LAST_VALUE) == [("/livedream/dream/knob/1", [0.25]), (LAST_VALUE, [1])]
    assert other.hear_until(LAST_VALUE) == [("/livedream/master/fade", [0.5]), (LAST_VALUE, [1])]


def test_a_jump_is_told_as_the_scene_and_a_trigger_not_at_all(table, listeners, start):
    feedback = start(table, dict, [listeners[0].address])
    listeners[0].hear_until(LAST_VALUE)
    table.set("player/reseed")
    table.set("dream/scene/jump", ["sky"])
    table.set("master/hold", [1])
    feedback.show(table.tick(0.1))
    assert listeners[0].hear_until(LAST_VALUE) == [("/livedream/dream/scene", [1]), (LAST_VALUE, [1])]


def test_to_renew_a_subscription_brings_no_second_greeting(table, listeners, start):
    feedback = start(table, dict)
    for _ in range(3):
        feedback.subscribe("127.0.0.1", listeners[0].port, listeners[0].hand)
    listeners[0].hear_until(LAST_VALUE)
    feedback.subscribe("127.0.0.1", listeners[0].port, listeners[0].hand)
    table.set("master/hold", [1])
    feedback.show(table.tick(0.1))
    assert listeners[0].hear_until(LAST_VALUE) == [(LAST_VALUE, [1])]


def test_only_so_many_subscribers_and_the_stalest_makes_room(table, listeners, start):
    first, second = listeners
    feedback = start(table, dict)
    feedback.subscribe("127.0.0.1", first.port, first.hand)
    feedback.subscribe("127.0.0.1", second.port, second.hand)
    for each in listeners:
        each.hear_until(LAST_VALUE)
    for n in range(SUBSCRIBERS - 1):
        feedback.subscribe("127.0.0.1", 1 + n, ("127.0.0.1", 1 + n))
        feedback.subscribe("127.0.0.1", second.port, second.hand)
    table.set("master/fade", [0.5])
    feedback.show(table.tick(0.1))
    second.hear_until("/livedream/master/fade")
    feedback.subscribe("127.0.0.1", first.port, first.hand)  # it comes back, and is new
    assert ("/livedream/master/fade", [0.5]) in first.hear_until(LAST_VALUE)


def test_after_another_dream_everything_can_be_sent_again(table, listeners, start):
    feedback = start(table, dict, [listeners[0].address], prefix="/vj")
    listeners[0].hear_until("/vj/master/hold")
    table.replace("dream/", dream(["cave"], latent_length=2))
    feedback.resend()
    heard = dict(listeners[0].hear_until("/vj/master/hold"))
    assert "/vj/dream/latent/1" in heard
    assert "/vj/dream/latent/3" not in heard


def test_what_cannot_be_sent_is_named_in_one_line_and_the_rest_goes_on(listeners, start, caplog):
    # 17000 numbers are more than a UDP packet can hold; a network that is down fails the same way.
    table = Table([*dream(latent_length=17000), *MASTER])
    start(table, lambda: STATUS, [listeners[0].address])
    listeners[0].hear_until(LAST_STATUS)
    assert [listeners[0].address in each.getMessage() for each in caplog.records] == [True]


@pytest.mark.parametrize("text", ["nowhere", "127.0.0.1:x", "no-such-host.invalid:9001"])
def test_a_bad_target_is_refused_in_one_line(table, text):
    with pytest.raises(UserError, match="--osc-out") as error:
        Feedback(table, dict, [text])
    assert "\n" not in str(error.value)


def test_a_console_subscribes_moves_and_hears_the_others_only(table, listeners, start):
    feedback = start(table, dict)
    receiver = osc.Receiver(table, port=0, subscribe=feedback.subscribe)
    receiver.start()
    one, other = (SimpleUDPClient("127.0.0.1", receiver.port) for _ in range(2))
    with one, other:
        one.send_message("/livedream/subscribe", listeners[0].port)
        other.send_message("/livedream/subscribe", listeners[1].port)
        for each in listeners:
            each.hear_until(LAST_VALUE)
        one.send_message("/livedream/dream/knob/1", 0.5)
        other.send_message("/livedream/dream/knob/2", 0.25)
        one.send_message("/livedream/player/reseed", [])
        fired = set()
        while "player/reseed" not in fired:  # the stage's loop
            snapshot = table.tick(0.01)
            fired |= snapshot.fired
            feedback.show(snapshot)
        table.set("master/hold", [1])
        feedback.show(table.tick(0.01))
    receiver.stop()
    assert listeners[0].hear_until(LAST_VALUE) == [("/livedream/dream/knob/2", [0.25]), (LAST_VALUE, [1])]
    assert listeners[1].hear_until(LAST_VALUE) == [("/livedream/dream/knob/1", [0.5]), (LAST_VALUE, [1])]
