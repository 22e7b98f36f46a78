"""The page's tokens: nobody without one, who plays may not do everything, and what every refusal carries."""

import asyncio
import http.client
import json

import aiohttp
import pytest

from livedream import UserError, parameters
from livedream.control.osc import Receiver
from livedream.parameters.deck import LOADING
from livedream.web import access, guard
from livedream.web.server import VIEWERS, Server
from tests.waiting import until

TOKENS = {"play": "let-me-play", "admin": "let-me-rule"}
TABLE = (*parameters.PLAYER, *LOADING, *parameters.dream(["dawn", "dusk"]), *parameters.ALWAYS)
PATHS = (
    "/",
    "/page.js",
    "/status",
    "/parameters",
    "/outputs",
    "/scene/0.jpg",
    "/ws",
    "/livedream",
    "/?HOST_INFO",
    "/nosuch",
)


@pytest.fixture(scope="module")
def table():
    return parameters.Table(TABLE)


@pytest.fixture(scope="module")
def server(table):
    receiver = Receiver(table, "127.0.0.1", 0)
    made = Server("127.0.0.1", 0, table, lambda: {"state": "playing"}, lambda *_: b"jpeg", osc=receiver, tokens=TOKENS)
    made.start()
    yield made
    made.stop()


def ask(server, path, method="GET", **headers):
    """The answer's status, headers and text."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    try:
        connection.request(method, path, headers={name.replace("_", "-"): text for name, text in headers.items()})
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read().decode("utf-8", "replace")
    finally:
        connection.close()


def cookie(server, role):
    return f"livedream-{server.port}={TOKENS[role]}"


@pytest.mark.parametrize("path", PATHS)
def test_without_a_token_nothing_is_answered(server, path):
    wrong = {"Cookie": f"livedream-{server.port}=let-me-plai", "Authorization": "Bearer ¿"}
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket"}
    for more in ({}, wrong, upgrade, {"Cookie": "livedream-1=let-me-play"}):
        status, _, text = ask(server, path, **more)
        assert status == 403
        assert "token" in text
        assert not any(each in text for each in TOKENS.values())
    assert ask(server, path + ("&" if "?" in path else "?") + "k=wrong")[0] == 403


@pytest.mark.parametrize("path", ["/", "/status", "/scene/0.jpg", "/livedream/master/fade?VALUE"])
def test_a_token_may_come_as_a_cookie_a_header_or_in_the_address(server, path):
    assert ask(server, path, Cookie=cookie(server, "play"))[0] == 200
    assert ask(server, path, Authorization="Bearer let-me-play")[0] == 200
    if path != "/":
        assert ask(server, path + ("&" if "?" in path else "?") + "k=let-me-play")[0] == 200


def test_the_first_visit_leaves_a_cookie_and_an_address_without_the_token(server):
    status, headers, _ = ask(server, "/?clean&k=let-me-rule", Accept="text/html")
    assert (status, headers["Location"].rstrip("=")) == (303, "/?clean")
    name, *flags = headers["Set-Cookie"].split("; ")
    assert name == cookie(server, "admin")
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(flags)


def test_a_browser_that_came_by_a_link_elsewhere_can_go_on(server):
    status, headers, text = ask(server, "/", Accept="text/html")  # a strict cookie is kept back then
    assert status == 403
    assert headers["Content-Type"].startswith("text/html")
    assert '<a href="/">' in text


@pytest.mark.parametrize(
    ("path", "method", "status"), [("/", "GET", 403), ("/livedream/nosuch", "GET", 404), ("/status", "POST", 405)]
)
def test_refusals_carry_the_same_headers_as_answers(server, path, method, status):
    token = {} if status == 403 else {"Cookie": cookie(server, "admin")}
    got, headers, _ = ask(server, path, method, **token)
    assert got == status
    assert headers.keys() >= guard.HEADERS.keys()
    policy = headers["Content-Security-Policy"]
    assert f"connect-src 'self' ws://127.0.0.1:{server.port};" in policy
    assert "wss:" not in policy


def talk(server, path, conversation, role="play"):
    async def run():
        headers = {"Cookie": cookie(server, role)}
        address = f"http://127.0.0.1:{server.port}{path}"
        async with aiohttp.ClientSession() as session, session.ws_connect(address, headers=headers) as ws:
            return await asyncio.wait_for(conversation(ws), 30)

    return asyncio.run(run())


async def hear(ws, key):
    async for message in ws:
        if message.type == aiohttp.WSMsgType.TEXT and key in (said := json.loads(message.data)):
            return said[key]


ADMINS = (
    "output/add",
    "output/remove",
    "output/record",
    "output/screenshot",
    "dream/load",
    "dream/reload",
    "midi/learn",
)


def test_who_plays_moves_faders_and_opens_no_output(server, table):
    refused = table.counters["refused"]

    async def conversation(ws):
        await ws.send_json({"set": {"output/add": "rtmp://198.51.100.7/live/x", "output/record": 1, "midi/learn": "a"}})
        await ws.send_json({"set": {"master/fade": 0.25, "preset/recall": "dusk", "tempo/bpm": 99, "dream/scene": 1}})
        await asyncio.to_thread(until, lambda: table.target("master/fade") == 0.25)
        return await hear(ws, "role")

    assert talk(server, "/ws", conversation) == "play"
    values = table.tick(1)
    assert values.texts == {"preset/recall": ("dusk",)}
    assert table.target("tempo/bpm") == 99
    assert table.target("output/record") is False
    assert table.counters["refused"] - refused == 3
    assert "midi/learn from page" in table.faults["refused"]
    talk(server, "/ws", lambda ws: ws.send_json({"set": {"output/add": "page"}}), "admin")
    until(lambda: table.tick(1).texts.get("output/add") == ("page",))


def test_who_plays_opens_no_output_through_oscquery_either(server, table):
    from pythonosc.osc_message_builder import OscMessageBuilder

    def osc(address, value):
        builder = OscMessageBuilder(f"/livedream/{address}")
        builder.add_arg(value)
        return builder.build().dgram

    async def conversation(ws):
        for address in ADMINS:
            await ws.send_bytes(osc(address, 1 if address == "output/record" else "x"))
        await ws.send_bytes(osc("master/fade", 0.75))
        await asyncio.to_thread(until, lambda: table.target("master/fade") == 0.75)

    refused = table.counters["refused"]
    talk(server, "/", conversation)
    assert table.counters["refused"] - refused == len(ADMINS)
    assert table.tick(1).texts == {}
    assert not table.guests  # forgotten when they have gone


def test_the_33rd_viewer_is_told_so(server):
    async def run():
        headers = {"Cookie": cookie(server, "play")}
        address = f"http://127.0.0.1:{server.port}/"
        async with aiohttp.ClientSession(headers=headers) as session:
            pages = [await session.ws_connect(address + "ws") for _ in range(VIEWERS)]
            programs = [await session.ws_connect(address) for _ in range(VIEWERS)]
            for each in pages:
                await hear(each, "parameters")
            async with session.ws_connect(address + "ws") as late:
                full = await hear(late, "full")
                await late.receive()
                code = late.close_code
            with pytest.raises(aiohttp.WSServerHandshakeError) as error:
                await session.ws_connect(address)
            await pages.pop().close()
            await asyncio.to_thread(until, lambda: server.status()["web"]["viewers"] < VIEWERS)
            async with session.ws_connect(address + "ws") as next_one:
                assert await hear(next_one, "parameters")
            for each in (*pages, *programs):
                await each.close()
            return full, code, error.value.status

    full, code, status = asyncio.run(run())
    assert "32 pages are connected" in full
    assert (code, status) == (1013, 503)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("none", {}),
        ("abc", {"admin": "abc"}),
        ("play:a-b,admin:c~d", {"play": "a-b", "admin": "c~d"}),
        ("play:x", {"play": "x"}),
    ],
)
def test_tokens_are_read_and_written(text, tokens):
    assert access.parse(text) == tokens
    assert access.parse(access.write(tokens)) == tokens


@pytest.mark.parametrize(
    "text", ["", "play:", "guest:secret", "play:secret,play:other", "play:secret,admin:secret", "a b", "é"]
)
def test_wrong_tokens_are_refused_and_not_shown(text):
    with pytest.raises(UserError) as error:
        access.parse(text)
    assert "secret" not in str(error.value)


def test_a_page_on_this_machine_only_needs_no_token():
    assert access.of(None, loopback=True).role() == "admin"
    assert access.of({}, loopback=False).role() == "admin"
    made = access.of(None, loopback=False)
    assert made.role() is None
    assert made.tokens != access.of(None, loopback=False).tokens
    assert [made.role(made.tokens[each]) for each in ("play", "admin")] == ["play", "admin"]
