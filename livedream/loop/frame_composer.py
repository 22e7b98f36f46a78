"""The decks' pictures made one picture: on the host as long as that is enough, by OpenGL where there are looks."""

import logging
import threading
import time
from collections.abc import Sequence

import numpy as np

from livedream import UserError, one_line
from livedream.look.audio_texture import Audio
from livedream.look.chain import Chain
from livedream.loop import mix
from livedream.loop.deck import Deck
from livedream.parameters import Snapshot
from livedream.picture.fit import fitted_size
from livedream.picture.frame import Picture, host_pixels

log = logging.getLogger("livedream.loop")

AGAIN = 5.0  # seconds to the next try after OpenGL has failed in play


class FrameComposer:
    """Makes the picture of each frame; the drawer's.

    size: (width, height) that looks are drawn in at most; a picture keeps its shape, and where the processor draws its
    size, unless all of `size` is wanted (`whole`). live: not a rendering, which waits for each picture. audio: what
    looks hear.

    behind: frames that the last picture came later than it was drawn. error: why looks are not seen, or None.
    """

    def __init__(
        self,
        chain: Chain,
        size: tuple[int, int],
        fps: float,
        live: bool = True,
        whole: bool = False,
        audio: Audio | None = None,
    ):
        self.chain, self.behind, self.error, self.audio = chain, 0, None, audio
        self._size, self._fps, self._live, self._whole = size, fps, live, whole
        self._compositor = self._thread = None
        self._small = False
        self._again = 0.0

    def __call__(self, decks: Sequence[Deck], values: Snapshot, number: int) -> np.ndarray | Picture:
        """The picture of frame `number`."""
        if not self._wanted(decks, values) or time.monotonic() < self._again:
            self.behind = 0
            return mix.mixed(decks, values)
        try:
            return self._draw(decks, values, number)
        except UserError as error:  # no OpenGL here: it will not come by itself
            self._give_up(str(error), float("inf"))
        except Exception as error:  # a card that was lost, say
            self._give_up(one_line(error), AGAIN)
        return mix.mixed(decks, values)

    def _wanted(self, decks: Sequence[Deck], values: Snapshot) -> bool:
        if self.chain.slots or any(values[each] > 0 for each in ("master/upscale", "master/grain", "master/dither")):
            return True
        return len(decks) > 1 and values["mix/mode"] != 0 and len(mix.needed(decks, values)) > 1

    def _draw(self, decks: Sequence[Deck], values: Snapshot, number: int) -> np.ndarray:
        if self._compositor is None or self._thread != threading.get_ident():  # OpenGL is the thread's that began it
            from livedream.look.compositor import Compositor

            self._compositor, self._thread = Compositor(self.chain, self.audio, self._live), threading.get_ident()
            # The processor has no time for more pixels than the dream has.
            self._small = not self._compositor.behind and not self._whole
            if not self._live:
                self._compositor.behind = 0
        drawn = [deck.drawn for deck in decks if deck.drawn is not None]
        pictures = [host_pixels(each) for each in drawn]
        size = fitted_size(pictures[0], self._size)
        if self._small and not values["master/upscale"]:
            height, width = pictures[0].shape[:2]
            size = min(size, (width, height))
        picture = self._compositor.draw(pictures, values, size, number, self._fps)
        self.behind, self.error = self._compositor.behind, None
        return picture

    def _give_up(self, error: str, seconds: float) -> None:
        if not self._live:
            raise UserError(f"looks: {error}")
        if error != self.error:
            log.warning("looks: %s; the show goes on without them", error)
        self.error, self.behind, self._compositor = error, 0, None
        self._again = time.monotonic() + seconds
