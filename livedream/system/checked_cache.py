"""Entries of the cache that are checked by SHA-256 before they are used.

An entry that is damaged, cut short or missing is the same: it is made anew. So nothing has to reach the disk before a
show goes on.
"""

import hashlib
import os
import struct
import threading
from collections.abc import Sequence
from contextlib import suppress
from io import FileIO
from pathlib import Path

LARGEST_SHARE = 4  # an entry takes at most this part, 1/4, of its folder's limit
_COUNT, _LENGTH, _DIGEST = struct.Struct("<I"), struct.Struct("<Q"), 32
MOST_PARTS = 64


def load(path: Path) -> list[bytes] | None:
    """Return the parts of an entry as they were stored, or None if there is no sound one; marks it as used now."""
    try:
        with open(path, "rb", buffering=0) as file:
            digest, head = file.read(_DIGEST), file.read(_COUNT.size)
            (count,) = _COUNT.unpack(head)
            head += (lengths_read := file.read(_LENGTH.size * min(count, MOST_PARTS)))
            lengths = [length for (length,) in _LENGTH.iter_unpack(lengths_read)]
            if _DIGEST + len(head) + sum(lengths) != os.fstat(file.fileno()).st_size:
                return None
            check, parts = hashlib.sha256(head), []
            for length in lengths:
                parts.append(_read(file, length))
                check.update(parts[-1])
        if check.digest() != digest:
            return None
        with suppress(OSError):
            os.utime(path)
        return parts
    except (OSError, struct.error):
        return None


def _read(file: FileIO, length: int) -> bytes:
    """Read exactly `length` bytes unless the file ends before; the system may give less than asked for at once."""
    pieces = [file.read(length)]
    while pieces[-1] and (left := length - sum(map(len, pieces))):
        pieces.append(file.read(left))
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def store(path: Path, parts: Sequence[bytes], most: int) -> bool:
    """Store an entry in its folder, and remove those used longest ago where the folder exceeds `most` bytes.

    Returns False, and nothing is stored, for an entry above a quarter of `most` and where the disk refuses.
    """
    if sum(map(len, parts)) > most // LARGEST_SHARE:
        return False
    head = _COUNT.pack(len(parts)) + b"".join(_LENGTH.pack(len(part)) for part in parts)
    check = hashlib.sha256(head)
    for part in parts:
        check.update(part)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(temporary, "wb", buffering=0) as file:
            for part in (check.digest(), head, *parts):
                _write(file, part)
        os.replace(temporary, path)
        prune(path.parent, most)
    except OSError:
        return False
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
    return True


def _write(file: FileIO, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[file.write(left) :]


def prune(folder: Path, most: int) -> None:
    """Remove the files used longest ago where a folder exceeds `most` bytes."""
    total = 0
    for file in sorted(folder.iterdir(), key=lambda file: file.stat().st_mtime, reverse=True):
        total += file.stat().st_size
        if total > most:
            file.unlink(missing_ok=True)
