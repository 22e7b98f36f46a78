"""The layers of a dream that draws several, each as its own parameters say."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence

from livedream.parameters import OFFSET_SECONDS
from livedream.picture import Pixels, alpha
from livedream.picture.frame import Picture, host_pixels
from livedream.play import Values

SLACK = 1e-6  # seconds, so that the sum of many frames' times still names one of them


class Layers:
    """Applies gain, mute and offset to layers.

    Args:
        names: Of the layers, from back to front.

    Attributes:
        names: As given.
        past: What layers with an offset drew in the last second, by name: (seconds, picture), the oldest first.
    """

    def __init__(self, names: Sequence[str]):
        self.names = tuple(names)
        self.past: dict[str, list[tuple[float, Pixels | Picture]]] = {}

    def apply(self, drawn: Mapping[str, Pixels | Picture], seconds: float, values: Values) -> dict[str, Pixels]:
        """Return each layer, uint8 [H, W, 4] by name: as of its offset ago, alpha times gain, transparent if muted.

        Args:
            drawn: All of them as they are now.
            seconds: How long the dream has moved; goes on from call to call, or stands.
            values: The deck's.
        """
        return {name: self._one(name, drawn[name], seconds, values) for name in self.names}

    def copy(self) -> "Layers":
        """Return independent layers with the same past."""
        other = Layers(self.names)
        other.past = {name: list(past) for name, past in self.past.items()}
        return other

    def _one(self, name: str, picture: Pixels | Picture, seconds: float, values: Values) -> Pixels:
        offset = values[f"layer/{name}/offset"]
        if offset > 0:
            picture = self._delayed(name, picture, seconds, offset)
        else:
            self.past.pop(name, None)
        gain = 0.0 if values[f"layer/{name}/mute"] else values[f"layer/{name}/gain"]
        if gain <= 0:
            return alpha.transparent(*picture.shape[:2])
        return alpha.scale_alpha(host_pixels(picture), gain)

    def _delayed(self, name: str, picture: Pixels | Picture, seconds: float, offset: float) -> Pixels | Picture:
        """Return the layer of `offset` seconds ago; the oldest there is if it has not been drawn for so long."""
        past = self.past.setdefault(name, [])
        while past and past[-1][0] >= seconds - SLACK:  # drawn anew for a moment that stands
            past.pop()
        past.append((seconds, picture))
        times = [each for each, _ in past]
        # One older than the longest offset stays, which is shown until the next one has come of age.
        del past[: max(0, bisect_right(times, seconds - OFFSET_SECONDS + SLACK) - 1)]
        return past[max(0, bisect_right([each for each, _ in past], seconds - offset + SLACK) - 1)][1]
