"""A controller in a show: its port, bindings, mapping file and lights, in a thread of its own."""

import logging
import threading
import time
from collections.abc import Callable, Hashable
from pathlib import Path

import mido

from livedream import UserError, one_line
from livedream.control.midi import mapping_file, port
from livedream.control.midi.mapper import Mapper
from livedream.control.osc_address import PREFIX
from livedream.control.tempo import Tempo
from livedream.parameters import Snapshot, Table

log = logging.getLogger(__name__)

SCAN = 1.0  # seconds between two scans of the ports
RETRY = 60.0  # seconds at most between two tries where there is no MIDI at all: the libraries print each failure


def _nothing() -> None:
    """Do nothing after a message."""


class Surface:
    """Plays one controller from `start` to `stop`; it may be unplugged and plugged in again at any time.

    Attributes:
        mapper: its bindings.
        error: what is wrong now, or None.
    """

    def __init__(
        self,
        wanted: str,
        table: Table,
        tempo: Tempo | None = None,
        folder: Path | None = None,
        say: Callable[[str], None] = log.warning,
        takeover: bool = True,
        on_message: Callable[[], None] = _nothing,
        feedback: bool = True,
        prefix: str = PREFIX,
    ):
        """Begin without a port.

        Args:
            wanted: the port's name or a part of it.
            table: the parameters.
            tempo: follows MIDI clock.
            folder: of mapping files; None: nothing is kept.
            say: prints a line for the user.
            takeover: whether absolute controls wait for soft takeover.
            on_message: called after each message, in rtmidi's thread.
            feedback: whether the controller's lights, rings and motors are sent the parameters' values.
            prefix: what OSC addresses begin with.
        """
        self.mapper = Mapper(table, tempo, takeover, prefix)
        self.error: str | None = None
        self._wanted, self._table, self._folder, self._say = wanted, table, folder, say
        self._on_message, self._feedback = on_message, feedback
        self._port: port.Port | None = None
        self._name: str | None = None  # the controller's name, while it is plugged in
        self._lock = threading.Lock()  # guards what follows, up to _all
        self._changes: dict[str, Hashable] = {}  # not yet shown: who changed what, by address
        self._commands: list[tuple[Callable[[str], None], str]] = []
        self._parameters = table.parameters
        self._all = False  # whether every value is to be sent to the controller
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="midi", daemon=True)

    def start(self) -> None:
        """Begin to look for the controller."""
        self._thread.start()

    def stop(self) -> None:
        """Close the port; takes two seconds at most."""
        self._stopping.set()
        self.mapper.wake.set()
        self._thread.join(2.0)

    def on_frame(self, values: Snapshot) -> None:
        """Queue what was applied on this frame. Called by the drawing thread; never waits for the port."""
        replaced = self._table.parameters is not self._parameters
        commands = [
            (act, text)
            for address, act in (("midi/learn", self.mapper.learn), ("midi/forget", self.mapper.forget))
            for text in values.texts.get(address, ())
        ]
        if not (values.changes or commands or replaced):
            return
        with self._lock:
            for address, _ in values.changes:
                self._changes[address] = values.senders.get(address)
            self._commands += commands
            if replaced:  # another dream was loaded, and its values with it
                self._parameters, self._all = self._table.parameters, True
        self.mapper.wake.set()

    def status(self) -> dict[str, object]:
        """Return its field of `GET /status`; any thread.

        port: the controller, or None while it is unplugged. bindings: each by the name that midi/learn gave it, its
        control, and whether soft takeover waits. learning: what waits for a control.
        """
        waiting = self.mapper.waiting()
        return {
            "midi": {
                "port": self._name,
                "bindings": [
                    {"name": each.name, "control": each.control.label, "waiting": each.address in waiting}
                    for each in self.mapper.bindings
                ],
                "messages": self.mapper.messages,
                "learning": self.mapper.learning,
                "error": self.error or self.mapper.error,
            }
        }

    def _run(self) -> None:
        next_scan, wait = time.monotonic(), SCAN
        try:
            while not self._stopping.is_set():
                if time.monotonic() >= next_scan:
                    self._guarded(self._scan)
                    wait = SCAN if self._port else min(2 * wait, RETRY)
                    next_scan = time.monotonic() + wait
                self.mapper.wake.clear()
                self._guarded(self._work)
                self.mapper.wake.wait(max(0.0, next_scan - time.monotonic()))
        finally:
            if self._port is not None:
                self._port.close()

    def _guarded(self, act: Callable[[], None]) -> None:
        """Act; the show goes on whatever is wrong with a controller, and it is tried again."""
        try:
            act()
        except UserError as error:
            self._report(str(error))
        except Exception as error:  # rtmidi raises many kinds
            self._report(f"MIDI: {one_line(error, 200)}")

    def _report(self, error: str) -> None:
        if error != self.error:
            self.error = error
            self._say(error)

    def _scan(self) -> None:
        """Open the controller when it is plugged in; forget where its controls stand when it is unplugged."""
        if self._port is None:
            self._port = port.Port(self._wanted, self._receive)
        connected = self._port.scan()
        if connected and self._port.name is not None:
            self.error = None
            self._load(self._port.name)
            self._name = self._port.name
            count = f", {len(self.mapper.bindings)} of its controls are bound" if self._folder else ""
            self._say(f"MIDI: {self._name}{count}")
        elif connected is False:
            self.mapper.forget_positions()
            self._report(f"MIDI: {self._name} is unplugged; it goes on when it is back")
            self._name = None
        elif self._name is None and self.error is None:
            wanted = "controller" if self._wanted == port.ANY else f"port {self._wanted!r}"
            self._report(f"MIDI: no {wanted} yet; {port.ports_line(self._port.names())}")

    def _receive(self, message: mido.Message, at: float) -> None:
        self.mapper.receive(message, at)
        self._on_message()

    def _load(self, name: str) -> None:
        """Load what was learned on this controller."""
        self._all = True
        if self._folder is None:
            return
        try:
            self.mapper.replace(mapping_file.load(self._folder, name))
        except UserError as error:
            self.mapper.replace(())
            self._report(str(error))

    def _work(self) -> None:
        """Act on commands, send feedback, and save what was learned."""
        with self._lock:
            commands, self._commands = self._commands, []
            changes, self._changes = self._changes, {}
            every, self._all = self._all, False
        for act, text in commands:
            act(text)
        changed = self.mapper.take_changed()
        if self._name is None or self._port is None:
            return
        if self._feedback:
            self._port.send(self.mapper.feedback(None if every or changed else changes.items()))
        if changed and self._folder is not None:
            mapping_file.save(self._folder, self._name, self.mapper.bindings)
