"""The table of all parameters and their values: messages in from any thread, an immutable snapshot out each frame."""

import threading
import time
from collections.abc import Callable, Hashable, Iterable, Mapping, MutableSet, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, NamedTuple

from livedream.parameters import coerce, limits
from livedream.parameters.deck import GLIDE
from livedream.parameters.parameter import Parameter, Value, alike
from livedream.parameters.relations import Relations, with_elements
from livedream.parameters.senders import Said, Senders
from livedream.parameters.snapshot import Snapshot

TEXTS = 16  # messages to one "text" parameter within a frame at most
_SLACK = 1e-9  # seconds, so that 30 steps of 1/30 s make a second


class _Asked(NamedTuple):
    """A change that the next tick applies."""

    value: Value
    sender: Hashable
    at: float  # time.perf_counter() seconds
    seconds: float | None = None  # time of the glide where the message gave one; such a change is never held


class _Entry:
    """A parameter of the table, the value it goes to (`target`), and how far it has come.

    Attributes:
        declared: the parameter as it was declared; `parameter` is the same within its limits.
        origin: the value that the glide began at.
        elapsed, seconds: of the glide, which is over when they are equal.
        event: whether every message does something: a trigger's; None for commands, of which none are a stream's.
    """

    __slots__ = ("declared", "elapsed", "event", "origin", "parameter", "seconds", "target")

    def __init__(self, declared: Parameter, parameter: Parameter):
        self.declared, self.parameter = declared, parameter
        self.target: Value = parameter.start
        self.origin: Value = parameter.start
        self.elapsed = self.seconds = 0.0
        command = declared.type == "text" or declared.acts_on or declared.counted
        self.event = None if command else declared.type == "trigger" or declared.jog

    @property
    def gliding(self) -> bool:
        return self.elapsed < self.seconds

    def present(self) -> Value:
        if not self.gliding:
            return self.target
        part = self.elapsed / self.seconds
        if isinstance(self.target, tuple) and isinstance(self.origin, tuple):
            return tuple(a + (b - a) * part for a, b in zip(self.origin, self.target, strict=True))
        return self.origin + (self.target - self.origin) * part  # type: ignore[operator]  # only numbers glide

    def take_over(self, old: "_Entry") -> None:
        """Stand where a parameter with the same values stood."""
        self.target, self.origin, self.elapsed, self.seconds = old.target, old.origin, old.elapsed, old.seconds


class Table:
    """All parameters and their values. Every method may be called from any thread; `tick` from one only.

    Attributes:
        parameters: by address; a new mapping whenever any of them comes, goes, or gets another range.
        off_beat: asked by `tick`; while it returns True, quantized changes wait.
        counters: messages, clamped, unknown, malformed and refused since the start.
        faults: the latest case of each, in words, for the log.
        limited: the addresses of all that `limit` keeps within limits.
        guests: senders that may set only what is not `admin`; replaced whole, by one thread.
    """

    def __init__(self, parameters: Iterable[Parameter]):
        self.counters = {"messages": 0, "clamped": 0, "unknown": 0, "malformed": 0, "refused": 0}
        self.faults: dict[str, str] = {}
        self.off_beat: Callable[[], bool] = lambda: False
        self.limited: tuple[str, ...] = ()
        self.guests: frozenset[Hashable] = frozenset()
        self.parameters: Mapping[str, Parameter] = {}
        self._lock = threading.Lock()
        self._entries: dict[str, _Entry] = {}
        self._values: dict[str, Value] = {}  # shared with the last snapshot: replaced, never written to
        self._pending: dict[str, _Asked] = {}
        self._texts: dict[str, tuple[str, ...]] = {}
        self._gliding: set[str] = set()
        self._event_at: float | None = None
        self._senders = Senders()
        self._limits: limits.Limits = {}
        self._relations = Relations({})
        self._install([_Entry(each, each) for each in with_elements(parameters)])

    # -- which parameters there are -------------------------------------------------------------------------------

    def limit(self, within: limits.Limits) -> None:
        """Keep these parameters, whenever they are there, within (low, high), and all others within their own range.

        The address of a series ("dream/latent", "dream/knob") limits all of it. Raises UserError.
        """
        with self._lock:
            self._limits = {self._relations.name(address): each for address, each in within.items()}
            limits.check({address: each.declared for address, each in self._entries.items()}, self._limits)
            entries = list(self._entries.values())
            for entry in entries:
                entry.parameter = limits.narrowed(entry.declared, self._limits)
                if entry.parameter.type in limits.LIMITED:
                    entry.target, entry.origin = map(entry.parameter.within, (entry.target, entry.origin))
            self._install(entries)

    def replace(self, prefix: str, parameters: Iterable[Parameter]) -> None:
        """Put `parameters` in the place of all that begin with `prefix`: a dream came or went.

        The value of a parameter that was there before with the same range stays, and so does its glide.
        Raises ValueError for a parameter that does not begin with `prefix`.
        """
        parameters = with_elements(parameters)
        for each in parameters:
            if not each.address.startswith(prefix):
                raise ValueError(f"parameter {each.address} does not begin with {prefix}")
        with self._lock:
            fresh = []
            for each in parameters:
                entry, old = _Entry(each, limits.narrowed(each, self._limits)), self._entries.get(each.address)
                if old and alike(old.parameter, entry.parameter):
                    entry.take_over(old)
                else:  # messages about the old one were not about this one
                    self._forget(each.address)
                fresh.append(entry)
            addresses = list(self._entries)
            gone = [i for i, address in enumerate(addresses) if address.startswith(prefix)]
            at = gone[0] if gone else len(addresses)
            kept = [each for address, each in self._entries.items() if not address.startswith(prefix)]
            for address in {addresses[i] for i in gone} - {each.address for each in parameters}:
                self._forget(address)
            self._install([*kept[:at], *fresh, *kept[at:]])

    def rechoose(self, address: str, choices: Sequence[str], chosen: str) -> None:
        """Give a choice other choices, of which it is now set to `chosen`, and nothing fires.

        A choice that was asked for and is not yet applied stays so, by its name.
        """
        choices = tuple(choices)
        with self._lock:
            asked = self._pending.pop(address, None)
            old = self._entries[address].declared
            new = replace(old, choices=choices, high=max(len(choices) - 1, 0))
            entry = _Entry(new, new)
            entry.target = entry.origin = choices.index(chosen)
            self._install([entry if each.declared is old else each for each in self._entries.values()])
            if asked and isinstance(asked.value, int) and old.choices[asked.value] in choices:
                self._pending[address] = asked._replace(value=choices.index(old.choices[asked.value]))

    def _install(self, entries: list[_Entry]) -> None:
        self._entries = {}
        for entry in entries:
            address = entry.parameter.address
            if address in self._entries:
                raise ValueError(f"parameter {address} is declared twice")
            self._entries[address] = entry
        parameters = {address: entry.parameter for address, entry in self._entries.items()}
        self._relations = Relations(parameters)
        self.limited = tuple(a for a, e in self._entries.items() if e.parameter is not e.declared)
        self._gliding = {address for address, entry in self._entries.items() if entry.gliding}
        values = {address: entry.present() for address, entry in self._entries.items()}
        values |= self._relations.wholes(values)
        self._values, self.parameters = values, MappingProxyType(parameters)

    def _forget(self, address: str) -> None:
        self._pending.pop(address, None)
        self._senders.forget(address)

    def acts_on(self, address: str) -> str:
        """The address of what a change of this parameter changes: itself, or the choice that a jump acts on."""
        address = self._relations.name(address)
        parameter = self.parameters.get(address)
        return parameter.acts_on if parameter and parameter.acts_on else address

    def vector_of(self, address: str) -> str | None:
        """The address of the vector that this parameter is an element of, or None."""
        return self._relations.vectors.get(address)

    def name(self, address: str) -> str:
        """The address of a parameter that was called by a former one, or the same."""
        return self._relations.name(address)

    # -- messages, from any thread --------------------------------------------------------------------------------

    def set(
        self,
        address: str,
        arguments: Sequence[object] = (),
        sender: Hashable = "local",
        *,
        repeats: bool = False,
        seconds: float | None = None,
        at: float | None = None,
    ) -> bool:
        """Ask for a value; the next tick applies the latest. False, and counted, if it was refused.

        A value of a stream of equal values is no event: some senders send everything all the time, and their old
        values must not undo what another sender has done since. `senders` says what a stream is.

        Args:
            address: below the prefix.
            arguments: of the message.
            sender: who sends it; "local" may always repeat itself.
            repeats: whether the sender speaks only when it means it: a key, a button on the page, a preset.
            seconds: time that a glide takes, whatever player/glide is; such a change is never held.
            at: when the message came, by time.perf_counter(); None for now.
        """
        arguments = tuple(arguments)
        at = time.perf_counter() if at is None else at
        with self._lock:
            self.counters["messages"] += 1
            entry = self._entries.get(address) or self._entries.get(self._relations.name(address))
            if entry is None:
                self._count("unknown", f"{address[:80]!r} from {sender}")
                return False
            parameter = entry.parameter
            if parameter.admin and sender in self.guests:
                self._count("refused", f"{address} from {sender}, whose token is for playing only")
                return False
            address = parameter.address
            if parameter.type == "choice":  # of which some are addresses
                arguments = self._relations.chosen(parameter, arguments)
            known: dict[str, Said] | None = None
            if entry.event is not None and not repeats and arguments and sender != "local":
                known = self._senders.last(sender)
                said = known.get(address)
                if said and said.is_repeated(arguments, at, entry.event):
                    return True
            try:
                value, clamped = coerce.value(parameter, arguments)
            except (ValueError, OverflowError) as error:
                self._count("malformed", f"{address} from {sender}: {error}")
                return False
            if clamped:
                self._count("clamped", f"{address} from {sender}")
            if known is not None:
                if said is None:
                    known[address] = Said(arguments, at, bool(value) or not entry.event)
                elif said.change(arguments, at, bool(value) or not entry.event) and parameter.type == "trigger":
                    return True
            self._ask(entry, value, sender, seconds, at)
            return True

    def count(self, kind: str, what: str, messages: int = 0) -> None:
        """Count a fault that was found before the table was reached. kind: unknown or malformed."""
        with self._lock:
            self.counters["messages"] += messages
            self._count(kind, what)

    def forget(self, address: str) -> None:
        """Take the next message about it as an event, though its sender has sent the same before."""
        with self._lock:
            self._senders.forget(address)

    def target(self, address: str) -> Any:  # its type is the parameter's
        """The value that a parameter has or goes to, from the moment it was set. KeyError if there is none."""
        with self._lock:
            address = self._relations.name(address)
            entry = self._entries[address]
            if entry.parameter.jog:
                return entry.target
            elements = self._relations.elements.get(address)
            names = elements or (address,)
            values = tuple(
                self._pending[name].value if name in self._pending else self._entries[name].target for name in names
            )
            return values if elements else values[0]

    def _count(self, kind: str, what: str) -> None:
        self.counters[kind] += 1
        self.faults[kind] = what

    def _ask(self, entry: _Entry, value: Value, sender: Hashable, seconds: float | None, at: float) -> None:
        parameter = entry.parameter
        address = parameter.address
        if not value and (parameter.type == "trigger" or parameter.jog):
            return
        if isinstance(value, str):
            self._texts[address] = (*self._texts.get(address, ()), value)[:TEXTS]
            return
        if (parameter.jog or parameter.counted) and (before := self._pending.get(address)):
            value = parameter.within(value + before.value)  # type: ignore[operator]  # both are numbers
        if isinstance(value, tuple) and (elements := self._relations.elements.get(address)):
            for name, each in zip(elements, value, strict=False):  # of a colour without its alpha, that stays
                self._pending[name] = _Asked(self._entries[name].parameter.within(each), sender, at, seconds)
        else:
            self._pending[address] = _Asked(value, sender, at, seconds)
        # A jump and a plain change of the same choice are one thing: the later one counts.
        self._pending.pop(parameter.acts_on or self._relations.jumps.get(address, ""), None)
        if self._event_at is None:
            self._event_at = at

    # -- the loop -------------------------------------------------------------------------------------------------

    def waits(self, address: str) -> bool:
        """Whether what this parameter does has to wait for the beat on this frame."""
        entry = self._entries.get(address)
        return bool(entry and entry.parameter.quantized) and self.off_beat()

    def tick(self, dt: float) -> Snapshot:
        """Apply what was asked for, move the glides on by `dt` seconds, and return the values."""
        with self._lock:
            pending, texts = self._due()
            event_at, self._event_at = self._event_at, None
            changes: list[tuple[str, Value]] = []
            fired: set[str] = set()
            unchanged = {
                address for address, asked in pending.items() if not self._apply(address, asked, changes, fired)
            }
            if changes or self._gliding:
                self._move(dt, changes)
            return Snapshot(
                MappingProxyType(self._values),
                frozenset(fired),
                event_at if changes else None,
                tuple(changes),
                {address: pending[address].sender for address, _ in changes},
                texts,
                {address: pending[address].at for address, _ in changes},
                frozenset(unchanged),
            )

    def _due(self) -> tuple[dict[str, _Asked], dict[str, tuple[str, ...]]]:
        """Take what is to be applied now: all but what waits for the beat; glide times first, for others go by them."""
        pending, self._pending = self._pending, {}
        texts, self._texts = self._texts, {}
        if (pending or texts) and self.off_beat():
            for address in [a for a in pending if pending[a].seconds is None and self._held(a)]:
                self._pending[address] = pending.pop(address)
            for address in [a for a in texts if self._held(a)]:
                self._texts[address] = texts.pop(address)
        first = {a: pending[a] for a in pending if a == GLIDE.address or self._entries[a].parameter.time_of}
        return first | pending, texts

    def _held(self, address: str) -> bool:
        return self._entries[address].parameter.quantized == "change"

    def _apply(self, address: str, asked: _Asked, changes: list[tuple[str, Value]], fired: MutableSet[str]) -> bool:
        """Apply one value; returns whether it changed anything or fires."""
        entry, value, seconds = self._entries[address], asked.value, asked.seconds
        parameter = entry.parameter
        if parameter.jog:
            changes.append((address, value))
            return True
        if parameter.type == "trigger" or parameter.acts_on:
            fired.add(address)
        elif value == entry.target and not parameter.always and (seconds is None or not entry.gliding):
            return False
        elif parameter.type == "choice":
            fired.add(address)
        if parameter.type != "trigger":
            glide = parameter.glide
            entry.origin = self._values[address] if glide is not None else value
            entry.target, entry.elapsed = value, 0.0
            if seconds is None:
                own = self._relations.times.get(address, "")
                seconds = max(glide or 0.0, self._seconds(GLIDE.address), self._seconds(own))
            entry.seconds = 0.0 if glide is None else seconds
            if entry.seconds > 0:
                self._gliding.add(address)
            if chosen := self._entries.get(parameter.acts_on):
                chosen.target = value
        changes.append((address, value))
        return True

    def _seconds(self, address: str) -> float:
        entry = self._entries.get(address)
        return float(entry.target) if entry else 0.0  # type: ignore[arg-type]  # times are floats

    def _move(self, dt: float, changes: list[tuple[str, Value]]) -> None:
        """Move everything that was changed or glides to its present value, in a new dictionary."""
        values = dict(self._values)
        vectors, elements = set(), self._relations.vectors
        for address in {address for address, _ in changes} | self._gliding:
            entry = self._entries[address]
            arrives = entry.elapsed + dt > entry.seconds - _SLACK
            entry.elapsed = entry.seconds if arrives else entry.elapsed + dt
            if arrives:
                self._gliding.discard(address)
            values[address] = entry.present()
            if address in elements:
                vectors.add(elements[address])
            if entry.parameter.acts_on in values:
                values[entry.parameter.acts_on] = entry.target
        if vectors:
            values |= self._relations.wholes(values, vectors)
        self._values = values
