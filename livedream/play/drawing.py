"""The pictures of a dream: its decoder draws points, with its memories and layers where it has them."""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from livedream.backend import Runner
from livedream.dream.dream import Component, Dream
from livedream.picture import Pixels, alpha
from livedream.picture.frame import Picture, host_pixels
from livedream.play import Floats, Values
from livedream.play.layers import Layers
from livedream.play.offsets import Offsets
from livedream.play.recall import Recall
from livedream.play.state import Point
from livedream.play.stepper import control_inputs, latent_inputs
from livedream.play.still import Still


class Inputs(NamedTuple):
    """What a picture is drawn from.

    Attributes:
        decode: The decoder's inputs by name, without memories.
        recall: Those of what chooses its memories; {} for a dream without.
    """

    decode: dict[str, NDArray[Any]]
    recall: dict[str, Floats]


class Drawing:
    """Draws the points of one dream.

    Args:
        dream: Whose pictures.
        decode: Runs its decoder.
        load: Makes a Runner of a Component (backend.cpu.load).
        offsets: What knobs and latent offsets add.

    Attributes:
        layers: The layers of the last picture, uint8 [H, W, 4] by name, from back to front; {} where it has none.
        lost: Damaged memories that were not used.
        waits: Whether it waits for a clip that is not ready; else what was drawn before plays on.
        waiting: Whether the last drawing did that.
        told: Whether the next drawing is to do so, in a show that is drawn again; None: as it comes.
        mixer: Applies the layers' own parameters.
        still: A photo that lies over the pictures until it has faded, or None.
    """

    def __init__(self, dream: Dream, decode: Runner, load: Callable[[Component], Runner], offsets: Offsets):
        self.layers: dict[str, Pixels] = {}
        self.lost = 0
        self.waits, self.waiting = True, False
        self.told: bool | None = None
        self._dream, self._decode, self._load, self._offsets = dream, decode, load, offsets
        self._recall = Recall(dream, load) if dream.memories else None
        self.mixer = Layers(dream.layers)
        self.still: Still | None = None
        self._scratch: Runner | None = None  # draws what is to leave no trace

    def __call__(self, point: Point, seconds: float, values: Values) -> Pixels | Picture:
        """Draw a point.

        Args:
            point: What to draw, before offsets.
            seconds: How long the dream has moved, for layers that are delayed.
            values: The deck's.

        Returns:
            uint8 [H, W, 4] that nobody else writes to, or the same on a device.
        """
        made = {
            name.removeprefix("layer."): _only(each) for name, each in self._made(self._inputs(point, values)).items()
        }
        return self._composed(made, seconds, values)

    def _inputs(self, point: Point, values: Values) -> Inputs:
        """Return what a point is drawn from, knobs and offsets included."""
        dream = self._dream
        latents = latent_inputs(dream, point.latent + self._offsets(point.latent, values))
        inputs: dict[str, NDArray[Any]] = {**latents, **control_inputs(dream.components["decode"], values)}
        if point.noise is not None:
            inputs["noise"] = point.noise
        return Inputs(inputs, latents | control_inputs(dream.components["recall"], values) if self._recall else {})

    def _made(self, inputs: Inputs) -> dict[str, Any]:
        """Run the decoder, with the memories that it needs; returns its outputs by name."""
        if not self._recall:
            return self._decode(inputs.decode)
        remembered = self._recall(inputs.recall)
        self.lost += self._recall.lost
        return self._decode(inputs.decode | remembered)

    def _composed(self, made: Mapping[str, Pixels | Picture], seconds: float, values: Values) -> Pixels | Picture:
        """Return the picture of what was drawn, "frame" or layers by their names."""
        if not self._dream.layers:
            return self._under_still(made["frame"], seconds)
        self.layers = self.mixer.apply({name: made[name] for name in self._dream.layers}, seconds, values)
        return self._under_still(alpha.over([*self.layers.values()]), seconds)

    def _under_still(self, picture: Pixels | Picture, seconds: float) -> Pixels | Picture:
        if self.still is None:
            return picture
        drawn = self.still(host_pixels(picture), seconds)
        if self.still.over:
            self.still = None
        return drawn

    def begin(self, photo: Pixels | None) -> None:
        """Draw a photo, uint8 [H, W, 4], first and let it fade; None: what lies over the pictures is gone."""
        self.still = None if photo is None else Still(photo)

    def elapse(self, seconds: float, steps: float) -> None:
        """Let time go by: `seconds` of the stage, in which the dream has moved by `steps`."""
        return  # nothing fades but clips

    def remember(self, other: "Drawing") -> None:
        """Take over the clips that another drawing of the same dream has made."""
        return

    def continue_from(self, other: "Drawing") -> None:
        """Go on with a copy of what another drawing of the same dream has kept of its layers."""
        self.lost, self.mixer, self.waits = other.lost, other.mixer.copy(), other.waits
        self.still = other.still and other.still.copy()

    @contextlib.contextmanager
    def untraced(self) -> Iterator[None]:
        """Let what is drawn meanwhile leave no trace in decoder, layers and a fading photo."""
        decode, mixer, still = self._decode, self.mixer, self.still
        self.mixer, self.still = mixer.copy(), still and still.copy()
        if decode.state:
            if self._scratch is None:
                self._scratch = self._load(self._dream.components["decode"])
            self._scratch.state = decode.state
            self._decode = self._scratch
        try:
            yield
        finally:
            self._decode, self.mixer, self.still = decode, mixer, still


def _only(picture: object) -> Pixels | Picture:
    """Return the only picture of uint8 [1, H, W, 4]; one on a device is a single one already."""
    return picture[0] if isinstance(picture, np.ndarray) else cast(Picture, picture)
