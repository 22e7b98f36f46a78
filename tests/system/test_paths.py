"""The folders that livedream keeps files in."""

import sys
from pathlib import Path

import platformdirs
import pytest
from platformdirs.macos import MacOS
from platformdirs.unix import Unix
from platformdirs.windows import Windows

from livedream.system import paths


@pytest.fixture(autouse=True)
def at_home(tmp_path, monkeypatch):
    """An empty home folder, with no variable that points elsewhere."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("WIN_PD_OVERRIDE_APPDATA", str(tmp_path / "Roaming"))
    monkeypatch.setenv("WIN_PD_OVERRIDE_LOCAL_APPDATA", str(tmp_path / "Local"))
    for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def on(system, monkeypatch):
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(platformdirs, "PlatformDirs", {"linux": Unix, "darwin": MacOS, "win32": Windows}[system])


@pytest.mark.parametrize(
    ("system", "cache", "config"),
    [
        ("linux", ".cache/livedream", ".config/livedream"),
        ("darwin", "Library/Caches/livedream", "Library/Application Support/livedream"),
    ],
)
def test_folders_lie_where_the_systems_programs_have_theirs(system, cache, config, at_home, monkeypatch):
    on(system, monkeypatch)
    assert paths.cache_folder("half") == at_home / cache / "half"
    assert paths.config_folder() == at_home / config


def test_windows_has_settings_that_roam_and_a_local_cache(at_home, monkeypatch):
    on("win32", monkeypatch)
    asked = {}
    monkeypatch.setattr("platformdirs.windows.get_win_folder", lambda name: asked.setdefault(name, str(at_home / name)))
    assert paths.config_folder() == at_home / "CSIDL_APPDATA" / "livedream"
    assert "CSIDL_LOCAL_APPDATA" in str(paths.cache_folder())


@pytest.mark.parametrize("system", ["linux", "darwin"])
def test_variables_of_the_xdg_specification_choose_the_folders(system, at_home, monkeypatch):
    on(system, monkeypatch)
    (at_home / ".cache" / "livedream").mkdir(parents=True)  # not used, because a variable names another
    monkeypatch.setenv("XDG_CACHE_HOME", str(at_home / "c"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(at_home / "s"))
    assert paths.cache_folder() == at_home / "c" / "livedream"
    assert paths.config_folder() == at_home / "s" / "livedream"


@pytest.mark.parametrize("system", ["darwin", "win32"])
def test_the_folder_of_an_older_livedream_stays_until_there_is_a_new_one(system, at_home, monkeypatch):
    on(system, monkeypatch)
    monkeypatch.setattr("platformdirs.windows.get_win_folder", lambda name: str(at_home / name))
    new = paths.cache_folder()
    old = at_home / ".cache" / "livedream"
    old.mkdir(parents=True)
    assert paths.cache_folder("half") == old / "half"
    Path(new).mkdir(parents=True)
    assert paths.cache_folder("half") == new / "half"
