"""Frames: the pictures that travel from the player through the stage to every output."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np

from livedream.picture import Pixels, alpha


class Picture(Protocol):
    """A picture in the memory of the device that drew it.

    One in CUDA memory also has `pointer`, the address of its contiguous RGBA bytes, and `device`, the card's number.

    Attributes:
        shape: (H, W, 4).
    """

    shape: tuple[int, int, int]

    def pixels(self) -> Pixels:
        """Return the copy in the host's memory, made by the first call; any thread may call."""
        ...


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture and its time.

    Attributes:
        picture: read-only once the frame is passed on.
        number: the stage's frame number; number / fps is the show's time.
        fresh: drawn for this number; False when it repeats an earlier drawing.
        event_at: time.perf_counter() at which the oldest control change first shown here arrived, or None.
        fade: 0 is black, 1 the picture. Applied by the window's shader, and by `pixels`.
        layers: the layers that the dream drew separately, by name, where they lie in the picture; those of the second
            deck as "b/NAME"; {} for most dreams. Mixing, looks and all later effects act on the picture only.
    """

    picture: Pixels | Picture
    number: int
    fresh: bool = True
    event_at: float | None = None
    fade: float = 1.0
    layers: Mapping[str, Pixels] = field(default_factory=dict, repr=False, compare=False)
    # The results of `pixels` and `opaque`, by these names, shared with the frames that repeat this one.
    _made: dict[str, Pixels] = field(default_factory=dict, repr=False, compare=False)
    _making: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    @property
    def pixels(self) -> Pixels:
        """The faded picture in the host's memory; made by the first thread that asks."""
        if self.fade >= 1 and isinstance(self.picture, np.ndarray):
            return self.picture
        with self._making:
            if "pixels" not in self._made:
                whole = host_pixels(self.picture)
                self._made["pixels"] = whole if self.fade >= 1 else dimmed(whole, self.fade)
            return self._made["pixels"]

    @property
    def opaque(self) -> Pixels:
        """`pixels` over black, alpha 255 everywhere: for outputs that carry no alpha."""
        pixels = self.pixels
        with self._making:
            if "opaque" not in self._made:
                self._made["opaque"] = alpha.over_black(pixels)
            return self._made["opaque"]

    def of_layer(self, name: str) -> "Frame":
        """Return a frame of the same time with one layer as its picture; transparent if there is no such layer."""
        picture = self.layers.get(name)
        if picture is None:
            picture = alpha.transparent(*self.picture.shape[:2])
        return replace(self, picture=picture, layers={}, _made={}, _making=threading.Lock())


def host_pixels(picture: "Pixels | Picture") -> Pixels:
    """Return the picture's pixels in the host's memory: the picture itself where it lies there already."""
    return picture if isinstance(picture, np.ndarray) else picture.pixels()


def dimmed(pixels: Pixels, fade: float) -> Pixels:
    """Multiply the colours by `fade`, 0..1; alpha stays."""
    levels = np.rint(np.arange(256) * fade).astype(np.uint8)
    dark: Pixels = levels[pixels]
    dark[..., 3] = pixels[..., 3]
    return dark
