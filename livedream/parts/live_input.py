"""The live picture of a session: it comes from a source, is held or delayed, and is given to decks and encoders."""

import math
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path

from livedream.input.live_source import LivePicture, LiveSource
from livedream.loop.deck import Deck
from livedream.loop.live_view import LiveView
from livedream.parameters import Snapshot
from livedream.parts.delay import Delay
from livedream.parts.live_encoder import LiveEncoder

RECENT = 2.0  # seconds that the rate is measured over


class LiveInput:
    """Receives live pictures from `start` to `stop`.

    Args:
        source: Where they come from.
        decks: That show them.
        size: (width, height) of the show.
        text: As after `--in`.

    Attributes:
        source: As given.
        view: The live picture as decks show it.
        shown: The picture that is shown, after delay and freeze; None before the first. Replaced whole; any thread.
    """

    def __init__(self, source: LiveSource, decks: Sequence[Deck], size: tuple[int, int], text: str = ""):
        self.source, self.view = source, LiveView(size)
        self.shown: LivePicture | None = None
        self._decks, self._text = decks, text
        self._encoders = [LiveEncoder(deck) for deck in decks]
        self._delay = Delay(size)
        self._counts: deque[tuple[float, int]] = deque()  # when, and how many pictures had come by then
        for deck in decks:
            deck.live = self.view

    @property
    def kept(self) -> dict[str, str]:
        """What a show keeps of it."""
        path = {"path": str(Path(self._text.split("#")[0]).absolute())} if self.source.kind == "file" else {}
        return {"name": self.source.name, "kind": self.source.kind, **path}

    @property
    def seconds(self) -> float | None:
        """Seconds from a file's beginning to what is shown, with all its passes; None of what is no file."""
        return None if self.shown is None or math.isnan(self.shown.place) else self.shown.place

    def start(self) -> None:
        """Begin to receive."""
        self.source.start()

    def stop(self) -> None:
        """End; the last picture stays."""
        for each in self._encoders:
            each.stop()
        self.source.stop()

    def on_frame(self, values: Snapshot) -> None:
        """Choose the live picture of this frame."""
        self._count()
        if not values["input/freeze"] or self.shown is None:
            newest = self.source.latest
            delayed = self._delay.picture(newest, values["input/delay"]) if newest else None
            self.shown = delayed or self.shown
        if self.shown is None:
            return
        self.view.show(self.shown.pixels)
        for deck, encoder in zip(self._decks, self._encoders, strict=True):
            encoder.look(self.shown, values.below(deck.prefix))

    def status(self) -> dict[str, object]:
        """Its field of `GET /status`; any thread."""
        counts = list(self._counts)
        (since, before), (until, now) = (counts[0], counts[-1]) if counts else ((0.0, 0), (0.0, 0))
        fps = (now - before) / (until - since) if until > since else 0.0
        encoders = [each.status() for each in self._encoders]
        return {"input": {**self.source.status(), "fps": round(fps, 1), "encoders": encoders}}

    def _count(self) -> None:
        now = time.perf_counter()
        self._counts.append((now, self.source.received))
        while now - self._counts[0][0] > RECENT:
            self._counts.popleft()
