"""A controller in a show: its port, its bindings, its file, its lights, in a thread of its own."""

import logging
import threading
import time
from collections.abc import Callable, Hashable
from pathlib import Path

from livedream import UserError, one_line
from livedream.control import midi_map, midi_port
from livedream.control.midi import Midi
from livedream.control.tempo import Tempo
from livedream.parameters import Snapshot, Table

log = logging.getLogger(__name__)

LOOK = 1.0  # seconds between two looks at what is plugged in
FAR = 60.0  # at most between two tries where there is no MIDI at all: the systems' libraries complain each time


class Surface:
    """Plays from `start` to `stop`.

    wanted: the port's name or part of it. folder: of mapping files, None: nothing is kept.
    say: takes a line for the user. heard: called after each message, in rtmidi's thread.
    lights: it is told what it is to show. error: what is wrong now, or None.
    """

    def __init__(
        self,
        wanted: str,
        table: Table,
        tempo: Tempo | None = None,
        folder: Path | None = None,
        say: Callable[[str], None] = log.warning,
        takeover: bool = True,
        heard: Callable[[], None] = lambda: None,
        lights: bool = True,
    ):
        self.midi = Midi(table, tempo, takeover)
        self.error: str | None = None
        self._wanted, self._table, self._folder, self._say, self._heard = wanted, table, folder, say, heard
        self._lights = lights
        self._port: midi_port.Port | None = None
        self._name: str | None = None  # of the controller that is plugged in
        self._lock = threading.Lock()
        self._moved: dict[str, Hashable] = {}  # not yet shown: whose change it was, by address
        self._commands: list[tuple[Callable[[str], None], str]] = []
        self._parameters = table.parameters
        self._all = False  # every light is to be seen to
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="midi", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self.midi.news.set()
        self._thread.join(2.0)

    def on_frame(self, values: Snapshot) -> None:
        """What was applied on this frame. Called by the drawer; never waits."""
        replaced = self._table.parameters is not self._parameters
        commands = [
            (act, text)
            for address, act in (("midi/learn", self.midi.learn), ("midi/forget", self.midi.forget))
            for text in values.texts.get(address, ())
        ]
        if not (values.changes or commands or replaced):
            return
        with self._lock:
            for address, _ in values.changes:
                self._moved[address] = values.senders.get(address)
            self._commands += commands
            if replaced:  # a dream has come, and the values with it
                self._parameters, self._all = self._table.parameters, True
        self.midi.news.set()

    def status(self) -> dict:
        """port: the controller, or None while it is not there. bindings: what moves what, by what midi/learn is
        told; waiting: for soft takeover, until the control has come by the value. learning: what waits for a control.
        """
        waiting = self.midi.waiting()
        return {
            "port": self._name,
            "bindings": [
                {"name": each.name, "control": each.control.label, "waiting": each.address in waiting}
                for each in self.midi.bindings
            ],
            "messages": self.midi.messages,
            "learning": self.midi.learning,
            "error": self.error or self.midi.error,
        }

    def _run(self) -> None:
        next_look, wait = time.monotonic(), LOOK
        try:
            while not self._stopping.is_set():
                if time.monotonic() >= next_look:
                    self._guarded(self._look)
                    wait = LOOK if self._port else min(2 * wait, FAR)
                    next_look = time.monotonic() + wait
                self.midi.news.clear()
                self._guarded(self._see_to)
                self.midi.news.wait(max(0.0, next_look - time.monotonic()))
        finally:
            if self._port is not None:
                self._port.close()

    def _guarded(self, act: Callable[[], None]) -> None:
        """The show goes on whatever is the matter with a controller; it is tried again."""
        try:
            act()
        except UserError as error:
            self._complain(str(error))
        except Exception as error:  # rtmidi's own, of many kinds
            self._complain(f"MIDI: {one_line(error, 200)}")

    def _complain(self, what: str) -> None:
        if what != self.error:
            self.error = what
            self._say(what)

    def _look(self) -> None:
        if self._port is None:
            self._port = midi_port.Port(self._wanted, self._hear)
        came = self._port.look()
        if came:
            self.error = None
            self._take_up(self._port.name)
            self._name = self._port.name
            count = f", {len(self.midi.bindings)} of its controls are bound" if self._folder else ""
            self._say(f"MIDI: {self._name}{count}")
        elif came is False:
            self.midi.unheld()
            self._complain(f"MIDI: {self._name} is unplugged; it goes on when it is back")
            self._name = None
        elif self._name is None and self.error is None:
            self._complain(f"MIDI: no port {self._wanted!r} yet; {midi_port.told(self._port.names())}")

    def _hear(self, message, at: float) -> None:
        self.midi.hear(message, at)
        self._heard()

    def _take_up(self, name: str) -> None:
        """Go on with what was learned on this controller."""
        self._all = True
        if self._folder is None:
            return
        try:
            self.midi.replace(midi_map.load(self._folder, name))
        except UserError as error:
            self.midi.replace(())
            self._complain(str(error))

    def _see_to(self) -> None:
        """Whatever was asked for, learned or moved since."""
        with self._lock:
            commands, self._commands = self._commands, []
            moved, self._moved = self._moved, {}
            every, self._all = self._all, False
        for act, text in commands:
            act(text)
        changed = self.midi.changed()
        if self._lights and self._name is not None:
            self._port.send(self.midi.lights(None if every or changed else moved.items()))
        if changed and self._folder is not None and self._name is not None:
            midi_map.save(self._folder, self._name, self.midi.bindings)
