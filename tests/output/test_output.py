"""The promises of every output: it never blocks, drops only its own frames, and reports when it is broken."""

import threading

import pytest

from livedream import UserError
from livedream.output import Options, Output, stop_all
from livedream.output.kinds import parse
from livedream.system.secret import masked
from tests.waiting import until


class Recorder(Output):
    """Keeps the numbers written; a cleared `gate` blocks it, and it fails `faults` times."""

    kind = "recorder"
    retry_waits = (0.01, 0.02)

    def __init__(self, faults=0):
        super().__init__(Options("recorder", "recorder"))
        self.faults, self.opened, self.closed, self.written = faults, 0, 0, []
        self.gate, self.busy = threading.Event(), threading.Event()
        self.gate.set()

    def open(self, width, height, fps):
        self.opened += 1

    def write(self, frame):
        self.busy.set()
        self.gate.wait(10)
        if self.faults:
            self.faults -= 1
            raise OSError("the cable is out")
        self.written.append(frame.number)

    def close(self):
        self.closed += 1


def test_slow_output_drops_its_own_frames_and_gets_the_newest(frame):
    slow, quick = Recorder(), Recorder()
    slow.gate.clear()
    for each in (slow, quick):
        each.start(320, 180, 30)
    for number in range(20):
        slow.show(frame(number))  # would wait for ever if it waited for the write
        quick.show(frame(number))
        until(lambda number=number: number in quick.written)
        slow.busy.wait(10)
    slow.gate.set()
    until(lambda: slow.sent == 2)
    assert slow.written == [0, 19]
    assert slow.dropped == 18
    assert quick.written == list(range(20))
    assert quick.dropped == 0
    slow.stop()
    quick.stop()
    assert slow.closed == 1


def test_broken_output_is_named_and_tried_again(frame, caplog):
    output = Recorder(faults=2)
    states = []
    say = output.set_state
    output.set_state = lambda *what: (states.append(what), say(*what))
    output.start(320, 180, 30)
    number = 0
    while output.state != "up":
        output.show(frame(number := number + 1))
        until(lambda: output.faults < 2)
        assert number < 1e6
    output.stop()
    assert states == [("retrying", "the cable is out"), ("retrying", "the cable is out"), ("up",)]
    assert output.opened == output.closed == 3
    assert output.error is None
    assert "output recorder: retrying: the cable is out" in caplog.text


def test_what_only_the_user_can_mend_fails_without_a_retry():
    output = Recorder()

    def refuse(width, height, fps):
        output.opened += 1
        raise UserError("recorder: no tape; put one in")

    output.open = refuse
    output.start(320, 180, 30)
    until(lambda: output.state == "failed")
    assert output.error == "recorder: no tape; put one in"
    until(lambda: output.ended)
    assert output.opened == 1


def test_many_that_hang_are_ended_at_the_same_time(frame):
    hanging, asked = [Recorder() for _ in range(4)], []
    for each in hanging:
        each.gate.clear()
        each.interrupt = lambda each=each: (asked.append([other.stopping for other in hanging]), each.gate.set())
        each.start(320, 180, 30)
        each.show(frame(0))
    for each in hanging:
        assert each.busy.wait(10)
    stop_all(hanging)
    assert all(each.ended for each in hanging)
    assert [each.closed for each in hanging] == [1, 1, 1, 1]
    assert asked == [[True] * 4] * 4  # all were asked to end before any was waited for


def test_fps_key_thins_the_frames(frame):
    output = parse("none#fps=10")
    written = []
    output.write = lambda each: written.append(each.number)
    output.start(320, 180, 30)
    for number in range(12):
        output.show(frame(number))
        until(lambda number=number: number // 3 * 3 in written)
    output.stop()
    assert written == [0, 3, 6, 9]


def test_parse_reads_every_key():
    output = parse("rtmp://host/app/key#size=640x360&fps=25&bitrate=2500k&fit=cover&name=wall")
    options = output.options
    assert (output.kind, output.name) == ("rtmp", "wall")
    assert (options.size, options.fps, options.bitrate, options.fit) == ((640, 360), 25, 2_500_000, "cover")
    assert parse("window:1").monitor == "1"
    assert parse("take #3.mkv").options.sink == "take #3.mkv"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("projector", "no such output; there are: window"),
        ("clip.avi", "FILE.mp4 | .mkv | .mov"),
        ("page#size=1x1", "no key 'size'; it takes: fps, name"),
        ("a.mp4#size=big", "1280x720"),
        ("a.mp4#fps=0", "1 to 240"),
        ("a.mp4#bitrate=fast", "such as 4M"),
        ("window#fit=tight", "contain, cover, stretch"),
    ],
)
def test_parse_says_what_there_is(text, says):
    with pytest.raises(UserError) as error:
        parse(text)
    assert says in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("rtmp://live.host/app/sekret-key", "rtmp://live.host/app/***"),
        ("rtmp://live.host:1935/sekret", "rtmp://live.host:1935/***"),
        ("rtmps://me:sekret@host/app/sekret/?token=sekret", "rtmps://***@host/app/***?***"),
        ("srt://host:9000?mode=caller&passphrase=sekret", "srt://host:9000?***"),
        ("whip:https://sekret@host/app/sekret", "whip:https://***@host/app/***"),
        ("listen-rtmp://0.0.0.0:1935/live", "listen-rtmp://0.0.0.0:1935/live"),
        ("rtmp://host/app/app", "rtmp://host/app/***"),
        ("/tmp/a.mp4", "/tmp/a.mp4"),
    ],
)
def test_stream_keys_are_masked(url, shown):
    assert masked(url) == shown
    with pytest.raises(UserError) as error:
        parse(f"{url}#nonsense=1")
    assert "sekret" not in str(error.value)


@pytest.mark.parametrize(
    "sink", ["window", "camera", "set.mp4", "fg.mov", "rtmp://host/app/key", "udp://127.0.0.1:9999"]
)
def test_a_layer_can_go_to_every_output_that_shows_pictures(sink):
    assert parse(f"{sink}#layer=front").options.layer == "front"
    assert parse(f"{sink}#layer=b/front").options.layer == "b/front"
    with pytest.raises(UserError, match="a layer's name"):
        parse(f"{sink}#layer=c/front")
    with pytest.raises(UserError, match="no key 'layer'"):
        parse("page#layer=front")
