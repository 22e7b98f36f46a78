"""What a dream remembers for a drawing: its recall component chooses the memories, and decode gets their pictures."""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import cast

import numpy as np
from numpy.typing import NDArray

from livedream.backend import Runner
from livedream.dream.dream import Component, Dream
from livedream.picture import Pixels
from livedream.play import Floats

KEPT, BYTES = 16, 48 << 20  # at most so many pictures, and so much memory, stay decoded: most are needed again


class Recall:
    """Finds the memories of one dream.

    Args:
        dream: One that has memories.
        load: Makes a Runner of a Component (backend.cpu.load).

    Attributes:
        lost: How many pictures of the last call were damaged when they were first needed.
    """

    def __init__(self, dream: Dream, load: Callable[[Component], Runner]):
        component, decode = dream.components["recall"], dream.components["decode"]
        assert dream.memories is not None
        self.lost = 0
        self._memories, self._run = dream.memories, load(component)
        self._inputs = tuple(component.inputs)
        self._wanted = [name for name in decode.inputs if name.startswith("recall.")]
        self._pictures = np.zeros(decode.inputs["memory"].shape, np.uint8)
        self._shown: list[int | None] = [None] * len(self._pictures)  # the memory that each of them shows
        self._most = max(1, min(KEPT, BYTES // self._pictures[0].nbytes))
        self._decoded: OrderedDict[int, Pixels] = OrderedDict()  # the last used last

    def __call__(self, inputs: Mapping[str, Floats]) -> dict[str, NDArray[np.generic]]:
        """Return what decode takes in besides latents and controls.

        Args:
            inputs: Latents and controls by name; others are ignored.

        Returns:
            `memory`, uint8 [K, H, W, 4], which the next call writes to, and each `recall.NAME`.
        """
        made = cast(dict[str, NDArray[np.generic]], self._run({name: inputs[name] for name in self._inputs}))
        self.lost = 0
        for slot, number in enumerate(self._memories.within(made["index"].astype(np.int64, copy=False))):
            if self._shown[slot] != number:
                self._pictures[slot] = self._picture(number)
                self._shown[slot] = number
        return {"memory": self._pictures, **{name: made[name] for name in self._wanted}}

    def _picture(self, number: int) -> Pixels:
        decoded = self._decoded
        if number in decoded:
            decoded.move_to_end(number)
            return decoded[number]
        room = decoded.popitem(last=False)[1] if len(decoded) >= self._most else np.empty_like(self._pictures[0])
        decoded[number], good = self._memories.sound(number, room)
        self.lost += not good
        return decoded[number]
