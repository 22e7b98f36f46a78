"""The machine is kept awake while a show runs, asked of a real message bus."""

import os
import subprocess
import sys

import pytest

from livedream.system import awake
from tests import dreams
from tests.session_bus import DBUS, Desktop
from tests.show import Show
from tests.waiting import until

pytestmark = pytest.mark.skipif(not DBUS or not sys.platform.startswith("linux"), reason="needs dbus-daemon (apt)")

SERVICES = ["org.freedesktop.ScreenSaver", "org.gnome.SessionManager"]


@pytest.fixture
def on_bus(monkeypatch):
    """on_bus(desktop): from now on this process asks there."""
    return lambda desktop: monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", desktop.address)


@pytest.mark.parametrize("service", SERVICES)
def test_it_is_asked_for_while_it_runs_and_given_back(service, tmp_path, on_bus):
    with Desktop(tmp_path, service) as desktop:
        on_bus(desktop)
        keeping = awake.Awake(delay=0)
        assert keeping.status()["awake"] == {"kept": False, "says": ""}
        keeping.start()
        until(lambda: keeping.kept)
        assert len(desktop.held()) == 1
        assert keeping.status()["awake"] == {"kept": True, "says": ""}
        keeping.stop()
        assert desktop.held() == []
        assert not keeping.kept


def test_a_show_that_is_killed_keeps_nothing_awake(tmp_path):
    with Desktop(tmp_path, SERVICES[0]) as desktop:
        child = subprocess.Popen(
            [sys.executable, "-c", "from livedream.system import awake; awake.Awake(0).start(); input()"],
            env=os.environ | {"DBUS_SESSION_BUS_ADDRESS": desktop.address},
            stdin=subprocess.PIPE,
        )
        until(desktop.held)
        child.kill()
        child.wait()
        child.stdin.close()
        until(lambda: not desktop.held())


def test_a_show_keeps_its_machine_awake_and_says_so(tmp_path, monkeypatch):
    dreams.tiny(tmp_path / "tiny.onnx")
    with Desktop(tmp_path, SERVICES[1]) as desktop:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", desktop.address)
        with Show(tmp_path / "tiny.onnx", "--size", "64x32", "--fps", "10") as show:
            show.frame()
            status = until(lambda: (got := show.status())["awake"]["kept"] and got)
            assert status["awake"]["says"] == ""
            assert status["battery"] is None or status["battery"].keys() == {"percent", "plugged"}
            assert len(desktop.held()) == 1
        until(lambda: not desktop.held())
        assert (show.code, show.errors) == (0, "")


def test_without_a_desktop_it_says_so_and_what_to_do(monkeypatch, capfd):
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    keeping = awake.Awake(delay=0)
    keeping.start()
    until(lambda: keeping.problem)
    assert not keeping.kept
    assert "no desktop to ask" in keeping.problem
    assert "turn sleep off" in keeping.problem
    assert "\n" not in keeping.problem
    keeping.stop()
    assert capfd.readouterr() == ("", "")


def test_a_desktop_that_has_no_such_thing_is_asked_again_later(tmp_path, on_bus, monkeypatch):
    monkeypatch.setattr(awake, "INTERVAL", 0.05)
    with Desktop(tmp_path) as desktop:
        on_bus(desktop)
        keeping = awake.Awake(delay=0)
        keeping.start()
        until(lambda: "offers no way" in keeping.problem)
        desktop.service = SERVICES[0]
        desktop.serve()
        until(lambda: keeping.kept)
        assert keeping.problem == ""
        keeping.stop()
        assert desktop.held() == []


def test_a_desktop_that_never_answers_holds_nothing_up(tmp_path, on_bus, monkeypatch):
    from wakepy.dbus_adapters.jeepney import JeepneyDBusAdapter

    with Desktop(tmp_path, SERVICES[0], mute=True) as desktop:
        on_bus(desktop)
        keeping = awake.Awake(delay=0)
        keeping.start()
        assert desktop.asked.wait(20)
        keeping.stop()
        monkeypatch.setattr(JeepneyDBusAdapter, "timeout", 0.2)
        waiting = awake.Awake(delay=0)
        waiting.start()
        until(lambda: waiting.problem)
        assert "sleep is not prevented" in waiting.problem
        waiting.stop()


def test_a_bus_that_is_not_there_any_more(tmp_path, monkeypatch):
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={tmp_path / 'gone'}")
    keeping = awake.Awake(delay=0)
    keeping.start()
    until(lambda: "the desktop answers" in keeping.problem)
    keeping.stop()


def test_without_the_library_a_show_goes_on(monkeypatch):
    monkeypatch.setitem(sys.modules, "wakepy", None)
    keeping = awake.Awake(delay=0)
    keeping.start()
    until(lambda: "wakepy" in keeping.problem)
    keeping.stop()
