"""Load a dream file: find it, check it against contract 1, cut it apart."""

import hashlib
import os
from itertools import chain
from pathlib import Path

import onnx
from google.protobuf.message import DecodeError

from livedream import UserError
from livedream.dream import contract, guard, memories, metadata
from livedream.dream.cut import cut
from livedream.dream.dream import Component, Control, Direction, Dream, Scene, Value

__all__ = ["Component", "Control", "Direction", "Dream", "Scene", "Value", "load"]

MODELS = Path(__file__).resolve().parent.parent / "models"
LARGEST_FILE = contract.LARGEST + (64 << 20)  # weights, and room for the metadata


def load(path_or_name: str | os.PathLike) -> Dream:
    """The dream in a file, or the one that ships under this name ("rainbow" or "rainbow.onnx").

    A file that neither ships nor was loaded before is proven first: run once in a child process with bounded
    memory and time. Raises UserError, one line that names the rule, the value and what was found.
    """
    path = find(path_or_name)
    data = contents(path)
    try:
        dream = inspect(data, path)
        if path.resolve().parent != MODELS:
            guard.prove(data, dream.sha256)
    except UserError as error:
        raise UserError(f"{path}: {error}") from None
    return dream


def find(path_or_name: str | os.PathLike) -> Path:
    """The file meant: the path if there is one, else a dream that ships."""
    path = Path(path_or_name)
    if path.exists():
        return path
    if path.name == str(path_or_name):
        for name in (path.name, path.name + ".onnx"):
            if name.endswith(".onnx") and (MODELS / name).is_file():
                return MODELS / name
    ships = ", ".join(sorted(file.stem for file in MODELS.glob("*.onnx"))) or "none in this installation"
    raise UserError(f"{path}: no such file, and no dream that ships has that name; those that do: {ships}")


def inspect(data: bytes, path: Path) -> Dream:
    """A dream from the bytes of its file, by the rules that need no running.

    Raises UserError without the path.
    """
    if not data:
        raise UserError("the file is empty")
    try:
        model = onnx.ModelProto.FromString(data)
    except DecodeError:
        raise UserError("not an ONNX file, or cut short") from None
    described = metadata.extract(model)
    _keep(contract.FILE_RULES, model)
    components, notes = cut(model)
    _keep(contract.COMPONENT_RULES, components)
    fields = metadata.read(described, components)
    remembered, ignored = memories.read(model, components)
    fields |= {"memories": remembered, "notes": tuple(notes + ignored + fields["notes"])}
    return Dream(path=path, sha256=hashlib.sha256(data).hexdigest(), components=components, **fields)


def _keep(rules, subject) -> None:
    for line in chain.from_iterable(rule(subject) for rule in rules):
        raise UserError(line)


def contents(path: Path) -> bytes:
    """The bytes of the dream in a file: the file, or the dream inside an .engine. Raises UserError."""
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
    """Of the dream in a file; None if it cannot be read."""
    try:
        return hashlib.sha256(contents(path)).hexdigest()
    except UserError:
        return None
