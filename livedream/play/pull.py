"""A live picture draws a dream towards it: the latents that the dream's encoder finds in it are the way there.

Encoded latents come as often as the encoder can; between two of them what is drawn glides. `input/pull` is the share of
the picture that it has. At a high pull the latents that steps are made from are drawn, too, so that the recurrent
network gets to know what is seen, and the dream goes on from there when it is let go.
"""

import numpy as np

from livedream.dream.dream import Dream
from livedream.play import Floats, Values
from livedream.play.places import crossfade
from livedream.play.state import Point, Target

SHORTEST, LONGEST = 0.1, 0.5  # seconds that latents glide: where a dream is seen to be is not quite steady
USUAL = 0.3  # weight of the last interval between two encoded latents in what is taken for the usual one
APPEARS = 0.3  # seconds in which a live picture comes in
STEEP = 4  # power of the pull that is the share of steps, at RATE steps a second
RATE = 30.0
PLACED = 0.5  # share of steps from which a dream is put at the place that is seen: places are not half-way


class Pull:
    """Where a live picture draws one dream to. Only the drawer thread calls it.

    Attributes:
        latent: Where to at this moment, f32 [Z]; None while nothing is seen.
        weight: 0..1, of the live picture in what is drawn.
    """

    def __init__(self, dream: Dream):
        self._dream = dream
        self.latent: Floats | None = None
        self.weight = 0.0
        self._from: Floats | None = None
        self._to: Floats | None = None
        self._since = self._interval = self._gone = 0.0  # seconds: since the last came, between two, of the glide
        self._there = 0.0  # 0..1, how far the live picture has come in

    def toward(self, latent: Floats) -> None:
        """Take what was encoded last, f32 [Z]."""
        if self.latent is None:
            self.latent = latent
        else:
            interval = min(self._since, LONGEST)
            self._interval = interval if not self._interval else self._interval + USUAL * (interval - self._interval)
        self._from, self._to, self._since, self._gone = self.latent, latent, 0.0, 0.0

    def steer(self, seconds: float, values: Values) -> None:
        """Glide on by `seconds`, and take the pull that the parameters ask for."""
        share = values.get("input/pull", 0.0)
        if share <= 0 or self._from is None or self._to is None:
            if share <= 0:
                self.forget()
            return
        self._since += seconds
        self._gone += seconds
        part = min(self._gone / max(self._interval, SHORTEST), 1.0)
        self.latent = crossfade(self._dream, self._from, self._to, part)
        self._there = min(self._there + seconds / APPEARS, 1.0)
        self.weight = share * self._there * self._there * (3 - 2 * self._there)

    def forget(self) -> None:
        """See nothing, until something is encoded anew."""
        self.latent = self._from = self._to = None
        self.weight = self._there = self._interval = 0.0

    @property
    def target(self) -> Target | None:
        """Where the picture is blended to, or None."""
        if self.latent is None or not self.weight:
            return None
        latent, places = self.latent, self._dream.places
        if places is not None and self._share < PLACED:  # of two memories at a time one is the dream's own
            latent = latent.copy()
            latent[places][:2], latent[places][2:] = self._place, 0
        return Target(Point(latent, None), self.weight)

    def made_from(self, own: Floats) -> Floats:
        """Return what a step is made from in place of the dream's own latent, f32 [Z]; `own` itself without a pull."""
        share, places = self._share, self._dream.places
        if self.latent is None or share <= 0 or (places is not None and share < PLACED):
            return own
        if places is None:
            return crossfade(self._dream, own, self.latent, share)
        # Which of its two memories a dream is at, its recurrent network knows. So both are the one that is seen, and
        # the share of the second stays as it is.
        made: Floats = own + np.float32(share) * (self.latent - own)
        made[places] = own[places]
        made[places][:2] = self._place
        return made

    @property
    def _share(self) -> float:
        """How much of the latents that steps are made from is the live picture's, 0..1."""
        return float(1 - (1 - self.weight**STEEP) ** (RATE / self._dream.step_rate))

    @property
    def _place(self) -> np.float32:
        """The memory that is seen, or most of it."""
        assert self.latent is not None
        assert self._dream.places is not None
        first, second, weight = self.latent[self._dream.places]
        return np.float32(first if weight < 0.5 else second)
