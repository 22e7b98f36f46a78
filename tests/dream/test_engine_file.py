"""Every mistake in an .engine file is one line, and its dream still plays where that is sound."""

import hashlib
import json
import random
import zipfile

import numpy as np
import pytest

from livedream import UserError
from livedream.dream import engine_file, guard, read
from tests import dreams

PLAN = bytes(range(256)) * 40


@pytest.fixture(autouse=True)
def unproven(monkeypatch):
    """Only the rules that need no child process."""
    monkeypatch.setattr(guard, "prove", lambda data, sha256: None)


@pytest.fixture
def onnx(tmp_path):
    return dreams.tiny(tmp_path / "tiny.onnx").read_bytes()


@pytest.fixture
def written(tmp_path, onnx):
    """Write an engine of tiny with a plan that is never run."""
    path = tmp_path / "tiny.engine"
    row = engine_file.Row(
        "decode", "f32", "k", "plans/decode.f32.plan", len(PLAN), hashlib.sha256(PLAN).hexdigest(), 0.5
    )
    made_by = {"livedream": "0", "built": "2026", "library": {"name": "rtx", "version": "1"}, "targets": ["SM89"]}
    engine_file.write(path, onnx, "Tiny", made_by, [(row, PLAN)])
    return path


def parts(path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as file:
        return {name: file.read(name) for name in file.namelist()}


def put(path, members, compression=zipfile.ZIP_STORED, comment=b""):
    with zipfile.ZipFile(path, "w", compression) as file:
        for name, data in members.items():
            file.writestr(name, data)
        file.comment = comment


def read_all(path) -> list[str]:
    """Return the refusal of each way to read the file, one line each."""
    refused = []
    for way in (read.load, engine_file.manifest, plan):
        try:
            way(path)
        except UserError as error:
            refused.append(str(error))
    assert all(line.startswith(f"{path}: ") and line.isprintable() and len(line) < 400 for line in refused)
    return refused


def plan(path):
    return engine_file.plan(path, engine_file.manifest(path).rows[0])


def test_an_engine_holds_its_dream_and_its_plans(written, onnx):
    inside, alone = read.load(written), read.inspect(onnx, written)
    assert inside.sha256 == alone.sha256
    assert {name: each.model for name, each in inside.components.items()} == {
        name: each.model for name, each in alone.components.items()
    }
    about = engine_file.manifest(written)
    assert (about.dream, about.library, about.version, about.targets) == (inside.sha256, "rtx", "1", ("SM89",))
    assert plan(written) == PLAN
    assert parts(written)["dream.onnx"] == onnx  # any unzip can extract it


def test_cut_short_anywhere_is_one_line(written):
    data = written.read_bytes()
    for length in [*range(0, len(data), max(1, len(data) // 60)), *range(len(data) - 30, len(data))]:
        written.write_bytes(data[:length])
        refused = read_all(written)
        assert len(refused) == 3, length
        assert all("cut short" in line and "make it again: livedream engine" in line for line in refused)


def test_damaged_bytes_are_refused_or_harmless(written, onnx):
    data, chance, refused = written.read_bytes(), random.Random(3), 0
    for _ in range(200):
        spoilt = bytearray(data)
        for _ in range(chance.choice((1, 2, 8))):
            # As often in the list of members at the end as anywhere
            begin = chance.choice((0, len(data) - 300))
            spoilt[chance.randrange(begin, len(data))] ^= 1 << chance.randrange(8)
        written.write_bytes(spoilt)
        refused += len(read_all(written))
        try:
            assert read.contents(written) == onnx
        except UserError:
            continue
    assert refused > 100


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda members: members.pop("dream.onnx"), "dream.onnx is missing inside"),
        (lambda members: members.pop("manifest.json"), "manifest.json is missing inside"),
        (lambda members: members.pop("plans/decode.f32.plan"), "plans/decode.f32.plan is missing inside"),
        (lambda members: members.update({"manifest.json": b"[" * 100_000}), "manifest.json inside cannot be read"),
        (lambda members: members.update({"manifest.json": b"{}"}), "manifest.json inside cannot be read"),
        (lambda members: members.update({"manifest.json": b" " * 2_000_000}), "manifest.json inside has 2000000 bytes"),
        (lambda members: members.update({"plans/decode.f32.plan": PLAN[:-1]}), "is not the plan that was built"),
        (lambda members: members.update({"plans/decode.f32.plan": PLAN[:-1] + b"!"}), "is not the plan that was built"),
        (lambda members: members.update({"plans/decode.f32.plan": PLAN + b"!"}), "bytes, expected at most"),
        (lambda members: members.update({str(i): b"" for i in range(100)}), "not an engine of livedream"),
        (lambda members: members.update({"n" * 60_000: b"", "m" * 60_000: b""}), "not an engine of livedream"),
    ],
)
def test_missing_and_changed_plans_are_named(written, spoil, words):
    members = parts(written)
    spoil(members)
    put(written, members)
    assert any(words in line for line in read_all(written))


@pytest.mark.parametrize(
    ("field", "value"),
    [("bytes", "12"), ("sha256", None), ("member", 7), ("unknown", 1), ("component", ["decode"])],
)
def test_a_manifest_of_wrong_types_is_refused(written, field, value):
    members = parts(written)
    about = json.loads(members["manifest.json"])
    about["plans"][0][field] = value
    put(written, members | {"manifest.json": json.dumps(about).encode()})
    with pytest.raises(UserError, match=r"manifest\.json inside cannot be read"):
        engine_file.manifest(written)
    assert read.load(written).title == "Tiny"  # the dream plays without the plans


def test_a_dream_without_usable_plans_still_plays(written):
    members = parts(written)
    del members["manifest.json"]
    put(written, members)
    assert read.load(written).title == "Tiny"


def test_nothing_inside_unfolds_to_more_than_the_file(written, onnx):
    """Zeros that deflate a thousandfold, false sizes, and a list of members larger than the machine's memory."""
    put(written, parts(written) | {"dream.onnx": bytes(50 << 20)}, zipfile.ZIP_DEFLATED)
    assert written.stat().st_size < 200_000
    with pytest.raises(UserError, match=r"dream\.onnx inside is not stored as it is"):
        read.load(written)

    put(written, {"dream.onnx": onnx})
    data = bytearray(written.read_bytes())
    at = data.index(b"PK\1\2")
    data[at + 20 : at + 28] = np.array([1 << 30, 1 << 30], "<u4").tobytes()
    written.write_bytes(data)
    with pytest.raises(UserError, match="damaged"):
        read.load(written)

    put(written, {"dream.onnx": onnx})
    data = bytearray(written.read_bytes())
    data[-10:-6] = np.uint32(1 << 30).tobytes()
    written.write_bytes(data)
    with pytest.raises(UserError, match="not an engine of livedream"):
        read.load(written)

    with open(written, "wb") as file:
        file.truncate(6 << 30)  # a hole: it takes no disk
    with pytest.raises(UserError, match="not an engine of livedream"):
        read.load(written)


def test_other_files_are_refused(written, tmp_path):
    for data in (b"", b"PK", b"ftrt" + bytes(9000), b"PK\5\6" + bytes(18)):
        written.write_bytes(data)
        assert len(read_all(written)) == 3
    put(written, {"dream.onnx": b"not a dream"}, comment=b"PK\5\6" + bytes(30))
    assert len(read_all(written)) == 3
    (tmp_path / "folder.engine").mkdir()
    with pytest.raises(UserError, match="not a file"):
        read.load(tmp_path / "folder.engine")


def test_an_unreadable_dream_inside_is_judged_as_one_outside(written, onnx):
    put(written, parts(written) | {"dream.onnx": onnx[: len(onnx) // 2]})
    with pytest.raises(UserError, match=r"tiny\.engine: "):
        read.load(written)
