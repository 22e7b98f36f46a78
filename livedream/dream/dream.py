"""What a loaded dream file holds."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from livedream.dream.memories import Memories


@dataclass(frozen=True)
class Value:
    """One input or output of a component.

    shape: all static. dtype: numpy's name, "float32" or "uint8". full: its name in the graph, "step/latent".
    """

    shape: tuple[int, ...]
    dtype: str
    full: str


@dataclass(frozen=True, eq=False)
class Component:
    """An entry point of the file, cut out so that a session can be opened on it alone.

    model: a serialised ModelProto in which names keep their prefix. inputs and outputs: by name without the
    prefix ("latent", "state.h", "next.latent", "frame"), in the graph's order. for_cpu: the model as
    backend/cpu_graph.py rewrites it, where another process has done that already.
    """

    name: str
    model: bytes
    inputs: dict[str, Value]
    outputs: dict[str, Value]
    for_cpu: bytes | None = None


@dataclass(frozen=True, eq=False)
class Direction:
    """A knob: drawn latent = latent + knob × vector, knob in low..high (−3..3 standard deviations).

    vector: f32 [Z]. effect: how much one standard deviation changes the picture, as its exporter measured it.
    """

    name: str
    vector: np.ndarray
    low: float
    high: float
    effect: float


@dataclass(frozen=True)
class Control:
    """A parameter of the file's own: `control.NAME`, f32 [length], every element in low..high."""

    name: str
    length: int
    low: float
    high: float
    default: float
    doc: str


@dataclass(frozen=True, eq=False)
class Scene:
    """A place to start from.

    tensors: latents and states, f32 in the inputs' shapes, by full name ("step/state.h"); a state that is not
    in it starts at zero. thumbnail: a JPEG, or b"".
    """

    name: str
    tensors: dict[str, np.ndarray]
    thumbnail: bytes


@dataclass(frozen=True, eq=False)
class Dream:
    """A dream file that keeps contract 1.

    fps: steps a second at speed 1 (25.0 when an effect does not say).
    interpolation: "linear", "slerp" or "none", between latents.
    mean, std: f32 [Z] over the footage; several latents stand one after the other, as in `latents`.
    latents: names of the latent inputs ("latent", or "latent.NAME" …); empty in an effect.
    places: where among the latents the places are; None: it has none. memories: None: it has none.
    layers: names from back to front; empty when decode draws `frame`. notes: what was ignored, one line each.
    """

    path: Path
    sha256: str
    title: str
    kind: str
    fps: float
    latents: tuple[str, ...]
    mean: np.ndarray
    std: np.ndarray
    interpolation: str
    places: slice | None
    layers: tuple[str, ...]
    components: dict[str, Component]
    directions: tuple[Direction, ...]
    controls: Mapping[str, Control]
    scenes: tuple[Scene, ...]
    provenance: dict
    notes: tuple[str, ...]
    memories: "Memories | None" = None

    @property
    def free(self) -> slice | np.ndarray:
        """An index of the latents that knobs, offsets and chance may move: all but the places."""
        return slice(None) if self.places is None else np.delete(np.arange(self.mean.size), self.places)

    @property
    def is_effect(self) -> bool:
        """Takes a picture (`apply`) rather than drawing from latents (`decode`)."""
        return "decode" not in self.components

    @property
    def picture(self) -> Value:
        """What it draws: `frame`, or the layer at the back; its shape is (T, H, W, 4)."""
        outputs = self.components["apply" if self.is_effect else "decode"].outputs
        return outputs["layer." + self.layers[0] if self.layers else "frame"]

    @property
    def frames(self) -> int:
        """T: pictures per drawing. 1, or the length of a clip (the longest layer's, when layers differ)."""
        outputs = self.components["apply" if self.is_effect else "decode"].outputs
        return max(value.shape[0] for value in outputs.values() if value.dtype == "uint8")

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of the picture in pixels."""
        return self.picture.shape[2], self.picture.shape[1]
