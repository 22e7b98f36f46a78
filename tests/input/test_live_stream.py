"""Streams as live sources: ffmpeg sends, to a server and to us; servers that die; what comes when it changes."""

import subprocess
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from livedream import UserError
from livedream.input.live_source import open_source
from tests.input.live import film, shown, started
from tests.output.streaming import FFMPEG, Nginx, free_port, has_srt, needs_server
from tests.waiting import until

pytestmark = [pytest.mark.network, pytest.mark.skipif(not FFMPEG, reason="needs ffmpeg (apt)")]
VIDEO = ("-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "10", "-pix_fmt", "yuv420p")


class Ffmpeg:
    """An ffmpeg that sends 25 pictures a second of one colour, from `start` to `end`."""

    def __init__(self, place, muxer, colour="#1428c8", size="96x64", video=VIDEO):
        source = [f"color={colour}:s={size}:r=25"] if video else ["sine=r=44100"]
        codec = video or ("-c:a", "aac")
        command = [FFMPEG, "-nostdin", "-loglevel", "quiet", "-re", "-f", "lavfi", "-i", *source, *codec, "-f", muxer]
        self._command, self._process, self._over = [*command, place], None, threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        while not self._over.is_set():  # whoever listens may not be there yet
            self._process = subprocess.Popen(self._command)
            self._process.wait()
            self._over.wait(0.1)

    def end(self):
        self._over.set()
        while self._thread.is_alive():
            if self._process is not None:
                self._process.kill()
            self._thread.join(0.1)


def is_blue(pixels):
    return abs(pixels[30, 30, :3].astype(int) - (20, 40, 200)).max() <= 6


LISTENERS = [
    ("listen-rtmp://127.0.0.1:{}/live/dream", "rtmp://127.0.0.1:{}/live/dream", "flv"),
    ("listen-http://127.0.0.1:{}/a", "http://127.0.0.1:{}/a", "mpegts"),
    ("udp://127.0.0.1:{}", "udp://127.0.0.1:{}?pkt_size=1316", "mpegts"),
    pytest.param(
        "srt://:{}?passphrase=open-sekret",
        "srt://127.0.0.1:{}?passphrase=open-sekret",
        "mpegts",
        marks=pytest.mark.skipif(not has_srt(), reason="needs an ffmpeg with SRT (apt)"),
    ),
]


@pytest.mark.parametrize(("ours", "theirs", "muxer"), LISTENERS)
def test_what_is_sent_to_us_comes_and_comes_again_in_another_size(ours, theirs, muxer):
    port = free_port()
    with started(ours.format(port)) as source:
        sender = Ffmpeg(theirs.format(port), muxer)
        assert is_blue(shown(source, lambda pixels: pixels.shape == (64, 96, 4)).pixels)
        sender.end()
        sender = Ffmpeg(theirs.format(port), muxer, colour="#c82814", size="160x96")
        now = shown(source, lambda pixels: pixels.shape == (96, 160, 4))
        assert now.pixels[30, 30, 0] > 180
        assert source.state == "up"
        assert "sekret" not in f"{source.status()}"
        sender.end()


@needs_server
def test_a_server_that_is_absent_killed_and_back(tmp_path):
    server = Nginx(tmp_path)
    with started(server.url) as source:
        until(lambda: source.error == "Connection refused")
        assert source.name.endswith("/live/***")
        server.start()
        sender = Ffmpeg(server.url, "flv")
        held = shown(source, is_blue)
        server.kill()
        until(lambda: source.state == "retrying")
        assert is_blue(source.latest.pixels)
        assert "sekret" not in source.error
        server.start()
        shown(source, lambda pixels: source.latest.number > held.number + 5 and source.state == "up")
        sender.end()
    server.kill()


def test_a_stream_of_sound_only_is_told():
    port = free_port()
    with started(f"udp://127.0.0.1:{port}") as source:
        sender = Ffmpeg(f"udp://127.0.0.1:{port}?pkt_size=1316", "mpegts", video=())
        until(lambda: source.error == "there is only sound in it")
        assert (source.state, source.latest) == ("retrying", None)
        sender.end()


def test_a_film_from_a_web_server_plays_at_its_own_rate_again_and_again(tmp_path, monkeypatch):
    film(tmp_path / "a.mp4", 8, rate=25)
    monkeypatch.setattr(SimpleHTTPRequestHandler, "log_message", lambda *_: None)
    handler = lambda *arguments: SimpleHTTPRequestHandler(*arguments, directory=str(tmp_path))  # noqa: E731
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with started(f"http://127.0.0.1:{server.server_port}/a.mp4") as source:
        until(lambda: source.received + source.dropped > 20)
        assert source.state == "up"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rtpm://host/live/sekret", "--in rtpm://host/live/***: no such input; did you mean rtmp?"),
        ("udp://host", "--in udp://host: needs a port, such as udp://127.0.0.1:9000"),
        ("listen-rtmp://127.0.0.1/live", "--in listen-rtmp://127.0.0.1/live: needs a port"),
        ("srt://", "--in srt://: names no host"),
        ("rtmp://h/a/sekret#size=9x9", "--in rtmp://h/a/***: no key 'size'; it takes none"),
        ("camra", "--in camra: no such input; did you mean camera?"),
        ("camera#size=9", "--in camera: size=9: should be WIDTHxHEIGHT"),
        ("camera#fpss=9", "--in camera: no key 'fpss'; it takes: size, fps"),
        ("nonsense", "--in nonsense: no such input; there are: camera"),
        ("", "--in : no such input; there are: camera"),
    ],
)
def test_wrong_addresses_are_one_line_without_secrets(text, said):
    with pytest.raises(UserError) as error:
        open_source(text)
    assert str(error.value).startswith(said)
    assert "\n" not in str(error.value)
    assert "sekret" not in str(error.value)
