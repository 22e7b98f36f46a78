"""The outputs of a running show: added and removed by OSC and page, while the others go on."""

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from livedream import UserError
from livedream.output import Output, kinds, stop_all
from livedream.output.page import Page
from livedream.output.window import Window
from livedream.parameters import Snapshot, Table
from livedream.picture.frame import Frame

log = logging.getLogger("livedream.parts")

LOOK = 0.25  # seconds between two looks at whether a recording still goes on


class Outputs:
    """Iterating gives those that there are at this moment, in the order of `/status`.

    folder: of recordings and screenshots; what is asked for in play is a bare name in it.
    shown: gives the frame that was handed out last, or None.
    on_add: called with each output before it starts. on_remove: with each that has left, before it ends. Both in the
        thread that adds and removes.

    error: why the last thing that was asked for was not done, or None. saved: the last screenshot, or None.
    """

    def __init__(
        self,
        asked: Iterable[Output],
        table: Table,
        folder: Path,
        shown: Callable[[], Frame | None],
        on_add: Callable[[Output], None] = lambda output: None,
        on_remove: Callable[[Output], None] = lambda output: None,
    ):
        self._all: tuple[Output, ...] = ()
        self._table, self._folder, self._shown = table, folder, shown
        self._on_add, self._on_remove = on_add, on_remove
        self.error: str | None = None
        self.saved: Path | None = None
        self._recording: Output | None = None
        self._asked = list(asked)
        self._shape = (0, 0, 0.0)
        self._leaving: list[Output] = []
        self._todo: queue.SimpleQueue = queue.SimpleQueue()  # (what to do, with what); None ends the thread
        self._thread = threading.Thread(target=self._work, name="outputs", daemon=True)

    def __iter__(self) -> Iterator[Output]:
        return iter(self._all)

    @property
    def windows(self) -> list[Window]:
        """Those that the main thread has to serve."""
        return [each for each in self._all if isinstance(each, Window)]

    @property
    def asked(self) -> list[str]:
        """What --out would have to say to have them again, but for what was begun by output/record."""
        return [each.asked for each in self._all or self._asked if each is not self._recording]

    def start(self, width: int, height: int, fps: float) -> None:
        """Start all that were given, for a show of that size (pixels) and rate, and begin to listen."""
        self._shape = (width, height, fps)
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

    def on_frame(self, values: Snapshot) -> None:
        """What was applied on this frame. Called by the drawer after each tick; never waits."""
        for address, act in (("output/add", self._add), ("output/remove", self._remove)):
            for text in values.texts.get(address, ()):
                self._todo.put((act, text))
        for address, value in values.changes:
            if address == "output/record" and values.senders.get(address) is not self:
                self._todo.put((self._record, value))
        if "output/screenshot" in values.fired:
            self._todo.put((self._save, self._folder))

    def _work(self) -> None:
        while True:
            try:
                asked = self._todo.get(timeout=LOOK)
            except queue.Empty:
                self._mind_recording()
                self._leaving = [each for each in self._leaving if not each.ended]
                continue
            if asked is None:
                return
            act, what = asked
            try:
                act(what)
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
        # In a thread of its own: one that hangs takes 3 s to give up, and others may be asked for meanwhile.
        threading.Thread(target=stop_all, args=([output],), name=f"end of {output.name}", daemon=True).start()
        self._mind_recording()

    def _record(self, on: bool) -> None:
        if on and self._recording is None:
            try:
                self._recording = self._add(time.strftime("livedream-%Y-%m-%d-%H%M%S.mp4"))
            except Exception:
                self._put_out()
                raise
        elif not on and self._recording is not None:
            self._leave(self._recording)

    def _mind_recording(self) -> None:
        """Let the button stand for what is: off when the recording has failed or was removed."""
        output = self._recording
        if output is not None and (output not in self._all or output.state == "failed"):
            self._put_out()

    def _put_out(self) -> None:
        # Only at that moment: a press that no frame has applied yet must not be taken back.
        self._recording = None
        self._table.set("output/record", [False], self, repeats=True)

    def _save(self, folder: Path) -> None:
        from livedream.output.files import screenshot

        frame = self._shown()
        if frame is not None:
            self.saved = screenshot.save(frame, folder)
