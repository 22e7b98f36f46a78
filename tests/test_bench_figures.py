"""What has become worse is seen, and nothing else."""

import json

import pytest

from livedream import UserError
from livedream.bench.figures import compared, differences, figure, missing, read_baseline, table

HERE = {"processor": "Abacus", "cores": 4, "cores_usable": 4, "memory_mb": 8000, "gpus": [], "python": "3.11"}


def verdicts(now, then):
    return {each["name"]: (each["verdict"], each["regressed"]) for each in compared(now, then)}


def test_a_budget_that_was_kept_and_is_missed_is_a_regression():
    then = [figure("a", "a", 1.0, "ms", 2.0), figure("b", "b", 3.0, "ms", 2.0)]
    now = [figure("a", "a", 2.1, "ms", 2.0), figure("b", "b", 9.0, "ms", 2.0)]
    assert verdicts(now, then) == {"a": ("MISSED, was kept before", True), "b": ("MISS", False)}


def test_a_ratio_is_worse_only_beyond_the_noise_of_both_runs():
    def share(value, error):
        return figure("share", "share", value, "", better="more", ratio=True, error=error)

    assert verdicts([share(0.95, 0.02)], [share(0.99, 0.02)])["share"] == ("", False)
    ((said, regressed),) = verdicts([share(0.95, 0.002)], [share(0.99, 0.002)]).values()
    assert regressed
    assert said == "WORSE than before by 0.04, noise is 0.0099"
    assert verdicts([share(0.99, 0.002)], [share(0.95, 0.002)])["share"][1] is False  # better
    assert verdicts([share(0.985, 1e-6)], [share(0.99, 1e-6)])["share"][1] is False  # not by a hundredth


def test_times_are_only_shown():
    slow, fast = figure("t", "t", 9.0, "ms", 10.0), figure("t", "t", 1.0, "ms", 10.0)
    assert verdicts([slow], [fast]) == {"t": ("ok", False)}


def test_what_could_be_measured_and_cannot_any_more_is_a_regression():
    then = [figure("a", "a", 1.0, "ms", 2.0), missing("b", "b", "no card")]
    now = [missing("a", "a", "it crashed"), missing("b", "b", "no card"), missing("c", "c", "no display")]
    assert verdicts(now, then) == {
        "a": ("LOST, was measured: it crashed", True),
        "b": ("not measured: no card", False),
        "c": ("not measured: no display", False),
    }


def test_the_table_names_figure_budget_measured_baseline_and_verdict():
    now = [figure("a", "output interval", 1.25, "periods", 1.5), missing("b", "on a card", "no card")]
    head, first, second = table(compared(now, [figure("a", "output interval", 1.0, "periods", 1.5)]))
    assert head.split() == ["figure", "budget", "measured", "baseline", "verdict"]
    assert first.split() == ["output", "interval", "<=", "1.5", "1.25", "1", "periods", "ok"]
    assert second.endswith("not measured: no card")


def test_another_machine_is_told_by_its_parts_and_other_software_is_not_another_machine():
    assert differences(HERE, HERE | {"python": "3.12", "memory_mb": 7950}) == []
    assert differences(HERE, HERE | {"gpus": ["RTX"]}) == ["gpus: ['RTX'] there, [] here"]


def test_a_baseline_is_read_whole_or_refused(tmp_path):
    good = [figure("a", "a", 1.0, "ms")]
    file = tmp_path / "then.json"
    file.write_text(json.dumps({"machine": HERE, "figures": good}))
    assert read_baseline(file, HERE) == good
    for text in ("", "[]", "{}", json.dumps({"machine": HERE, "figures": [{"name": "a"}]})):
        file.write_text(text)
        with pytest.raises(UserError, match="not a baseline"):
            read_baseline(file, HERE)
    with pytest.raises(UserError, match=r"no\.json: not a baseline"):
        read_baseline(tmp_path / "no.json", HERE)
