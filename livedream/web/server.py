"""The page's server: the picture, the parameters both ways and /status, in a thread of its own."""

import asyncio
import dataclasses
import itertools
import json
import logging
import select
import socket
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from livedream import UserError
from livedream.parameters import Snapshot, Table
from livedream.picture.frame import Frame
from livedream.web import guard, oscquery

log = logging.getLogger("livedream.web")

PORT = 8808
QUALITY = 85
AHEAD = 2  # pictures on their way to a client at a time: one is shown while the next travels
VALUES = 1 / 20  # seconds between two looks for values that have changed
SCRIPTS = ("page", "controls", "layers", "looks", "midi", "modulation", "outputs", "presets", "tempo")
STYLES = ("page", "looks", "midi", "modulation", "outputs", "presets", "tempo")
FILES = {f"/{each}": each for each in (*(f"{name}.js" for name in SCRIPTS), *(f"{name}.css" for name in STYLES))}
PAGE = "index.html"
TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css"}


class Server:
    """The page at `http://HOST:PORT/`; `/status`, `/parameters`, `/outputs`, `/scene/N.jpg` (`/b/…`), `/ws` beside it.

    host: 127.0.0.1 keeps it on this machine.  port: None takes 8808, or the next free one.
    table: read, and set when a page moves something.  status: gives what `/status` says; called in the
    server's thread.
    thumbnail: the JPEG bytes of a scene and deck (0 or 1), or None.
    kinds: what `/outputs` lists: each has `usage`, `keys` and `doc`, of which the page helps to write an output.
    meters: what moves by itself and is shown twenty times a second, or None while nothing does.
    osc: the OSC receiver that OSCQuery tells about; None: no OSCQuery.

    The port is bound by `start`, so that `url` is known at once; the rest of the work waits until it is
    wanted, because the first frame needs the processor more.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int | None = None,
        table: Table | None = None,
        status: Callable[[], dict] = dict,
        thumbnail: Callable[[int, int], bytes | None] = lambda scene, deck: None,
        kinds: Sequence = (),
        osc: oscquery.Osc | None = None,
        meters: Callable[[], dict | None] = lambda: None,
    ):
        self.host, self.port, self.asked = host, PORT if port is None else port, port is not None
        self.table, self.status, self.thumbnail, self.kinds = table, status, thumbnail, kinds
        self._meters = meters
        self._query = osc and oscquery.Query(table, osc)
        self.refused = 0  # requests that came from another site
        self._clients: set[_Client] = set()
        self._socket: socket.socket | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """The page's address, with this machine's name where the server listens on all of them."""
        host = socket.gethostname() if self.host in ("", "0.0.0.0", "::") else self.host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}/"

    def start(self) -> None:
        """Bind the port and begin to serve. Raises UserError when an asked-for port cannot be had."""
        self._socket = self._bind()
        self.port = self._socket.getsockname()[1]
        if not self.asked and self.port != PORT:
            log.warning("page: port %d is taken, serving %s", PORT, self.url)
        self._thread = threading.Thread(target=self._serve, name="web", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End it, and every connection."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(3)
        if self._socket is not None:
            self._socket.close()

    def on_frame(self, values: Snapshot) -> None:
        """Pass what was applied on a frame on to those who listen; the drawer's thread, which never waits here."""
        if self._query:
            self._query.on_frame(values)

    def show(self, frame: Frame) -> bool | None:
        """Send a frame to every client that is ready for one. Called by the page output's thread.

        True: sent. None: nobody looks, nothing was encoded. False: all who look are still busy with earlier
        ones.
        """
        clients = [each for each in self._clients if each.wants_pictures]
        ready = [each for each in clients if each.sent - each.shown < AHEAD]
        if not ready:
            return False if clients else None
        import simplejpeg

        jpeg = simplejpeg.encode_jpeg(frame.opaque, QUALITY, colorspace="RGBA", colorsubsampling="420", fastdct=True)
        for each in ready:
            each.sent += 1
        self._loop.call_soon_threadsafe(lambda: [each.send_picture(jpeg) for each in ready])
        return True

    def _bind(self) -> socket.socket:
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        for port in (self.port,) if self.asked else range(self.port, self.port + 100):
            try:
                return socket.create_server((self.host, port), family=family, backlog=64)
            except (OSError, OverflowError) as error:
                reason = getattr(error, "strerror", None) or error
        if self.asked:
            raise UserError(f"--web {self.host}:{self.port}: {reason}; choose another port, or --web off")
        raise UserError(f"--web: cannot listen on {self.host}: {reason}; use --web off")

    def _serve(self) -> None:
        # Importing aiohttp takes 0.2 s of processor, just when the first frame is to be drawn. The first
        # visitor, who waits in the socket's queue, or two seconds start it.
        for _ in range(20):
            if self._stopping.is_set() or select.select([self._socket], [], [], 0.1)[0]:
                break
        if not self._stopping.is_set():
            asyncio.run(self._main())

    async def _main(self) -> None:
        from aiohttp import web

        self._loop = asyncio.get_running_loop()
        app = web.Application(middlewares=[guard.middleware(self.host, guard.HEADERS, self._refuse)])
        app.router.add_get("/ws", self._websocket)
        app.router.add_get("/status", self._status)
        app.router.add_get("/parameters", self._parameters)
        app.router.add_get("/outputs", self._outputs)
        app.router.add_get(r"/{deck:(b/)?}scene/{scene:\d{1,6}}.jpg", self._scene)
        for path in FILES:
            app.router.add_get(path, self._file)
        app.router.add_get("/", self._root)
        if self._query:
            app.router.add_get("/{path:.*}", self._query.get)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await runner.setup()
        await web.SockSite(runner, self._socket).start()
        try:
            await self._tell()
        finally:
            for each in list(self._clients):
                await each.socket.close(code=1001)
            if self._query:
                await self._query.close()
            await runner.cleanup()

    def _refuse(self) -> None:
        self.refused += 1

    async def _root(self, request):
        if self._query and self._query.wants(request):
            return await self._query.get(request)
        response = await self._file(request)
        response.headers["Vary"] = "Accept"
        return response

    async def _file(self, request):
        from aiohttp import web

        path = Path(__file__).with_name(FILES.get(request.path, PAGE))
        return web.Response(text=path.read_text("utf-8"), content_type=TYPES[path.suffix])

    async def _status(self, request):
        return _json(self.status())

    async def _parameters(self, request):
        return _json(described(self.table))

    async def _outputs(self, request):
        return _json([{"usage": each.usage, "keys": each.keys, "doc": each.doc} for each in self.kinds])

    async def _scene(self, request):
        from aiohttp import web

        picture = self.thumbnail(int(request.match_info["scene"]), int(bool(request.match_info["deck"])))
        if not picture:
            raise web.HTTPNotFound(text="no picture of that scene\n")
        return web.Response(body=picture, content_type="image/jpeg")

    async def _websocket(self, request):
        from aiohttp import WSMsgType, web

        # 1 MB: room for a vector of latents. Compressing JPEG again would only cost time.
        ws = web.WebSocketResponse(compress=False, heartbeat=10, max_msg_size=2**20)
        await ws.prepare(request)
        client = _Client(ws, request.query.get("picture") != "0")
        self._clients.add(client)
        try:
            await self._update(client)
            await self._update(client, self.status())
            async for message in ws:
                if message.type == WSMsgType.TEXT:
                    self._heard(client, message.data)
        finally:
            self._clients.discard(client)
            client.end()
        return ws

    def _heard(self, client: "_Client", text: str) -> None:
        """A message of a page: {"set": {address: value or [arguments]}}, {"shown": 1} or {"look": bool}."""
        try:
            message = json.loads(text)
            if "shown" in message:
                client.shown = min(client.shown + int(message["shown"]), client.sent)
            if "look" in message:  # a page in the background has no use for pictures
                client.wants_pictures = bool(message["look"])
            for address, value in dict(message.get("set", {})).items():
                arguments = value if isinstance(value, list) else [value]
                if self.table.set(address, arguments, sender=client.name, repeats=True):
                    client.known[address] = _plain(self.table.target(address))
                    if arguments != [client.known[address]]:
                        client.known.pop(address)  # it was clamped or named: tell what it became
        except (ValueError, TypeError, AttributeError, RecursionError):
            self.table.count("malformed", f"page: {text[:80]!r}")

    async def _tell(self) -> None:
        """Tell every client what has changed, and once a second the status."""
        for beat in itertools.count(1):
            if self._stopping.is_set():
                return
            try:
                if self._query:
                    await self._query.look()
                status = self.status() if self._clients and beat % round(1 / VALUES) == 0 else None
                await asyncio.gather(*(self._update(each, status) for each in self._clients))
                if (looking := [each for each in self._clients if each.wants_pictures]) and (meters := self._meters()):
                    await asyncio.gather(*(each.send_json({"meters": meters}) for each in looking))
            except Exception:  # the page must outlive a fault in what it tells about
                log.exception("the page's status")
            await asyncio.sleep(VALUES)

    async def _update(self, client: "_Client", status: dict | None = None) -> None:
        if status:
            await client.send_json({"status": status})
        parameters = self.table.parameters
        if parameters is not client.parameters:  # at first, and when a dream came or went
            client.parameters = parameters
            listed = described(self.table)
            client.known = {each["address"]: each["value"] for each in listed}
            prefix = {"osc_prefix": self._query.osc.prefix} if self._query else {}
            await client.send_json({"parameters": listed} | prefix)
            return
        changed = {}
        for address in parameters:
            try:
                value = _plain(self.table.target(address))
            except KeyError:
                return  # the dream has just gone; the next round tells
            if client.known.get(address) != value:
                changed[address] = client.known[address] = value
        if changed:
            await client.send_json({"values": changed})


class _Client:
    """One open page.

    known: the values it has been told.
    sent, shown: pictures. Each is written by one thread only; what lies between is on its way.
    """

    count = 0

    def __init__(self, socket, wants_pictures: bool):
        _Client.count += 1
        self.name = f"page {_Client.count}"
        self.socket, self.wants_pictures = socket, wants_pictures
        self.parameters = None
        self.known: dict = {}
        self.sent = self.shown = 0
        self._pictures: asyncio.Queue = asyncio.Queue()
        self._sender = asyncio.create_task(self._send_pictures())

    def send_picture(self, jpeg: bytes) -> None:
        """Queue a picture; there are never more than AHEAD."""
        self._pictures.put_nowait(jpeg)

    async def send_json(self, message) -> None:
        """Send, unless the page is gone; a page that does not read must not hold up the others."""
        try:
            await asyncio.wait_for(self.socket.send_str(json.dumps(message)), 1)
        except (ConnectionError, RuntimeError):
            pass
        except TimeoutError:
            await self.socket.close()

    def end(self) -> None:
        self.wants_pictures = False
        self._sender.cancel()

    async def _send_pictures(self) -> None:
        try:
            while True:
                await self.socket.send_bytes(await self._pictures.get())
        except (ConnectionError, RuntimeError):
            self.wants_pictures = False


def described(table: Table) -> list[dict]:
    """Every parameter as JSON can say it, with its present `value`."""
    listed = []
    for each in table.parameters.values():
        try:
            value = table.target(each.address)
        except KeyError:  # it went while we looked
            continue
        listed.append(dataclasses.asdict(each) | {"value": _plain(value)})
    return listed


def _plain(value):
    return list(value) if isinstance(value, tuple) else value


def _json(value):
    from aiohttp import web

    return web.json_response(value)
