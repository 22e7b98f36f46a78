"""The content of a dream file that passed the rules, and its copy in the cache.

With the copy a later start parses and checks nothing, and does not import onnx, which takes 0.2 s.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

import livedream
from livedream.dream import guard
from livedream.dream.dream import Component, Value
from livedream.dream.memories import Memories
from livedream.system import checked_cache, paths

REVISION = 1  # raise it when the same file is parsed otherwise, or the copy is laid out otherwise
MOST = 1 << 30  # bytes of all copies


@dataclass(frozen=True, eq=False)
class Parsed:
    """The content of a dream file.

    Attributes:
        metadata: the JSON that describes it, as `metadata.extract` gives it.
        components: by name.
        memories: the pictures it remembers, or None.
        notes: what was ignored, one line each.
    """

    metadata: dict[str, object]
    components: dict[str, Component]
    memories: Memories | None
    notes: tuple[str, ...]


def recall(sha256: str) -> Parsed | None:
    """Return what was stored of the file with this SHA-256 by this version of livedream, or None."""
    parts = checked_cache.load(_path(sha256))
    if parts is None:
        return None
    try:
        head = json.loads(parts[0])
        components = {
            name: Component(name, model, _values(inputs), _values(outputs))
            for (name, inputs, outputs), model in zip(head["components"], parts[3:], strict=True)
        }
        memories = None
        if head["memories"]:
            memories = Memories(parts[1], np.frombuffer(parts[2], np.int64), tuple(head["memories"]))
        return Parsed(head["metadata"], components, memories, tuple(head["notes"]))
    except (ValueError, LookupError, TypeError):
        return None


def store(sha256: str, parsed: Parsed) -> None:
    """Keep the content of a file that was proven, for `recall`; where it cannot be kept, it is parsed again."""
    memories, components = parsed.memories, parsed.components.values()
    head = {
        "metadata": parsed.metadata,
        "components": [(each.name, _plain(each.inputs), _plain(each.outputs)) for each in components],
        "memories": memories and memories.size,
        "notes": parsed.notes,
    }
    pictures = [memories.pictures, memories.ends.tobytes()] if memories else [b"", b""]
    parts = [json.dumps(head).encode(), *pictures, *(each.model for each in components)]
    checked_cache.store(_path(sha256), parts, MOST)


def _path(sha256: str) -> Path:
    name = f"{sha256}-{livedream.__version__}-{REVISION}-{guard.REVISION}"
    return paths.cache_folder("dreams") / name


def _plain(values: dict[str, Value]) -> dict[str, dict[str, object]]:
    return {name: asdict(value) for name, value in values.items()}


def _values(values: dict[str, dict[str, Any]]) -> dict[str, Value]:
    return {name: Value(tuple(each["shape"]), each["dtype"], each["full"]) for name, each in values.items()}
