"""OSCQuery as a client written from the proposal alone sees it: the tree, attributes, LISTEN, IGNORE, PATH_CHANGED."""

import asyncio
import json
import urllib.error
import urllib.request

import aiohttp
import pytest
from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import OscMessageBuilder

from livedream import parameters
from livedream.control.osc import Receiver
from livedream.control.osc_out import Feedback
from livedream.web.server import Server

OWN = (
    *parameters.PLAYER,
    *parameters.dream(["dawn", "dusk"], latent_length=3),
    *parameters.mix(),
    *parameters.MASTER,
    *parameters.OUTPUT,
    *parameters.TEMPO,
    *parameters.window(0),
)


class Instrument:
    """A table with its OSC and its page, drawn by `draw`."""

    def __init__(self, prefix="/livedream"):
        self.table = parameters.Table(OWN)
        self.table.set("player/glide", [0])
        self.table.tick(0.1)
        self.feedback = Feedback(self.table, dict, (), prefix)
        self.receiver = Receiver(self.table, port=0, prefix=prefix, feedback=self.feedback)
        self.receiver.start()
        self.feedback.start()
        self.server = Server("127.0.0.1", 0, self.table, osc=self.receiver)
        self.server.start()
        self.url = self.server.url.rstrip("/")

    def draw(self):
        values = self.table.tick(1 / 30)
        self.server.on_frame(values)
        return values

    def stop(self):
        for each in (self.server, self.feedback, self.receiver):
            each.stop()

    def get(self, path, **headers):
        """(status, the JSON of the answer or its text)."""
        request = urllib.request.Request(self.url + path, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                body = answer.read()
                plain = answer.headers.get_content_type() == "application/json"
                return answer.status, json.loads(body) if plain else body.decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()


@pytest.fixture(scope="module")
def instrument():
    made = Instrument()
    yield made
    made.stop()


@pytest.fixture
def fresh():
    """Makes instruments that one test has for itself."""
    made = []

    def make(*arguments):
        made.append(Instrument(*arguments))
        return made[-1]

    yield make
    for each in made:
        each.stop()


def talk(instrument, conversation, **options):
    async def run():
        connect = aiohttp.ClientSession()
        async with connect as session, session.ws_connect(instrument.url + "/", **options) as ws:
            return await asyncio.wait_for(conversation(ws), 20)

    return asyncio.run(run())


def message(address, *arguments):
    builder = OscMessageBuilder(address)
    for each in arguments:
        builder.add_arg(each)
    return builder.build().dgram


async def listen(ws, *paths, command="LISTEN"):
    for path in paths:
        await ws.send_json({"COMMAND": command, "DATA": path})


async def hear(ws):
    """The next OSC message, (address, type tags, values), or JSON."""
    said = await ws.receive(timeout=10)
    if said.type == aiohttp.WSMsgType.TEXT:
        return json.loads(said.data)
    assert said.type == aiohttp.WSMsgType.BINARY
    heard = OscMessage(said.data)
    tags = said.data[said.data.index(b",") + 1 :].split(b"\0")[0].decode()
    return heard.address, tags, heard.params


def nodes(node):
    yield node
    for each in node.get("CONTENTS", {}).values():
        yield from nodes(each)


def test_the_tree_holds_every_parameter_where_its_path_says(instrument):
    status, root = instrument.get("/")
    assert status == 200
    assert (root["FULL_PATH"], root["ACCESS"]) == ("/", 0)
    methods = {each["FULL_PATH"]: each for each in nodes(root) if "TYPE" in each}
    ours = {f"/livedream/{each.address}" for each in parameters.with_elements(OWN)}
    assert methods.keys() == {*ours, "/livedream/subscribe", "/livedream/dump"}
    for path, node in methods.items():
        at = root
        for name in path.strip("/").split("/"):
            at = at["CONTENTS"][name]
        assert at is node
        counts = {len(node[each]) for each in ("VALUE", "RANGE", "CLIPMODE", "UNIT") if each in node}
        assert counts <= {len(node["TYPE"])}, path  # one of each for every type tag
        assert ("VALUE" in node) == bool(node["ACCESS"] & 1), path
        assert node["DESCRIPTION"]


@pytest.mark.parametrize(
    ("address", "wanted"),
    [
        (
            "dream/temperature",
            {"TYPE": "f", "ACCESS": 3, "VALUE": [1.0], "RANGE": [{"MIN": 0.0, "MAX": 2.0}], "CLIPMODE": ["both"]},
        ),
        ("player/seed", {"TYPE": "i", "VALUE": [0], "RANGE": [{"MIN": 0, "MAX": 16777215}]}),
        ("player/glide", {"UNIT": ["time.second"]}),
        ("tempo/bpm", {"TYPE": "f", "VALUE": [120.0], "UNIT": ["time.bpm"]}),
        ("player/freeze", {"TYPE": "F", "ACCESS": 3, "VALUE": [False]}),
        ("player/reseed", {"TYPE": "N", "ACCESS": 2}),
        ("output/add", {"TYPE": "s", "ACCESS": 2}),
        ("dream/scene", {"TYPE": "s", "VALUE": ["dawn"], "RANGE": [{"VALS": ["dawn", "dusk"]}]}),
        ("dream/scene_jump", {"TYPE": "s", "ACCESS": 2}),
        ("dream/latents", {"TYPE": "fff", "VALUE": [0.0] * 3, "RANGE": [{"MIN": -3.0, "MAX": 3.0}] * 3}),
        ("dream/latent/1", {"TYPE": "f", "VALUE": [0.0]}),
        ("window/0/corners", {"TYPE": "f" * 8, "VALUE": [0.0, 0.0, 1.0, 0.0, 1.0, 1.0, 0.0, 1.0]}),
    ],
)
def test_each_type_of_parameter_as_the_proposal_says_it(instrument, address, wanted):
    status, node = instrument.get(f"/livedream/{address}")
    assert status == 200
    assert {each: node.get(each) for each in wanted} == wanted
    assert node["FULL_PATH"] == f"/livedream/{address}"


def test_a_choice_by_number_is_an_overload(instrument):
    assert instrument.get("/livedream/mix/mode?OVERLOADS")[1]["OVERLOADS"] == [
        {"TYPE": "i", "ACCESS": 3, "VALUE": [0], "RANGE": [{"MIN": 0, "MAX": 6}], "CLIPMODE": ["both"]}
    ]


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("/livedream/dream/temperature?RANGE", (200, {"RANGE": [{"MIN": 0.0, "MAX": 2.0}]})),
        ("/livedream/player/speed?VALUE&TYPE", (200, {"VALUE": [1.0], "TYPE": "f"})),
        ("/livedream/player?TYPE", (200, {})),
        ("/livedream/player?VALUE", (204, "")),  # nothing to read
        ("/livedream/player/reseed?VALUE", (204, "")),
        ("/livedream/player/speed?UNIT", (204, "")),
        ("/livedream/player/speed?TAGS", (204, "")),  # of the proposal, and not ours
    ],
)
def test_single_attributes(instrument, path, wanted):
    assert instrument.get(path) == wanted


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/livedream/nothing", 404),
        ("/livedream/player/speed/deeper?VALUE", 404),
        ("/player/speed", 404),
        ("/livedream/player/speed?GABBA", 400),
    ],
)
def test_errors_are_the_proposals(instrument, path, code):
    status, text = instrument.get(path)
    assert status == code
    assert len(text.splitlines()) == 1


def test_a_value_is_the_one_that_is_now(instrument):
    instrument.table.set("master/fade", [0.25])
    assert instrument.get("/livedream/master/fade?VALUE") == (200, {"VALUE": [0.25]})
    instrument.table.set("master/blackout", [1])
    assert instrument.get("/livedream/master/blackout?TYPE") == (200, {"TYPE": "T"})


def test_host_info_says_where_osc_and_websockets_go(instrument):
    for path in ("/?HOST_INFO", "/livedream/player?HOST_INFO", "/nowhere?HOST_INFO"):
        status, info = instrument.get(path)
        assert status == 200
        extensions = info.pop("EXTENSIONS")
        assert info == {
            "NAME": "livedream",
            "OSC_IP": "127.0.0.1",
            "OSC_PORT": instrument.receiver.port,
            "OSC_TRANSPORT": "UDP",
            "WS_IP": "127.0.0.1",
            "WS_PORT": instrument.server.port,
        }
        used = {key for each in nodes(instrument.get("/")[1]) for key in each} - {"FULL_PATH", "CONTENTS", "TYPE"}
        assert used <= {key for key, has in extensions.items() if has}
        assert extensions["LISTEN"]
        assert extensions["PATH_CHANGED"]


def test_a_browser_gets_the_page_and_everybody_else_the_tree(instrument):
    browser = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    assert "<title>livedream</title>" in instrument.get("/", **browser)[1]
    assert "<title>livedream</title>" in instrument.get("/?clean", **browser)[1]
    assert "<title>livedream</title>" in instrument.get("/?HTML")[1]
    assert instrument.get("/?HOST_INFO", **browser)[1]["NAME"] == "livedream"
    for accept in ({}, {"Accept": "*/*"}, {"Accept": "application/json"}):
        assert instrument.get("/", **accept)[1]["FULL_PATH"] == "/"


def test_what_is_listened_to_comes_as_osc_with_its_nodes_type_tags(fresh):
    instrument = fresh()
    paths = ("player/speed", "player/seed", "player/freeze", "player/reseed", "dream/scene", "dream/latents")

    async def client(ws):
        await listen(ws, *(f"/livedream/{each}" for each in paths), "/livedream/master/hold")
        await listen(ws, "/livedream/player/speed", command="IGNORE")
        await listen(ws, "/livedream/player/speed")
        await ws.send_bytes(message("/livedream/tempo/bpm", 99.0))
        while instrument.table.target("tempo/bpm") != 99:  # all that was said before is known by now
            await asyncio.sleep(0.005)
        table = instrument.table
        for address, value in zip(paths, (2.5, 7, True, 1, "dusk"), strict=False):
            table.set(address, [value])
        table.set("dream/latent/1", [0.5])
        table.set("master/fade", [0.5])  # nobody listens to that
        instrument.draw()
        heard = [await hear(ws) for _ in paths]
        table.set("master/hold", [1])
        instrument.draw()
        assert (await hear(ws))[0] == "/livedream/master/hold"
        return heard

    assert {address: (tags, values) for address, tags, values in talk(instrument, client)} == {
        "/livedream/player/speed": ("f", [2.5]),
        "/livedream/player/seed": ("i", [7]),
        "/livedream/player/freeze": ("T", [True]),
        "/livedream/player/reseed": ("N", [None]),
        "/livedream/dream/scene": ("s", ["dusk"]),
        "/livedream/dream/latents": ("fff", [0.0, 0.5, 0.0]),
    }


def test_ignore_ends_it_and_a_container_is_not_its_contents(fresh):
    instrument = fresh()

    async def client(ws):
        await listen(ws, "/livedream/player", "/livedream/player/speed", "/livedream/master/hold", "/nothing")
        await listen(ws, "/livedream/player/speed", command="IGNORE")
        await ws.send_bytes(message("/livedream/tempo/bpm", 99.0))
        while instrument.table.target("tempo/bpm") != 99:
            await asyncio.sleep(0.005)
        for address in ("player/speed", "master/hold"):
            instrument.table.set(address, [0.5])
            instrument.draw()
        return await hear(ws)

    assert talk(instrument, client)[0] == "/livedream/master/hold"
    assert instrument.table.counters["unknown"] == 2


def test_osc_over_the_websocket_sets_and_asks_and_is_not_told_to_who_sent_it(fresh):
    instrument = fresh()

    async def client(ws):
        await listen(ws, "/livedream/player/speed", "/livedream/master/hold")
        await ws.send_bytes(message("/livedream/player/speed", 3.0))
        await ws.send_bytes(b"not OSC at all")
        await ws.send_str("not JSON")
        await ws.send_json({"COMMAND": "DANCE", "DATA": "/livedream"})
        await ws.send_json([1, 2])
        await ws.send_bytes(message("/livedream/tempo/quantize", "bar"))
        while instrument.table.target("tempo/quantize") != 2:
            await asyncio.sleep(0.005)
        values = instrument.draw()
        assert values["player/speed"] == 3.0
        instrument.table.set("master/hold", [1])
        instrument.draw()
        assert (await hear(ws))[0] == "/livedream/master/hold"
        await ws.send_bytes(message("/livedream/player/speed", "?"))
        return await hear(ws)

    assert talk(instrument, client) == ("/livedream/player/speed", "f", [3.0])
    assert instrument.table.counters["malformed"] == 4


def test_path_changed_when_the_dream_changes(fresh):
    instrument = fresh()

    async def client(ws):
        await listen(ws, "/livedream/dream/latent/2", "/livedream/master/hold")
        await ws.send_bytes(message("/livedream/tempo/bpm", 99.0))
        while instrument.table.target("tempo/bpm") != 99:
            await asyncio.sleep(0.005)
        instrument.table.replace("dream/", parameters.dream(["cave"], latent_length=2))
        assert await hear(ws) == {"COMMAND": "PATH_CHANGED", "DATA": "/livedream/dream"}
        assert instrument.get("/livedream/dream/latents?TYPE")[1] == {"TYPE": "ff"}
        assert instrument.get("/livedream/dream/latent/2")[0] == 404
        instrument.table.rechoose("mix/mode", ["fade", "wipe"], "fade")
        assert await hear(ws) == {"COMMAND": "PATH_CHANGED", "DATA": "/livedream/mix/mode"}
        instrument.table.set("master/hold", [1])  # what is still there is still listened to
        instrument.draw()
        assert (await hear(ws))[0] == "/livedream/master/hold"

    talk(instrument, client)


def test_another_prefix_or_none(fresh):
    instrument = fresh("/vj/left")
    assert instrument.get("/vj/left/player/speed?VALUE") == (200, {"VALUE": [1.0]})
    assert instrument.get("/livedream/player/speed")[0] == 404
    bare = fresh("/")
    assert bare.get("/player/speed")[1]["FULL_PATH"] == "/player/speed"


def test_strangers_are_refused(instrument):
    async def client(ws):
        raise AssertionError("a page of another site is connected")

    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        talk(instrument, client, headers={"Origin": "http://evil.example"})
    assert refused.value.status == 403
    assert instrument.get("/", Origin="http://evil.example")[0] == 403
    assert instrument.get("/?HOST_INFO", Host="evil.example")[0] == 403
