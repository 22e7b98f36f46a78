"""What a file is, before it is loaded: a dream, which draws by itself, or an effect, which takes a picture.

A file's values are named after its components, so their names tell it, wherever in the file they stand.
"""

from functools import lru_cache
from pathlib import Path

SOURCE, EFFECT = b"decode/latent", b"apply/image"  # inputs that every dream, and every effect, has
CHUNK = 1 << 20  # bytes that are searched at a time: searching holds the interpreter's lock


def is_effect(path: Path) -> bool:
    """Return whether the file is an effect. Of anything else, and of what cannot be read, it is not.

    It is read once, as long as its time and size stay the same: 100 MB in about 50 ms.
    """
    try:
        status = path.stat()
    except OSError:
        return False
    return _is_effect(str(path), status.st_mtime_ns, status.st_size, status.st_ino)


@lru_cache(maxsize=4096)
def _is_effect(path: str, modified: int, size: int, inode: int) -> bool:
    longest, found, rest = max(len(SOURCE), len(EFFECT)), False, b""
    try:
        with open(path, "rb") as file:
            while chunk := file.read(CHUNK):
                text = rest + chunk
                if SOURCE in text:
                    return False
                found, rest = found or EFFECT in text, text[-longest:]
    except OSError:
        return False
    return found
