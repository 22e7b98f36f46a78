"""What a performer can move in a DeepDream: names, ranges, defaults, and what they do."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor


class Control(NamedTuple):
    """A control of one number, as a dream file describes it (`dream.metadata`)."""

    name: str
    low: float
    high: float
    default: float
    doc: str

    @property
    def input(self) -> str:
        """The name of the component's input."""
        return f"control.{self.name}"

    @property
    def start(self) -> Tensor:
        """The default as the component takes it, f32 [1]."""
        return torch.tensor([float(self.default)])


AMOUNT = Control("amount", 0, 1, 0.7, "how strongly each step dreams; 0: not at all")
KEEP = Control("keep", 0, 0.99, 0.96, "how much of what was dreamed is left at the next step")
DIVE = Control("dive", 0, 1, 0, "0: the dream lies on the picture that comes in; 1: it feeds on itself alone")
ZOOM = Control("zoom", -1, 1, 0, "the dream flies forwards (above 0) or backwards, by up to 3 % a step")
TURN = Control("turn", -1, 1, 0, "the dream turns, by up to 3 degrees a step; above 0 clockwise")
DEPTH = Control("depth", 0, 3, 2.2, "what grows: 0 line ornaments, 1 scales, 2 eyes and faces, 3 fur and bodies")
DETAIL = Control("detail", 0, 1, 0.2, "0: soft and large, 1: fine lines")
COLOUR = Control("colour", 0, 1, 0.6, "0: the dream has colours as they occur, 1: all of the rainbow's")
SIZE = Control("size", 0, 1, 0, "size of what grows; 1: twice as large, and softer")


def described(controls: Sequence[Control]) -> list[dict[str, Any]]:
    """Return the controls as the metadata of a dream file has them."""
    return [each._asdict() for each in controls]
