"""The table of what a performer can move: present values, messages in, an immutable snapshot a frame out."""

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from livedream.parameters.coerce import COERCE, TEXTS, clamp, within
from livedream.parameters.parameter import Parameter, Value
from livedream.parameters.snapshot import Snapshot


class _Entry:
    """A parameter of the table with what it is going to (`target`) and on which way."""

    __slots__ = ("coerce", "elapsed", "elements", "origin", "parameter", "seconds", "target", "vector")

    def __init__(self, parameter: Parameter):
        self.parameter = parameter
        self.coerce = COERCE[parameter.type]
        self.target = parameter.start
        self.origin = self.target
        self.elapsed = self.seconds = 0.0
        self.elements: tuple[str, ...] = ()  # of a vector whose elements have addresses of their own
        self.vector: str | None = None  # of such an element

    def present(self) -> Value:
        if self.elapsed >= self.seconds:
            return self.target
        part = self.elapsed / self.seconds
        if isinstance(self.target, tuple):
            return tuple(a + (b - a) * part for a, b in zip(self.origin, self.target, strict=True))
        return self.origin + (self.target - self.origin) * part


def _alike(a: Parameter, b: Parameter) -> bool:
    """Whether a value of one is a value of the other."""
    return (a.type, a.low, a.high, a.choices, a.length) == (b.type, b.low, b.high, b.choices, b.length)


class Table:
    """All parameters and their values. Every method may be called from any thread; `tick` from one only.

    hold: asked by `tick` about each address that is to be applied; True: not yet, the next tick asks again.
    counters: messages, clamped, unknown and malformed since the start.
    faults: the latest case of each, in words, for the log.
    limited: the addresses of all that `limit` keeps within limits.
    """

    SENDERS = 64  # remembered at a time, the least recently heard of is forgotten

    def __init__(self, parameters: Iterable[Parameter]):
        self.counters = {"messages": 0, "clamped": 0, "unknown": 0, "malformed": 0}
        self.faults: dict[str, str] = {}
        self.hold: Callable[[str], bool] = lambda address: False
        self._lock = threading.Lock()
        self._entries: dict[str, _Entry] = {}
        self._values: dict[str, Value] = {}  # shared with the last snapshot: replaced, never written to
        self._pending: dict[str, tuple[Value, Hashable, float]] = {}  # value, sender, when it was asked for
        self._ways: dict[str, float] = {}  # of these, the seconds that they are to take, where that was said
        self._texts: dict[str, tuple[str, ...]] = {}
        self._gliding: set[str] = set()
        self._event_at: float | None = None
        self._said: OrderedDict[Hashable, dict[str, tuple]] = OrderedDict()  # by sender and address: last arguments
        self._limits: dict[str, tuple[float, float]] = {}
        self.limited: tuple[str, ...] = ()
        self._install([_Entry(each) for each in parameters])

    def limit(self, limits: Mapping[str, tuple[float, float]]) -> None:
        """Let these parameters, whenever they are there, be nothing outside of (low, high): their range is narrower.

        The address of a vector, or of knobs or latents ("dream/knob"), stands for all its elements.
        """
        with self._lock:
            self._limits = dict(limits)
            entries = list(self._entries.values())
            for entry in entries:
                entry.parameter = narrowed = self._narrowed(entry.parameter)
                if narrowed.type in ("float", "int"):
                    entry.target, entry.origin = clamp(narrowed, entry.target), clamp(narrowed, entry.origin)
                elif narrowed.type == "vector":
                    entry.target = tuple(clamp(narrowed, each) for each in entry.target)
                    entry.origin = tuple(clamp(narrowed, each) for each in entry.origin)
            self._install(entries)

    def replace(self, prefix: str, parameters: Iterable[Parameter]) -> None:
        """Put `parameters` in the place of all that begin with `prefix`: a dream came or went.

        The value of a parameter that was there before with the same range stays, and so does its glide.
        Raises ValueError for a parameter that does not begin with `prefix`.
        """
        parameters = tuple(parameters)
        for each in parameters:
            if not each.address.startswith(prefix):
                raise ValueError(f"parameter {each.address} does not begin with {prefix}")
        with self._lock:
            fresh = []
            for each in parameters:
                entry, old = _Entry(self._narrowed(each)), self._entries.get(each.address)
                if old and _alike(old.parameter, entry.parameter):
                    entry.target, entry.origin = old.target, old.origin
                    entry.elapsed, entry.seconds = old.elapsed, old.seconds
                else:  # what was said about the old one is not about this one
                    self._forget(each.address)
                fresh.append(entry)
            entries = list(self._entries.values())
            gone = [i for i, each in enumerate(entries) if each.parameter.address.startswith(prefix)]
            at = gone[0] if gone else len(entries)
            kept = [each for each in entries if not each.parameter.address.startswith(prefix)]
            for address in {entries[i].parameter.address for i in gone} - {each.address for each in parameters}:
                self._forget(address)
            self._install([*kept[:at], *fresh, *kept[at:]])

    def rechoose(self, address: str, choices: Sequence[str], chosen: str) -> None:
        """Give a choice other choices, of which it now stands at `chosen`, and nothing fires.

        A choice that was asked for and is not yet applied stays so, by its name.
        """
        choices = tuple(choices)
        with self._lock:
            asked = self._pending.pop(address, None)
            old = self._entries[address].parameter
            entry = _Entry(replace(old, choices=choices, high=max(len(choices) - 1, 0)))
            entry.target = entry.origin = choices.index(chosen)
            self._install([entry if each.parameter is old else each for each in self._entries.values()])
            if asked and old.choices[asked[0]] in choices:
                self._pending[address] = choices.index(old.choices[asked[0]]), *asked[1:]

    def forget(self, address: str) -> None:
        """Take the next message about it as an event, though its sender has said the same before."""
        with self._lock:
            for said in self._said.values():
                said.pop(address, None)

    def set(
        self,
        address: str,
        arguments: Sequence[float | int | bool | str] = (),
        sender: Hashable = "local",
        *,
        repeats: bool = False,
        seconds: float | None = None,
    ) -> bool:
        """Ask for a value; the next tick applies the latest. False, and counted, if it was refused.

        A value equal to the same sender's last one is no event: some senders say everything all the time, and
        what they have long said must not undo what another hand has done since. A sender that speaks only
        when it means it (a key, a button on the page, a preset) says repeats=True, or is "local".
        seconds: what a glide takes, whatever player/glide says; such a change is never held.
        """
        arguments = tuple(arguments)
        with self._lock:
            self.counters["messages"] += 1
            entry = self._entries.get(address)
            if entry is None:
                self._count("unknown", f"{address[:80]!r} from {sender}")
                return False
            said = None
            if not repeats and sender != "local" and entry.parameter.type != "text":
                said = self._of(sender)
                if arguments and said.get(address) == arguments and not address.endswith("/jump"):
                    return True
            try:
                value, clamped = entry.coerce(entry.parameter, arguments)
            except (ValueError, OverflowError) as error:
                self._count("malformed", f"{address} from {sender}: {error}")
                return False
            if clamped:
                self._count("clamped", f"{address} from {sender}")
            if said is not None and arguments:
                before = said.get(address)
                said[address] = arguments
                if entry.parameter.type == "trigger" and before is not None and before[0] > 0:
                    return True  # it was up already
            self._ask(entry, value, sender, seconds)
            return True

    def count(self, kind: str, what: str, messages: int = 0) -> None:
        """Count a fault that was found before the table was reached. kind: unknown or malformed."""
        with self._lock:
            self.counters["messages"] += messages
            self._count(kind, what)

    def target(self, address: str) -> Value:
        """Where a parameter is or is going to, from the moment it was set. KeyError if there is none."""
        with self._lock:
            entry = self._entries[address]
            if entry.parameter.jog:
                return entry.target
            names = entry.elements or (address,)
            values = tuple(
                self._pending[name][0] if name in self._pending else self._entries[name].target for name in names
            )
            return values if entry.elements else values[0]

    def tick(self, dt: float) -> Snapshot:
        """Apply what was asked for, move the glides on by `dt` seconds, and say what is."""
        with self._lock:
            held = {address for address in self._pending if address not in self._ways and self.hold(address)}
            pending = {address: each for address, each in self._pending.items() if address not in held}
            self._pending = {address: each for address, each in self._pending.items() if address in held}
            texts = {address: each for address, each in self._texts.items() if not self.hold(address)}
            self._texts = {address: each for address, each in self._texts.items() if address not in texts}
            event_at, self._event_at = self._event_at, None
            changes, fired = [], set()
            first = {each: pending[each] for each in pending if each == "player/glide" or each.endswith("/time")}
            if first:  # so that the others go by them
                pending = first | pending
            ways, self._ways = self._ways, {}
            for address, (value, *_) in pending.items():
                self._apply(address, value, changes, fired, ways.get(address))
            if changes or self._gliding:
                self._move(dt, changes)
            senders = {address: pending[address][1] for address, _ in changes}
            return Snapshot(
                MappingProxyType(self._values),
                frozenset(fired),
                event_at if changes else None,
                tuple(changes),
                senders,
                texts,
                {address: pending[address][2] for address, _ in changes},
            )

    def _install(self, entries: list[_Entry]) -> None:
        self._entries = {}
        for entry in entries:
            if entry.parameter.address in self._entries:
                raise ValueError(f"parameter {entry.parameter.address} is declared twice")
            self._entries[entry.parameter.address] = entry
            entry.elements, entry.vector = (), None
        for entry in entries:
            parameter = entry.parameter
            names = tuple(f"{parameter.address}/{i}" for i in range(parameter.length))
            if parameter.type == "vector" and all(name in self._entries for name in names):
                entry.elements = names
                for name in names:
                    self._entries[name].vector = parameter.address
        self.parameters: Mapping[str, Parameter] = MappingProxyType({a: e.parameter for a, e in self._entries.items()})
        if self._limits:
            self.limited = tuple(a for a, e in self._entries.items() if self._narrowed(e.parameter) is not e.parameter)
        self._gliding = {address for address, entry in self._entries.items() if entry.elapsed < entry.seconds}
        self._values = {address: entry.present() for address, entry in self._entries.items()}
        for entry in entries:
            if entry.elements:
                self._values[entry.parameter.address] = tuple(self._values[name] for name in entry.elements)

    def _forget(self, address: str) -> None:
        self._pending.pop(address, None)
        self._ways.pop(address, None)
        for said in self._said.values():
            said.pop(address, None)

    def _of(self, sender: Hashable) -> dict[str, tuple]:
        """What this sender said last, by address."""
        said = self._said.get(sender)
        if said is None:
            said = self._said[sender] = {}
            if len(self._said) > self.SENDERS:
                self._said.popitem(last=False)
        else:
            self._said.move_to_end(sender)
        return said

    def _count(self, kind: str, what: str) -> None:
        self.counters[kind] += 1
        self.faults[kind] = what

    def _ask(self, entry: _Entry, value: Value, sender: Hashable, seconds: float | None = None) -> None:
        address, now = entry.parameter.address, time.perf_counter()
        if entry.parameter.type == "trigger" and not value:
            return
        if entry.parameter.jog:
            if not value:
                return
            value = clamp(entry.parameter, value + self._pending.get(address, (0.0,))[0])
        if entry.parameter.type == "text":
            self._texts[address] = (*self._texts.get(address, ()), value)[:TEXTS]
            return
        for name, each in zip(entry.elements, value, strict=True) if entry.elements else ((address, value),):
            self._pending[name] = (each, sender, now)
            self._ways.pop(name, None)
            if seconds is not None:
                self._ways[name] = seconds
        if entry.parameter.type == "choice":
            # A jump and a plain change of the same choice are one thing: the later one counts.
            other = address.removesuffix("/jump") if address.endswith("/jump") else f"{address}/jump"
            self._pending.pop(other, None)
        if self._event_at is None:
            self._event_at = now

    def _apply(self, address: str, value: Value, changes: list, fired: set, seconds: float | None) -> None:
        entry = self._entries[address]
        parameter = entry.parameter
        jump = address.endswith("/jump")
        if parameter.jog:
            changes.append((address, value))
            return
        if parameter.type == "trigger" or jump:
            fired.add(address)
        elif value == entry.target and not parameter.always and (seconds is None or entry.elapsed >= entry.seconds):
            return
        elif parameter.type == "choice":
            fired.add(address)
        if parameter.type != "trigger":
            glide = parameter.glide
            entry.origin = self._values[address] if glide is not None else value
            entry.target, entry.elapsed = value, 0.0
            if seconds is None:
                seconds = max(glide or 0.0, self._seconds("player/glide"), self._seconds(f"{address}/time"))
            entry.seconds = 0.0 if glide is None else seconds
            if entry.seconds > 0:
                self._gliding.add(address)
            if jump and (chosen := self._entries.get(address.removesuffix("/jump"))):
                chosen.target = value
        changes.append((address, value))

    def _seconds(self, address: str) -> float:
        entry = self._entries.get(address)
        return entry.target if entry else 0.0

    def _narrowed(self, parameter: Parameter) -> Parameter:
        """The parameter within its limits, if there are any for it, or for the vector that it is an element of."""
        parent, _, last = parameter.address.rpartition("/")
        limits = self._limits.get(parameter.address) or (self._limits.get(parent) if last.isdecimal() else None)
        if limits is None or parameter.type not in ("float", "int", "vector"):
            return parameter
        low, high = (float(clamp(parameter, each)) for each in limits)
        if parameter.type == "int":
            low, high = math.ceil(low), math.floor(high)
        if low > high:
            return parameter
        each = parameter.default
        default = (
            tuple(within(each, low, high) for each in each) if isinstance(each, tuple) else within(each, low, high)
        )
        return replace(parameter, low=low, high=high, default=default)

    def _move(self, dt: float, changes: list) -> None:
        """Take all that was changed or glides to its present value, in a new dictionary."""
        values = dict(self._values)
        vectors = set()
        for address in {address for address, _ in changes} | self._gliding:
            entry = self._entries[address]
            # Some slack, so that 30 steps of 1/30 s make a second.
            entry.elapsed = entry.seconds if entry.elapsed + dt > entry.seconds - 1e-9 else entry.elapsed + dt
            if entry.elapsed >= entry.seconds:
                self._gliding.discard(address)
            values[address] = entry.present()
            if entry.vector:
                vectors.add(entry.vector)
            if address.endswith("/jump"):
                values[address.removesuffix("/jump")] = entry.target
        for address in vectors:
            values[address] = tuple(values[name] for name in self._entries[address].elements)
        self._values = values
