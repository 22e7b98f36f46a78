"""Load a dream file: find it, check it against contract 1, cut it apart."""

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

from livedream import UserError, did_you_mean
from livedream.dream import guard, metadata, parsed
from livedream.dream.contract import LARGEST
from livedream.dream.dream import Dream
from livedream.dream.parsed import Parsed
from livedream.system import file_kind

MODELS = Path(__file__).resolve().parent.parent / "models"
EFFECTS = MODELS / "effects"
LARGEST_FILE = LARGEST + (64 << 20)  # weights, and room for the metadata


def load(path_or_name: str | os.PathLike[str]) -> Dream:
    """Load the dream in a file, or the one that ships under this name ("rainbow" or "rainbow.onnx").

    A file that neither ships nor was loaded before is proven first: run once in a child process with bounded memory
    and time. What passed is kept in the cache, so that the next start need not parse it.

    Raises:
        UserError: one line that names the rule, the value and what was found.
    """
    path = find(path_or_name)
    data = contents(path)
    digest = hashlib.sha256(data).hexdigest()
    try:
        if known := parsed.recall(digest):
            return _dream(known, path, digest)
        found = _parse(data)
        dream = _dream(found, path, digest)
        if path.resolve().parent not in (MODELS, EFFECTS):
            guard.prove(data, digest)
    except UserError as error:
        raise UserError(f"{path}: {error}") from None
    parsed.store(digest, found)
    return dream


def find(path_or_name: str | os.PathLike[str], folders: Sequence[Path] | None = None, word: str = "dream") -> Path:
    """Return the path if there is one, else that of a file that ships under this name. Raises UserError.

    Args:
        path_or_name: What the user gave.
        folders: Where files that ship are looked for, in this order; only names in the first one are proposed. None:
            dreams, then effects.
        word: What the user is told that it is not.
    """
    path, folders = Path(path_or_name), folders or (MODELS, EFFECTS)
    if path.exists():
        return path
    if path.name == str(path_or_name):
        for name in (path.name, path.name + ".onnx"):
            for folder in folders:
                if name.endswith(".onnx") and (folder / name).is_file():
                    return folder / name
    there = sorted(file.stem for file in folders[0].glob("*.onnx"))
    close, ships = did_you_mean(path.stem, there), ", ".join(there) or "none in this installation"
    raise UserError(
        f"{path}: no such file, and no {word} that ships has that name{close or f'; those that do: {ships}'}"
    )


def inspect(data: bytes, path: Path) -> Dream:
    """Return the dream in the bytes of its file, by the rules that need no running.

    Raises UserError without the path.
    """
    return _dream(_parse(data), path, hashlib.sha256(data).hexdigest())


def _parse(data: bytes) -> Parsed:
    from livedream.dream.parse import parse  # imports onnx, which takes 0.2 s and is not needed for a known file

    return parse(data)


def _dream(found: Parsed, path: Path, digest: str) -> Dream:
    fields, notes = metadata.read(found.metadata, found.components)
    return Dream(
        path=path,
        sha256=digest,
        components=found.components,
        memories=found.memories,
        notes=(*found.notes, *notes),
        **fields,
    )


def contents(path: Path) -> bytes:
    """Return the bytes of the dream in a file: the file, or the dream inside an .engine. Raises UserError."""
    if what := file_kind.advice(path, "a dream"):
        raise UserError(what)
    try:
        if not path.is_file():
            raise UserError(f"{path}: not a file")
        if path.suffix == ".engine":
            from livedream.dream import engine_file

            return engine_file.dream(path, LARGEST_FILE)
        if path.stat().st_size > LARGEST_FILE:
            raise UserError(f"{path}: a dream has at most 1 GB, this file has {path.stat().st_size / 2**30:.1f} GB")
        return path.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None


def sha256(path: Path) -> str | None:
    """Return the SHA-256 of the dream in a file; None if it cannot be read."""
    try:
        return hashlib.sha256(contents(path)).hexdigest()
    except UserError:
        return None
