"""zeroconf, over a real multicast socket on the loopback: python-oscquery finds us, reads and sets."""

import importlib.util
import socket
import subprocess
import sys
import threading

import pytest
from pythonosc.udp_client import SimpleUDPClient

from livedream.web import announce
from tests.waiting import until
from tests.web.test_oscquery import Instrument

needs_zeroconf = pytest.mark.skipif(not importlib.util.find_spec("zeroconf"), reason="needs the extra [oscquery]")
needs_client = pytest.mark.skipif(not importlib.util.find_spec("pythonoscquery"), reason="needs python-oscquery")


@pytest.fixture
def instrument():
    made = Instrument()
    yield made
    made.stop()


@pytest.fixture
def announced(instrument):
    services = (
        (announce.QUERY, "127.0.0.1", instrument.server.port),
        (announce.OSC, "127.0.0.1", instrument.receiver.port),
    )
    made = announce.Announcement(lambda: services, later=0)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def seen():
    """What a browser on the loopback sees: services by kind and port."""
    import zeroconf

    found = {}

    class Listener(zeroconf.ServiceListener):
        def add_service(self, zc, kind, name):
            info = zc.get_service_info(kind, name)
            if info:
                found[kind, info.port] = info

        def remove_service(self, zc, kind, name):
            for key, info in list(found.items()):
                if info.name == name:
                    del found[key]

        update_service = add_service

    with zeroconf.Zeroconf(interfaces=["127.0.0.1"]) as browser:
        zeroconf.ServiceBrowser(browser, [announce.OSC, announce.QUERY], Listener())
        yield found


@needs_zeroconf
def test_both_services_are_found_and_taken_back(instrument, announced, seen):
    osc, query = (announce.OSC, instrument.receiver.port), (announce.QUERY, instrument.server.port)
    until(lambda: {osc, query} <= seen.keys(), seconds=30)
    assert seen[query].parsed_addresses() == ["127.0.0.1"]
    assert seen[query].name.startswith("livedream ")
    announced.stop()
    until(lambda: not {osc, query} & seen.keys(), seconds=30)


@needs_zeroconf
@needs_client
def test_python_oscquerys_client_finds_reads_and_we_are_set(instrument, announced, seen):
    from pythonoscquery.osc_query_client import OSCQueryClient

    info = until(lambda: seen.get((announce.QUERY, instrument.server.port)), seconds=30)
    client = OSCQueryClient(info)
    host = client.get_host_info()
    assert (host.name, host.osc_port, host.osc_transport) == ("livedream", instrument.receiver.port, "UDP")
    fader = client.query_node("/livedream/mix/crossfade")
    assert (fader.full_path, fader.value, int(fader.access)) == ("/livedream/mix/crossfade", [0.0], 3)
    # It cannot read a value that holds others, or one that can only be set; the proposal has both.
    mix = client.query_node("/livedream/mix")
    assert {each.full_path for each in mix.contents} == {f"/livedream/mix/{each}" for each in ("crossfade", "mode")}
    assert client.query_node("/livedream/nothing") is None
    with SimpleUDPClient(host.osc_ip, host.osc_port) as hand:
        hand.send_message(fader.full_path, 0.5)
        until(lambda: instrument.table.target("mix/crossfade") == 0.5)
    assert client.query_node("/livedream/mix/crossfade").value == [0.5]


def test_start_and_stop_wait_for_nobody():
    before = threading.active_count()
    made = announce.Announcement(lambda: [(announce.OSC, "127.0.0.1", 9)], later=600.0)
    made.start()
    made.stop()  # would run out of this test's time if it waited
    assert threading.active_count() == before


def test_without_the_extra_nothing_is_announced_and_nothing_said():
    code = """
import sys
sys.modules["zeroconf"] = None
from livedream.web import announce
made = announce.Announcement(lambda: [(announce.OSC, "127.0.0.1", 9)], later=0)
made.start(); made._thread.join(20); made.stop()
assert not made._thread.is_alive()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@needs_zeroconf
def test_a_host_that_is_none_is_no_harm():
    made = announce.Announcement(lambda: [(announce.OSC, "no-such-host.invalid", 9)], later=0)
    made.start()
    until(lambda: not any(each.name == "announce" for each in threading.enumerate()), 30)
    made.stop()


@needs_zeroconf
def test_where_everybody_can_reach_us_ourown_addresses_are_told():
    for each in announce.own_addresses():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ours:
            ours.bind((each, 0))
