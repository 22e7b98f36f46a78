"""A dream that was read before comes from the cache, which holds only dreams that passed all checks."""

import dataclasses
import subprocess
import sys

import numpy as np
import pytest

from livedream import UserError
from livedream.dream import guard, parse, parsed, read
from livedream.system import paths
from tests import dreams

# Plays a dream as `livedream run` does, from the first import to the end, and says whether onnx was imported.
RUN = """
import sys
from livedream import cli
code = cli.main(["run", "--model", sys.argv[1], *"--out none --web off --seconds 0.3 --device cpu --forget".split()])
print(code, "onnx" in sys.modules)
"""


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def entries() -> list:
    folder = paths.cache_folder("dreams")
    return list(folder.iterdir()) if folder.exists() else []


def plain(value):
    """Return a value that can be compared with ==; arrays cannot."""
    if dataclasses.is_dataclass(value):
        return {each.name: plain(getattr(value, each.name)) for each in dataclasses.fields(value)}
    if isinstance(value, np.ndarray):
        return value.dtype.name, value.tolist()
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    return [plain(each) for each in value] if isinstance(value, list | tuple) else value


@pytest.mark.parametrize("make", [dreams.tiny, dreams.remembering, dreams.invert])
def test_the_second_load_gives_the_same_and_parses_nothing(tmp_path, monkeypatch, make):
    path = make(tmp_path / "dream.onnx")
    first = read.load(path)
    monkeypatch.setattr(parse, "parse", lambda data: pytest.fail("parsed again"))
    second = read.load(path)
    assert plain(second) == plain(first)
    assert all(second.components[name].model == first.components[name].model for name in first.components)


def test_a_damaged_entry_is_replaced(tmp_path):
    path = dreams.tiny(tmp_path / "dream.onnx")
    read.load(path)
    (entry,) = entries()
    sound = entry.read_bytes()
    entry.write_bytes(sound[:-1] + bytes([sound[-1] ^ 1]))
    assert read.load(path).title == "Tiny"
    assert entry.read_bytes() == sound


@pytest.mark.parametrize("module", [parsed, guard])
def test_an_entry_of_another_revision_is_not_used(tmp_path, monkeypatch, module):
    path = dreams.tiny(tmp_path / "dream.onnx")
    read.load(path)
    monkeypatch.setattr(module, "REVISION", module.REVISION + 1)
    asked = []
    monkeypatch.setattr(guard, "prove", lambda data, sha256: asked.append(sha256))
    assert [read.load(path).sha256] == asked


def test_a_refused_file_leaves_no_entry(tmp_path, monkeypatch):
    def refuse(data, sha256):
        raise UserError("a first run crashed")

    path = dreams.tiny(tmp_path / "dream.onnx")
    monkeypatch.setattr(guard, "prove", refuse)
    for _ in range(2):
        with pytest.raises(UserError, match="a first run crashed"):
            read.load(path)
    assert not entries()


def test_a_changed_file_is_another_dream(tmp_path):
    path = dreams.tiny(tmp_path / "dream.onnx")
    read.load(path)
    dreams.tiny(path, title="Other")
    assert read.load(path).title == "Other"
    assert len(entries()) == 2


def test_a_second_start_never_imports_onnx(tmp_path):
    path = dreams.tiny(tmp_path / "dream.onnx")
    said = []
    for _ in range(2):
        run = subprocess.run([sys.executable, "-c", RUN, path], capture_output=True, text=True, timeout=100)
        said.append(run.stdout.splitlines()[-1])
    assert said == ["0 True", "0 False"], run.stderr
