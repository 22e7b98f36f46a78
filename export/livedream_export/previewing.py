"""The page of `livedream train --preview`: a dream is watched while it is learned.

The run writes what it is at into a State, and its pictures into the run folder. The page's thread looks at both once
a second, and only while somebody watches; it draws nothing itself, because training needs the processor.
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
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

import livedream.web
from livedream import UserError
from livedream.web import guard

from .budget import EARLY_FROM, Budget

HOST, PORT = "127.0.0.1", 8809
STILLS = 12  # frames of the footage that are shown before the first dream
POINTS = 240  # of the curve, at most
GOODBYE = 5.0  # seconds that open pages have, at the end, to fetch the last pictures
HERE, WEB = Path(__file__).parent, Path(livedream.web.__file__).parent
FILES = {
    "/": (HERE / "previewing.html", "text/html"),
    "/previewing.css": (HERE / "previewing.css", "text/css"),
    "/previewing.js": (HERE / "previewing.js", "text/javascript"),
    "/page.css": (WEB / "page.css", "text/css"),
}
HEADERS = guard.HEADERS | {
    "Content-Security-Policy": guard.HEADERS["Content-Security-Policy"] + "; media-src 'self' blob:"
}


@dataclass
class State:
    """What a training run is at. The run writes, others read; every value is replaced whole, so the latest wins.

    out: the dream. resumed: the pictures of the run before are this one's too. share: of the stage, 0 to 1, where that
    is known. figures: of training, by name. said: the last line that stays. frames: the footage's, uint8
    [N, H, W, 3]. made: a dream was written, and is the end's.
    """

    out: Path | None = None
    title: str = ""
    resumed: bool = False
    began: float = field(default_factory=time.time)
    budget: Budget | None = None
    frames: np.ndarray | None = None
    stage: str = ""
    share: float | None = None
    figures: dict[str, float] = field(default_factory=dict)
    speed: float = 0.0  # steps a second
    said: str = ""
    made: bool = False
    ended: bool = False


@contextlib.contextmanager
def shown(state: State, host: str = HOST, port: int | None = None) -> Iterator["Page"]:
    """Serve the page of `state` while something is learned in here, and say where.

    port: None takes 8809, or the next that is free. Raises UserError when it cannot be had.
    """
    page = Page(state, host, port)
    page.start()
    try:
        yield page
    except Exception as error:
        state.said = str(error) or type(error).__name__
        raise
    finally:
        page.stop()


class Page:
    """The page at `url`, from `start` to `stop`; `/status`, `/ws` and the pictures beside it.

    port: None takes 8809, or the next that is free; 0 takes any.
    """

    def __init__(self, state: State, host: str = HOST, port: int | None = None):
        self.state, self.host, self.asked = state, host, port is not None
        self.port = PORT if port is None else port
        self.curve: list[tuple[float, float]] = []  # seconds used, and dB then
        self._every = 1.0  # seconds between two points of it
        self._clients: set = set()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="preview", daemon=True)

    @property
    def url(self) -> str:
        host = socket.gethostname() if self.host in ("0.0.0.0", "::") else self.host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}/"

    def start(self) -> None:
        """Bind the port, say where, and begin to serve. Raises UserError when the port cannot be had."""
        self._socket = self._bind()
        self.port = self._socket.getsockname()[1]
        taken = "" if self.asked or self.port == PORT else f"port {PORT} is taken, so it is "
        print(f"preview: {taken}{self.url}", file=sys.stderr, flush=True)
        self._thread.start()

    def stop(self) -> None:
        """Tell open pages that it has ended, let them fetch what they lack, and end."""
        self.state.ended = True
        self._ending.set()
        self._thread.join(GOODBYE + 3)
        self._socket.close()

    def status(self) -> dict:
        """What the page shows, as JSON has it."""
        state, budget = self.state, self.state.budget
        numbered = re.fullmatch(r"(\d+) of (\d+) (.+)", state.stage)
        frames = state.frames
        return {
            "title": state.title or (state.out.stem if state.out else ""),
            "size": [frames.shape[2], frames.shape[1]] if frames is not None else None,
            "stills": min(STILLS, len(frames)) if frames is not None else 0,
            "stage": numbered[3] if numbered else state.stage,
            "number": [int(numbered[1]), int(numbered[2])] if numbered else None,
            "share": state.share,
            "done": min(1.0, budget.used() / budget.total) if budget else 0.0,
            "left": max(0.0, budget.left()) if budget else None,
            "total": budget.total if budget else None,
            "early": bool(budget) and budget.total >= EARLY_FROM,
            "figures": state.figures,
            "speed": state.speed,
            "curve": self.curve,
            "said": state.said,
            "sheet": next((_version(path) for path in reversed(self._pictures("sheet-*.jpg"))), None),
            "dreams": self._dreams(),
            "made": str(state.out) if state.made else None,
            "ended": state.ended,
        }

    # -- the run folder -------------------------------------------------------------------------------------------

    def _pictures(self, pattern: str) -> list[Path]:
        """Files of this run, the newest last; another run's may lie in its folder."""
        found = []
        for path in self.state.out.with_suffix(".run").glob(pattern) if self.state.out else ():
            with contextlib.suppress(OSError):  # it has just gone
                found.append((path.stat().st_mtime, path))
        return [path for written, path in sorted(found) if self.state.resumed or written >= self.state.began]

    def _dreams(self) -> list[dict]:
        """The clips, the newest last, with the minutes that had been trained, where the log has them."""
        log: dict[int, list[dict]] = {}  # by steps; motion may have learned on between two of the same
        if clips := self._pictures("dream-*.mp4"):
            with contextlib.suppress(OSError, ValueError):
                lines = clips[0].with_name("log.jsonl").read_text("utf-8").splitlines()
                for each in map(json.loads, lines):
                    log.setdefault(each["steps"], []).append(each)
        told = []
        for path in reversed(clips):
            steps = re.match(r"dream-(\d+)", path.name)
            lines = log.get(int(steps[1])) if steps else None
            about = lines.pop() if lines else {}
            told.append({"file": _version(path), "minutes": about.get("minutes"), "early": about.get("early", True)})
        return told[::-1]

    def _sample(self) -> None:
        """One more point of the curve, if it is time."""
        dB, budget = self.state.figures.get("dB"), self.state.budget
        if dB is None or budget is None:
            return
        used = budget.used()
        if self.curve and (used - self.curve[-1][0] < self._every or dB == self.curve[-1][1]):
            return
        curve = [*self.curve, (round(used, 1), round(dB, 2))]
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
            self._sample()
            if select.select([self._socket], [], [], 0.5)[0]:
                asyncio.run(self._main())

    async def _main(self) -> None:
        from aiohttp import web

        app = web.Application(middlewares=[guard.middleware(self.host, HEADERS)])
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
                self._sample()
                await self._tell()
                await asyncio.to_thread(self._ending.wait, 1.0)
            await self._tell()
            end = time.monotonic() + GOODBYE
            while self._clients and time.monotonic() < end:  # a page that has all it needs hangs up
                await asyncio.sleep(0.05)
        finally:
            for each in list(self._clients):
                await each.close(code=1001)
            await runner.cleanup()

    async def _file(self, request):
        from aiohttp import web

        path, kind = FILES[request.path]
        return web.Response(text=path.read_text("utf-8"), content_type=kind)

    async def _status(self, request):
        from aiohttp import web

        return web.json_response(self.status())

    async def _still(self, request):
        """A frame of the footage, the K-th of STILLS spread evenly."""
        import simplejpeg
        from aiohttp import web

        frames, number = self.state.frames, int(request.match_info["number"])
        if frames is None or number >= min(STILLS, len(frames)):
            raise web.HTTPNotFound(text="no such frame\n")
        frame = np.ascontiguousarray(frames[int((number + 0.5) * len(frames) / min(STILLS, len(frames)))])
        return web.Response(body=simplejpeg.encode_jpeg(frame, 90), content_type="image/jpeg")

    async def _picture(self, request):
        from aiohttp import web

        name = request.match_info["name"]
        if name not in {path.name for path in self._pictures(name)}:
            raise web.HTTPNotFound(text="no such picture\n")
        return web.FileResponse(self.state.out.with_suffix(".run") / name)

    async def _websocket(self, request):
        from aiohttp import web

        ws = web.WebSocketResponse(heartbeat=20)
        await ws.prepare(request)
        self._clients.add(ws)
        try:
            await self._send(ws, json.dumps(self.status()))
            async for _ in ws:
                pass
        finally:
            self._clients.discard(ws)
        return ws

    async def _tell(self) -> None:
        if self._clients:
            text = json.dumps(self.status())
            await asyncio.gather(*(self._send(each, text) for each in self._clients))

    async def _send(self, ws, text: str) -> None:
        """Send, unless the page is gone; one that does not read must not hold up the others."""
        try:
            await asyncio.wait_for(ws.send_str(text), 1)
        except (ConnectionError, RuntimeError):
            self._clients.discard(ws)
        except TimeoutError:
            await ws.close()


def _version(path: Path) -> str:
    """A picture's name with when it was written, so that another of the same name is seen to be another."""
    return f"{path.name}?{path.stat().st_mtime_ns}"
