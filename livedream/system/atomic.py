"""Atomic writing of files."""

import os
from pathlib import Path

from livedream import UserError


def atomic_write(path: Path, data: bytes, mode: int = 0o666) -> None:
    """Replace a file's content; it keeps its old content until all of the new one is on the disk.

    Args:
        path: the file; its folder must exist.
        data: the new content.
        mode: permissions of the file, less the user's umask; 0o600 lets only its owner read it.

    Raises:
        UserError: it cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with open(temporary, "wb", opener=lambda name, flags: os.open(name, flags, mode)) as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        raise UserError(f"{path}: cannot be written: {error.strerror}; free space or choose another folder") from None
    finally:
        temporary.unlink(missing_ok=True)
