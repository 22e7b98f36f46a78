"""What every output has in common: its options, its state, and the thread that delivers frames."""

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
    """The options of one `--out SINK#key=value&…`. None leaves the choice to the output.

    Attributes:
        sink: The part before the `#`: a URL, a path, `window:1`.
        name: The output's name in the status and the log.
        size: (width, height) in pixels.
        fps: The most frames per second to deliver.
        codec: A codec ("hevc") or one of FFmpeg's encoders ("hevc_nvenc").
        bitrate: Bits per second.
        fit: How a picture of another aspect ratio is placed: one of `picture.fit.FITS`.
        layer: The layer of the dream to send instead of the whole picture; "b/NAME" is one of the second deck's.
        groups: NDI groups, "a,b".
        keyframe: Seconds between key frames.
        audio: The sound device whose sound goes with a stream, or "default".
        flip: How a window mirrors the picture: one of `kinds.FLIPS`.
        rotate: Degrees clockwise by which a window turns the picture: 0, 90, 180 or 270.
        at: (x, y) of a window, in pixels from the top left corner of its monitor.
        border: Whether a window has a border.
        card: Whether a window shows the test card.
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
    """One destination of frames, with a thread of its own. A kind of output implements `open`, `write` and `close`.

    The live loop calls `start`, `show` and `stop`, or `end` and later `stop`. Offline rendering calls `open`, `write`
    and `close` directly, in its own thread: there every frame counts and errors are raised.

    Attributes:
        kind: The name of the kind in the status, such as "ndi".
        up_when_written: Whether the output is up as soon as a frame was written. Otherwise the kind calls `set_state`
            itself, once the far end has the picture.
        writes_files: Whether the sink is a path.
        retry_waits: Seconds before the first retry, and the longest wait between two.
        argument: The `--out` argument that makes this output again.
        state: "starting", "up", "retrying" (it broke, `error` says how, and it is tried again) or "failed" (only the
            user can mend it, `error` says how). Windows have "closed" as well.
        error: One line about what is wrong, or None.
        note: One line about what goes well ("on air", "recording set-2.mp4"), or None.
        sent: The number of frames written.
        dropped: The number of frames that arrived while the output was busy or broken.
        live: Whether the output was started by a live show.
        waiting: The frame that its thread takes next, or None.
        stopping: Whether its thread is to end.
    """

    kind = ""
    up_when_written = True
    writes_files = False
    retry_waits = (0.5, 5.0)

    def __init__(self, options: Options):
        self.options = options
        self.argument = options.sink
        self.name = options.name
        self.state = "starting"
        self.error: str | None = None
        self.note: str | None = None
        self.sent = 0
        self.dropped = 0
        self.live = False
        self._show_format: tuple[int, int, float] = (0, 0, 0.0)  # width, height, frames per second
        self._tick: int | None = None
        self.waiting: Frame | None = None
        self.stopping = False
        self._turn = threading.Condition()  # guards waiting, dropped and stopping
        self._thread: threading.Thread | None = None

    def open(self, width: int, height: int, fps: float) -> None:
        """Get ready for the frames of a show.

        Args:
            width: The show's width in pixels; `options.size` takes precedence.
            height: The show's height in pixels.
            fps: The show's frames per second.

        Raises:
            UserError: Only the user can mend it. After any other exception the output is tried again.
        """
        raise NotImplementedError

    def write(self, frame: Frame) -> bool | None:
        """Deliver one frame of any size. Return False if it went nowhere, so that it is not counted as sent."""
        raise NotImplementedError

    def close(self) -> None:
        """Release what `open` acquired. Also called after an `open` or a `write` that failed half-way."""

    def interrupt(self) -> None:
        """Make an `open`, `write` or `close` that hangs return or raise. Called by `stop` when waiting did not help, in
        the thread of `stop`.
        """

    def start(self, width: int, height: int, fps: float) -> None:
        """Begin to deliver what is shown. Return at once and raise nothing."""
        self.live = True
        self._show_format = (width, height, fps)
        self._thread = threading.Thread(target=self._run, name=f"output {self.name}", daemon=True)
        self._thread.start()

    def show(self, frame: Frame) -> None:
        """Hand over the newest frame; one that still waits is dropped. Never blocks and never raises."""
        wanted, fps = self.options.fps, self._show_format[2]
        if wanted and fps and wanted < fps:
            tick = int(frame.number * wanted / fps + 1e-6)
            if tick == self._tick:
                return
            self._tick = tick
        with self._turn:
            if self.waiting is not None:
                self.dropped += 1
            self.waiting = frame
            self._turn.notify()

    def end(self) -> None:
        """Ask the output to end. Returns at once."""
        with self._turn:
            self.stopping = True
            self._turn.notify_all()

    def stop(self) -> None:
        """End the output, within 3 s whatever the far end does."""
        stop_all([self])

    @property
    def ended(self) -> bool:
        """Whether the output's thread has ended."""
        return self._thread is None or not self._thread.is_alive()

    def join(self, seconds: float) -> None:
        """Wait for the output's thread to end, at most `seconds`."""
        if self._thread is not None:
            self._thread.join(max(0.0, seconds))

    def set_state(self, state: str, error: str | None = None) -> None:
        """Set state and error, and log what has changed."""
        if (state, error) != (self.state, self.error):
            if error:
                log.warning("output %s: %s: %s", self.name, state, error)
            elif self.error:
                log.warning("output %s: %s again", self.name, state)
        self.state, self.error = state, error

    def take(self, timeout: float | None = None) -> Frame | None:
        """Wait for the newest frame and take it. None: none arrived within `timeout` s, or the output is to stop."""
        with self._turn:
            self._turn.wait_for(lambda: self.waiting is not None or self.stopping, timeout)
            frame, self.waiting = self.waiting, None
            return None if self.stopping else frame

    def deliver(self, frame: Frame) -> None:
        """Write one frame, or the layer of it that the options ask for, and count it."""
        if self.write(self.selected(frame)) is not False:
            self.sent += 1
        if self.up_when_written and self.state != "up":
            self.set_state("up")
        if self.options.layer and self.state == "up":
            missing = self.missing_layer(frame)  # another dream may have the layer: no reason to fail
            if missing != self.error:
                self.set_state("up", missing)

    def selected(self, frame: Frame) -> Frame:
        """The frame, or the layer of it that the options ask for."""
        return frame.of_layer(self.options.layer) if self.options.layer else frame

    def missing_layer(self, frame: Frame) -> str | None:
        """One line saying that the frame lacks the layer asked for. None: it has it, or no layer was asked for."""
        layer, present = self.options.layer, ", ".join(frame.layers)
        if layer is None or layer in frame.layers:
            return None
        return f"no layer {layer!r}: {f'there are {present}' if present else 'this dream has no layers'}"

    def close_quietly(self) -> None:
        """Close; an exception is only logged."""
        try:
            self.close()
        except Exception as error:
            log.warning("output %s: while closing: %s", self.name, error)

    def _run(self) -> None:
        wait, longest = self.retry_waits
        while not self.stopping:
            began = time.monotonic()
            try:
                self.open(*self._show_format)
                while (frame := self.take()) is not None:
                    self.deliver(frame)
            except UserError as error:
                self.set_state("failed", str(error))
                return
            except Exception as error:
                if self.stopping:
                    return
                self.set_state("retrying", str(error) or type(error).__name__)
            finally:
                self.close_quietly()
            if time.monotonic() - began > 2 * longest:  # it worked for a while
                wait = self.retry_waits[0]
            with self._turn:
                self._turn.wait_for(lambda: self.stopping, wait)
            wait = min(2 * wait, longest)


def stop_all(outputs: Iterable[Output]) -> None:
    """End all outputs at the same time, within 3 s whatever the far ends do. One that hangs is left behind."""
    outputs = list(outputs)
    for output in outputs:
        output.end()
    _await(outputs, 2.0)
    for output in outputs:
        if not output.ended:
            output.interrupt()
    _await(outputs, 1.0)


def _await(outputs: list[Output], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    for output in outputs:
        output.join(deadline - time.monotonic())
