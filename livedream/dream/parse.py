"""Parse a dream file and check the rules of contract 1 that need no running."""

from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import TypeVar

import onnx
from google.protobuf.message import DecodeError

from livedream import UserError
from livedream.dream import memory_tensors, metadata
from livedream.dream.component_rules import COMPONENT_RULES
from livedream.dream.cut import cut
from livedream.dream.graph_rules import GRAPH_RULES
from livedream.dream.parsed import Parsed

Subject = TypeVar("Subject")


def parse(data: bytes) -> Parsed:
    """Return the content of a file. Raises UserError, one line, for the first rule that it breaks."""
    if not data:
        raise UserError("the file is empty")
    try:
        model = onnx.ModelProto.FromString(data)
    except DecodeError:
        raise UserError("not an ONNX file, or cut short") from None
    described = metadata.extract([entry.value for entry in model.metadata_props if entry.key == "livedream"])
    _check(GRAPH_RULES, model)
    components, notes = cut(model)
    _check(COMPONENT_RULES, components)
    metadata.read(described, components)  # so that a mistake in it is named before one in the memories
    memories, ignored = memory_tensors.read(model, components)
    return Parsed(described, components, memories, (*notes, *ignored))


def _check(rules: Iterable[Callable[[Subject], Iterator[str]]], subject: Subject) -> None:
    for line in chain.from_iterable(rule(subject) for rule in rules):
        raise UserError(line)
