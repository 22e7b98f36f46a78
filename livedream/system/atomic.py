"""Files written whole or not at all."""

import os
from pathlib import Path

from livedream import UserError


def atomic_write(path: Path, data: bytes, mode: int = 0o666) -> None:
    """Put `data` into the file `path`, which holds its old content until all of it is on the disk. UserError.

    mode: who may read it, 0o600: its owner; what the user's umask takes away goes.
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
