"""What passes from a source to the show: what was asked for, pictures, and reports."""

import math
from dataclasses import dataclass
from typing import Any, Protocol

from livedream.picture import Pixels


@dataclass(frozen=True, slots=True)
class Asked:
    """What `--in ADDRESS#key=value&…` asks for. None leaves the choice to the source.

    Attributes:
        address: The part before the `#`.
        size: (width, height) in pixels.
        fps: Pictures a second.
        at: (x, y) of a part of the screen, in pixels from its top left corner.
    """

    address: str
    size: tuple[int, int] | None = None
    fps: float | None = None
    at: tuple[int, int] | None = None

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> "Asked":
        """Return what `dataclasses.asdict` was made of, after a way through JSON."""
        pairs: Any = {key: tuple(value) if isinstance(value, list) else value for key, value in fields.items()}
        return cls(**pairs)


@dataclass(frozen=True, slots=True)
class Shot:
    """A picture and its time.

    Attributes:
        pixels: uint8 [H, W, 4], sRGB, straight alpha, top row first; square pixels, the right way up.
        at: When it was captured, or decoded where that is not known: seconds of `time.perf_counter`, which all
            processes of a machine share.
        place: Seconds of a file that was shown from its beginning on, with all its passes; NaN for what is no file.
    """

    pixels: Pixels
    at: float
    place: float = math.nan


@dataclass(frozen=True, slots=True)
class LivePicture:
    """One picture of a source.

    Attributes:
        pixels: uint8 [H, W, 4], sRGB, straight alpha, top row first, of the source's present size; never written to
            again. Rotation and sample aspect have been applied: pixels are square and the right way up.
        at: When it was captured, in seconds of `time.perf_counter`; when it was decoded, where the source does not say.
        number: 1 for the first picture, and higher for every later one.
        place: As of Shot.
    """

    pixels: Pixels
    at: float
    number: int
    place: float = math.nan


class Report(Protocol):
    """How a source says what is the matter with it. Any thread of its process may call."""

    def note(self, text: str) -> None:
        """Say in one line what goes well, such as "1280x720, 30 fps, mjpeg"."""

    def trouble(self, text: str) -> None:
        """Say in one line why no pictures come for now; the next picture ends the trouble."""

    def skipped(self, count: int = 1) -> None:
        """Count pictures that came and were not worth showing: damaged, or too late."""
