"""Fresh frames a second while an output is fed, and what of them arrives at its far end."""

import tempfile
import time
from itertools import pairwise
from pathlib import Path

from livedream.bench.peers import Peer, free_port
from livedream.bench.watch import Watch, playing
from livedream.loop.live import percentile
from livedream.output import Output
from livedream.output.kinds import parse
from livedream.output.window import display_available
from livedream.output.window import run as run_windows
from livedream.parameters import Table
from livedream.play.player import Player
from livedream.web.server import Server

KINDS = ("none", "page", "file.mp4", "rtmp", "window")
WARM = 8  # frames before the measuring begins: the loop then knows how long a drawing takes
PATIENCE = 15.0  # seconds for the far end to answer


def measure(kind: str, player: Player, table: Table, fps: float, seconds: float) -> dict:
    """One of KINDS, fed live at `fps` for `seconds`.

    fresh_fps: frames drawn and handed out; delivered_fps: pictures that the output took, with page and rtmp those
    that arrived at the far end; late: frames repeated; interval_p99_ms: of abs(interval - period). "skipped": why
    there are no figures.
    """
    head = {"output": kind, "asked_fps": fps}
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


def _page(player, table, fps, seconds) -> dict:
    server, page = Server("127.0.0.1", 0, table), parse("page")
    page.server = server
    server.start()
    try:
        with Peer("page", f"{server.url}ws") as viewer:
            return _fed(page, player, table, fps, seconds, viewer)
    finally:
        server.stop()


def _rtmp(player, table, fps, seconds) -> dict:
    url = f"rtmp://127.0.0.1:{free_port()}/live/bench"
    with Peer("rtmp", url) as listener:
        return _fed(parse(url), player, table, fps, seconds, listener)


def _fed(output: Output, player, table, fps, seconds, peer: Peer | None = None) -> dict:
    watch = Watch()
    begin = limit = None
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
        if output.kind == "window":
            run_windows(lambda: [output], over)
        else:
            while not over():
                time.sleep(0.01)
        end, delivered = time.perf_counter(), arrived() - at_begin
    if output.state == "failed":
        return {"skipped": output.error}
    if begin is None:
        reasons = filter(None, (output.error, peer and peer.fault()))
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
