"""New pictures per second while an output is fed, and how many of them arrive at its receiver."""

import tempfile
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

from livedream.bench.peers import Peer, free_port
from livedream.bench.watch import Watch, playing
from livedream.loop.live import percentile
from livedream.output import Output
from livedream.output.kinds import parse
from livedream.output.page import Page
from livedream.output.window import Window, display_available
from livedream.output.window import run as run_windows
from livedream.parameters import Table
from livedream.play.player import Player
from livedream.web.server import Server

Cost = dict[str, Any]
KINDS = ("none", "page", "file.mp4", "rtmp", "window")
WARM = 8  # frames before the measuring begins: the loop then knows how long a drawing takes
PATIENCE = 15.0  # seconds for the receiver to answer


def measure(kind: str, player: Player, table: Table, fps: float, seconds: float) -> Cost:
    """Feed an output of one of KINDS live.

    Returns:
        output, asked_fps: as asked for.
        fresh_fps: New pictures handed out per second.
        delivered_fps: Pictures per second that the output took; with page and rtmp, that arrived at the receiver.
        frames: Frames handed out.
        late: Frames that repeated the picture before.
        interval_p99_ms: 99th percentile of abs(interval - period), in milliseconds.
        skipped: Stands in place of the figures if there are none, and says why.
    """
    head: Cost = {"output": kind, "asked_fps": fps}
    try:
        if kind == "window":
            if not display_available():
                return head | {"skipped": "there is no display here"}
            return head | _fed(parse("window"), player, table, fps, seconds)
        if kind == "page":
            return head | _page(player, table, fps, seconds)
        if kind == "rtmp":
            return head | _rtmp(player, table, fps, seconds)
        if kind == "none":
            return head | _fed(parse("none"), player, table, fps, seconds)
        with tempfile.TemporaryDirectory(prefix="livedream-bench-") as folder:
            return head | _fed(parse(str(Path(folder) / kind)), player, table, fps, seconds)
    except Exception as error:  # the other figures are still wanted
        return head | {"skipped": str(error) or type(error).__name__}


def _page(player: Player, table: Table, fps: float, seconds: float) -> Cost:
    server, page = Server("127.0.0.1", 0, table), parse("page")
    assert isinstance(page, Page)
    page.server = server
    server.start()
    try:
        with Peer("page", f"{server.url}ws") as viewer:
            return _fed(page, player, table, fps, seconds, viewer)
    finally:
        server.stop()


def _rtmp(player: Player, table: Table, fps: float, seconds: float) -> Cost:
    url = f"rtmp://127.0.0.1:{free_port()}/live/bench"
    with Peer("rtmp", url) as listener:
        return _fed(parse(url), player, table, fps, seconds, listener)


def _fed(output: Output, player: Player, table: Table, fps: float, seconds: float, peer: Peer | None = None) -> Cost:
    watch = Watch()
    begin: float | None = None
    limit = float("inf")
    at_begin = frames_at_begin = 0

    def arrived() -> int:
        return peer.arrived if peer else output.sent

    def over() -> bool:
        nonlocal begin, limit, at_begin, frames_at_begin
        now = time.perf_counter()
        if begin is None and len(watch.frames) >= WARM and arrived():
            begin, limit = now, now + seconds + PATIENCE
            at_begin, frames_at_begin = arrived(), len(watch.frames)
        if now > limit or output.state == "failed":
            return True
        # However short the time and slow the machine, there is something to count.
        new = watch.frames[frames_at_begin:] if begin is not None and now - begin >= seconds else []
        return len(new) > 2 and any(frame[1] for frame in new) and arrived() > at_begin

    with playing(player, table, fps, [watch, output]):
        limit = time.perf_counter() + PATIENCE
        if isinstance(output, Window):
            run_windows(lambda: [output], over)
        else:
            while not over():
                time.sleep(0.01)
        end, delivered = time.perf_counter(), arrived() - at_begin
    if output.state == "failed":
        return {"skipped": output.error}
    if begin is None:
        reasons = [each for each in (output.error, peer and peer.fault()) if each]
        return {"skipped": f"no picture arrived in {PATIENCE:g} s: {', '.join(reasons) or 'nobody says why'}"}
    frames = [frame for frame in watch.frames if begin <= frame[0] <= end]
    gaps = [abs(b[0] - a[0] - 1 / fps) for a, b in pairwise(frames)]
    return {
        "fresh_fps": round(sum(frame[1] for frame in frames) / (end - begin), 2),
        "delivered_fps": round(delivered / (end - begin), 2),
        "frames": len(frames),
        "late": sum(not frame[1] for frame in frames),
        "interval_p99_ms": percentile(gaps, 99),
    }
