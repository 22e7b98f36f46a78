"""The ways into OBS: the options of livedream, the options of OBS, and the server between them."""

import contextlib
import json
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from tests.waiting import until

HERE = Path(__file__).parent
RTMP_MODULE = Path("/usr/lib/nginx/modules/ngx_rtmp_module.so")
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
NGINX_CONF = """daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/nginx-error.log info;
load_module {module};
events {{ worker_connections 64; }}
rtmp {{ server {{ listen 127.0.0.1:1935; max_message 8M; application live {{ live on; }} }} }}
"""


class Way(NamedTuple):
    """One way.

    Attributes:
        out: The `--out` of livedream.
        url: The address in the Media Source.
        form: The format in the Media Source.
        bare: Address, format and protocol's options of `bare.py`.
    """

    out: str
    url: str
    form: str
    bare: tuple[str, ...]


WAYS = {
    "listen-rtmp": Way(
        "listen-rtmp://127.0.0.1:1935/live",
        "rtmp://127.0.0.1:1935/live",
        "",
        ("rtmp://127.0.0.1:1935/live", "flv", "listen=1"),
    ),
    "nginx-rtmp": Way(
        "rtmp://127.0.0.1:1935/live/dream",
        "rtmp://127.0.0.1:1935/live/dream",
        "",
        ("rtmp://127.0.0.1:1935/live/dream", "flv"),
    ),
    "udp": Way(
        "udp://127.0.0.1:9200",
        "udp://127.0.0.1:9200?fifo_size=50000&overrun_nonfatal=1",
        "mpegts",
        ("udp://127.0.0.1:9200?pkt_size=1316", "mpegts"),
    ),
    "listen-http": Way(
        "listen-http://127.0.0.1:8090/live.ts",
        "http://127.0.0.1:8090/live.ts",
        "mpegts",
        ("http://127.0.0.1:8090/live.ts", "mpegts", "listen=1"),
    ),
    "srt": Way(
        "srt://127.0.0.1:9300?mode=listener&latency=20000",
        "srt://127.0.0.1:9300?mode=caller&latency=20000",
        "mpegts",
        (),
    ),
}
WEB = 8808
STAMPED = [str(HERE / "stamped.py")]  # livedream with stamped pictures
PLAIN = ["-m", "livedream"]


@contextlib.contextmanager
def server(way: str, folder: Path):
    """Run nginx-rtmp, for the way that needs it."""
    if way != "nginx-rtmp":
        yield
        return
    (folder / "nginx.conf").write_text(NGINX_CONF.format(folder=folder, module=RTMP_MODULE))
    with process([NGINX, "-p", str(folder), "-c", str(folder / "nginx.conf")], folder / "nginx.log"):
        yield


@contextlib.contextmanager
def process(command, log: Path, ending: float = 5.0, **options):
    """Run a child process during the block; its output goes to `log`."""
    with open(log, "wb") as said:
        child = subprocess.Popen(command, stdout=said, stderr=said, **options)
    try:
        yield child
    finally:
        child.terminate()
        try:
            child.wait(ending)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


@contextlib.contextmanager
def livedream(*arguments: str, folder: Path, program=STAMPED, env=None):
    """Run `livedream run` during the block, which begins once it plays."""
    command = [sys.executable, *program, "run", "--web", f"127.0.0.1:{WEB}", "--device", "cpu"]
    with process([*command, *arguments], folder / "livedream.log", env=env) as child:
        until(lambda: child.poll() is not None or status().get("state") == "playing", 30, pause=0.05)
        if child.poll() is not None:
            raise RuntimeError((folder / "livedream.log").read_text(errors="replace")[-2000:])
        yield child


def status() -> dict:
    """livedream's /status; {} while it does not answer."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{WEB}/status", timeout=5) as answer:
            return json.load(answer)
    except OSError:
        return {}


def bare(way: str, size: tuple[int, int], fps: int, bitrate: int, folder: Path):
    """Run the sender without livedream."""
    url, form, *protocol = WAYS[way].bare
    shape = f"{size[0]}x{size[1]}"
    command = [sys.executable, str(HERE / "bare.py"), url, form, shape, str(fps), str(bitrate), *protocol]
    return process(command, folder / "bare.log")


def listening(way: str) -> bool:
    """Whether the way's listener is there, for ways by TCP. An OBS that connects too early may never try again."""
    address = urlsplit(WAYS[way].url)
    if address.scheme not in ("rtmp", "http"):
        return True
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return any(row[1].endswith(f":{address.port:04X}") and row[3] == "0A" for row in rows)
