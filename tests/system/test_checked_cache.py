import os

import pytest

from livedream.system import checked_cache

PARTS = [b"head", b"", bytes(range(256)) * 300]


def test_what_is_stored_is_loaded(tmp_path):
    path = tmp_path / "folder" / "entry"
    assert checked_cache.load(path) is None
    assert checked_cache.store(path, PARTS, 1 << 20)
    assert checked_cache.load(path) == PARTS
    assert [each.name for each in path.parent.iterdir()] == ["entry"]  # no temporary file is left


def test_no_part_is_not_the_same_as_no_entry(tmp_path):
    assert checked_cache.store(tmp_path / "entry", [], 1 << 20)
    assert checked_cache.load(tmp_path / "entry") == []


@pytest.mark.parametrize("at", [0, 33, 36, 50, 70, -1])
def test_a_damaged_entry_is_none(tmp_path, at):
    path = tmp_path / "entry"
    checked_cache.store(path, PARTS, 1 << 20)
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)
    assert checked_cache.load(path) is None
    assert checked_cache.store(path, PARTS, 1 << 20)
    assert checked_cache.load(path) == PARTS


@pytest.mark.parametrize("length", [0, 10, 32, 36, 40, 60, 1000])
def test_an_entry_cut_short_is_none(tmp_path, length):
    path = tmp_path / "entry"
    checked_cache.store(path, PARTS, 1 << 20)
    path.write_bytes(path.read_bytes()[:length])
    assert checked_cache.load(path) is None


def test_those_used_longest_ago_go_first(tmp_path):
    for i in range(4):
        checked_cache.store(tmp_path / str(i), [bytes(2000)], 10_000)
        os.utime(tmp_path / str(i), (i, i))
    checked_cache.load(tmp_path / "0")  # is used now
    checked_cache.store(tmp_path / "4", [bytes(2400)], 10_000)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["0", "2", "3", "4"]


def test_what_is_too_large_or_cannot_be_written_is_not_stored(tmp_path):
    assert not checked_cache.store(tmp_path / "large", [bytes(2600)], 10_000)
    (tmp_path / "file").write_bytes(b"")
    assert not checked_cache.store(tmp_path / "file" / "entry", PARTS, 1 << 20)
    assert [each.name for each in tmp_path.iterdir()] == ["file"]
