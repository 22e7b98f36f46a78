"""`run --record` and `render` as programs: killed in the middle, and drawn again to the last bit."""

import subprocess
import sys

import av
import numpy as np
import pytest

from livedream.shows import replay, show_file
from tests import dreams
from tests.performance import TINT
from tests.show import Show, has_oscsend
from tests.waiting import until

pytestmark = pytest.mark.skipif(not has_oscsend, reason="needs oscsend: apt install liblo-tools")
FPS = 30.0


@pytest.fixture
def folder(tmp_path):
    dreams.tiny(tmp_path / "calm.onnx", title="Calm")
    dreams.tiny(tmp_path / "big.onnx", 96, 96, title="Big", control=True)
    (tmp_path / "tint.fs").write_text(TINT)
    return tmp_path


def livedream(*arguments):
    command = [sys.executable, "-m", "livedream", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=110)


def again(path):
    show = show_file.read(path)
    return {frame.number: frame.pixels for frame in replay.frames(show, replay.dreams(show))}


def assert_drawn_again(live, drawn):
    """Every fresh frame that went out is one of the rendering: its own, or if it was late, one that was due since."""
    before = min(drawn) - 1
    for number, _, pixels in live:
        while before < number:
            before += 1
            if before in drawn and np.array_equal(drawn[before], pixels):
                break
        else:
            pytest.fail(f"frame {number} went out and is not in the show")


def test_a_killed_show_of_two_decks_is_drawn_again_to_the_bit(folder):
    path = folder / "set.show"
    given = ["--model", str(folder / "big.onnx"), "--look", str(folder / "tint.fs"), "--size", "64x32", "--seed", "5"]
    with Show(folder / "calm.onnx", *given, "--record", str(path), "--dreams", str(folder)) as show:
        live = show.frames(20)

        def act(address, *arguments):
            show.osc(address, *map(str, arguments))
            live.extend(show.frames(4))
            while not live[-1][1] and "hold" not in address:  # a busy machine repeats some
                live.append(show.frame())

        act("dream/knob/1", "f", 1.5)
        act("mix/crossfade", "f", 0.5)
        act("b/dream/scene_jump", "s", "second")
        act("player/speed", "f", 3)
        act("dream/temperature", "f", 1.8)
        act("b/player/freeze", "i", 1)
        act("look/tint/amount", "f", 0.8)
        act("player/reseed")
        act("master/fade", "f", 0.6)
        act("master/hold", "i", 1)
        act("master/hold", "i", 0)
        show.osc("dream/load", "s", "big")
        while show.status()["decks"][0]["dream"] != "Big":
            live.extend(show.frames(5))
        act("dream/push", "f", 1)
        act("look/insert", "s", "mirror")
        act("master/blackout", "i", 1)
        act("master/blackout", "i", 0)
        act("mix/mode", "s", "difference")
        live.extend(show.frames(30))
        killed = live[-1][0]
        show.child.kill()
    drawn = again(path)
    kept = max(drawn)
    assert killed - kept <= FPS
    assert sorted(drawn) == list(range(kept + 1))
    fresh = [frame for frame in live if frame[1] and frame[0] <= kept]
    assert len(fresh) > 20
    assert_drawn_again(fresh, drawn)


def test_beside_every_recording_lies_the_show_that_makes_it_again(folder):
    with Show(folder / "calm.onnx", "--size", "64x32", "--recordings", str(folder), outs=[folder / "set.mkv"]) as show:
        show.frames(20)
        show.osc("output/record", "i", "1")
        name = until(lambda: [each.name for each in folder.glob("livedream-*.show")])[0]
        live = show.frames(40)
        show.osc("output/record", "i", "0")
        show.frames(20)
    assert show.code == 0, show.errors
    assert sorted(each.name for each in folder.glob("*.show")) == sorted([name, "set.show"])
    recorded = (folder / name).with_suffix(".mp4")
    kept = show_file.read(folder / name)
    drawn = again(folder / name)
    assert_drawn_again([frame for frame in live if frame[1] and kept.first + 3 <= frame[0] <= kept.last], drawn)
    done = livedream("render", folder / name, "-o", folder / "again.mp4")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{folder / 'again.mp4'}\n", "")

    def seconds(path):
        with av.open(str(path)) as container:
            return [float(frame.pts * frame.time_base) for frame in container.decode(video=0)]

    whole, was = seconds(folder / "again.mp4"), seconds(recorded)
    assert set(np.round(np.multiply(was, FPS)).astype(int)) <= set(np.round(np.multiply(whole, FPS)).astype(int))
    assert len(whole) == len(drawn)


def test_larger_and_faster_by_one_command(folder):
    with Show(folder / "calm.onnx", "--size", "64x32", "--record", str(folder / "set.show")) as show:
        show.frames(20)
    out = folder / "large.mp4"
    done = livedream("render", folder / "set.show", "-o", out, "--size", "640x320", "--fps", "60", "--seconds", "0.4")
    assert (done.returncode, done.stderr) == (0, "")
    with av.open(str(out)) as container:
        stream = container.streams.video[0]
        assert (stream.width, stream.height, stream.average_rate) == (640, 320, 60)
        assert sum(1 for _ in container.decode(stream)) == 24
    info = livedream("info", folder / "set.show")
    assert info.returncode == 0
    assert "Calm" in info.stdout


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["render", "SHOW", "-o", "out.mp4", "--seed", "3"], "--seed: a show has its own"),
        (["render", "SHOW", "-o", "out.mp4", "--look", "film"], "--look: a show has its own"),
        (["render", "SHOW", "-o", "out.mp4"], "no show"),
        (["render", "gone.show", "-o", "out.mp4"], "cannot be read"),
        (["info", "SHOW"], "no show"),
        (["run", "--record", "set.txt"], "ends in .show"),
    ],
)
def test_what_is_wrong_is_one_line_and_exit_2(tmp_path, arguments, error):
    bad = tmp_path / "bad.show"
    bad.write_text("{}\n")
    done = livedream(*(str(bad) if each == "SHOW" else each for each in arguments))
    assert done.returncode == 2
    assert error in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_show_that_cannot_be_kept_stops_nothing(folder):
    with Show(folder / "calm.onnx", "--record", str(folder / "nowhere" / "set.show")) as show:
        show.frame()
        until(lambda: show.status()["show_error"])
        assert "cannot write there" in show.status()["show_error"]
        show.frames(10)
    assert show.code == 0
    assert show.errors.count("set.show") == 1
