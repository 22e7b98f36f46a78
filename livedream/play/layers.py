"""The layers of a dream that draws several, each as its own parameters say."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence

import numpy as np

from livedream.parameters import OFFSET_SECONDS, Snapshot
from livedream.picture import alpha
from livedream.picture.frame import Picture

SLACK = 1e-6  # seconds, so that the sum of many frames' times still names one of them


class Layers:
    """The layers `names`, from back to front. Those with an offset keep what they drew during the last second."""

    def __init__(self, names: Sequence[str]):
        self.names = tuple(names)
        self._past: dict[str, list[tuple[float, np.ndarray | Picture]]] = {}  # (moment, picture), the oldest first

    def seen(self, drawn: Mapping[str, np.ndarray | Picture], moment: float, values: Snapshot) -> dict[str, np.ndarray]:
        """Each layer by name, uint8 [H, W, 4]: taken from its offset ago, its alpha times its gain, nothing if mute.

        drawn: all of them as they are now. moment: seconds; time goes on from call to call, or stands.
        """
        return {name: self._one(name, drawn[name], moment, values) for name in self.names}

    def copy(self) -> "Layers":
        """Another that has the same past."""
        other = Layers(self.names)
        other._past = {name: list(past) for name, past in self._past.items()}
        return other

    def _one(self, name: str, picture: np.ndarray | Picture, moment: float, values: Snapshot) -> np.ndarray:
        offset = values[f"layer/{name}/offset"]
        if offset > 0:
            picture = self._before(name, picture, moment, offset)
        else:
            self._past.pop(name, None)
        gain = 0.0 if values[f"layer/{name}/mute"] else values[f"layer/{name}/gain"]
        if gain <= 0:
            return alpha.nothing(*picture.shape[:2])
        return alpha.thinned(picture if isinstance(picture, np.ndarray) else picture.pixels(), gain)

    def _before(self, name: str, picture, moment: float, offset: float) -> np.ndarray | Picture:
        """What the layer was `offset` seconds before this moment; the oldest there is if it has not been so long."""
        past = self._past.setdefault(name, [])
        while past and past[-1][0] >= moment - SLACK:  # drawn anew for a moment that stands
            past.pop()
        past.append((moment, picture))
        moments = [each for each, _ in past]
        # One older than the longest offset stays, which is shown until the next one has come of age.
        del past[: max(0, bisect_right(moments, moment - OFFSET_SECONDS + SLACK) - 1)]
        return past[max(0, bisect_right([each for each, _ in past], moment - offset + SLACK) - 1)][1]
