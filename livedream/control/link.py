"""Ableton Link: one beat for all programs on a network that join the session.

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

POLL = 1 / 50  # seconds between two reads of the session's tempo and beat
IDLE = 0.1  # seconds between two checks whether Link has become the tempo's source


class Link:
    """Joins the Link session between `start` and `stop`, while the tempo's source is "link".

    Attributes:
        peers: the number of other programs in the session.
        error: why the session cannot be joined, or None.
    """

    def __init__(self, tempo: Tempo):
        self.peers = 0
        self.error: str | None = None
        self._tempo = tempo
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="link", daemon=True)

    def start(self) -> None:
        """Begin to wait for Link to become the tempo's source."""
        self._thread.start()

    def stop(self) -> None:
        """Leave the session; takes two seconds at most."""
        self._stopping.set()
        self._thread.join(2.0)

    def status(self) -> dict[str, object]:
        """Its part of `tempo` in `GET /status`; any thread."""
        return {"tempo": {"peers": self.peers, "error": self.error}}

    def _run(self) -> None:
        while not self._stopping.wait(IDLE):
            if self._tempo.source != "link":
                self.error = None
            elif self.error is None:
                try:
                    self._join()
                except Exception as error:  # the show goes on at its present tempo
                    self.error = f"Ableton Link: {one_line(error, 200)}"
                    log.warning("%s", self.error)
                finally:
                    self._tempo.leave_link()
                    self.peers = 0

    def _join(self) -> None:
        """Follow the session until another source is chosen or the show ends."""
        try:
            found = importlib.import_module("link").Link
        except (ImportError, AttributeError):
            raise RuntimeError("needs LinkPython-extern: pip install 'livedream[link]'") from None
        peer = found(self._tempo.bpm)
        self._tempo.take_request()  # a tempo that was asked for before joining is dropped
        clock = peer.clock()
        peer.startStopSyncEnabled = True  # always: what happens before tempo/start_stop is chosen is known then
        peer.enabled = True
        playing: bool | None = None  # not known yet: a show does not begin frozen
        try:
            while self._tempo.source == "link":
                state = peer.captureAppSessionState()
                at, micros = time.perf_counter(), clock.micros()
                if (wish := self._tempo.take_request()) is not None:
                    state.setTempo(wish, micros)
                    peer.commitAppSessionState(state)
                self._tempo.follow(state.tempo(), state.beatAtTime(micros, BAR), at)
                since = state.timeForIsPlaying() - micros  # a start may be set for the next bar
                if since <= 0 and state.isPlaying() != playing:
                    if playing is not None:
                        self._tempo.transport("link", not playing, at + since / 1e6)
                    playing = state.isPlaying()
                self.peers = peer.numPeers()
                if self._stopping.wait(POLL):
                    return
        finally:
            peer.enabled = False
