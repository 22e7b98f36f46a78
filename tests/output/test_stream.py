"""Streams to real servers and players: played back, and resumed after the far end went away."""

import contextlib
import os
import signal
import socket
import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from urllib.parse import urljoin

import av
import numpy as np
import psutil
import pytest

from livedream import UserError
from livedream.output import stop_all
from livedream.output.kinds import parse
from livedream.output.streams import protocols, whip
from tests.output.streaming import QUICK, Frames, Nginx, SrtReceiver, free_port, has_srt, needs_server, pulled
from tests.waiting import until

needs_srt = pytest.mark.skipif(not has_srt(), reason="needs an ffmpeg with SRT (apt)")


@pytest.fixture
def nginx(tmp_path):
    server = Nginx(tmp_path)
    yield server
    server.kill()


@pytest.fixture
def show(frame):
    """show(outputs): sends 30 frames per second to all of them until the test ends, and stops them then."""
    shows, shown = Frames(frame), []

    def begin(*outputs):
        shown.extend(outputs)
        shows(*outputs)

    yield begin
    stop_all(shown)
    shows.end()


def family(pid):
    """A process and its descendants."""
    parent = psutil.Process(pid)
    return [parent, *parent.children(recursive=True)]


def arguments(processes):
    found = []
    for each in processes:
        with contextlib.suppress(psutil.Error):
            found += each.cmdline()
    return " ".join(found)


def is_the_picture(picture):
    assert picture.shape == (192, 320, 3)
    assert picture[4, 4].min() > 200  # the white corner is at the top left
    assert picture[-4, -4, :2].min() > 200
    assert np.abs(picture[96, 60:-20:40, 0].astype(int) - np.linspace(0, 255, 320)[60:-20:40]).max() < 30


@pytest.mark.slow
@needs_server
def test_stream_survives_a_server_that_is_absent_killed_and_back(nginx, show, caplog):
    output, other = parse(f"{nginx.url}#fps=15"), parse("none")
    show(output, other)
    until(lambda: output.state == "retrying")  # nobody is there yet
    assert "refused" in output.error
    nginx.start()
    until(lambda: output.state == "up")
    is_the_picture(pulled(nginx.url))
    assert output.note == "on air"

    nginx.kill()
    until(lambda: output.state == "retrying")
    nginx.start()
    until(lambda: output.state == "up")
    is_the_picture(pulled(nginx.url))
    assert output.error is None

    child = output.child
    output.stop()
    assert child.poll() is not None
    assert other.dropped <= other.sent / 10  # nobody else noticed
    assert "sekret" not in caplog.text


@needs_server
def test_encoder_process_that_dies_is_started_again(nginx, show):
    nginx.start()
    output = parse(nginx.url)
    show(output)
    until(lambda: output.state == "up")
    first = output.child
    first.kill()
    until(lambda: output.state == "retrying")
    until(lambda: output.state == "up")
    assert output.child.pid != first.pid
    is_the_picture(pulled(nginx.url))


@needs_server
def test_server_that_stalls_is_said_and_taken_up_again(nginx, show):
    nginx.start()
    output = parse(f"{nginx.url}#bitrate=20M&size=1280x720")  # more than fits in the system's buffers
    show(output)
    until(lambda: output.state == "up")
    nginx.signal(signal.SIGSTOP)
    until(lambda: output.state == "retrying", 20)
    assert "takes no pictures" in output.error or "timed out" in output.error
    nginx.signal(signal.SIGCONT)
    until(lambda: output.state == "up", 20)
    assert pulled(nginx.url).shape == (720, 1280, 3)


@pytest.mark.parametrize("scheme", ["rtmp", "http"])
def test_players_fetch_the_stream_one_after_another(scheme, show):
    where = f"127.0.0.1:{free_port()}/live"
    output = parse(f"listen-{scheme}://{where}")
    show(output)
    for _ in range(3):
        until(lambda: output.note == f"waiting for a player at {scheme}://{where}")
        assert output.state == "up"
        sent = output.sent
        is_the_picture(pulled(f"{scheme}://{where}"))
        until(lambda sent=sent: output.sent > sent)
    assert output.error is None


def test_second_player_is_refused_and_disturbs_nobody(show):
    where = f"127.0.0.1:{free_port()}/live"
    output = parse(f"listen-rtmp://{where}")
    show(output)
    until(lambda: output.note and "waiting" in output.note)
    with av.open(f"rtmp://{where}", timeout=10, options=QUICK) as first:
        frames = first.decode(video=0)
        next(frames)
        with pytest.raises(av.error.FFmpegError):
            av.open(f"rtmp://{where}", timeout=10)
        for _ in range(30):
            next(frames)
    assert output.error is None


def test_listener_whose_port_is_taken_says_so_and_takes_it_when_it_is_free(show):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        output = parse(f"listen-rtmp://127.0.0.1:{port}/live")
        show(output)
        until(lambda: output.state == "retrying")
        assert "in use" in output.error
    until(lambda: output.state == "up")
    is_the_picture(pulled(f"rtmp://127.0.0.1:{port}/live"))


def test_hevc_goes_where_it_is_taken(show):
    where = f"127.0.0.1:{free_port()}/live"
    output = parse(f"listen-rtmp://{where}#codec=hevc")
    show(output)
    until(lambda: output.note and "waiting" in output.note)
    with av.open(f"rtmp://{where}", timeout=10, options=QUICK) as container:
        assert container.streams.video[0].codec_context.name == "hevc"
        is_the_picture(next(container.decode(video=0)).to_ndarray(format="rgb24"))
    refused = parse("udp://127.0.0.1:9#codec=av1")
    with pytest.raises(UserError, match="no codec 'av1'; there is: h264, hevc"):
        refused.open(320, 192, 30)


def test_datagrams_to_one_address(show):
    port = free_port(socket.SOCK_DGRAM)
    output = parse(f"udp://127.0.0.1:{port}#keyframe=0.5")
    show(output)
    until(lambda: output.state == "up")
    assert output.options.keyframe == 0.5
    is_the_picture(pulled(f"udp://127.0.0.1:{port}?fifo_size=50000&overrun_nonfatal=1", format="mpegts"))


@needs_srt
def test_srt_callers_come_and_go_and_nobody_can_read_the_passphrase(show, caplog):
    port = free_port(socket.SOCK_DGRAM)
    output = parse(f"srt://:{port}?passphrase=open-sekret&latency=20000")
    show(output)
    until(lambda: output.note == f"waiting for a player at srt://0.0.0.0:{port}", 20)
    for _ in range(2):
        receiver = SrtReceiver(f"srt://127.0.0.1:{port}?passphrase=open-sekret")
        assert receiver.picture()
        until(lambda: output.note == f"playing at srt://0.0.0.0:{port}")
        receiver.end()
        until(lambda: output.note == f"waiting for a player at srt://0.0.0.0:{port}", 15)
    stranger = SrtReceiver(f"srt://127.0.0.1:{port}?passphrase=wrong-sekret")
    assert stranger.picture() is None
    everybody = family(output.child.pid)
    assert len(everybody) == 2
    assert "sekret" not in arguments(everybody)
    output.stop()
    until(lambda: not [each for each in everybody if each.is_running() and each.status() != psutil.STATUS_ZOMBIE])
    assert "sekret" not in caplog.text


@pytest.mark.slow
@needs_srt
def test_srt_is_called_again_until_somebody_takes_it(show):
    port = free_port(socket.SOCK_DGRAM)
    output = parse(f"srt://127.0.0.1:{port}")
    show(output)
    until(lambda: output.state == "retrying", 20)  # nobody is there yet
    for number in (signal.SIGTERM, signal.SIGKILL):
        receiver = SrtReceiver(f"srt://127.0.0.1:{port}?mode=listener")
        assert receiver.picture()
        until(lambda: output.state == "up")
        receiver.end(number)
        until(lambda: output.state == "retrying", 20)


def test_srt_without_a_program_says_what_to_install(show, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", "/nowhere/ffmpeg")
    output = parse("srt://127.0.0.1:9")
    show(output)
    until(lambda: output.state == "retrying")
    assert 'pip install "livedream[srt]"' in output.error
    assert "\n" not in output.error


class Endpoint(BaseHTTPRequestHandler):
    """A WHIP endpoint without media; `seen` has its requests."""

    seen: ClassVar[list] = []

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.seen.append((self.command, self.path, self.headers["Authorization"], self.headers["Content-Type"], body))
        self.send_response(201 if body else 400)
        self.send_header("Location", "/session/7")
        self.end_headers()
        self.wfile.write(b"answer")

    def do_DELETE(self):
        self.seen.append((self.command, self.path, self.headers["Authorization"], None, b""))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


def test_whip_relay_keeps_key_and_token_to_itself():
    with ThreadingHTTPServer(("127.0.0.1", 0), Endpoint) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = whip.relay(f"http://a-token@127.0.0.1:{server.server_port}/ingest/a-key?b=1")
        assert "key" not in address
        assert "token" not in address
        with urllib.request.urlopen(urllib.request.Request(address, b"offer"), timeout=10) as answer:
            assert (answer.status, answer.read()) == (201, b"answer")
            session = urljoin(address, answer.headers["Location"])
        urllib.request.urlopen(urllib.request.Request(session, method="DELETE"), timeout=10).close()
        with pytest.raises(urllib.error.HTTPError, match="400"):
            urllib.request.urlopen(urllib.request.Request(address, b"", method="POST"), timeout=10)
        server.shutdown()
    bearer = "Bearer a-token"
    assert Endpoint.seen[0] == ("POST", "/ingest/a-key?b=1", bearer, "application/sdp", b"offer")
    assert Endpoint.seen[1][:3] == ("DELETE", "/session/7", bearer)


def test_far_end_that_never_answers_holds_up_nobody(show):
    """The far end accepts the connection and never answers: FFmpeg would wait for ever, even when closing."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        outputs = [parse(f"rtmp://127.0.0.1:{port}/live/sekret"), parse(f"listen-rtmp://127.0.0.1:{free_port()}/live")]
        show(*outputs)
        for output in outputs:
            until(lambda output=output: output.last_pts > 20)
        assert "sekret" not in arguments(family(outputs[0].child.pid))
        children = [output.child for output in outputs]
        stop_all(outputs)
        assert all(child.poll() is not None for child in children)


def test_child_that_is_stopped_in_the_middle_of_a_picture_is_ended(show):
    output = parse(f"listen-rtmp://127.0.0.1:{free_port()}/live")
    show(output)
    until(lambda: output.note)
    child = output.child
    os.kill(child.pid, signal.SIGSTOP)
    until(lambda: output.waiting is not None and output.dropped > 5)  # `write` hangs
    output.stop()
    assert output.ended
    assert child.poll() is not None


@pytest.mark.parametrize(
    ("sink", "url", "options"),
    [
        ("udp://239.1.2.3:9000", "udp://239.1.2.3:9000?pkt_size=1316", {}),
        ("udp://h:9000?ttl=4&pkt_size=188", "udp://h:9000?ttl=4&pkt_size=188", {}),
        ("listen-rtmp://0.0.0.0:1935/a/b", "rtmp://0.0.0.0:1935/a/b", {"listen": "1"}),
        ("srt://:9000", "srt://0.0.0.0:9000", {"mode": "listener", "latency": "20000"}),
        ("srt://h:9000?latency=5&streamid=x=1", "srt://h:9000", {"mode": "caller", "latency": "5", "streamid": "x=1"}),
        ("whip:https://host/x?y=1", "https://host/x?y=1", {"whip_flags": "dtls_active"}),
        ("srt://h:9000?mode=listener", "srt://h:9000", {"mode": "listener"}),
    ],
)
def test_addresses(sink, url, options):
    route = protocols.route(sink)
    assert route.url == url
    assert options.items() <= route.options.items()
    assert route.listens == (sink.startswith("listen-") or route.options.get("mode") == "listener")


def test_options_within_options_are_escaped():
    assert protocols.joined({"a": "x:y=z'\\", "b": "1"}) == r"a=x\:y\=z\'\\:b=1"


@pytest.mark.parametrize("sink", ["listen-rtmp://127.0.0.1/live", "udp://host", "srt://host/x"])
def test_address_without_a_port(sink):
    with pytest.raises(UserError, match="needs a port"):
        parse(sink).open(320, 192, 30)
