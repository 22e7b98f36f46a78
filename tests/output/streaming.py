"""The far ends of streams: nginx-rtmp, players, an SRT receiver; and a show that is sent to them."""

import shutil
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

import av
import pytest

MODULE = Path("/usr/lib/nginx/modules/ngx_rtmp_module.so")
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
needs_server = pytest.mark.skipif(not (NGINX and MODULE.exists()), reason="needs nginx with libnginx-mod-rtmp (apt)")
FFMPEG = shutil.which("ffmpeg")
QUICK = {"probesize": "100000", "analyzeduration": "300000"}  # by default it looks for sound for seconds


def has_srt() -> bool:
    if not FFMPEG:
        return False
    return b"srt" in subprocess.run([FFMPEG, "-hide_banner", "-protocols"], capture_output=True, timeout=20).stdout


def free_port(kind=socket.SOCK_STREAM):
    with socket.socket(socket.AF_INET, kind) as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def pulled(url, seconds=10.0, **options):
    """Fetch a picture from the stream, uint8 [H, W, 3]; the far end may still be starting."""
    end = time.monotonic() + seconds
    while True:
        try:
            with av.open(url, timeout=5, options=QUICK, **options) as container:
                return next(container.decode(video=0)).to_ndarray(format="rgb24")
        except (av.error.FFmpegError, StopIteration):
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


class Nginx:
    """nginx-rtmp on a port of its own, master and worker in one process."""

    def __init__(self, folder: Path):
        self.port, self.process = free_port(), None
        self.config = folder / "nginx.conf"
        self.config.write_text(f"""
            daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log info;
            load_module {MODULE};
            events {{ worker_connections 64; }}
            rtmp {{ server {{ listen 127.0.0.1:{self.port}; max_message 8M; application live {{ live on; }}
            }} }}
        """)

    @property
    def url(self):
        return f"rtmp://127.0.0.1:{self.port}/live/sekret"

    def start(self):
        self.process = subprocess.Popen([NGINX, "-p", str(self.config.parent), "-c", str(self.config)])

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        if self.process:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()


class SrtReceiver:
    """An ffmpeg that receives SRT: `picture()` returns raw bytes, or None when it has ended."""

    def __init__(self, url, width=320, height=192):
        self._size = width * height * 3
        command = [FFMPEG, "-nostdin", "-loglevel", "error", "-probesize", "100000", "-analyzeduration", "300000"]
        command += ["-f", "mpegts", "-i", url, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
        pipe, nowhere = subprocess.PIPE, subprocess.DEVNULL
        self.process = subprocess.Popen(command, stdin=nowhere, stdout=pipe, stderr=nowhere)

    def picture(self):
        data = self.process.stdout.read(self._size)
        return data if len(data) == self._size else None

    def end(self, number=signal.SIGTERM):
        """End it. With SIGTERM it closes the connection; with SIGKILL the far end needs a time-out of 5 s."""
        self.process.send_signal(number)
        self.process.communicate()


class Frames:
    """frames(outputs...): 30 a second to all of them until `end`."""

    def __init__(self, frame):
        self._done, self._threads = threading.Event(), []
        self._pictures = [frame(i, 320, 192) for i in range(32)]

    def __call__(self, *outputs):
        for output in outputs:
            output.start(320, 192, 30)
        self._threads.append(threading.Thread(target=self._run, args=(outputs,), daemon=True))
        self._threads[-1].start()

    def _run(self, outputs):
        number, began = 0, time.monotonic()
        while not self._done.wait(max(0, began + number / 30 - time.monotonic())):
            each = self._pictures[number % 32]
            for output in outputs:
                output.show(type(each)(each.pixels, number))
            number += 1

    def end(self):
        self._done.set()
        for thread in self._threads:
            thread.join()
