"""Compose a frame of the decks' pictures: on the host as long as that is enough, by OpenGL where there are looks."""

import logging
import threading
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from livedream import UserError, one_line
from livedream.look.audio_texture import Audio
from livedream.look.chain import Chain
from livedream.loop import mix
from livedream.loop.deck import Deck
from livedream.parameters import Snapshot
from livedream.picture import Pixels
from livedream.picture.fit import fitted_size
from livedream.picture.frame import Picture, host_pixels

if TYPE_CHECKING:
    from livedream.look.compositor import Compositor

log = logging.getLogger("livedream.loop")

AGAIN = 5.0  # seconds until the next try after OpenGL has failed in play


class FrameComposer:
    """Makes the picture of each frame, in the drawer thread.

    Args:
        chain: The looks.
        size: Largest (width, height) that looks are drawn in. A picture keeps its aspect, and where the processor
            draws it keeps its size, unless `whole` is set.
        fps: Frames a second, which looks count time in.
        live: False for a rendering, which waits for each picture and fails where looks cannot be drawn.
        whole: Draw in all of `size` on the processor too.
        audio: The sound that looks are given.

    Attributes:
        behind: Frames by which the last picture came later than it was asked for.
        error: Why looks are not drawn, or None.
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
        self.chain, self.audio = chain, audio
        self.behind = 0
        self.error: str | None = None
        self._size, self._fps, self._live, self._whole = size, fps, live, whole
        self._compositor: Compositor | None = None
        self._thread: int | None = None  # the thread that made the compositor and owns OpenGL
        self._small = False
        self._again = 0.0

    def __call__(self, decks: Sequence[Deck], values: Snapshot, number: int) -> Pixels | Picture:
        """The picture of frame `number`."""
        if not self._wanted(decks, values) or time.monotonic() < self._again:
            self.behind = 0
            return mix.mixed(decks, values)
        try:
            return self._draw(decks, values, number)
        except UserError as error:  # no OpenGL here: it will not come by itself
            self._give_up(str(error), float("inf"))
        except Exception as error:  # the graphics card was lost, for example
            self._give_up(one_line(error), AGAIN)
        return mix.mixed(decks, values)

    def status(self) -> dict[str, object]:
        """Its field of `GET /status`; any thread."""
        return {"look_error": self.error}

    def _wanted(self, decks: Sequence[Deck], values: Snapshot) -> bool:
        if self.chain.slots or any(values[each] > 0 for each in ("master/upscale", "master/grain", "master/dither")):
            return True
        return len(decks) > 1 and values["mix/mode"] != 0 and len(mix.needed(decks, values)) > 1

    def _draw(self, decks: Sequence[Deck], values: Snapshot, number: int) -> Pixels:
        compositor = self._ready()
        pictures = [host_pixels(deck.drawn) for deck in decks if deck.drawn is not None]
        size = fitted_size(pictures[0], self._size)
        if self._small and not values["master/upscale"]:
            height, width = pictures[0].shape[:2]
            size = min(size, (width, height))
        picture = compositor.draw(pictures, values, size, number, self._fps)
        self.behind, self.error = compositor.behind, None
        return picture

    def _ready(self) -> "Compositor":
        """The compositor of the calling thread."""
        if self._compositor is None or self._thread != threading.get_ident():
            from livedream.look.compositor import Compositor

            self._compositor, self._thread = Compositor(self.chain, self.audio, self._live), threading.get_ident()
            # The processor has no time for more pixels than the dream has.
            self._small = not self._compositor.behind and not self._whole
            if not self._live:
                self._compositor.behind = 0
        return self._compositor

    def _give_up(self, error: str, seconds: float) -> None:
        if not self._live:
            raise UserError(f"looks: {error}")
        if error != self.error:
            log.warning("looks: %s; the show goes on without them", error)
        self.error, self.behind, self._compositor = error, 0, None
        self._again = time.monotonic() + seconds
