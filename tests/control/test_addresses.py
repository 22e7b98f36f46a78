from livedream.control.addresses import markdown, standard, text
from livedream.control.osc_out import STATUS
from livedream.parameters import Table, control, dream


def test_every_address_has_one_row_and_numbered_ones_share_theirs():
    lines = text(standard()).splitlines()
    addresses = [line.split()[0] for line in lines[1:]]
    assert len(set(addresses)) == len(addresses)
    assert "/livedream/dream/knob/1…8" in addresses
    assert "/livedream/dream/latent/0…63" in addresses
    assert "/livedream/subscribe" in addresses
    assert {f"/livedream/status/{name}" for name, *_ in STATUS} <= set(addresses)
    speed = next(line for line in lines if "player/speed" in line)
    assert speed.split()[1:4] == ["float", "-8…8", "1"]
    Table(standard())  # they can stand in one table


def test_a_dreams_own_knobs_scenes_and_controls_are_shown_with_their_names():
    tilt = control("tilt", -1, 1, 0.5, "how far | the camera leans")
    shown = text(dream(["road", "sky"], [("turn", "left to right"), ("dusk", "light")], controls=[tilt]), "/vj")
    assert "road, sky" in shown
    assert "/vj/dream/knob/1 " in shown
    assert "turn: left to right" in shown
    assert "-1…1" in next(line for line in shown.splitlines() if "/vj/dream/tilt" in line)


def test_markdown_is_a_table_of_as_many_columns_in_every_row():
    tilt = control("tilt", -1, 1, 0.5, "how far | the camera leans")
    lines = markdown([*standard(), tilt]).splitlines()
    assert {line.replace("\\|", "").count("|") for line in lines} == {6}
    assert any(line.startswith("| `/livedream/player/speed` | float | -8…8 | 1 |") for line in lines)
