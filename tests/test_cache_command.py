"""`livedream cache` shows what is kept and clears it, and nothing else."""

import pytest

from livedream import cli


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    home = tmp_path / "livedream"
    for name, size in (("footage/key", 3_000_000), ("dreams", 2000)):
        (home / name).mkdir(parents=True)
        (home / name / "file").write_bytes(bytes(size))
    return home


def test_sizes_are_shown(home, capsys):
    assert cli.main(["cache"]) == 0
    shown = capsys.readouterr().out
    assert "footage" in shown
    assert "3 MB       1 file" in shown
    assert "2 kB" in shown
    assert str(home) in shown


def test_one_or_all_are_cleared(home, capsys):
    assert cli.main(["cache", "--clear", "footage"]) == 0
    assert "cleared footage: 3 MB" in capsys.readouterr().out
    assert [each.name for each in home.iterdir()] == ["dreams"]
    assert cli.main(["cache", "--clear"]) == 0
    assert list(home.iterdir()) == []
    assert cli.main(["cache"]) == 0
    assert "nothing is kept" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["fotage", "..", "/etc"])
def test_other_folders_are_never_touched(home, capsys, name):
    assert cli.main(["cache", "--clear", name]) == 2
    assert "no such cache" in capsys.readouterr().err
    assert len(list(home.iterdir())) == 2
