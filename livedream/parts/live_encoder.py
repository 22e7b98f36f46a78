"""Finds the latents of live pictures, on a thread of its own: the newest picture, as fast as the encoder can."""

import logging
import threading
import time
from typing import NamedTuple

import numpy as np

from livedream import one_line
from livedream.backend import Runner, cpu
from livedream.dream.dream import Dream
from livedream.input.live_source import LivePicture
from livedream.loop.deck import Deck
from livedream.picture.placing import FITS
from livedream.picture.scale import Scaler, fitted
from livedream.play import Floats, Values

log = logging.getLogger("livedream.parts")

REST = 1.0  # times as long as a picture took it rests, so that it leaves half a processor core to the show
AGAIN = 5.0  # seconds until the next try after it has failed


class Asked(NamedTuple):
    """A picture to be encoded.

    Attributes:
        picture: What is seen.
        fit: "contain", "cover" or "stretch".
        mirror: Whether it is mirrored.
    """

    picture: LivePicture
    fit: str
    mirror: bool


class LiveEncoder:
    """Encodes live pictures for the dream of one deck while its `input/pull` is above 0.

    Args:
        deck: Which dream, and who gets the latents.

    Attributes:
        count: Pictures that were encoded.
        error: Why none is, or None.
    """

    def __init__(self, deck: Deck):
        self._deck = deck
        self.count = 0
        self.error: str | None = None
        self._asked: Asked | None = None
        self._looked: tuple[int, str, bool] | None = None  # what was asked last
        self._stopping = False
        self._turn = threading.Condition()
        self._thread: threading.Thread | None = None  # begins when it is needed first
        self._said = ""  # SHA-256 of the dream that cannot see, once that was said
        self._seconds: float | None = None

    def look(self, picture: LivePicture, values: Values) -> None:
        """Look at a picture, if it is new and the dream is to be drawn to it. The drawer thread; never waits."""
        if values["input/pull"] <= 0:
            self._asked = self._looked = None
            return
        asked = Asked(picture, FITS[values["input/fit"]], bool(values["input/mirror"]))
        looked = picture.number, asked.fit, asked.mirror
        if looked == self._looked or not self._sees():
            return
        self._looked = looked
        with self._turn:
            self._asked = asked
            self._turn.notify()
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name=f"encoder {'ab'[self._deck.number]}", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End."""
        with self._turn:
            self._stopping = True
            self._turn.notify()
        if self._thread:
            self._thread.join(2.0)

    def status(self) -> dict[str, object]:
        """What `GET /status` says of it; any thread."""
        ms = None if self._seconds is None else round(self._seconds * 1e3, 1)
        return {"encoded": self.count, "ms": ms, "error": self.error}

    def _sees(self) -> bool:
        dream = self._deck.player.dream
        if "encode" in dream.components:
            return True
        if self._said != dream.sha256:
            self._said = dream.sha256
            self.error = f"{dream.title} has no encoder: input/pull does nothing"
            log.warning("deck %s: %s", "ab"[self._deck.number], self.error)
        return False

    # -- the encoder's thread --------------------------------------------------------------------------------------

    def _work(self) -> None:
        found: tuple[str, Runner] | None = None  # SHA-256 of the dream, and its encoder
        scaler = Scaler()
        while True:
            with self._turn:
                self._turn.wait_for(lambda: self._stopping or self._asked)
                if self._stopping:
                    return
                asked, self._asked = self._asked, None
            if asked is None:
                continue
            began, dream = time.perf_counter(), self._deck.player.dream
            try:
                if found is None or found[0] != dream.sha256:
                    found = dream.sha256, cpu.load(dream.components["encode"], 1)
                    began = time.perf_counter()
                latent = encode(dream, found[1], asked, scaler)
            except Exception as error:  # the show goes on without it
                self._fail(one_line(error))
                continue
            self._deck.pull_to(dream.sha256, latent)
            self.count, self.error = self.count + 1, None
            self._seconds = time.perf_counter() - began
            time.sleep(REST * self._seconds)

    def _fail(self, why: str) -> None:
        if why != self.error:
            log.warning("deck %s: the live picture cannot be encoded: %s", "ab"[self._deck.number], why)
        self.error = why
        with self._turn:
            self._turn.wait_for(lambda: self._stopping, AGAIN)


def encode(dream: Dream, run: Runner, asked: Asked, scaler: Scaler) -> Floats:
    """Return the latent of a picture, f32 [Z].

    Args:
        dream: Whose latent.
        run: Its encoder.
        asked: The picture. No bars are added, which no dream has seen.
        scaler: Of the calling thread.

    Raises:
        ValueError: It is not finite.
    """
    fit = "stretch" if asked.fit == "stretch" else "cover"
    _, height, width, _ = dream.components["encode"].inputs["image"].shape
    image = fitted(scaler, asked.picture.pixels, (width, height), fit, asked.mirror)
    made = run({"image": np.ascontiguousarray(image)[None]})
    latent = np.concatenate([np.ravel(np.asarray(made[name])) for name in dream.latents]).astype(np.float32, copy=False)
    if not cpu.finite(latent):
        raise ValueError(f"{dream.path.name}: encode gave a latent that is not finite")
    return latent
