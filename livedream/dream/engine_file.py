"""The .engine file: a dream, the plans that TensorRT made of its components, and what made them, in one zip.

    dream.onnx                      the dream, byte for byte: the way back
    manifest.json                   {"format": 1, "livedream", "built", "dream": {"sha256", "title"},
                                     "library": {"name", "version"}, "targets": […], "plans": […]}
    plans/COMPONENT.PRECISION.plan  what one row of "plans" is about: {"component", "precision", "key",
                                     "member", "bytes", "sha256", "seconds"}

Members are stored, never compressed: weights would hardly get smaller, and so nothing in the file can unfold to
more than the file. A plan is a program for the graphics card, so an .engine should come from somebody you trust.
"""

import contextlib
import hashlib
import io
import json
import os
import struct
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from livedream import UserError
from livedream.system.atomic import atomic_write

FORMAT = 1
DREAM, MANIFEST = "dream.onnx", "manifest.json"
LARGEST = (1 << 32) - (1 << 20)  # bytes of a file: more would need another kind of zip
LARGEST_MANIFEST = 1 << 20
MEMBERS, DIRECTORY = 64, 1 << 16  # at most so many members, and so many bytes in the list of them
# Exceptions that zipfile raises for a damaged file.
DAMAGE = (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, ValueError, struct.error)
_END = struct.Struct("<4s4H2LH")  # a zip's last record: its mark, disks, counts, size and place of the list, a comment


@dataclass(frozen=True)
class Row:
    """One plan of the file.

    Attributes:
        component: its name.
        precision: "f32" or "f16".
        key: what the plan depends on (backend.plan.key).
        member: its name in the zip.
        bytes, sha256: of the plan.
        seconds: how long it took to build.
    """

    component: str
    precision: str
    key: str
    member: str
    bytes: int
    sha256: str
    seconds: float


@dataclass(frozen=True)
class Manifest:
    """The plans of an .engine file.

    Attributes:
        dream: SHA-256 of the dream.
        library, version: the library that built the plans.
        targets: the cards they are for ("SM89", or a card's name and capability).
        built: the time, ISO 8601.
        rows: the plans.
    """

    dream: str
    library: str
    version: str
    targets: tuple[str, ...]
    built: str
    rows: tuple[Row, ...]


def write(path: Path, dream: bytes, title: str, made_by: dict[str, Any], plans: Iterable[tuple[Row, bytes]]) -> None:
    """Write the file atomically.

    Args:
        path: the file.
        dream: the bytes of the dream.
        title: the dream's.
        made_by: "livedream", "built", "library" and "targets" of the manifest.
        plans: each with its row.

    Raises:
        UserError: it is too large, or the disk refuses.
    """
    plans = list(plans)
    about = {
        "format": FORMAT,
        **made_by,
        "dream": {"sha256": hashlib.sha256(dream).hexdigest(), "title": title},
        "plans": [asdict(row) for row, _ in plans],
    }
    members = [(MANIFEST, json.dumps(about, indent=1).encode()), (DREAM, dream)]
    members += [(row.member, data) for row, data in plans]
    if sum(len(data) for _, data in members) > LARGEST:
        raise UserError(f"{path}: a dream and its plans have at most 4 GB together; these have more")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as file:
        for name, data in members:
            file.writestr(zipfile.ZipInfo(name), data)
    atomic_write(path, buffer.getvalue())


def dream(path: Path, largest: int) -> bytes:
    """Return the bytes of the dream inside, at most `largest`. Raises UserError."""
    with _opened(path) as file:
        return _member(file, DREAM, largest)


def manifest(path: Path) -> Manifest:
    """Return the manifest. Raises UserError."""
    with _opened(path) as file:
        text = _member(file, MANIFEST, LARGEST_MANIFEST)
        try:
            return _manifest(json.loads(text))
        except (ValueError, TypeError, LookupError, RecursionError):
            raise UserError(f"{MANIFEST} inside cannot be read") from None


def _manifest(about: dict[str, Any]) -> Manifest:
    if about["format"] != FORMAT:
        raise UserError(f"made by another version of livedream, {str(about['livedream'])[:20]!r}")
    rows = tuple(Row(**row) for row in about["plans"])
    library = about["library"]
    made = Manifest(
        about["dream"]["sha256"], library["name"], library["version"], tuple(about["targets"]), about["built"], rows
    )
    parts: tuple[Manifest | Row, ...] = (made, *rows)
    for part in parts:
        for field in fields(part):
            if field.type in (str, int) and type(getattr(part, field.name)) is not field.type:
                raise TypeError
    return made


def plan(path: Path, row: Row) -> bytes:
    """Return the plan of a row, byte for byte as it was built. Raises UserError."""
    with _opened(path) as file:
        data = _member(file, row.member, row.bytes)
        if len(data) != row.bytes or hashlib.sha256(data).hexdigest() != row.sha256:
            raise UserError(f"{row.member} inside is not the plan that was built")
        return data


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open the zip; a UserError raised while it is open gets the path and the remedy."""
    try:
        _small_directory(path)
        with zipfile.ZipFile(path) as file:
            yield file
    except UserError as error:
        raise UserError(f"{path}: {error}; make it again: livedream engine DREAM -o {path.name}") from None
    except DAMAGE:
        raise UserError(f"{path}: damaged; make it again: livedream engine DREAM -o {path.name}") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror or 'damaged'}") from None


def _small_directory(path: Path) -> None:
    """Refuse a list of members that is too long: zipfile reads all of it when it opens a file."""
    with open(path, "rb") as file:
        file.seek(-min(path.stat().st_size, _END.size + 20), os.SEEK_END)
        end = file.read()
    mark, *_, members, size, _, comment = _END.unpack(end[-_END.size :].rjust(_END.size, b"\0"))
    # A zip beyond 4 GB has another record before the last, which zipfile believes instead: never ours.
    if mark != b"PK\5\6" or end.startswith(b"PK\6\7") or members > MEMBERS or size > DIRECTORY or comment:
        raise UserError("not an engine of livedream, or cut short")


def _member(file: zipfile.ZipFile, name: str, largest: int) -> bytes:
    found = [each for each in file.infolist() if each.filename == name]
    if len(found) != 1:
        raise UserError(f"{name} is {'there twice' if found else 'missing'} inside")
    info = found[0]
    if info.compress_type != zipfile.ZIP_STORED or info.compress_size != info.file_size or info.flag_bits & 1:
        raise UserError(f"{name} inside is not stored as it is")
    if info.file_size > largest:
        raise UserError(f"{name} inside has {info.file_size} bytes, expected at most {largest}")
    return file.read(info)
