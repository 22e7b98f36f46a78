"""The page's server: the picture, the parameters both ways and /status, in a thread of its own."""

import asyncio
import contextlib
import itertools
import json
import logging
import select
import socket
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from livedream import UserError
from livedream.parameters import Snapshot, Table
from livedream.picture.frame import Frame
from livedream.web import access, guard, oscquery, reach
from livedream.web.client import Client
from livedream.web.table_feed import TableFeed, current, described

if TYPE_CHECKING:
    from aiohttp import web

log = logging.getLogger("livedream.web")

PORT = 8808
QUALITY = 85
AHEAD = 2  # pictures on their way to a client at a time: one is shown while the next travels
VIEWERS = 32  # pages, and programs that speak OSCQuery, at most
TRY_AGAIN = 1013  # the WebSocket code for it
VALUES = 1 / 20  # seconds between two messages with values that have changed
SCRIPTS = (
    *("page", "controls", "grab", "chain", "effects", "input", "layers", "looks"),
    *("midi", "modulation", "outputs", "presets", "tempo", "vote"),
)
STYLES = ("page", "chain", "midi", "modulation", "outputs", "presets", "tempo", "vote")
FILES = {f"/{each}": each for each in (*(f"{name}.js" for name in SCRIPTS), *(f"{name}.css" for name in STYLES))}
PAGE = "index.html"
TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css"}


class OutputKind(Protocol):
    """A kind of output, as `/outputs` lists it."""

    @property
    def usage(self) -> str: ...
    @property
    def keys(self) -> Sequence[str]: ...
    @property
    def doc(self) -> str: ...


class Server:
    """The page at `http://HOST:PORT/`; `/status`, `/parameters`, `/outputs`, `/scene/N.jpg` (`/b/…`), `/ws` beside it.

    The port is bound by `start`, so that `url` is known at once; the rest of the work waits until it is
    wanted, because the first frame needs the processor more.

    Args:
        host: 127.0.0.1 keeps it on this machine.
        port: None takes 8808, or the next free one.
        table: read, and set when a page moves something.
        status: gives what `/status` returns; called in the server's thread.
        thumbnail: gives the JPEG bytes of a scene and deck (0 or 1), or None.
        kinds: what `/outputs` lists, with which the page helps to write an output.
        osc: the OSC receiver that OSCQuery describes; None: no OSCQuery.
        meters: gives what moves by itself and is shown twenty times a second, or None while nothing does.
        tokens: by role, what lets a client in; {} lets everybody in. None: new random ones, unless it listens on this
            machine only.
        names: further host names by which the page may be asked for.
        origins: further origins whose pages may connect.

    Attributes:
        access: who may do what.
        refused: number of requests that came from another site, or without a token.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int | None = None,
        table: Table | None = None,
        status: Callable[[], Mapping[str, object]] = dict,
        thumbnail: Callable[[int, int], bytes | None] = lambda scene, deck: None,
        kinds: Sequence[OutputKind] = (),
        osc: oscquery.Osc | None = None,
        meters: Callable[[], Mapping[str, object] | None] = lambda: None,
        tokens: Mapping[str, str] | None = None,
        names: Sequence[str] = (),
        origins: Sequence[str] = (),
    ):
        host = host.strip("[]")  # of an IPv6 address with a port
        self.host, self.port, self.asked = host, PORT if port is None else port, port is not None
        self.table = Table(()) if table is None else table
        self._get_status, self.thumbnail, self.kinds = status, thumbnail, kinds
        self.access = access.of(tokens, reach.is_loopback(host))
        self.refused = 0
        self._names, self._origins = names, origins
        self._programs = 0  # WebSockets of OSCQuery
        self._meters = meters
        self._feed = TableFeed(self.table, osc.prefix if osc else None)
        self._query = osc and oscquery.Query(self.table, osc)
        self._clients: frozenset[Client] = frozenset()  # replaced whole: the picture output's thread goes through it
        self._socket: socket.socket | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """The page's address, as other machines reach it where they can. The token is not in it."""
        host = self.host if reach.is_loopback(self.host) else reach.address_of(self.host)
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}/"

    @property
    def addresses(self) -> dict[str, str]:
        """The page's address for each role, with its token in it; empty if none is needed."""
        return {role: f"{self.url}?{access.KEY}={token}" for role, token in self.access.tokens.items()}

    def status(self) -> dict[str, object]:
        """Its field of `GET /status`; any thread."""
        return {"web": {"viewers": len(self._clients), "programs": self._programs, "refused": self.refused}}

    def start(self) -> None:
        """Bind the port and begin to serve. Raises UserError when an asked-for port cannot be had."""
        self._socket = self._bind()
        self.port = self._socket.getsockname()[1]
        if not self.asked and self.port != PORT:
            log.warning("page: port %d is taken, serving %s", PORT, self.url)
        self._thread = threading.Thread(target=self._serve, args=(self._socket,), name="web", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End it, and every connection."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(3)
        if self._socket is not None:
            self._socket.close()

    def on_frame(self, values: Snapshot) -> None:
        """Pass what was applied on a frame on to the pages and OSCQuery clients. Never waits."""
        self._feed.on_frame(values)
        if (values.changes or values.unchanged) and self._clients and self._loop:
            with contextlib.suppress(RuntimeError):  # the server has just ended
                self._loop.call_soon_threadsafe(self._feed.add, values)
        if self._query:
            self._query.on_frame(values)

    def join(self, client: Client) -> None:
        """Send to this page, too; the server's thread."""
        self._clients |= {client}

    def leave(self, client: Client) -> None:
        """Send no more to this page; the server's thread."""
        self._clients -= {client}

    def show(self, frame: Frame) -> bool | None:
        """Send a frame to every client that is ready for one; the page output's thread.

        Returns:
            True: sent. None: nobody looks, nothing was encoded. False: all who look are still busy with earlier ones.
        """
        clients = [each for each in self._clients if each.wants_pictures]
        ready = [each for each in clients if each.sent - each.shown < AHEAD]
        if not ready or self._loop is None:
            return False if clients else None
        import simplejpeg

        jpeg = simplejpeg.encode_jpeg(frame.opaque, QUALITY, colorspace="RGBA", colorsubsampling="420", fastdct=True)
        for each in ready:
            each.sent += 1
        self._loop.call_soon_threadsafe(self._send_picture, ready, jpeg)
        return True

    def _send_picture(self, clients: Iterable[Client], jpeg: bytes) -> None:
        for each in clients:
            each.send_picture(jpeg)

    def _bind(self) -> socket.socket:
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        for port in (self.port,) if self.asked else range(self.port, self.port + 100):
            try:
                return socket.create_server((self.host, port), family=family, backlog=64)
            except (OSError, OverflowError) as error:
                reason = getattr(error, "strerror", None) or error
        if self.asked:
            raise UserError(
                f"--web {self.host}:{self.port}: {reason}; choose another port, or leave --web out to"
                " take the next free one"
            )
        raise UserError(f"--web: cannot listen on {self.host}: {reason}; use --web off")

    def _serve(self, listening: socket.socket) -> None:
        # Importing aiohttp takes 0.2 s of processor, just when the first frame is to be drawn. The first
        # visitor, who waits in the socket's queue, or two seconds start it.
        for _ in range(20):
            if self._stopping.is_set() or select.select([listening], [], [], 0.1)[0]:
                break
        if not self._stopping.is_set():
            asyncio.run(self._main(listening))

    async def _main(self, listening: socket.socket) -> None:
        from aiohttp import web

        self._loop = asyncio.get_running_loop()
        rules = guard.Rules(self.host, self.access, self._names, self._origins)
        app = web.Application(middlewares=[guard.middleware(rules, guard.HEADERS, self._refuse)])
        app.router.add_get("/ws", self._websocket)
        app.router.add_get("/status", self._status)
        app.router.add_get("/parameters", self._parameters)
        app.router.add_get("/outputs", self._outputs)
        app.router.add_get(r"/{deck:(b/)?}scene/{scene:\d{1,6}}.jpg", self._scene)
        for path in FILES:
            app.router.add_get(path, self._file)
        app.router.add_get("/", self._root)
        if self._query:
            app.router.add_get("/{path:.*}", self._ask)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await runner.setup()
        await web.SockSite(runner, listening).start()
        try:
            await self._send_news()
        finally:
            for each in self._clients:
                await each.close()
            if self._query:
                await self._query.close()
            await runner.cleanup()

    def _refuse(self, why: str) -> None:
        self.refused += 1
        if self.refused in (1, 10) or self.refused % 1000 == 0:
            log.warning("page: refused %d request%s (last: %s)", self.refused, "s" * (self.refused > 1), why)

    async def _ask(self, request: "web.Request") -> "web.StreamResponse":
        """Answer OSCQuery. Its WebSockets are counted, and may set what their token allows."""
        from aiohttp import web

        assert self._query
        if request.headers.get("Upgrade", "").lower() != "websocket":
            return await self._query.get(request)
        if self._programs >= VIEWERS:
            raise web.HTTPServiceUnavailable(text=f"livedream: {VIEWERS} programs are connected, which is the most\n")
        peer = request.transport.get_extra_info("peername") if request.transport else None
        guest = tuple(peer[:2]) if peer and guard.ROLE.get() != access.ADMIN else None
        self._programs += 1
        self.table.guests |= {guest} - {None}
        try:
            return await self._query.get(request)
        finally:
            self._programs -= 1
            self.table.guests -= {guest}

    async def _root(self, request: "web.Request") -> "web.StreamResponse":
        if self._query and self._query.wants(request):
            return await self._ask(request)
        response = await self._file(request)
        response.headers["Vary"] = "Accept"
        return response

    async def _file(self, request: "web.Request") -> "web.Response":
        from aiohttp import web

        path = Path(__file__).with_name(FILES.get(request.path, PAGE))
        return web.Response(text=path.read_text("utf-8"), content_type=TYPES[path.suffix])

    async def _status(self, request: "web.Request") -> "web.Response":
        return _json(self._get_status())

    async def _parameters(self, request: "web.Request") -> "web.Response":
        return _json(described(self.table))

    async def _outputs(self, request: "web.Request") -> "web.Response":
        return _json([{"usage": each.usage, "keys": each.keys, "doc": each.doc} for each in self.kinds])

    async def _scene(self, request: "web.Request") -> "web.Response":
        from aiohttp import web

        picture = self.thumbnail(int(request.match_info["scene"]), int(bool(request.match_info["deck"])))
        if not picture:
            raise web.HTTPNotFound(text="no picture of that scene\n")
        return web.Response(body=picture, content_type="image/jpeg")

    async def _websocket(self, request: "web.Request") -> "web.StreamResponse":
        from aiohttp import WSMsgType, web

        # 1 MB: room for a vector of latents. Compressing JPEG again would only cost time.
        ws = web.WebSocketResponse(compress=False, heartbeat=10, max_msg_size=2**20)
        await ws.prepare(request)
        if len(self._clients) >= VIEWERS:
            full = f"{VIEWERS} pages are connected, which is the most: close one"
            await ws.send_json({"full": full})
            await ws.close(code=TRY_AGAIN, message=full.encode())
            return ws
        client = Client(ws, request.query.get("picture") != "0")
        self.join(client)
        if guard.ROLE.get() != access.ADMIN:
            self.table.guests |= {client.name}
        try:
            await ws.send_json({"role": guard.ROLE.get()})
            await client.send(self._feed.whole())
            await client.send(json.dumps({"status": self._get_status()}))
            async for message in ws:
                if message.type == WSMsgType.TEXT:
                    self._take(client, message.data)
        finally:
            self.leave(client)
            self.table.guests -= {client.name}
            client.end()
        return ws

    def _take(self, client: Client, text: str) -> None:
        """Act on a page's message: {"set": {address: value or [arguments]}}, {"shown": 1} or {"look": bool}."""
        try:
            message = json.loads(text)
            if "shown" in message:
                client.shown = min(client.shown + int(message["shown"]), client.sent)
            if "look" in message:  # a page in the background has no use for pictures
                client.wants_pictures = bool(message["look"])
            for address, value in dict(message.get("set", {})).items():
                arguments = value if isinstance(value, list) else [value]
                if self.table.set(address, arguments, sender=client.name, repeats=True):
                    became = current(self.table, address)
                    if became is not None and (became if isinstance(became, list) else [became]) != arguments:
                        client.corrections[address] = became
                elif client.name in self.table.guests and (became := current(self.table, address)) is not None:
                    client.corrections[address] = became  # a switch there shows what it is
        except (ValueError, TypeError, AttributeError, RecursionError):
            self.table.count("malformed", f"page: {text[:80]!r}")

    async def _send_news(self) -> None:
        """Send every page what has changed, twenty times a second, and once a second the status."""
        for beat in itertools.count(1):
            if self._stopping.is_set():
                return
            try:
                if self._query:
                    await self._query.announce_changes()
                await self._send_values()
                if self._clients and beat % round(1 / VALUES) == 0:
                    await self._send_all(self._clients, {"status": self._get_status()})
                if (looking := [each for each in self._clients if each.wants_pictures]) and (meters := self._meters()):
                    await self._send_all(looking, {"meters": meters})
            except Exception:  # the page must outlive a fault in what it is sent
                log.exception("the page's status")
            await asyncio.sleep(VALUES)

    async def _send_values(self) -> None:
        news = self._feed.take()
        messages = []
        for each in self._clients:
            corrections, each.corrections = each.corrections, {}
            text = news if isinstance(news, str) else news.message(each.name, corrections)
            if text is not None:
                messages.append(each.send(text))
        await asyncio.gather(*messages)

    async def _send_all(self, clients: Iterable[Client], message: Mapping[str, object]) -> None:
        text = json.dumps(message)
        await asyncio.gather(*(each.send(text) for each in clients))


def _json(value: object) -> "web.Response":
    from aiohttp import web

    return web.json_response(value)
