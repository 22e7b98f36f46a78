"""What the battery says, read from a folder like /sys/class/power_supply and from words of pmset."""

from livedream.system import battery


def supply(folder, name, **facts):
    (folder / name).mkdir()
    for key, value in facts.items():
        (folder / name / key).write_text(f"{value}\n")


def test_a_laptop_on_battery(tmp_path):
    supply(tmp_path, "AC", type="Mains", online=0)
    supply(tmp_path, "BAT0", type="Battery", present=1, status="Discharging", capacity=43)
    supply(tmp_path, "hidpp_battery_0", type="Battery", scope="Device", status="Discharging", capacity=5)
    found = battery.from_folder(tmp_path)
    assert found == battery.Battery(43, plugged=False)
    assert found.says == "on battery, 43 %"
    (tmp_path / "AC" / "online").write_text("1\n")
    assert battery.from_folder(tmp_path) == battery.Battery(43, plugged=True)
    assert battery.from_folder(tmp_path).says == ""


def test_two_batteries_count_by_what_they_hold_and_need_no_adapter_to_tell(tmp_path):
    supply(tmp_path, "BAT0", type="Battery", status="Discharging", capacity=50, energy_now=10, energy_full=20)
    supply(tmp_path, "BAT1", type="Battery", status="Unknown", capacity=100, energy_now=80, energy_full=80)
    supply(tmp_path, "BAT2", type="Battery", present=0, capacity=1)
    assert battery.from_folder(tmp_path) == battery.Battery(90, plugged=False)


def test_charged_by_usb(tmp_path):
    supply(tmp_path, "ADP1", type="Mains", online=0)
    supply(tmp_path, "ucsi-source-psy-1", type="USB", online=1)
    supply(tmp_path, "BAT0", type="Battery", status="Charging", charge_now=30, charge_full=90)
    assert battery.from_folder(tmp_path) == battery.Battery(33, plugged=True)


def test_a_machine_without_a_battery(tmp_path):
    assert battery.from_folder(tmp_path / "nothing") is None
    supply(tmp_path, "hidpp_battery_0", type="Battery", scope="Device", status="Discharging", capacity=5)
    assert battery.from_folder(tmp_path) is None


def test_what_a_mac_says():
    told = "Now drawing from 'Battery Power'\n -InternalBattery-0 (id=4653155)\t43%; discharging; 3:21 remaining\n"
    assert battery.from_pmset(told) == battery.Battery(43, plugged=False)
    assert battery.from_pmset(told.replace("Battery Power", "AC Power")) == battery.Battery(43, plugged=True)
    assert battery.from_pmset("Now drawing from 'AC Power'\n") is None
