"""What a dream remembers for a drawing: its recall component says which pictures and how, and decode is handed them."""

from collections import OrderedDict
from collections.abc import Callable, Mapping

import numpy as np

from livedream.backend import Runner
from livedream.dream.dream import Component, Dream

KEPT, BYTES = 16, 48 << 20  # pictures that stay decoded, since most come again: at most so many, and so much


class Recall:
    """Finds the memories of one dream that has them. load: makes a Runner of a Component (backend.cpu.load).

    lost: of the pictures of the last call, how many were damaged when they were first needed.
    """

    def __init__(self, dream: Dream, load: Callable[[Component], Runner]):
        component, decode = dream.components["recall"], dream.components["decode"]
        self.lost = 0
        self._memories, self._run = dream.memories, load(component)
        self._inputs = tuple(component.inputs)
        self._wanted = [name for name in decode.inputs if name.startswith("recall.")]
        self._pictures = np.zeros(decode.inputs["memory"].shape, np.uint8)
        self._shown: list[int | None] = [None] * len(self._pictures)  # which memory each of them is
        self._most = max(1, min(KEPT, BYTES // self._pictures[0].nbytes))
        self._kept: OrderedDict[int, np.ndarray] = OrderedDict()  # uint8 [H, W, 4], the last used last

    def __call__(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The inputs that decode has more than latents and controls: `memory` uint8 [K, H, W, 4], which is written to
        by the next call, and each `recall.NAME`.

        inputs: latents and controls by name, others are left out.
        """
        made = self._run({name: inputs[name] for name in self._inputs})
        self.lost = 0
        for slot, k in enumerate(self._memories.within(made["index"])):
            if self._shown[slot] != k:
                self._pictures[slot] = self._picture(k)
                self._shown[slot] = k
        return {"memory": self._pictures, **{name: made[name] for name in self._wanted}}

    def _picture(self, k: int) -> np.ndarray:
        if k in self._kept:
            self._kept.move_to_end(k)
            return self._kept[k]
        room = self._kept.popitem(last=False)[1] if len(self._kept) >= self._most else np.empty_like(self._pictures[0])
        self._kept[k], good = self._memories.sound(k, room)
        self.lost += not good
        return self._kept[k]
