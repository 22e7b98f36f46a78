"""The battery, read from a folder like /sys/class/power_supply and from psutil."""

import sys
from types import SimpleNamespace

import psutil
import pytest

from livedream.system import battery
from livedream.system.battery import Battery


def supply(folder, name, **facts):
    (folder / name).mkdir()
    for key, value in facts.items():
        (folder / name / key).write_text(f"{value}\n")


def test_a_laptop_on_battery(tmp_path):
    supply(tmp_path, "AC", type="Mains", online=0)
    supply(tmp_path, "BAT0", type="Battery", present=1, status="Discharging", capacity=43)
    supply(tmp_path, "hidpp_battery_0", type="Battery", scope="Device", status="Discharging", capacity=5)
    found = battery.read_linux(tmp_path)
    assert found == Battery(43, plugged=False)
    assert found.warning == "on battery, 43 %"
    (tmp_path / "AC" / "online").write_text("1\n")
    assert battery.read_linux(tmp_path) == Battery(43, plugged=True)
    assert battery.read_linux(tmp_path).warning == ""


def test_two_batteries_count_by_what_they_hold_and_need_no_adapter_to_tell(tmp_path):
    supply(tmp_path, "BAT0", type="Battery", status="Discharging", capacity=50, energy_now=10, energy_full=20)
    supply(tmp_path, "BAT1", type="Battery", status="Unknown", capacity=100, energy_now=80, energy_full=80)
    supply(tmp_path, "BAT2", type="Battery", present=0, capacity=1)
    assert battery.read_linux(tmp_path) == Battery(90, plugged=False)


def test_charged_by_usb(tmp_path):
    supply(tmp_path, "ADP1", type="Mains", online=0)
    supply(tmp_path, "ucsi-source-psy-1", type="USB", online=1)
    supply(tmp_path, "BAT0", type="Battery", status="Charging", charge_now=30, charge_full=90)
    assert battery.read_linux(tmp_path) == Battery(33, plugged=True)


def test_a_machine_without_a_battery(tmp_path):
    assert battery.read_linux(tmp_path / "nothing") is None
    supply(tmp_path, "hidpp_battery_0", type="Battery", scope="Device", status="Discharging", capacity=5)
    assert battery.read_linux(tmp_path) is None


@pytest.mark.parametrize(
    ("percent", "plugged", "found"),
    [
        (43, False, Battery(43, plugged=False)),
        (43, True, Battery(43, plugged=True)),
        (43, None, Battery(43, plugged=True)),
        (255, True, Battery(None, plugged=True)),  # what Windows reports while it does not know
    ],
)
def test_what_windows_and_macos_report(percent, plugged, found, monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    state = SimpleNamespace(percent=percent, secsleft=-1, power_plugged=plugged)
    monkeypatch.setattr(psutil, "sensors_battery", lambda: state)
    assert battery.read() == found


def test_a_system_without_a_battery_or_without_support(monkeypatch):
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(psutil, "sensors_battery", lambda: None)
    assert battery.read() is None
    monkeypatch.delattr(psutil, "sensors_battery")
    assert battery.read() is None
