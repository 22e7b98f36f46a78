import socket
import struct

import pytest
from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import build_msg
from pythonosc.tcp_client import SimpleTCPClient

from livedream import UserError
from livedream.control.osc import Receiver
from livedream.control.osc_address import listening
from livedream.control.osc_out import Feedback
from livedream.control.osc_tcp import CONNECTIONS, Frames, Malformed, prefixed, slip
from livedream.parameters import MASTER, PLAYER, Table
from tests.waiting import until

FRAMINGS = pytest.mark.parametrize(
    "frame", [prefixed, slip, lambda packet: slip(packet)[1:]], ids=["1.0", "1.1", "END"]
)
ODD_PACKET = build_msg("/livedream/x", [b"\xc0\xdb\xdc\xdd\0\xdb\xc0", "snow"]).dgram


@pytest.fixture
def table():
    made = Table([*PLAYER, *MASTER])
    made.set("player/glide", [0.0])
    made.tick(1.0)
    return made


@pytest.fixture
def receiver(table):
    feedback = Feedback(table, dict)
    made = Receiver(table, port=0, feedback=feedback, tcp=("127.0.0.1", 0))
    feedback.start()
    made.start()
    yield made, feedback
    made.stop()
    feedback.stop()


def join(receiver):
    return socket.create_connection(("127.0.0.1", receiver[0].tcp.port), timeout=20)


@FRAMINGS
def test_a_stream_is_cut_into_its_packets_wherever_it_is_torn(frame):
    packets = [ODD_PACKET, build_msg("/livedream/a", [1.0]).dgram] * 3
    stream = b"".join(map(frame, packets))
    for step in (1, 2, 7, 1000):
        frames = Frames()
        assert [p for n in range(0, len(stream), step) for p in frames.add(stream[n : n + step])] == packets


@pytest.mark.parametrize("data", [b"GET / HTTP", b"\0\xff\xff\xff", b"\xc0" + b"a" * 140_000])
def test_a_stream_that_is_not_osc_ends(data):
    with pytest.raises(Malformed):
        list(Frames().add(data))


@FRAMINGS
def test_values_move_and_feedback_comes_back_over_the_same_connection(table, receiver, frame):
    with join(receiver) as hand:
        hand.sendall(frame(build_msg("/livedream/player/speed", [2.5]).dgram))
        until(lambda: table.target("player/speed") == 2.5)
        hand.sendall(frame(build_msg("/livedream/subscribe", []).dgram))
        frames, heard = Frames(), {}

        def hear(address, value):
            while heard.get(address) != [value]:
                for packet in frames.add(hand.recv(65536)):
                    message = OscMessage(packet)
                    heard[message.address] = message.params

        hear("/livedream/player/speed", 2.5)  # every value is sent to a new subscriber
        table.set("master/fade", [0.25])
        receiver[1].on_frame(table.tick(0.1))
        hear("/livedream/master/fade", 0.25)
        assert frames.frame is (slip if frame is not prefixed else prefixed)


@pytest.mark.parametrize("mode", ["1.0", "1.1"])
def test_python_oscs_own_client_is_heard_and_answered(table, receiver, mode):
    client = SimpleTCPClient("127.0.0.1", receiver[0].tcp.port, mode=mode)
    client.send_message("/livedream/player/speed", 2.5)
    client.send_message("/livedream/player/speed", "?")
    answers = []
    until(lambda: answers.extend(client.receive(1)) or answers)
    assert OscMessage(answers[0]).params == [2.5]
    client.socket.close()


def test_a_question_is_answered_there(receiver):
    with join(receiver) as hand:
        hand.sendall(prefixed(build_msg("/livedream/player/speed", ["?"]).dgram))
        frames = Frames()
        packets = []
        while not packets:
            packets += frames.add(hand.recv(65536))
        assert OscMessage(packets[0]).params == [1.0]


def test_faults_end_only_their_own_connection_and_are_counted(table, receiver):
    with join(receiver) as good, join(receiver) as bad:
        bad.sendall(b"HELLO")
        assert bad.recv(10) == b""
        good.sendall(
            struct.pack(">i", 8) + b"/a\0\0,z\0\0" + prefixed(build_msg("/livedream/master/fade", [0.5]).dgram)
        )
        until(lambda: table.target("master/fade") == 0.5)
    assert table.counters["malformed"] == 2


def test_the_quietest_of_too_many_connections_makes_room(table, receiver):
    hands = [join(receiver) for _ in range(CONNECTIONS + 1)]
    assert hands[0].recv(10) == b""
    hands[-1].sendall(slip(build_msg("/livedream/master/fade", [0.5]).dgram))
    until(lambda: table.target("master/fade") == 0.5)
    for each in hands:
        each.close()


def test_the_option_takes_both_ways():
    assert listening(["10.0.0.1:9000", "tcp://10.0.0.2:9001"]) == (("10.0.0.1", 9000), ("10.0.0.2", 9001))
    assert listening([]) == (None, None)
    with pytest.raises(UserError, match="tcp://"):
        listening(["tcp://9001"])


def test_a_port_that_is_taken_is_said(table, receiver):
    taken = Receiver(table, port=0, tcp=("127.0.0.1", receiver[0].tcp.port))
    with pytest.raises(UserError, match="--osc tcp://"):
        taken.start()
