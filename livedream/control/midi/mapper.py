"""The mapping of a controller: its messages set parameters, and it is sent their values. Knows nothing of ports."""

import threading
from collections.abc import Callable, Hashable, Iterable
from dataclasses import replace

import mido

from livedream.control.midi import feedback, parameter_numbers
from livedream.control.midi.bindings import Bindings, BoundControl
from livedream.control.midi.controls import Binding, Source
from livedream.control.midi.learn import Learner
from livedream.control.midi.move import Mover, is_blind
from livedream.control.midi.parameter_numbers import Event, ParameterNumbers
from livedream.control.osc_address import PREFIX, local_name
from livedream.control.tempo import Tempo
from livedream.parameters import Table

CLOCK = ("clock", "start", "stop", "continue", "songpos")
RECALL = "preset/recall"  # set by a program change; a bridge sets "program/CHANNEL"


class Mapper:
    """The bindings of one controller. Every method may be called from any thread.

    Attributes:
        messages: received so far, except clock messages.
        wake: set when bindings have changed or something is to be sent to the controller.
        meet: asked for a binding of an NRPN or RPN that has none; a bridge gives each an address.
    """

    def __init__(self, table: Table, tempo: Tempo | None = None, takeover: bool = True, prefix: str = PREFIX):
        """Begin without bindings.

        Args:
            table: the parameters.
            tempo: follows MIDI clock; None: clock messages are ignored.
            takeover: whether absolute controls wait for soft takeover.
            prefix: what OSC addresses begin with, which `learn` and `forget` accept too.
        """
        self.messages = 0
        self.wake = threading.Event()
        self._table, self._tempo, self._prefix = table, tempo, prefix
        self._lock = threading.Lock()  # guards what follows
        self._bindings = Bindings()
        self._learner = Learner(table, self._bindings, prefix)
        self._mover = Mover(table, takeover)
        self._numbers = ParameterNumbers()
        self.meet: Callable[[Source], Binding | None] = lambda source: None
        self._forget_error: str | None = None

    @property
    def bindings(self) -> tuple[Binding, ...]:
        """The bindings, in the order in which they were made."""
        with self._lock:
            return tuple(each.binding for each in self._bindings.all)

    @property
    def learning(self) -> str | None:
        """The address that waits for a control, with its value if it has one; or None."""
        return self._learner.learning

    @property
    def error(self) -> str | None:
        """Why the last `learn` or `forget` was refused, or None."""
        return self._forget_error or self._learner.error

    def waiting(self) -> set[str]:
        """Return the addresses whose control has not yet reached the value (soft takeover)."""
        with self._lock:
            return {each.binding.address for each in self._bindings.all if each.waiting}

    def replace(self, bindings: Iterable[Binding]) -> None:
        """Take these bindings and no others: another controller was plugged in."""
        with self._lock:
            self._learner.reset()
            self._numbers.reset()
            self._bindings.replace(replace(each, address=self._table.name(each.address)) for each in bindings)

    def take_changed(self) -> bool:
        """Return whether anything was learned or forgotten since the last call."""
        with self._lock:
            changed, self._bindings.changed = self._bindings.changed, False
            return changed

    def learn(self, text: str) -> None:
        """Bind the next control that moves; `text` is as for `Learner.ask`."""
        with self._lock:
            self._forget_error = None
            self._learner.ask(text)

    def forget(self, name: str) -> None:
        """Unbind a parameter's controls: "ADDRESS", or "ADDRESS VALUE" where it was learned with a value."""
        address, *value = local_name(" ".join(name.split()), self._prefix).split(" ")
        name = " ".join((self._table.name(address), *value))
        with self._lock:
            waited = self._learner.learning == name
            if waited:
                self._learner.learning = None
            gone = [each for each in self._bindings.all if name in (each.binding.name, each.binding.address)]
            for each in gone:
                self._bindings.remove(each)
            self._learner.error = None
            self._forget_error = None if gone or waited else f"midi/forget {name[:80]}: no control is bound to it"
            self._bindings.changed = self._bindings.changed or bool(gone)
        self.wake.set()

    def receive(self, message: mido.Message, at: float) -> None:
        """Act on a message that arrived at time.perf_counter() `at`."""
        if message.type in CLOCK:
            self._follow_clock(message, at)
            return
        with self._lock:
            self.messages += 1
            if message.type == "program_change":
                for address in (RECALL, f"program/{message.channel + 1}"):
                    if address in self._table.parameters:
                        self._table.set(address, [message.program], "MIDI program change", repeats=True)
                return
            event = self._event(message)
            if event is None:
                return
            source = event.source
            changed = self._learner.on_message(source, event.data, at)
            bound = self._bindings.by_source.get(source)
            if bound is None and source[0] in parameter_numbers.KINDS and (met := self.meet(source)):
                self._bindings.add(bound := BoundControl(met))
            if bound is not None and event.steps:
                self._mover.step(bound, event.steps)
            elif bound is not None and self._mover.move(bound, source, event.data):
                changed = self._bindings.changed = True
            if changed or (bound is not None and bound.relight):
                self.wake.set()

    def _event(self, message: mido.Message) -> Event | None:
        """Return what a message says of a control; None for the parts of a parameter number that is not complete."""
        source, data = decode(message)
        if source is None:
            return None
        kind, channel, number = source
        if kind == "cc" and self._numbers.takes(channel, number) and not self._is_plain(source):
            return self._numbers.take(channel, number, data)
        return Event(source, data)

    def _is_plain(self, source: Source) -> bool:
        """Tell a control of its own, as it was bound or is learned as 7bit, from the choice of a parameter number."""
        if not parameter_numbers.chooses(source[2]):
            return False
        bound = self._bindings.by_source.get(source)
        return self._learner.wants_plain or (bound is not None and bound.binding.control.kind == "cc")

    def forget_positions(self) -> None:
        """Forget where the controls stand: the controller was unplugged."""
        with self._lock:
            self._numbers.reset()
            for each in self._bindings.all:
                each.forget_position()

    def feedback(self, changes: Iterable[tuple[str, Hashable]] | None = None) -> list[mido.Message]:
        """Return what the controller is to be sent, so that it shows the parameters' values.

        Nothing is sent to the control that made a change, except where it cannot know what it did: a pad that toggles,
        the ring of a relative encoder.

        Args:
            changes: (address, sender) of what was applied since the last call; None: everything.
        """
        with self._lock:
            senders = None if changes is None else {self._table.acts_on(a): sender for a, sender in changes}
            found: list[mido.Message] = []
            for each in self._bindings.all:
                address = self._table.acts_on(each.binding.address)
                wanted = senders is None or (
                    address in senders
                    and (
                        senders[address] != each.sender
                        or is_blind(each, self._table.parameters.get(self._table.name(each.binding.address)))
                    )
                )
                if each.relight:
                    each.relight, each.shown, wanted = False, None, True
                if wanted:
                    found += feedback.messages(self._table, each)
            return found

    def _follow_clock(self, message: mido.Message, at: float) -> None:
        if self._tempo is None:
            return
        if message.type == "clock":
            self._tempo.clock(at)
        elif message.type == "songpos":
            self._tempo.position(message.pos)
        else:
            tempo = self._tempo
            {"start": tempo.midi_start, "stop": tempo.midi_stop, "continue": tempo.resume}[message.type]()


def decode(message: mido.Message) -> tuple[Source | None, int]:
    """Return a message's source, or None if no control sends it, and its data: 0..16383 of pitch bend, else 0..127."""
    kind = message.type
    if kind == "control_change":
        return ("cc", message.channel, message.control), message.value
    if kind in ("note_on", "note_off"):
        return ("note", message.channel, message.note), message.velocity if kind == "note_on" else 0
    if kind == "pitchwheel":
        return ("pitch", message.channel, 0), message.pitch + 8192
    if kind == "aftertouch":
        return ("pressure", message.channel, 0), message.value
    return None, 0
