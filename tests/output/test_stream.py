"""A stream to a real nginx-rtmp: played back, and found again after the server was killed."""

import shutil
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

import av
import numpy as np
import psutil
import pytest

from livedream.output.kinds import parse

MODULE = Path("/usr/lib/nginx/modules/ngx_rtmp_module.so")
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
needs_server = pytest.mark.skipif(not (NGINX and MODULE.exists()), reason="needs nginx with libnginx-mod-rtmp (apt)")


QUICK = {"probesize": "100000", "analyzeduration": "300000"}  # otherwise it looks for sound for seconds


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]


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

    def kill(self):
        if self.process:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()

    def play(self, seconds=10):
        """A picture from the stream, as uint8 [H, W, 3]; the server may still be starting."""
        end = time.monotonic() + seconds
        while True:
            try:
                with av.open(self.url, timeout=5, options=QUICK) as container:
                    return next(container.decode(video=0)).to_ndarray(format="rgb24")
            except (av.error.FFmpegError, StopIteration):
                if time.monotonic() > end:
                    raise
                time.sleep(0.1)


@pytest.fixture
def nginx(tmp_path):
    server = Nginx(tmp_path)
    yield server
    server.kill()


@pytest.fixture
def show(frame):
    """show(outputs): frames at 30 a second to all of them until the test ends; every `show` is timed."""
    done, threads, slowest = threading.Event(), [], []

    def run(outputs):
        number, began = 0, time.monotonic()
        pictures = [frame(i, 320, 192) for i in range(32)]
        while not done.wait(max(0, began + number / 30 - time.monotonic())):
            each = pictures[number % 32]
            for output in outputs:
                before = time.monotonic()
                output.show(type(each)(each.pixels, number))
                slowest.append(time.monotonic() - before)
            number += 1

    def begin(*outputs):
        for output in outputs:
            output.start(320, 192, 30)
        threads.append(threading.Thread(target=run, args=(outputs,), daemon=True))
        threads[-1].start()
        return slowest

    yield begin
    done.set()
    for thread in threads:
        thread.join()


@needs_server
def test_stream_survives_a_server_that_is_absent_killed_and_back(nginx, show, until, caplog):
    output, other = parse(f"{nginx.url}#fps=15"), parse("none")
    show(output, other)
    until(lambda: output.state == "retrying")  # nobody is there yet
    assert "refused" in output.error
    nginx.start()
    until(lambda: output.state == "up")
    picture = nginx.play()
    assert picture.shape == (192, 320, 3)
    assert picture[4, 4].min() > 200  # the white corner is at the top left
    assert picture[-4, -4, :2].min() > 200
    assert np.abs(picture[96, 20:-20:40, 0].astype(int) - np.linspace(0, 255, 320)[20:-20:40]).max() < 30

    nginx.kill()
    until(lambda: output.state == "retrying")
    nginx.start()
    until(lambda: output.state == "up")
    assert nginx.play().shape == (192, 320, 3)
    assert output.error is None

    child = output._child
    output.stop()
    assert child.poll() is not None
    assert other.dropped <= other.sent / 10  # nobody else noticed
    assert "sekret" not in caplog.text


@needs_server
def test_encoder_process_that_dies_is_started_again(nginx, show, until):
    nginx.start()
    output = parse(nginx.url)
    show(output)
    until(lambda: output.state == "up")
    first = output._child
    first.kill()
    until(lambda: output.state == "retrying")
    until(lambda: output.state == "up")
    assert output._child.pid != first.pid
    assert nginx.play().shape == (192, 320, 3)
    output.stop()


def test_a_server_that_never_answers_holds_up_nobody(show, until):
    """It takes the connection and says nothing: FFmpeg would wait for ever, even in closing."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        output = parse(f"rtmp://127.0.0.1:{silent.getsockname()[1]}/live/sekret")
        show(output)
        until(lambda: output.sent + output.dropped > 20)
        child = output._child
        command = " ".join(psutil.Process(child.pid).cmdline())
        assert "sekret" not in command  # where everybody on the machine could read it
        output.stop()
        assert child.poll() is not None
