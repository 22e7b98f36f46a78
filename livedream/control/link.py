"""Ableton Link: one beat for all programs of a network that take part.

The library (LinkPython-extern) is a wrapper in the public domain around Ableton's, which is under the GPL; the user
installs it: pip install 'livedream[link]'.
"""

import importlib
import logging
import threading
import time

from livedream import one_line
from livedream.control.tempo import BAR, Tempo

log = logging.getLogger(__name__)

POLL = 1 / 50  # seconds between two looks at what the peers agree on
IDLE = 0.1  # while the tempo's source is another


class Link:
    """Takes part from `start` to `stop`, while the tempo's source is "link".

    peers: other programs that take part. error: why nothing is heard of them, or None.
    """

    def __init__(self, tempo: Tempo):
        self.peers, self.error = 0, None
        self._tempo = tempo
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="link", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join(2.0)

    def _run(self) -> None:
        while not self._stopping.wait(IDLE):
            if self._tempo.source != "link":
                self.error = None
            elif self.error is None:
                try:
                    self._take_part()
                except Exception as error:  # the show goes on at the tempo it has
                    self.error = f"Ableton Link: {one_line(error, 200)}"
                    log.warning("%s", self.error)
                finally:
                    self._tempo.alone()
                    self.peers = 0

    def _take_part(self) -> None:
        try:
            found = importlib.import_module("link").Link
        except (ImportError, AttributeError):
            raise RuntimeError("needs LinkPython-extern: pip install 'livedream[link]'") from None
        peer = found(self._tempo.bpm)
        self._tempo.wish()  # what was asked for before we came
        clock = peer.clock()
        peer.enabled = True
        try:
            while self._tempo.source == "link":
                state = peer.captureAppSessionState()
                at, micros = time.perf_counter(), clock.micros()
                if (wish := self._tempo.wish()) is not None:
                    state.setTempo(wish, micros)
                    peer.commitAppSessionState(state)
                self._tempo.follow(state.tempo(), state.beatAtTime(micros, BAR), at)
                self.peers = peer.numPeers()
                if self._stopping.wait(POLL):
                    return
        finally:
            peer.enabled = False
