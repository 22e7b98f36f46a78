"""What knobs, the vote and latent offsets add to the latent that is drawn, and the places that knobs lead to."""

import numpy as np

from livedream.dream.dream import Dream
from livedream.parameters import KNOBS, vote
from livedream.play import Floats, Values, clip
from livedream.play.places import lead


class Offsets:
    """Sums up the knobs, the vote and the latent offsets of one dream, limited to where the dream is good."""

    def __init__(self, dream: Dream):
        self._free, self._places = dream.free, dream.places
        self._mean, self._std = dream.mean[self._free], np.maximum(dream.std, np.float32(1e-6))[self._free]
        self._scale = dream.std[self._free]
        self._voted = bool(vote(self._scale.size))
        directions = [each.vector[self._free] for each in dream.directions[:KNOBS]]
        self._knobs: Floats | None = np.stack(directions) if directions else None
        self._addresses = [f"dream/knob/{i}" for i in range(1, len(directions) + 1)]
        leading = zip(self._addresses, dream.directions, strict=False)
        self._leading = [(address, each.places[0], each.places[1]) for address, each in leading if each.places]
        self._asked: tuple[tuple[float, ...], list[float], float, tuple[float, ...]] | None = (
            None  # what `_added` was computed from
        )
        self._added: Floats = np.zeros_like(self._scale)
        self._any = False  # whether `_added` is not zero

    def __call__(self, latent: Floats, values: Values) -> Floats:
        """Return what is to be added to `latent` for drawing, f32 [Z]."""
        added = self.steering(latent, values)
        if self._places is not None:
            here = place = latent[self._places]
            for address, towards, away in self._leading:
                place = lead(place, towards, away, values[address])
            if self._voted and (amount := values["vote/amount"]):
                towards, away = values["vote/places"]
                place = lead(place, towards, away, amount)
            added[self._places] = place - here
        return added

    def steering(self, latent: Floats, values: Values) -> Floats:
        """Return what is to be added to `latent` where the next step may be made from it, f32 [Z]: places stay."""
        amount = values["vote/amount"] if self._voted else 0.0
        voted = values["vote/direction"] if amount else ()
        asked = values["dream/latents"], [values[address] for address in self._addresses], amount, voted
        if asked != self._asked:  # it is asked twice a frame, and mostly nothing has moved
            self._added = np.asarray(asked[0], np.float32) * self._scale
            if self._knobs is not None:
                self._added = self._added + np.asarray(asked[1], np.float32) @ self._knobs
            if amount:
                self._added = self._added + np.float32(amount) * np.asarray(voted, np.float32) * self._scale
            self._asked, self._any = asked, bool(self._added.any())
        added = self._added
        if self._any:
            added = clip.limited(latent[self._free], added, self._mean, self._std, values["dream/unclip"])
        if self._places is None:
            return added
        whole = np.zeros_like(latent)
        whole[self._free] = added
        return whole
