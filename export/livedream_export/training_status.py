"""The status of a training run, which it writes and the preview page reads."""

import time
from dataclasses import dataclass, field
from pathlib import Path

from .arrays import Rgb
from .budget import Budget


@dataclass
class TrainingStatus:
    """The present state of a run. Every value is replaced, never changed in place, so readers need no lock.

    Attributes:
        out: the dream file.
        title: of the dream.
        resumed: pictures in the run folder that are older than this run belong to it too.
        began: when, seconds since the epoch.
        budget: the run's clock, once there is one.
        frames: the footage, [N, H, W, 3], once it is read.
        stage: what is being done, such as "3 of 5 training the image model".
        share: how much of the stage is done, 0 to 1, where that is known.
        figures: of training, by name.
        curve: name of the figure that the page draws.
        effect: an effect is made, no dream that plays by itself.
        speed: steps a second.
        message: the last line that stays on the terminal.
        written: the final dream has been written.
        ended: the run is over.
    """

    out: Path | None = None
    title: str = ""
    resumed: bool = False
    began: float = field(default_factory=time.time)
    budget: Budget | None = None
    frames: Rgb | None = None
    stage: str = ""
    share: float | None = None
    figures: dict[str, float] = field(default_factory=dict)
    curve: str = "dB"
    effect: bool = False
    speed: float = 0.0
    message: str = ""
    written: bool = False
    ended: bool = False
