"""What a loaded dream file holds."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from livedream.dream.memories import Memories

Shape = tuple[int, ...]
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Value:
    """One input or output of a component.

    Attributes:
        shape: its shape; every dimension is known.
        dtype: numpy's name of its element type, "float32" or "uint8".
        full: its name in the graph, such as "step/latent".
    """

    shape: Shape
    dtype: str
    full: str


@dataclass(frozen=True, eq=False)
class Component:
    """An entry point of the file, cut out so that a session can be opened on it alone.

    Attributes:
        name: "step", "recall", "decode", "encode" or "apply".
        model: a serialised ModelProto, in which names keep the component's prefix.
        inputs, outputs: values by name without the prefix ("latent", "state.h", "next.latent", "frame"), in the
            graph's order.
    """

    name: str
    model: bytes
    inputs: dict[str, Value]
    outputs: dict[str, Value]


@dataclass(frozen=True, eq=False)
class Direction:
    """A knob: drawn latent = latent + knob × vector.

    Attributes:
        name: its title.
        vector: f32 [Z], one standard deviation of the knob.
        low, high: the knob's range, in standard deviations; usually −3..3.
        effect: how much one standard deviation changes the picture, as its exporter measured it.
        places: the memories that the knob leads to above 0 and below 0 (-1: none), or ().
    """

    name: str
    vector: Floats
    low: float
    high: float
    effect: float
    places: tuple[float, ...] = ()


@dataclass(frozen=True)
class Control:
    """A parameter of the file's own: the input `control.NAME`, f32 [length], every element in low..high.

    Attributes:
        default: of all its elements, or one for each.
        parts: names of its elements, as many as there are; () if they have none but their numbers.
    """

    name: str
    length: int
    low: float
    high: float
    default: float | tuple[float, ...]
    doc: str
    parts: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Scene:
    """A place to start from.

    Attributes:
        name: its title.
        tensors: latents and states, f32 in the inputs' shapes, by full name ("step/state.h"); a state that is
            missing starts at zero.
        thumbnail: a JPEG file, or b"".
    """

    name: str
    tensors: dict[str, Floats]
    thumbnail: bytes


@dataclass(frozen=True, eq=False)
class Dream:
    """A dream file that keeps contract 1.

    Attributes:
        path: the file.
        sha256: of the dream in the file, in hexadecimal.
        title, kind: see metadata.py.
        fps: steps a second at speed 1, of a dream in clips frames; 25.0 for an effect that does not say.
        hop: frames after which the next clip begins, 1..T; 0 for a dream that draws frame by frame, and for an effect.
        latents: names of the latent inputs ("latent", or "latent.NAME" …); empty in an effect.
        mean, std: f32 [Z] over the footage; several latents follow one another, in the order of `latents`.
        interpolation: "linear", "slerp" or "none", between latents.
        places: where among the Z latents the places are, or None.
        layers: names from back to front; empty when decode draws `frame`.
        components, directions, controls, scenes: what the file holds of each.
        provenance: footage, licence and evaluation figures, as JSON; nothing depends on it.
        notes: what was ignored, one line each.
        memories: pictures of the footage for a dream with `recall`, or None.
    """

    path: Path
    sha256: str
    title: str
    kind: str
    fps: float
    latents: tuple[str, ...]
    mean: Floats
    std: Floats
    interpolation: str
    places: slice | None
    layers: tuple[str, ...]
    components: dict[str, Component]
    directions: tuple[Direction, ...]
    controls: Mapping[str, Control]
    scenes: tuple[Scene, ...]
    provenance: dict[str, object]
    notes: tuple[str, ...]
    memories: Memories | None = None
    hop: int = 0

    @property
    def step_rate(self) -> float:
        """Steps a second at speed 1: clips, where it draws clips."""
        return self.fps / self.hop if self.hop else self.fps

    @property
    def free(self) -> slice | NDArray[np.intp]:
        """An index of the latents that knobs, offsets and noise may move: all but the places."""
        return slice(None) if self.places is None else np.delete(np.arange(self.mean.size), self.places)

    @property
    def is_effect(self) -> bool:
        """Whether it takes a picture (`apply`) rather than drawing from latents (`decode`)."""
        return "decode" not in self.components

    @property
    def picture(self) -> Value:
        """The output that it draws, shape (T, H, W, 4): `frame`, or the layer at the back."""
        return self._drawn["layer." + self.layers[0] if self.layers else "frame"]

    @property
    def frames(self) -> int:
        """T, the pictures of one drawing: 1, or the length of a clip (the longest layer's, when layers differ)."""
        return max(value.shape[0] for value in self._drawn.values() if value.dtype == "uint8")

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of the picture in pixels."""
        return self.picture.shape[2], self.picture.shape[1]

    @property
    def _drawn(self) -> dict[str, Value]:
        return self.components["apply" if self.is_effect else "decode"].outputs
