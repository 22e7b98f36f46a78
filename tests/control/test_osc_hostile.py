"""20 000 packets of bench/hostile.py from three sources at once: nothing moves, all are counted, reception goes on."""

import importlib.util
import random
import socket
import threading
from pathlib import Path

import pytest

from livedream.bench.run_process import message
from livedream.control.osc import Receiver
from livedream.control.osc_out import Feedback
from livedream.control.osc_tcp import prefixed, slip
from livedream.parameters import MASTER, PLAYER, Table, dream
from tests.waiting import until

SOURCES, EACH = 3, 6667

spec = importlib.util.spec_from_file_location("hostile", Path(__file__).parents[2] / "bench" / "hostile.py")
hostile = importlib.util.module_from_spec(spec)
spec.loader.exec_module(hostile)


@pytest.fixture
def table():
    return Table([*PLAYER, *dream(["road"], latent_length=8), *MASTER])


@pytest.fixture
def receiver(table):
    feedback = Feedback(table, dict)
    made = Receiver(table, port=0, feedback=feedback, tcp=("127.0.0.1", 0))
    made.start()
    feedback.start()
    yield made
    feedback.stop()
    made.stop()


def counted(table):
    return table.counters["malformed"] + table.counters["unknown"]


def test_every_kind_is_one_fault_and_moves_nothing(table, receiver):
    before = {address: table.target(address) for address in table.parameters}
    for name, make in hostile.kinds(random.Random(3)).items():
        for n in range(50):
            so_far = counted(table)
            receiver.take(make(), ("127.0.0.1", n))
            assert counted(table) == so_far + 1, name
    assert {address: table.target(address) for address in table.parameters} == before
    assert not table.tick(0.1).changes


def test_a_flood_from_three_sources_is_counted_to_the_last_packet(table, receiver):
    before, threads = {address: table.target(address) for address in table.parameters}, threading.active_count()
    sent = [0] * SOURCES

    def flood(source):
        makers = list(hostile.kinds(random.Random(source)).values())
        packets = [makers[n % len(makers)]() for n in range(240)]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
            out.connect(("127.0.0.1", receiver.port))
            for n in range(EACH):
                out.send(packets[n % len(packets)])
                sent[source] += 1
                if n % 20 == 0:  # so many lie in the socket that none is dropped: the count is to be exact
                    until(lambda: sum(sent) - counted(table) < 20)

    senders = [threading.Thread(target=flood, args=(source,)) for source in range(SOURCES)]
    for each in senders:
        each.start()
    for each in senders:
        each.join()
    until(lambda: counted(table) == SOURCES * EACH)
    assert table.counters["clamped"] == 0
    assert {address: table.target(address) for address in table.parameters} == before
    assert threading.active_count() == threads
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.sendto(message("master/fade", 0.25), ("127.0.0.1", receiver.port))
        until(lambda: table.target("master/fade") == 0.25)
    assert table.tick(0.1).changes == (("master/fade", 0.25),)


def test_a_flood_by_tcp_is_counted_to_the_last_packet_and_no_stream_stops_another(table, receiver):
    before, threads = {address: table.target(address) for address in table.parameters}, threading.active_count()
    makers = list(hostile.kinds(random.Random(1)).values())
    packets = [packet for n in range(240) if (packet := makers[n % len(makers)]())]
    flood = [
        threading.Thread(target=hostile.by_tcp, args=(receiver.tcp.port, packets, 3000, frame))
        for frame in (prefixed, slip)
    ]
    for each in flood:
        each.start()
    hostile.broken_streams(receiver.tcp.port, random.Random(2), 20)
    for each in flood:
        each.join()
    until(lambda: counted(table) == 6020)
    assert {address: table.target(address) for address in table.parameters} == before
    assert threading.active_count() == threads
    with socket.create_connection(("127.0.0.1", receiver.tcp.port)) as client:
        client.sendall(slip(message("master/fade", 0.25)))
        until(lambda: table.target("master/fade") == 0.25)
