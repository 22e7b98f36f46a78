"""`--osc-prefix` on a real show, over UDP: every part of it speaks the prefix, and the default one is unknown."""

import asyncio
import json
import socket
import urllib.request

import aiohttp
from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import build_msg

from tests import dreams
from tests.show import Show
from tests.waiting import until

PREFIX = "/vj/left"


class Client:
    """A program that sends to the show and receives from it by one UDP socket."""

    def __init__(self, show):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(60)
        self.port, self._to = self.socket.getsockname()[1], ("127.0.0.1", show.osc_port)

    def send(self, address, *arguments):
        self.socket.sendto(build_msg(address, list(arguments)).dgram, self._to)

    def receive(self, address):
        """Receive until a message of that address comes; returns its arguments and all addresses before it."""
        seen = []
        while True:
            message = OscMessage(self.socket.recv(65536))
            seen.append(message.address)
            if message.address == address:
                return message.params, seen


async def prefix_on_the_page(show):
    """The prefix that the page shows in its tooltips."""
    page = f"http://127.0.0.1:{show.web_port}/ws"
    async with aiohttp.ClientSession() as session, session.ws_connect(page, origin=page.removesuffix("/ws")) as socket:
        while "parameters" not in (message := await socket.receive_json(timeout=60)):
            pass
    return message["osc_prefix"]


def test_every_part_of_a_show_speaks_the_prefix(tmp_path):
    dream = dreams.tiny(tmp_path / "tiny.onnx")
    session = tmp_path / "night.session"
    file = {"livedream session": 1, "osc_prefix": PREFIX, "values": {f"{PREFIX}/master/fade": 0.5}}
    session.write_text(json.dumps(file | {"model": [str(dream)]}))
    with Show(dream, str(session), "--save", str(tmp_path / "kept.session"), prefix=PREFIX) as show:
        show.frame()
        client = Client(show)
        assert show.value("master/fade") == 0.5

        client.send(f"{PREFIX}/subscribe", client.port)
        _, seen = client.receive(f"{PREFIX}/status/dream")
        assert all(each.startswith(f"{PREFIX}/") for each in seen)

        client.send(f"{PREFIX}/master/hold", "?")
        assert client.receive(f"{PREFIX}/master/hold")[0] == [0]

        client.send(f"{PREFIX}/player/speed", 2.0)
        until(lambda: show.value("player/speed") == 2.0)
        client.send("/livedream/player/speed", 3.0)
        until(lambda: show.status()["osc"]["unknown"] == 1)
        assert show.value("player/speed") == 2.0

        page = f"http://127.0.0.1:{show.web_port}{PREFIX}/player/speed?VALUE"
        with urllib.request.urlopen(page, timeout=60) as answer:
            assert json.load(answer)["VALUE"] == [2.0]
        assert asyncio.run(prefix_on_the_page(show)) == PREFIX
    assert show.code == 0
    assert json.loads((tmp_path / "kept.session").read_text())["osc_prefix"] == PREFIX
