"""Where frames go: what every output has in common. Each kind has its file, and its line in kinds.py."""

import logging
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass

from livedream import UserError
from livedream.picture.frame import Frame

log = logging.getLogger("livedream.output")


@dataclass(frozen=True, slots=True)
class Options:
    """What one `--out SINK#key=value&…` asked for; None is what the output finds best.

    sink: what stands before the `#`: a URL, a path, `window:1`.  name: how status and log call the output.
    size: (width, height) pixels.  fps: at most so many frames a second.  bitrate: bits per second.
    layer: of the dream's, sent instead of the whole picture; "b/NAME" is one of the second deck's.
    groups: "a,b", of NDI sources.
    keyframe: seconds from one to the next.  audio: the device whose sound goes with a stream, or "default".
    flip, rotate, at, border, card: of windows; at: (x, y) pixels on the screen.
    """

    sink: str
    name: str
    size: tuple[int, int] | None = None
    fps: float | None = None
    codec: str | None = None
    bitrate: int | None = None
    fit: str = "contain"
    layer: str | None = None
    groups: str | None = None
    keyframe: float | None = None
    audio: str | None = None
    flip: str | None = None
    rotate: int | None = None
    at: tuple[int, int] | None = None
    border: bool = True
    card: bool = False


class Output:
    """One place that frames go to, on its own thread. A kind gives `open`, `write` and `close`.

    state: starting, up, retrying (it broke, `error` says how, and it is tried again after 0.5 to 5 s) or failed
        (it needs the user: `error` says what to do).
    note: one line about what goes well ("on air", "recording set-2.mp4"), or None.
    sent: frames written.  dropped: frames that came while it was busy or broken.

    The live stage calls `start`, `show` and `stop`, or `end` and later `stop`. Offline rendering calls
    `open`, `write` and `close` by itself, in its own thread: every frame counts there, and errors are raised.
    """

    kind = ""
    up_when_written = True  # False: the kind says by itself when the far end has it
    writes_files = False  # True: what stands before the `#` is a path
    waits = (0.5, 5.0)  # seconds before the first try again, and at most

    def __init__(self, options: Options):
        self.options = options
        self.asked = options.sink  # what --out would have to say to have it again
        self.name = options.name
        self.state = "starting"
        self.error: str | None = None
        self.note: str | None = None
        self.sent = 0
        self.dropped = 0
        self.live = False
        self._shape: tuple[int, int, float] = (0, 0, 0.0)
        self._tick: int | None = None
        self._latest: Frame | None = None
        self._stopping = False
        self._turn = threading.Condition()
        self._thread: threading.Thread | None = None

    def open(self, width: int, height: int, fps: float) -> None:
        """Get ready for frames of a show of that size (pixels; `options.size` comes first) and rate.

        Raises UserError for what only the user can mend, anything else for what may mend itself.
        """
        raise NotImplementedError

    def write(self, frame: Frame) -> bool | None:
        """Deliver one frame, of any size. False: it went nowhere, and is not to be counted as sent."""
        raise NotImplementedError

    def close(self) -> None:
        """Give back what `open` took; also after an `open` or `write` that failed half-way."""

    def interrupt(self) -> None:
        """Make an `open`, `write` or `close` that hangs return or raise. Called by a `stop` that has waited, from its
        thread.
        """

    def start(self, width: int, height: int, fps: float) -> None:
        """Begin to deliver what is shown. Returns at once and raises nothing."""
        self.live = True
        self._shape = (width, height, fps)
        self._thread = threading.Thread(target=self._work, name=f"output {self.name}", daemon=True)
        self._thread.start()

    def show(self, frame: Frame) -> None:
        """Hand over the newest frame; one that is still waiting is dropped. Never blocks, never raises."""
        wanted, fps = self.options.fps, self._shape[2]
        if wanted and fps and wanted < fps:
            tick = int(frame.number * wanted / fps + 1e-6)
            if tick == self._tick:
                return
            self._tick = tick
        with self._turn:
            if self._latest is not None:
                self.dropped += 1
            self._latest = frame
            self._turn.notify()

    def end(self) -> None:
        """Ask it to end; returns at once."""
        with self._turn:
            self._stopping = True
            self._turn.notify_all()

    def stop(self) -> None:
        """End it; takes 3 s at most, whatever the far end does."""
        stop_all([self])

    @property
    def ended(self) -> bool:
        """Whether nothing of it runs any more."""
        return self._thread is None or not self._thread.is_alive()

    def say(self, state: str, error: str | None = None) -> None:
        """Set state and error, and tell the log what changed."""
        if (state, error) != (self.state, self.error):
            if error:
                log.warning("output %s: %s: %s", self.name, state, error)
            elif self.error:
                log.warning("output %s: %s again", self.name, state)
        self.state, self.error = state, error

    def take(self, timeout: float | None = None) -> Frame | None:
        """Wait for the newest frame and take it; None when there is none in time or the output is to stop."""
        with self._turn:
            self._turn.wait_for(lambda: self._latest is not None or self._stopping, timeout)
            frame, self._latest = self._latest, None
            return None if self._stopping else frame

    def _work(self) -> None:
        wait, most = self.waits
        while not self._stopping:
            began = time.monotonic()
            try:
                self.open(*self._shape)
                while (frame := self.take()) is not None:
                    self.deliver(frame)
            except UserError as error:
                self.say("failed", str(error))
                return
            except Exception as error:
                if self._stopping:
                    return
                self.say("retrying", str(error) or type(error).__name__)
            finally:
                self._close()
            if time.monotonic() - began > 2 * most:  # it went well for a while
                wait = self.waits[0]
            with self._turn:
                self._turn.wait_for(lambda: self._stopping, wait)
            wait = min(2 * wait, most)

    def deliver(self, frame: Frame) -> None:
        """Write one frame, or its layer that is wanted, and count it."""
        if self.write(self.wanted(frame)) is not False:
            self.sent += 1
        if self.up_when_written and self.state != "up":
            self.say("up")
        if self.options.layer and self.state == "up":
            missing = self.missing(frame)  # another dream may have it: no reason to fail
            if missing != self.error:
                self.say("up", missing)

    def wanted(self, frame: Frame) -> Frame:
        """The frame, or the layer of it that was asked for."""
        return frame.of_layer(self.options.layer) if self.options.layer else frame

    def missing(self, frame: Frame) -> str | None:
        """Why there is nothing in `wanted`; None where there is the layer, or none was asked for."""
        layer, there = self.options.layer, ", ".join(frame.layers)
        if layer is None or layer in frame.layers:
            return None
        return f"no layer {layer!r}: {f'there are {there}' if there else 'what plays has no layers'}"

    def _close(self) -> None:
        try:
            self.close()
        except Exception as error:
            log.warning("output %s: while closing: %s", self.name, error)


def stop_all(outputs: Iterable[Output]) -> None:
    """End them all at the same time; takes 3 s at most, whatever the far ends do. One that hangs is left behind."""
    outputs = list(outputs)
    for each in outputs:
        each.end()
    _await(outputs, 2.0)
    for each in outputs:
        if not each.ended:
            each.interrupt()
    _await(outputs, 1.0)


def _await(outputs: list[Output], seconds: float) -> None:
    until = time.monotonic() + seconds
    for each in outputs:
        if each._thread is not None:
            each._thread.join(max(0.0, until - time.monotonic()))
