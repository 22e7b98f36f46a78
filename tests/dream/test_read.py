import random
from pathlib import Path

import pytest

from livedream import UserError
from livedream.dream import guard, read
from tests import dreams


@pytest.fixture
def unproven(monkeypatch):
    """Only the rules that need no child process."""
    monkeypatch.setattr(guard, "prove", lambda data, sha256: None)


def test_a_name_finds_the_dream_that_ships(tmp_path, monkeypatch):
    shipped, here = tmp_path / "models", tmp_path / "here"
    shipped.mkdir()
    here.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setattr(read, "MODELS", shipped)
    dreams.tiny(shipped / "comet.onnx", title="Shipped")
    assert read.load("comet").title == read.load("comet.onnx").title == "Shipped"
    dreams.tiny(here / "comet.onnx", title="Mine")
    assert read.load("comet.onnx").title == "Mine"
    assert read.load(Path("comet.onnx")).title == "Mine"
    for wrong in ("rainbow", "models/comet", "../here", "comet.txt"):
        with pytest.raises(UserError):
            read.load(wrong)
    with pytest.raises(UserError, match=r"rainbow: no such file, and no dream that ships .* those that do: comet"):
        read.load("rainbow")


def test_a_dream_that_ships_is_not_proven_again(tmp_path, monkeypatch):
    monkeypatch.setattr(read, "MODELS", tmp_path)
    dreams.tiny(tmp_path / "comet.onnx")
    monkeypatch.setattr(guard, "prove", lambda data, sha256: pytest.fail("proven"))
    assert read.load("comet").title == "Tiny"


def test_files_that_are_no_dream(tmp_path):
    for content, said in (
        (b"", "empty"),
        (b"GIF89a" + bytes(500), "x.onnx is footage; learn it with"),
    ):
        (tmp_path / "x.onnx").write_bytes(content)
        with pytest.raises(UserError, match=said):
            read.load(tmp_path / "x.onnx")
    with pytest.raises(UserError, match="is a folder of dreams"):
        read.load(tmp_path)


def test_a_file_too_large_to_be_a_dream_is_not_even_read(tmp_path):
    path = tmp_path / "large.onnx"
    with open(path, "wb") as file:
        file.truncate(3 << 30)  # a hole: it takes no disk
    with pytest.raises(UserError, match=r"at most 1 GB, this file has 3\.0 GB"):
        read.load(path)


def test_a_file_cut_short_anywhere_is_refused_in_one_line(tmp_path, unproven):
    data = dreams.tiny(tmp_path / "tiny.onnx", control=True, encode=True).read_bytes()
    path = tmp_path / "cut.onnx"
    lengths = {
        *range(200),
        *range(0, len(data), max(len(data) // 200, 1)),
        *range(len(data) - 50, len(data)),
    }
    for length in sorted(lengths):
        path.write_bytes(data[:length])
        with pytest.raises(UserError) as refused:
            read.load(path)
        assert "\n" not in str(refused.value), length


def test_damaged_bytes_are_refused_or_harmless(tmp_path, unproven):
    data = dreams.tiny(tmp_path / "tiny.onnx", control=True, encode=True).read_bytes()
    chance = random.Random(5)
    refusals = []
    for _ in range(300):
        spoilt = bytearray(data)
        for _ in range(chance.choice((1, 1, 2, 8))):
            spoilt[chance.randrange(len(spoilt))] ^= 1 << chance.randrange(8)
        try:
            dream = read.inspect(bytes(spoilt), Path("spoilt.onnx"))
        except UserError as error:
            refusals.append(str(error))
        else:
            assert dream.picture.dtype == "uint8"
    assert len(refusals) > 10
    assert all(line.isprintable() for line in refusals)
