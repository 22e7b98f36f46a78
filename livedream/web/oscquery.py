"""OSCQuery on the page's port: the parameters as JSON, and their values over a WebSocket, both ways.

After the OSCQuery Proposal (github.com/Vidvox/OSCQueryProposal). Other programs build their sliders from it.
"""

import asyncio
import contextlib
import json
import posixpath
from collections.abc import Callable, Hashable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from livedream.parameters import Parameter, Snapshot, Table, Value

if TYPE_CHECKING:
    from aiohttp import web

REQUIRED = ("FULL_PATH", "CONTENTS", "TYPE")
OPTIONAL = ("ACCESS", "VALUE", "RANGE", "DESCRIPTION", "UNIT", "CLIPMODE", "OVERLOADS", "HTML")
EXTENSIONS = (*OPTIONAL, "LISTEN", "PATH_CHANGED")
KNOWN = {*REQUIRED, *OPTIONAL, "HOST_INFO", "TAGS", "EXTENDED_TYPE", "CRITICAL"}  # the proposal's attributes
UNITS = {"s": "time.second", "bpm": "time.bpm"}  # our units in the proposal's words, as far as it has any
READ, WRITE = 1, 2  # bits of ACCESS
PORT_RANGE = {"MIN": 1, "MAX": 65535}

Node = dict[str, Any]  # a node of the tree as JSON
Reply = Callable[[bytes, tuple[str, int]], object]  # sends a packet to an address


class Osc(Protocol):
    """The OSC receiver, as far as it is described here."""

    host: str
    port: int
    prefix: str  # "/livedream", or ""

    def take(self, packet: bytes, sender: tuple[str, int], reply: Reply) -> None: ...


def tree(table: Table, prefix: str) -> Node:
    """Return the root node, with every container and method below it. prefix: "/livedream", or ""."""
    root: Node = {"FULL_PATH": "/", "ACCESS": 0, "DESCRIPTION": "livedream"}
    for name, doc in (("subscribe", "the port that feedback goes to"), ("dump", "the port that every value goes to")):
        _place(root, f"{prefix}/{name}", "i", WRITE, doc, RANGE=[PORT_RANGE])
    for address, parameter in table.parameters.items():
        try:
            node = _method(parameter, table.target(address))
        except KeyError:  # its dream was just unloaded
            continue
        _place(root, f"{prefix}/{address}", **node)
    return root


def find(root: Node, path: str) -> Node | None:
    """Return the node at a full path, or None."""
    node: Node | None = root
    for name in path.strip("/").split("/") if path.strip("/") else ():
        node = (node or {}).get("CONTENTS", {}).get(name)
    return node


def _place(root: Node, path: str, TYPE: str, ACCESS: int, DESCRIPTION: str, **attributes: Any) -> None:
    node, names = root, path.strip("/").split("/")
    for depth, name in enumerate(names, 1):
        full = "/" + "/".join(names[:depth])
        node = node.setdefault("CONTENTS", {}).setdefault(name, {"FULL_PATH": full, "ACCESS": 0})
    node |= {"TYPE": TYPE, "ACCESS": ACCESS, "DESCRIPTION": DESCRIPTION, **attributes}


def _method(parameter: Parameter, value: Value) -> Node:
    """Return a parameter's attributes; a choice's value is its name, and its number is an overload."""
    kind, unit = parameter.type, UNITS.get(parameter.unit)
    readable = parameter.has_value
    access = READ | WRITE if readable else WRITE
    doc = f"{parameter.doc}, in {parameter.unit}" if parameter.unit and not unit else parameter.doc
    node = {"TYPE": _type(parameter, value), "ACCESS": access, "DESCRIPTION": doc}
    if kind in ("trigger", "text"):
        return node
    if readable:
        # To the proposal, T and F are values in themselves, and null would do; every client can read these.
        node["VALUE"] = list(value) if isinstance(value, tuple) else [_named(parameter, value)]
    if kind == "bool":
        return node
    number = float if kind in ("float", "vector") else int
    span = {"MIN": number(parameter.low), "MAX": number(parameter.high)}
    if kind == "choice" and parameter.choices:
        as_number = {"TYPE": "i", "ACCESS": access, "RANGE": [span], "CLIPMODE": ["both"]}
        as_number |= {"VALUE": [value]} if readable else {}
        return node | {"RANGE": [{"VALS": list(parameter.choices)}], "OVERLOADS": [as_number]}
    node |= {"RANGE": [span] * parameter.length, "CLIPMODE": ["both"] * parameter.length}
    if parameter.is_colour:
        node["OVERLOADS"] = [{"TYPE": tags, "ACCESS": WRITE} for tags in ("r", "fff")]
    return node | ({"UNIT": [unit] * parameter.length} if unit else {})


def _type(parameter: Parameter, value: Value) -> str:
    if parameter.type == "bool":
        return "T" if value else "F"
    if parameter.type == "choice":
        return "s" if parameter.choices else "i"
    return {"float": "f", "int": "i", "trigger": "N", "text": "s"}.get(parameter.type) or "f" * parameter.length


def _named(parameter: Parameter, value: Value) -> Value:
    if parameter.type == "choice" and parameter.choices and isinstance(value, int):
        return parameter.choices[value]
    return value


def message(path: str, parameter: Parameter, value: Value) -> bytes:
    """Return the OSC message with a parameter's value, or that pulls a trigger, with the type tags of its node."""
    from pythonosc.osc_message_builder import OscMessageBuilder

    builder = OscMessageBuilder(path)
    if parameter.type == "trigger":
        builder.add_arg(None, "N")
    else:
        values = value if isinstance(value, tuple) else (_named(parameter, value),)
        for each, tag in zip(values, _type(parameter, value), strict=True):
            builder.add_arg(each, tag)
    return builder.build().dgram


def changed(old: Mapping[str, Parameter], new: Mapping[str, Parameter], prefix: str) -> str | None:
    """Return the one path that holds all differences, or None."""
    paths = []
    for address in old.keys() | new.keys():
        path = f"{prefix}/{address}"
        if (address in old) != (address in new):
            paths.append(posixpath.dirname(path))
        elif old[address] != new[address]:
            paths.append(path)
    return posixpath.commonpath(paths) if paths else None


class Query:
    """Answers for the server, in its event loop. osc: gets the OSC messages of WebSockets."""

    def __init__(self, table: Table, osc: Osc):
        self.table, self.osc = table, osc
        self._parameters = table.parameters
        self._clients: set[_Client] = set()
        self._loop: asyncio.AbstractEventLoop | None = None

    def on_frame(self, values: Snapshot) -> None:
        """Send what was applied on a frame; from any thread, without waiting."""
        if values.changes and self._clients and self._loop:
            with contextlib.suppress(RuntimeError):  # the server has just ended
                self._loop.call_soon_threadsafe(self._send_changes, values.changes, values.senders)

    def wants(self, request: "web.Request") -> bool:
        """Return whether a request for the root is one of OSCQuery, rather than a browser's for the page."""
        if "HTML" in request.query:
            return False
        if request.headers.get("Upgrade"):
            return True
        return "text/html" not in request.headers.get("Accept", "") or bool(KNOWN & request.query.keys())

    async def get(self, request: "web.Request") -> "web.StreamResponse":
        """Answer a GET for any path, or open a WebSocket."""
        from aiohttp import web

        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await self._serve_socket(request)
        asked = list(request.query)
        if "HOST_INFO" in asked:
            return web.json_response(self._host_info(request))
        root = tree(self.table, self.osc.prefix)
        node = find(root, request.path)
        if node is None or (asked and "TYPE" not in node):  # a former address may have become a container
            address = request.path.removeprefix(f"{self.osc.prefix}/")
            node = find(root, f"{self.osc.prefix}/{self.table.name(address)}") or node
        if node is None:
            raise web.HTTPNotFound(text=f"livedream: no OSC address {request.path[:200]}\n")
        if not asked:
            return web.json_response(node)
        if unknown := [each for each in asked if each not in KNOWN]:
            raise web.HTTPBadRequest(text=f"livedream: OSCQuery has no attribute {unknown[0][:80]}\n")
        if not node.get("TYPE") and asked == ["TYPE"]:  # the proposal's own example: a container has none
            return web.json_response({})
        answer = {each: node[each] for each in asked if each in node}
        return web.json_response(answer) if answer else web.Response(status=204)

    def _host_info(self, request: "web.Request") -> Node:
        host, port = _transport(request).get_extra_info("sockname")[:2]
        return {
            "NAME": "livedream",
            "EXTENSIONS": dict.fromkeys(EXTENSIONS, True),
            "OSC_IP": host if self.osc.host in ("", "0.0.0.0") else self.osc.host,
            "OSC_PORT": self.osc.port,
            "OSC_TRANSPORT": "UDP",
            "WS_IP": host,
            "WS_PORT": port,
        }

    async def _serve_socket(self, request: "web.Request") -> "web.WebSocketResponse":
        from aiohttp import WSMsgType, web

        ws = web.WebSocketResponse(compress=False, heartbeat=10, max_msg_size=2**17)
        await ws.prepare(request)
        self._loop = loop = asyncio.get_running_loop()
        client = _Client(ws, _transport(request).get_extra_info("peername")[:2])
        self._clients.add(client)

        def reply(packet: bytes, target: tuple[str, int]) -> None:
            loop.call_soon_threadsafe(client.answer, packet)

        try:
            async for received in ws:
                if received.type == WSMsgType.TEXT:
                    self._command(client, received.data)
                elif received.type == WSMsgType.BINARY:
                    self.osc.take(received.data, client.sender, reply)
        finally:
            self._clients.discard(client)
            client.end()
        return ws

    def _command(self, client: "_Client", text: str) -> None:
        try:
            data = json.loads(text)
            command, path = data["COMMAND"], data["DATA"]
            address = path.removeprefix(f"{self.osc.prefix}/")
            address = address if address == path else self.table.name(address)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            self.table.count("malformed", f"OSCQuery: {text[:80]!r}")
            return
        if command == "IGNORE":
            client.listening.discard(address)
        elif command != "LISTEN":
            self.table.count("malformed", f"OSCQuery: {text[:80]!r}")
        elif address not in self.table.parameters or address == path:
            self.table.count("unknown", f"OSCQuery: {path[:80]!r}")
        elif self.table.parameters[address].type != "text":  # they may hold passwords
            client.listening.add(address)

    def _send_changes(self, changes: tuple[tuple[str, Value], ...], senders: Mapping[str, Hashable]) -> None:
        parameters = self.table.parameters
        for address, value in changes:
            name, vector = self.table.acts_on(address), self.table.vector_of(address)
            for client in self._clients:
                if senders.get(address) == client.sender:  # a sender is not sent its own change
                    continue
                if name in client.listening and name in parameters:
                    client.send(name, message(f"{self.osc.prefix}/{name}", parameters[name], value))
                if vector and vector in client.listening:
                    whole = self.table.target(vector)
                    client.send(vector, message(f"{self.osc.prefix}/{vector}", parameters[vector], whole))

    async def announce_changes(self) -> None:
        """Send PATH_CHANGED to every client if parameters came, went or changed; called now and then."""
        old, self._parameters = self._parameters, self.table.parameters
        if old is self._parameters or not self._clients:
            return
        if path := changed(old, self._parameters, self.osc.prefix):
            for client in self._clients:
                client.listening &= self._parameters.keys()
                client.command("PATH_CHANGED", path)

    async def close(self) -> None:
        for client in list(self._clients):
            await client.socket.close(code=1001)


def _transport(request: "web.Request") -> asyncio.Transport:
    if request.transport is None:
        raise ConnectionResetError("the client has gone")
    return request.transport


class _Client:
    """One WebSocket. Of each address in `listening` only the latest value waits to be sent."""

    def __init__(self, socket: "web.WebSocketResponse", sender: tuple[str, int]):
        self.socket, self.sender = socket, sender
        self.listening: set[str] = set()
        self._waiting: dict[Hashable, bytes | str] = {}
        self._answers = 0
        self._wake = asyncio.Event()
        self._task = asyncio.create_task(self._send_waiting())

    def send(self, key: Hashable, packet: bytes | str) -> None:
        """Send a packet, in the place of one with the same key that waits."""
        self._waiting[key] = packet
        self._wake.set()

    def answer(self, packet: bytes) -> None:
        """Send the answer to a query; none replaces another."""
        self._answers = (self._answers + 1) % 4096
        self.send(self._answers, packet)

    def command(self, command: str, data: str) -> None:
        self.send((command, data), json.dumps({"COMMAND": command, "DATA": data}))

    def end(self) -> None:
        self._task.cancel()

    async def _send_waiting(self) -> None:
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                waiting, self._waiting = self._waiting, {}
                for packet in waiting.values():
                    if isinstance(packet, str):
                        await asyncio.wait_for(self.socket.send_str(packet), 5)
                    else:
                        await asyncio.wait_for(self.socket.send_bytes(packet), 5)
        except (ConnectionError, RuntimeError, TimeoutError):
            await self.socket.close()
