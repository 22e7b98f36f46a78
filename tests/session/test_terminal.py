"""What `livedream run` prints: a live line on a real terminal, plain lines or JSON in a pipe; and that nobody waits."""

import contextlib
import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import threading

import pytest

from livedream.session import live_line
from tests import dreams
from tests.show import Show
from tests.waiting import until

CLEAR = "\r\x1b[J"


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return dreams.tiny(tmp_path_factory.mktemp("dream") / "tiny.onnx")


class OnTerminal(Show):
    """A show on a terminal of its own, standard output and error; `screen` is all that was written there."""

    def __init__(self, *arguments, columns=80, environment=(), **more):
        super().__init__(*arguments, "--forget", **more)
        self.columns, self.environment, self.screen = columns, dict(environment), ""

    def __enter__(self):
        self.hand, theirs = pty.openpty()
        self.resize(self.columns)
        environment = {name: text for name, text in os.environ.items() if name != "NO_COLOR"}
        self.child = subprocess.Popen(
            self.command,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
            env=environment | {"TERM": "xterm"} | self.environment,
        )
        os.close(theirs)
        return self

    def __exit__(self, *_):
        try:
            if self.child.poll() is None:
                os.write(self.hand, b"\x03")  # Ctrl-C, which the terminal turns into a signal
            until(lambda: self.child.poll() is not None, act=self.read)
            until(lambda: not self.read())
        finally:
            self.child.kill()
            self.child.wait()
            self.feed.close()
            os.close(self.hand)
        self.code = self.child.returncode

    def resize(self, columns):
        fcntl.ioctl(self.hand, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))

    def read(self):
        """Take what has been written; whether there was anything."""
        if not select.select([self.hand], [], [], 0)[0]:
            return False
        try:
            got = os.read(self.hand, 65536)
        except OSError:  # the last one has closed the terminal
            return False
        self.screen += got.decode()
        return bool(got)

    def line(self):
        """The newest live line, without its colours."""
        self.read()
        drawn = re.findall(re.escape(CLEAR) + r"([^\r\n]+)\r(?!\n)", self.screen)
        return re.sub(r"\x1b\[\d+m", "", drawn[-1]) if drawn else ""


def rows(screen):
    """What a terminal shows in the end: its rows, from "\\r", "\\n" and "erase to the end"."""
    shown, at = [""], 0
    for each in re.findall(r"\x1b\[\d*[a-zA-Z]|.", screen, re.DOTALL):
        if each == "\n":
            shown.append("")
            at = 0
        elif each == "\r":
            at = 0
        elif each == "\x1b[J":
            shown[-1] = shown[-1][:at]
        elif not each.startswith("\x1b"):
            shown[-1] = shown[-1][:at] + each + shown[-1][at + 1 :]
            at += 1
    return shown


def test_a_terminal_has_one_live_line_and_log_lines_above_it(path, tmp_path):
    film = tmp_path / "set.mp4"
    nowhere = tmp_path / "no" / "x.mp4"
    with OnTerminal(path, outs=(str(film), str(nowhere)), columns=300) as show:
        until(lambda: "rec 0:" in show.line() and "120 bpm" in show.line())
        line = show.line()
        assert line.startswith("▶ Tiny · ● rec 0:0")
        assert re.search(r"\d+\.\d of 30 fps · .*120 bpm", line)
        assert f"{nowhere} failed" in line
        assert str(film) in line
        show.osc("no/such/address", "i", "1")
        until(lambda: "no/such" in show.screen, act=show.read)
        show.osc("master/blackout", "i", "1")
        until(lambda: show.line().startswith("■ Tiny · blackout"))
    shown = rows(show.screen)
    assert "Tiny · 64x32 · 30 fps · cpu" in shown
    assert "Ctrl-C ends the show" in shown
    assert any(each.startswith("OSC: ") and "no/such" in each for each in shown)
    assert not any("of 30 fps" in each for each in shown)  # each live line was erased, and none was torn
    assert re.fullmatch(r"ended after 0:\d\d: \d+ frames?, \d+ of them late", shown[-2])
    assert shown[-1] == ""
    assert "\x1b[?25l" not in show.screen  # a cursor that is never hidden needs not be brought back


def test_the_line_fits_a_terminal_that_is_made_narrow_and_has_no_colours_where_they_are_refused(path):
    with OnTerminal(path, columns=120, environment={"NO_COLOR": "1"}) as show:
        until(lambda: "bpm" in show.line())
        assert "\x1b[3" not in show.screen
        show.resize(20)
        assert until(lambda: len(line := show.line()) == 19 and line).endswith("…")
        show.resize(200)
        until(lambda: "bpm" in show.line())
    assert show.code == 0


def test_a_terminal_that_is_stopped_holds_up_nothing(path):
    with OnTerminal(path) as show:
        until(lambda: "fps" in show.line())
        os.write(show.hand, b"\x13")  # Ctrl-S
        for number in range(3):
            show.osc("no/such/address", "i", str(number))
        show.frames(120)  # four seconds, in which it would have drawn the line eight times
        assert show.status()["state"] == "playing"
    assert show.code == 0  # Ctrl-C lets a stopped terminal go on


@pytest.mark.parametrize("more", [(), ("--json-log",)])
def test_a_pipe_that_nobody_reads_holds_up_neither_the_show_nor_its_end(path, more):
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with contextlib.suppress(BlockingIOError):
        while True:  # until it is full
            os.write(writing, b"\n" * 4096)
    os.set_blocking(writing, True)
    show = Show(path, *more)
    show.child = subprocess.Popen(show.command, stdout=writing, stderr=writing)
    try:
        show.frames(60)
        assert show.status()["state"] == "playing"
        show.child.send_signal(signal.SIGINT)
        assert show.child.wait(30) == 0
    finally:
        show.child.kill()
        show.feed.close()
        os.close(reading)
        os.close(writing)


def test_without_a_terminal_it_prints_start_changes_and_end(path, tmp_path):
    with Show(path, outs=(str(tmp_path / "set.mp4"),)) as show:
        said = Said(show.child.stdout)
        until(lambda: f"recording {tmp_path / 'set.mp4'}: up" in said.lines)
        show.osc("master/blackout", "i", "1")
        until(lambda: "blackout" in said.lines)
        show.osc("output/remove", "s", str(tmp_path / "set.mp4"))
        until(lambda: f"output {tmp_path / 'set.mp4'}: removed" in said.lines)
        show.child.send_signal(signal.SIGINT)
        said.whole()
    assert said.lines[0] == "Tiny · 64x32 · 30 fps · cpu"
    assert said.lines[2] == "playing"
    assert said.lines[-1].startswith("ended after 0:")
    assert not any("\x1b" in each or "\r" in each for each in said.lines)


def test_json_has_one_object_a_line_for_all_that_is_said_and_logged(path):
    with Show(path, "--json-log") as show:
        show.frame()
        show.osc("no/such/address", "i", "1")
        said = Said(show.child.stdout)
        until(lambda: any("no/such" in each for each in said.lines))
        show.child.send_signal(signal.SIGINT)
        said.whole()
    entries = [json.loads(each) for each in said.lines]
    assert all(entry.keys() == {"time", "level", "event", "message"} for entry in entries)
    assert [entry["event"] for entry in entries].count("start") == 2
    assert entries[-1]["event"] == "end"
    assert next(entry["level"] for entry in entries if "no/such" in entry["message"]) == "warning"
    assert show.errors == ""


def test_quiet_prints_problems_only(path):
    with Show(path, "--quiet") as show:
        show.frame()
        show.osc("no/such/address", "i", "1")
        until(lambda: show.status()["osc"]["unknown"])
    assert show.code == 0
    assert show.said == ""
    assert all(each.startswith("OSC: ") for each in show.errors.splitlines())
    assert "no/such" in show.errors


def test_a_title_commands_no_terminal_and_a_wide_one_is_cut_by_its_cells():
    assert live_line.printable("a\x1b]0;owned\x07b\x9b1m") == "a�]0;owned�b�1m"
    assert live_line.fitted([("夢の流れ", ""), ("30 fps", "")], 9, colours=False) == "夢の流れ…"
    assert live_line.fitted([("夢の流れ", ""), ("30 fps", "")], 6, colours=False) == "夢の…"
    assert live_line.fitted([("abc", "32"), ("30 fps", "")], 80, colours=True) == "\x1b[32mabc\x1b[0m · 30 fps"
    assert live_line.fitted([("abc", "32")], 0, colours=True) == ""


class Said:
    """Reads a pipe on a thread of its own."""

    def __init__(self, stream):
        self.lines = []
        self._thread = threading.Thread(target=self._read, args=(stream,), daemon=True)
        self._thread.start()

    def _read(self, stream):
        while line := stream.readline():
            self.lines.append(line.rstrip("\n"))

    def whole(self):
        self._thread.join(60)


def test_the_live_line_says_what_comes_in_and_first_of_all_that_it_does_not():
    up = {"name": "stage", "state": "up", "fps": 29.8}
    status = {
        "state": "playing",
        "decks": [{"dream": "Tiny"}],
        "outputs": [],
        "fps": {"fresh": 30.0, "target": 30.0},
        "ms": {"model_p50": 5.0},
        "tempo": None,
        "late": 0,
        "input": up,
    }
    assert [text for text, _ in live_line.pieces(status, None)][-1] == "in stage 30 fps"
    gone = status | {"input": up | {"state": "retrying"}}
    assert [text for text, _ in live_line.pieces(gone, None)][1] == "in stage retrying"
    assert live_line.changes(gone, status) == ["input stage: up"]
    assert live_line.changes(status, status) == []


def test_effects_that_come_and_go_are_said():
    def status(*effects):
        found = [{"deck": deck, "n": number, "name": name} for deck, number, name in effects]
        return {"state": "playing", "decks": [{"dream": "A"}, {"dream": "B"}], "outputs": [], "effects": found}

    before, now = status(("a", 1, "waves"), ("b", 1, "glass")), status(("b", 1, "glass"), ("b", 2, "waves"))
    assert live_line.changes(before, now) == ["deck B: effect 2 waves", "deck A: effect 1 waves: removed"]
