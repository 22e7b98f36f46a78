"""The page's server over real sockets: pictures, values both ways, and no word to strangers."""

import asyncio
import json
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request

import aiohttp
import numpy as np
import pytest
import simplejpeg

from livedream import UserError, parameters
from livedream.output.kinds import parse
from livedream.picture.frame import Frame
from livedream.web.client import Client
from livedream.web.server import AHEAD, PORT, Server
from tests.waiting import until

TABLE = (*parameters.PLAYER, *parameters.dream(["dawn", "dusk"]), *parameters.MASTER)


def thumbnail(scene, deck):
    return [[b"a", b"b"], [b"c"]][deck][scene]


@pytest.fixture
def server():
    """A server whose table is ticked as a show does it."""
    made = Server("127.0.0.1", 0, parameters.Table(TABLE), lambda: {"state": "playing"}, thumbnail)
    made.start()
    done = threading.Event()
    made.fired = []

    def run():
        while not done.wait(1 / 60):
            values = made.table.tick(1 / 60)
            made.fired += values.fired
            made.on_frame(values)

    thread = threading.Thread(target=run)
    thread.start()
    yield made
    done.set()
    thread.join()
    made.stop()


def get(server, path, **headers):
    request = urllib.request.Request(server.url.rstrip("/") + path, headers=headers)
    with urllib.request.urlopen(request, timeout=10) as response:
        return response.read()


def talk(server, conversation, **options):
    """Run `await conversation(websocket)` as a page would."""

    async def run():
        connect = aiohttp.ClientSession()
        async with connect as session, session.ws_connect(server.url + "ws", **options) as ws:
            return await asyncio.wait_for(conversation(ws), 10)

    return asyncio.run(run())


async def hear(ws, key):
    """The next message that has `key`; pictures are passed over."""
    async for message in ws:
        if message.type == aiohttp.WSMsgType.TEXT and key in (said := json.loads(message.data)):
            return said[key]


def test_status_and_parameters_are_json(server):
    assert json.loads(get(server, "/status")) == {"state": "playing"}
    listed = {each["address"]: each for each in json.loads(get(server, "/parameters"))}
    speed = listed["player/speed"]
    assert (speed["type"], speed["low"], speed["high"], speed["value"]) == ("float", -8, 8, 1.0)
    assert speed["doc"] == parameters.PLAYER[0].doc
    assert listed["dream/scene"]["choices"] == ["dawn", "dusk"]
    assert get(server, "/scene/1.jpg") == b"b"
    assert get(server, "/b/scene/0.jpg") == b"c"
    assert b"<title>livedream</title>" in get(server, "/")


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},  # a name of theirs that leads here
        {"Host": "evil.example:8808", "Origin": "http://evil.example:8808"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},  # another server on this machine
    ],
)
@pytest.mark.parametrize("path", ["/", "/status", "/ws"])
def test_pages_of_others_are_refused(server, path, headers):
    with pytest.raises(urllib.error.HTTPError) as error:
        get(server, path, **headers)
    assert error.value.code == 403
    assert server.refused == 1


def test_a_page_elsewhere_cannot_steer(server):
    with pytest.raises(aiohttp.WSServerHandshakeError):
        talk(server, lambda ws: ws.send_str('{"set": {"player/speed": 3}}'), origin="http://evil.example")
    assert server.table.target("player/speed") == 1


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", socket.gethostname()])
def test_own_names_are_let_in(server, host):
    name = f"{host}:{server.port}"
    assert get(server, "/status", Host=name, Origin=f"http://{name}")


def test_values_travel_both_ways(server):
    async def conversation(ws):
        await hear(ws, "parameters")
        await ws.send_str('{"set": {"player/speed": 3, "dream/scene": "dusk", "dream/temperature": 99}}')
        echo = await hear(ws, "values")
        server.table.set("master/fade", [0.5], sender="a controller")
        return echo, await hear(ws, "values")

    echo, other = talk(server, conversation)
    # A value that was taken as it was sent needs no echo; one that became another does.
    assert echo == {"dream/scene": 1, "dream/temperature": 2.0}
    assert other == {"master/fade": 0.5}
    assert server.table.target("player/speed") == 3


def test_a_change_reaches_every_other_page_and_is_serialised_once(server, monkeypatch):
    texts = []
    monkeypatch.setattr(Client, "send", recording(texts, Client.send))

    async def conversation(ws):
        async with aiohttp.ClientSession() as session, session.ws_connect(server.url + "ws") as other:
            for each in (ws, other):
                await hear(each, "status")
            await ws.send_str('{"set": {"player/speed": 3}}')
            seen = await hear(other, "values")
            server.table.set("master/fade", [0.5], sender="a controller")
            return seen, await hear(ws, "values"), await hear(other, "values")

    assert talk(server, conversation) == ({"player/speed": 3.0}, {"master/fade": 0.5}, {"master/fade": 0.5})
    first, second = (each for each in texts if each == '{"values": {"master/fade": 0.5}}')
    assert first is second
    first, second = (each for each in texts if '"parameters"' in each)
    assert first is second


def test_a_jump_and_an_element_tell_what_they_change(server):
    server.table.replace("dream/", parameters.dream(["dawn", "dusk"], latent_length=2))

    async def conversation(ws):
        await hear(ws, "status")
        await ws.send_str('{"set": {"dream/scene_jump": 1, "dream/latent/0": 2}}')
        found = {}
        while len(found) < 2:
            found |= await hear(ws, "values")
        return found

    assert talk(server, conversation) == {"dream/scene": 1, "dream/latents": [2.0, 0.0]}


def recording(texts, send):
    async def wrapped(client, text):
        texts.append(text)
        await send(client, text)

    return wrapped


def test_pages_may_come_while_a_picture_is_sent(server):
    """The picture output goes through the pages in its own thread; each look at a page lets another one come."""

    class Page:
        sent = shown = 0

        @property
        def wants_pictures(self):
            server.join(Page())
            return False

    for _ in range(3):
        server.join(Page())
    assert server.show(picture(0)) is None


def test_triggers_and_repeats_are_events(server):
    async def conversation(ws):
        for count in (1, 2):
            await ws.send_str('{"set": {"player/reseed": []}}')
            await asyncio.to_thread(until, lambda count=count: server.fired.count("player/reseed") == count)

    talk(server, conversation)


def test_a_new_dream_makes_new_faders(server):
    async def conversation(ws):
        await hear(ws, "parameters")
        server.table.replace("dream/", parameters.dream(["noon"]))
        return {each["address"]: each for each in await hear(ws, "parameters")}

    assert talk(server, conversation)["dream/scene"]["choices"] == ["noon"]


@pytest.mark.parametrize("text", ["{", "[1]", '"set"', '{"set": 3}', '{"shown": "x"}', '{"set": {"player/speed": {}}}'])
def test_nonsense_is_counted_and_harmless(server, text):
    async def conversation(ws):
        await ws.send_str(text)
        await ws.send_str('{"set": {"player/speed": 2}}')
        await asyncio.to_thread(until, lambda: server.table.target("player/speed") == 2)

    talk(server, conversation)
    assert server.table.counters["malformed"] == 1


def picture(number):
    grey = number * 10 % 256
    return Frame(np.full((48, 64, 4), (grey, grey, grey, 255), np.uint8), number)


def test_a_slow_page_gets_the_newest_picture_and_holds_up_nobody(server):
    page = parse("page")
    page.server = server
    page.start(64, 48, 30)
    page.show(picture(0))
    until(lambda: page.waiting is None)
    assert page.sent == 0  # nobody looks: nothing is encoded

    async def conversation(ws):
        await hear(ws, "parameters")
        number = 0
        while page.dropped < 5:  # this page shows nothing, so it gets AHEAD pictures and no more
            number += 1
            page.show(picture(number))
            await asyncio.to_thread(until, lambda: page.waiting is None)
        assert page.sent == AHEAD
        pictures = [await next_picture(ws) for _ in range(AHEAD)]
        await ws.send_str(json.dumps({"shown": AHEAD}))
        while page.sent == AHEAD:
            page.show(picture(20))
            await asyncio.sleep(0.005)
        return [each.data for each in (*pictures, await next_picture(ws))]

    async def next_picture(ws):
        async for message in ws:
            if message.type == aiohttp.WSMsgType.BINARY:
                return message

    pictures = talk(server, conversation)
    greys = [simplejpeg.decode_jpeg(each).mean() for each in pictures]
    assert greys[-1] == pytest.approx(200, abs=2)
    assert greys[:-1] == sorted(greys[:-1])
    page.stop()


def test_a_page_without_a_server_says_so():
    page = parse("page")
    page.start(64, 48, 30)
    until(lambda: page.state == "failed")
    assert "--web off" in page.error


def test_ports():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UserError, match=f"127.0.0.1:{port}: .*choose another port"):
            Server("127.0.0.1", port, parameters.Table(TABLE)).start()
    first, second = (Server(table=parameters.Table(TABLE)) for _ in range(2))
    first.start()
    second.start()
    assert PORT <= first.port < second.port
    assert second.url == f"http://127.0.0.1:{second.port}/"
    first.stop()
    second.stop()


def test_a_plain_run_does_not_wait_for_the_page():
    """The modules that a run needs before its first frame import no web framework and no codec."""
    code = "import sys, livedream.web.server, livedream.output.page, livedream.output.window\n"
    code += "print([m for m in ('aiohttp', 'av', 'pyglet', 'simplejpeg') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_stop_ends_the_thread_and_frees_the_port(server):
    get(server, "/status")
    server.stop()
    assert not any(each.name == "web" and each.is_alive() for each in threading.enumerate())
    socket.create_server(("127.0.0.1", server.port)).close()
