"""The picture that travels from the player through the stage to every output."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np

from livedream.picture import Pixels, alpha


class Picture(Protocol):
    """A picture that still lies on the device that drew it.

    shape: (H, W, 4). One in CUDA memory has `pointer` besides, the address of its contiguous RGBA bytes, and `device`,
    the number of the card.
    """

    shape: tuple[int, int, int]

    def pixels(self) -> np.ndarray:
        """The host's copy, uint8 [H, W, 4], made once whoever asks first; any thread."""
        ...


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture and where it stands in time.

    picture: uint8 [H, W, 4], sRGB RGBA, top row first, or a Picture; nobody may write to it once it is handed on.
    number: the stage's frame number; number / fps is the show's time.
    fresh: drawn for this number; False when it repeats an earlier drawing.
    event_at: time.perf_counter() seconds at which the oldest control change first shown here arrived, or None.
    fade: 0 is black, 1 the whole picture. The window's shader sees to it, and `pixels`.
    layers: what the dream drew apart, uint8 [H, W, 4] by name, straight alpha, as it lies in the picture; the second
    deck's as "b/NAME"; {} for most dreams. The mix, looks and what comes after them act on the picture only.
    """

    picture: np.ndarray | Picture
    number: int
    fresh: bool = True
    event_at: float | None = None
    fade: float = 1.0
    layers: Mapping[str, np.ndarray] = field(default_factory=dict, repr=False, compare=False)
    # What `pixels` and `opaque` made, by these names, also for the frames that repeat this one.
    _made: dict[str, np.ndarray] = field(default_factory=dict, repr=False, compare=False)
    _making: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    @property
    def pixels(self) -> np.ndarray:
        """uint8 [H, W, 4] on the host, faded; made by the thread that asks first."""
        if self.fade >= 1 and isinstance(self.picture, np.ndarray):
            return self.picture
        with self._making:
            if "pixels" not in self._made:
                whole = host_pixels(self.picture)
                self._made["pixels"] = whole if self.fade >= 1 else dimmed(whole, self.fade)
            return self._made["pixels"]

    @property
    def opaque(self) -> np.ndarray:
        """`pixels` over black, alpha 255 everywhere: for outputs that can carry no alpha."""
        pixels = self.pixels
        with self._making:
            if "opaque" not in self._made:
                self._made["opaque"] = alpha.over_black(pixels)
            return self._made["opaque"]

    def of_layer(self, name: str) -> "Frame":
        """The same moment with one layer as its picture, faded as that is; wholly transparent where there is none."""
        picture = self.layers.get(name)
        if picture is None:
            picture = alpha.nothing(*self.picture.shape[:2])
        return replace(self, picture=picture, layers={}, _made={}, _making=threading.Lock())


def host_pixels(picture: "Pixels | Picture") -> Pixels:
    """Return the picture's pixels in the host's memory: the picture itself where it lies there already."""
    return picture if isinstance(picture, np.ndarray) else picture.pixels()


def dimmed(pixels: np.ndarray, fade: float) -> np.ndarray:
    """uint8 [H, W, 4] with its colours times `fade`, 0..1; alpha stays."""
    levels = np.rint(np.arange(256) * fade).astype(np.uint8)
    dark = levels[pixels]
    dark[..., 3] = pixels[..., 3]
    return dark
