"""The outputs of a running session: added and removed by OSC and the page, while the others go on."""

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

from livedream import UserError
from livedream.output import Output, kinds, stop_all
from livedream.output.page import Page
from livedream.output.window import Window
from livedream.parameters import Snapshot, Table
from livedream.picture.frame import Frame

log = logging.getLogger("livedream.parts")

LOOK = 0.25  # seconds between two looks at whether a recording still goes on


class OutputSet:
    """Iterating gives the outputs that there are at this moment, in the order of `/status`.

    Args:
        asked: The outputs to begin with, not started.
        table: Holds the record button.
        size: (width, height) of the show in pixels.
        fps: Frames a second.
        folder: Of recordings and screenshots; an output added while playing names a file in it, without a path.
        shown: Returns the frame that was handed out last, or None: what a screenshot saves.
        on_add: Called with each output before it starts, in the thread that adds it.
        on_remove: Called with each output that was removed, before it ends, in the thread that removes it.

    Attributes:
        error: Why the last request was not carried out, or None.
        saved: The file of the last screenshot, or None.
    """

    def __init__(
        self,
        asked: Iterable[Output],
        table: Table,
        size: tuple[int, int],
        fps: float,
        folder: Path,
        shown: Callable[[], Frame | None],
        on_add: Callable[[Output], None] = lambda output: None,
        on_remove: Callable[[Output], None] = lambda output: None,
    ):
        self.error: str | None = None
        self.saved: Path | None = None
        self._table, self._folder, self._shown = table, folder, shown
        self._on_add, self._on_remove = on_add, on_remove
        self._shape = (*size, fps)
        self._asked = list(asked)
        self._all: tuple[Output, ...] = ()  # replaced whole, by the main thread and then by its own
        self._recording: Output | None = None
        self._leaving: list[Output] = []
        self._todo: queue.SimpleQueue[Callable[[], object] | None] = queue.SimpleQueue()  # None ends the thread
        self._thread = threading.Thread(target=self._work, name="outputs", daemon=True)

    def __iter__(self) -> Iterator[Output]:
        return iter(self._all)

    @property
    def windows(self) -> list[Window]:
        """Those that the main thread has to serve."""
        return [each for each in self._all if isinstance(each, Window)]

    @property
    def asked(self) -> list[str]:
        """The values of --out that would give these outputs again, without what the record button began."""
        return [each.argument for each in self._all or self._asked if each is not self._recording]

    def start(self) -> None:
        """Start all outputs that were asked for, and begin to take requests."""
        for each in self._asked:
            self._join(each)
        self._thread.start()

    def stop(self) -> None:
        """End all of them, in 3 s at most."""
        self._todo.put(None)
        for each in self._all:
            self._on_remove(each)
        stop_all([*self._all, *self._leaving])
        self._thread.join(0.5)

    def status(self) -> dict[str, object]:
        """Its fields of `GET /status`; any thread."""
        return {
            "outputs": [described(each) for each in self._all],
            "output_error": self.error,
            "saved": self.saved and str(self.saved),
        }

    def on_frame(self, values: Snapshot) -> None:
        """Pass the requests of this frame to the thread that carries them out."""
        for text in values.texts.get("output/add", ()):
            self._todo.put(partial(self._add, text))
        for text in values.texts.get("output/remove", ()):
            self._todo.put(partial(self._remove, text))
        for address, value in values.changes:
            if address == "output/record" and values.senders.get(address) is not self:
                self._todo.put(partial(self._record, bool(value)))
        if "output/screenshot" in values.fired:
            self._todo.put(self._save)

    # -- the thread that carries out requests ---------------------------------------------------------------------

    def _work(self) -> None:
        while True:
            try:
                act = self._todo.get(timeout=LOOK)
            except queue.Empty:
                self.check_recording()
                self._leaving = [each for each in self._leaving if not each.ended]
                continue
            if act is None:
                return
            try:
                act()
                self.error = None
            except Exception as error:  # a folder that is gone, a library that will not load
                self.error = str(error) or type(error).__name__
                log.warning("%s", self.error)

    def _add(self, text: str) -> Output:
        output = kinds.parse(text, self._folder)
        if isinstance(output, Page) and any(isinstance(each, Page) for each in self._all):
            raise UserError("output/add page: it is there already")
        self._join(output)
        return output

    def _join(self, output: Output) -> None:
        names = {each.name for each in self._all}
        if output.name in names:
            first = output.name
            output.name = next(name for n in range(2, 1000) if (name := f"{first} ({n})") not in names)
        self._on_add(output)
        output.start(*self._shape)
        self._all = (*self._all, output)

    def _remove(self, name: str) -> None:
        output = next((each for each in self._all if each.name == name), None)
        if output is None and name.isdigit() and int(name) < len(self._all):
            output = self._all[int(name)]
        if output is None:
            names = ", ".join(each.name for each in self._all)
            raise UserError(f"output/remove: no output {name[:80]!r}; there are: {names}")
        if isinstance(output, Page):
            raise UserError("output/remove: the page's picture stays; run with --web off to be without the page")
        self._leave(output)

    def _leave(self, output: Output) -> None:
        self._all = tuple(each for each in self._all if each is not output)
        self._on_remove(output)
        self._leaving.append(output)
        # In a thread of its own: one that hangs takes 3 s to give up, and requests may come meanwhile.
        threading.Thread(target=stop_all, args=([output],), name=f"end of {output.name}", daemon=True).start()
        self.check_recording()

    def _record(self, on: bool) -> None:
        if on and self._recording is None:
            try:
                self._recording = self._add(time.strftime("livedream-%Y-%m-%d-%H%M%S.mp4"))
            except Exception:
                self._release_button()
                raise
        elif not on and self._recording is not None:
            self._leave(self._recording)

    def check_recording(self) -> None:
        """Switch the record button off when its recording has failed or was removed."""
        output = self._recording
        if output is not None and (output not in self._all or output.state == "failed"):
            self._release_button()

    def _release_button(self) -> None:
        # Only at that moment: a press that no frame has applied yet must not be taken back.
        self._recording = None
        self._table.set("output/record", [False], self, repeats=True)

    def _save(self) -> None:
        from livedream.output.files import screenshot

        frame = self._shown()
        if frame is not None:
            self.saved = screenshot.save(frame, self._folder)


def described(output: Output) -> dict[str, object]:
    """An output as `GET /status` lists it."""
    return {
        "name": output.name,
        "kind": output.kind,
        "state": output.state,
        "sent": output.sent,
        "dropped": output.dropped,
        "error": output.error,
        "note": output.note,
    }
