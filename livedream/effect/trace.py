"""What a slot has done, so that a show can do it again: which runs brought its pictures, and what they left."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from livedream.backend import Floats
from livedream.picture import Pixels


class Run(NamedTuple):
    """One run of an effect.

    Attributes:
        frame: Number of the frame whose picture it was given.
        steps: How many steps its state moved.
        reset: Whether the state was put back to zero before.
    """

    frame: int
    steps: int
    reset: bool


@dataclass(frozen=True)
class Moment:
    """What a slot has at a moment.

    Attributes:
        picture: The last picture that it made, uint8 [H, W, 4]; None where the run failed, or there was none yet.
        states: Its state, f32 by input name ("state.canvas").
    """

    picture: Pixels | None
    states: Mapping[str, Floats] = field(default_factory=dict)


class Trace(NamedTuple):
    """What came in for a frame.

    Attributes:
        runs: Those whose results came in, in order; the frame shows the last one's.
        moment: What the slot had before these runs; None where that follows from what came in before.
    """

    runs: tuple[Run, ...] = ()
    moment: Moment | None = None
