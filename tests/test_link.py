"""Ableton Link: `livedream run --link` and another peer, in a network of their own; and without its library."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

from livedream.cli import main
from livedream.control.link import Link
from livedream.control.tempo import Tempo
from livedream.parameters import PLAYER, TEMPO, Table
from tests import dreams
from tests.show import has_oscsend
from tests.waiting import until

ISOLATED = ["unshare", "-n", "-p", "--fork", "--kill-child=KILL", "--mount-proc"]  # nothing outlives it
NETWORK = ["sh", "-c", "ip link set lo up && ip link set lo multicast on && ip route add 224.0.0.0/4 dev lo"]


def can():
    if importlib.util.find_spec("link") is None:
        return "needs LinkPython-extern: pip install 'livedream[link]'"
    try:
        tried = subprocess.run([*ISOLATED, *NETWORK], capture_output=True, timeout=60).returncode == 0
    except OSError:
        tried = False
    if not tried:
        return "no network of its own can be made here (needs Linux, root and iproute2)"
    return "" if has_oscsend else "needs oscsend: apt install liblo-tools"


WHY = can()


@pytest.mark.skipif(bool(WHY), reason=WHY)
def test_the_tempo_of_another_peer_is_followed_and_ours_by_it(tmp_path):
    dreams.tiny(tmp_path / "tiny.onnx")
    child = [*ISOLATED, sys.executable, Path(__file__).with_name("link_isolated.py"), tmp_path / "tiny.onnx"]
    ended = subprocess.run(child, capture_output=True, text=True, timeout=110)
    assert ended.returncode == 0, ended.stderr
    result = json.loads(ended.stdout)
    assert result["off"] < 0.05
    assert result["frozen"] == [True, False, True, False]
    assert result["still"] == 111
    assert (result["code"], result["errors"]) == (0, "")


@pytest.fixture
def no_library(monkeypatch):
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *more: None if name == "link" else found(name, *more))
    monkeypatch.setitem(sys.modules, "link", None)


def test_without_its_library_link_says_what_to_install(no_library, capsys):
    assert main(["run", "--link"]) == 2
    assert capsys.readouterr().err == "livedream: --link needs link: pip install 'livedream[link]'\n"


def test_without_its_library_a_show_goes_on_and_says_why(no_library, caplog):
    table = Table([*PLAYER, *TEMPO])
    tempo = Tempo(table)
    link = Link(tempo)
    link.start()
    try:
        tempo.source = "link"
        assert until(lambda: link.error) == "Ableton Link: needs LinkPython-extern: pip install 'livedream[link]'"
        assert [each.getMessage() for each in caplog.records] == [link.error]
        tempo.move(1.0)
        assert (tempo.bpm, tempo.following) == (120, False)
        tempo.source = "internal"
        until(lambda: link.error is None)
    finally:
        link.stop()
