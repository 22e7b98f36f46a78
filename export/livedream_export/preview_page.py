"""The page of `livedream train --preview`, which shows a dream while it is trained.

The run writes into a TrainingStatus, and pictures into the run folder. The page's thread reads both once a second, and
only while somebody watches; it renders nothing itself, because training needs the processor.
"""

import asyncio
import contextlib
import json
import re
import select
import socket
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import livedream.web
from livedream import UserError
from livedream.web import guard

from .budget import EARLY_FROM
from .training_status import TrainingStatus

if TYPE_CHECKING:  # it is imported for the first visitor
    from aiohttp import web

HOST, PORT = "127.0.0.1", 8809
STILLS = 12  # frames of the footage that are shown before the first dream
POINTS = 240  # most points of the curve
GOODBYE = 5.0  # seconds that open pages have, at the end, to fetch the last pictures
HERE, WEB = Path(__file__).parent, Path(livedream.web.__file__).parent
FILES = {
    "/": (HERE / "preview_page.html", "text/html"),
    "/preview_page.css": (HERE / "preview_page.css", "text/css"),
    "/preview_page.js": (HERE / "preview_page.js", "text/javascript"),
    "/page.css": (WEB / "page.css", "text/css"),
}
HEADERS = guard.HEADERS | {
    "Content-Security-Policy": guard.HEADERS["Content-Security-Policy"] + "; media-src 'self' blob:"
}


@contextlib.contextmanager
def serve(status: TrainingStatus, host: str = HOST, port: int | None = None) -> Iterator["Page"]:
    """Serve the page of a run during this context, and print its address.

    port: None takes 8809, or the next that is free. Raises UserError when it is taken.
    """
    page = Page(status, host, port)
    page.start()
    try:
        yield page
    except Exception as error:
        status.message = str(error) or type(error).__name__
        raise
    finally:
        page.stop()


class Page:
    """Serves the page at `url`, from `start` to `stop`, with `/status`, `/ws` and the pictures.

    Attributes:
        run: the status of the run that it shows.
        host: the address it serves on.
        port: the port; None asks for 8809, or the next that is free, 0 for any.
        curve: seconds used, and the figure of the run's status then.
    """

    def __init__(self, run: TrainingStatus, host: str = HOST, port: int | None = None):
        self.run, self.host, self.asked = run, host, port is not None
        self.port = PORT if port is None else port
        self.curve: list[tuple[float, float]] = []
        self._every = 1.0  # seconds between two points of it
        self._curve_of = ""  # the figure that it is of; a kind may not have the usual one
        self._clients: set[web.WebSocketResponse] = set()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="preview", daemon=True)

    @property
    def url(self) -> str:
        """The address, for a browser."""
        host = socket.gethostname() if self.host in ("0.0.0.0", "::") else self.host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}/"

    def start(self) -> None:
        """Bind the port, print the address and begin to serve. Raises UserError when the port is taken."""
        self._socket = self._bind()
        self.port = self._socket.getsockname()[1]
        taken = "" if self.asked or self.port == PORT else f"port {PORT} is taken, so it is "
        print(f"preview: {taken}{self.url}", file=sys.stderr, flush=True)
        self._thread.start()

    def stop(self) -> None:
        """Tell open pages that the run has ended, let them fetch what they lack, and end."""
        self.run.ended = True
        self._ending.set()
        self._thread.join(GOODBYE + 3)
        self._socket.close()

    def to_json(self) -> dict[str, Any]:
        """Return what the page shows."""
        run, budget, frames = self.run, self.run.budget, self.run.frames
        numbered = re.fullmatch(r"(\d+) of (\d+) (.+)", run.stage)
        return {
            "title": run.title or (run.out.stem if run.out else ""),
            "size": [frames.shape[2], frames.shape[1]] if frames is not None else None,
            "stills": min(STILLS, len(frames)) if frames is not None else 0,
            "stage": numbered[3] if numbered else run.stage,
            "number": [int(numbered[1]), int(numbered[2])] if numbered else None,
            "share": run.share,
            "done": min(1.0, budget.used() / budget.total) if budget else 0.0,
            "left": max(0.0, budget.left()) if budget else None,
            "total": budget.total if budget else None,
            "early": budget is not None and budget.total >= EARLY_FROM,
            "figures": run.figures,
            "speed": run.speed,
            "curve": self.curve,
            "curve_of": self._curve_of or self.run.curve,
            "effect": self.run.effect,
            "said": run.message,
            "sheet": next((_version(path) for path in reversed(self._pictures("sheet-*.jpg"))), None),
            "dreams": self._dreams(),
            "made": str(run.out) if run.written else None,
            "ended": run.ended,
        }

    @property
    def _folder(self) -> Path | None:
        return self.run.out.with_suffix(".run") if self.run.out else None

    # -- the run folder -------------------------------------------------------------------------------------------

    def _pictures(self, pattern: str) -> list[Path]:
        """Return files of this run, the newest last; there may be another run's in its folder."""
        found = []
        for path in self._folder.glob(pattern) if self._folder else ():
            with contextlib.suppress(OSError):  # it has just gone
                found.append((path.stat().st_mtime, path))
        return [path for written, path in sorted(found) if self.run.resumed or written >= self.run.began]

    def _dreams(self) -> list[dict[str, Any]]:
        """Return the clips, the newest last, with the minutes that had been trained, where the log has them."""
        log: dict[int, list[dict[str, Any]]] = {}  # keys: steps; motion may have been trained between two of the same
        if clips := self._pictures("dream-*.mp4"):
            with contextlib.suppress(OSError, ValueError):
                lines = clips[0].with_name("log.jsonl").read_text("utf-8").splitlines()
                for each in map(json.loads, lines):
                    log.setdefault(each["steps"], []).append(each)
        found = []
        for path in reversed(clips):
            steps = re.match(r"dream-(\d+)", path.name)
            entries = log.get(int(steps[1])) if steps else None
            about = entries.pop() if entries else {}
            found.append({"file": _version(path), "minutes": about.get("minutes"), "early": about.get("early", True)})
        return found[::-1]

    def sample(self) -> None:
        """Add a point to the curve, if it is time."""
        figures, budget = self.run.figures, self.run.budget
        if figures and self._curve_of not in figures and not self.curve:
            self._curve_of = self.run.curve if self.run.curve in figures else next(iter(figures))
        figure = figures.get(self._curve_of)
        if figure is None or budget is None:
            return
        used = budget.used()
        if self.curve and (used - self.curve[-1][0] < self._every or figure == self.curve[-1][1]):
            return
        curve = [*self.curve, (round(used, 1), round(figure, 2 if figure >= 1 else 3))]
        if len(curve) > POINTS:
            curve, self._every = curve[::2], 2 * self._every
        self.curve = curve

    # -- serving --------------------------------------------------------------------------------------------------

    def _bind(self) -> socket.socket:
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        for port in (self.port,) if self.asked else range(self.port, self.port + 100):
            try:
                return socket.create_server((self.host, port), family=family, backlog=64)
            except OSError as error:
                reason = (error.strerror or str(error)).partition(" (")[0]
        raise UserError(f"--preview {self.host}:{self.port}: {reason}; choose another port")

    def _serve(self) -> None:
        # Nothing is imported before the first visitor, who waits in the socket's queue.
        while not self._ending.is_set():
            self.sample()
            if select.select([self._socket], [], [], 0.5)[0]:
                asyncio.run(self._main())

    async def _main(self) -> None:
        from aiohttp import web

        app = web.Application(middlewares=[guard.middleware(guard.Rules(self.host), HEADERS)])
        for path in FILES:
            app.router.add_get(path, self._file)
        app.router.add_get("/status", self._status)
        app.router.add_get("/ws", self._websocket)
        app.router.add_get(r"/still-{number:\d{1,4}}.jpg", self._still)
        app.router.add_get(r"/{name:sheet-[\w-]+\.jpg|dream-[\w-]+\.mp4}", self._picture)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await runner.setup()
        await web.SockSite(runner, self._socket).start()
        try:
            while not self._ending.is_set():
                self.sample()
                await self._send_all()
                await asyncio.to_thread(self._ending.wait, 1.0)
            await self._send_all()
            end = time.monotonic() + GOODBYE
            while self._clients and time.monotonic() < end:  # a page that has all it needs hangs up
                await asyncio.sleep(0.05)
        finally:
            for each in list(self._clients):
                await each.close(code=1001)
            await runner.cleanup()

    async def _file(self, request: "web.Request") -> "web.StreamResponse":
        from aiohttp import web

        path, kind = FILES[request.path]
        return web.Response(text=path.read_text("utf-8"), content_type=kind)

    async def _status(self, request: "web.Request") -> "web.StreamResponse":
        from aiohttp import web

        return web.json_response(self.to_json())

    async def _still(self, request: "web.Request") -> "web.StreamResponse":
        """Send a frame of the footage, the K-th of STILLS spread evenly."""
        import simplejpeg
        from aiohttp import web

        frames, number = self.run.frames, int(request.match_info["number"])
        if frames is None or number >= min(STILLS, len(frames)):
            raise web.HTTPNotFound(text="no such frame\n")
        frame = np.ascontiguousarray(frames[int((number + 0.5) * len(frames) / min(STILLS, len(frames)))])
        return web.Response(body=simplejpeg.encode_jpeg(frame, 90), content_type="image/jpeg")

    async def _picture(self, request: "web.Request") -> "web.StreamResponse":
        from aiohttp import web

        name = request.match_info["name"]
        if self._folder is None or name not in {path.name for path in self._pictures(name)}:
            raise web.HTTPNotFound(text="no such picture\n")
        return web.FileResponse(self._folder / name)

    async def _websocket(self, request: "web.Request") -> "web.StreamResponse":
        from aiohttp import web

        ws = web.WebSocketResponse(heartbeat=20)
        await ws.prepare(request)
        self._clients.add(ws)
        try:
            await self._send(ws, json.dumps(self.to_json()))
            async for _ in ws:
                pass
        finally:
            self._clients.discard(ws)
        return ws

    async def _send_all(self) -> None:
        if self._clients:
            text = json.dumps(self.to_json())
            await asyncio.gather(*(self._send(each, text) for each in self._clients))

    async def _send(self, ws: "web.WebSocketResponse", text: str) -> None:
        """Send to a page unless it is gone; one that does not read must not delay the others."""
        try:
            await asyncio.wait_for(ws.send_str(text), 1)
        except (ConnectionError, RuntimeError):
            self._clients.discard(ws)
        except TimeoutError:
            await ws.close()


def _version(path: Path) -> str:
    """Return a picture's name with its time, so that the page notices a new one of the same name."""
    return f"{path.name}?{path.stat().st_mtime_ns}"
