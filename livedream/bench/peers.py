"""Receivers of outputs, in processes of their own: `python -m livedream.bench.peers page|rtmp URL`.

Each prints a line for every picture that arrives.
"""

import asyncio
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Self

ROOT = Path(__file__).parents[2]


class Peer:
    """A receiver while the block runs.

    Args:
        kind: "page" or "rtmp".
        url: The page's web socket, or where the RTMP server is to listen.

    Attributes:
        arrived: Number of pictures so far.
    """

    def __init__(self, kind: str, url: str):
        self._command = [sys.executable, "-m", "livedream.bench.peers", kind, url]
        self.arrived = 0

    def __enter__(self) -> Self:
        self._complaints: list[str] = []
        self._child = subprocess.Popen(
            self._command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace"
        )
        self._threads = [threading.Thread(target=each, daemon=True) for each in (self._count, self._listen)]
        for each in self._threads:
            each.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._child.kill()
        for each in self._threads:
            each.join()
        self._child.wait()
        for pipe in (self._child.stdout, self._child.stderr):
            if pipe:
                pipe.close()

    def fault(self) -> str:
        """Return its last line on standard error, or ""."""
        return self._complaints[-1] if self._complaints else ""

    def _count(self) -> None:
        for _ in self._child.stdout or ():
            self.arrived += 1

    def _listen(self) -> None:
        for line in self._child.stderr or ():
            self._complaints.append(line.strip())


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that is free at the moment."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port


async def page(url: str) -> None:
    """Receive every picture as a page does, and confirm each."""
    import aiohttp

    async with aiohttp.ClientSession() as session, session.ws_connect(url, max_msg_size=0) as ws:
        async for message in ws:
            if message.type == aiohttp.WSMsgType.BINARY:
                await ws.send_str('{"shown": 1}')
                print(flush=True)


def rtmp(url: str) -> None:
    """Receive one stream as an RTMP server does."""
    import av

    # By default, FFmpeg studies five seconds of a stream before it gives the first packet.
    options = {"listen": "1", "timeout": "60", "analyzeduration": "100000", "probesize": "32768"}
    with av.open(url, "r", format="flv", options=options) as container:
        for packet in container.demux(video=0):
            if packet.size:
                print(flush=True)


if __name__ == "__main__":
    asyncio.run(page(sys.argv[2])) if sys.argv[1] == "page" else rtmp(sys.argv[2])
