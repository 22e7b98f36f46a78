"""The effects of one deck: put in, taken out and moved while a show plays, loaded beside it as dreams are.

Only names are accepted from outside, never paths: those of the effects that ship, of those that the show was started
with, and of the effects in the folder of `--dreams`.
"""

import logging
import queue
import threading
from collections.abc import Callable
from pathlib import Path

from livedream import UserError, one_line
from livedream.dream.dream import Dream
from livedream.effect import library
from livedream.effect.chain import EffectChain, parameters
from livedream.effect.slot import Slot
from livedream.parameters import Snapshot, Table
from livedream.parts.isolated import LoadProcess

log = logging.getLogger("livedream.parts")

POLL = 1.0  # seconds between two looks at which effects there are


class EffectSlots:
    """Keeps a deck's chain of effects and the parameters below `effect/` in step, from `start` to `stop`.

    Args:
        chain: The deck's.
        table: Gets the parameters of the chain.
        make: Makes a slot of an effect, ready to run.
        find: Returns the effects that can be inserted by name, and their files.
        on_change: Called in the drawer thread after the parameters were replaced.

    Attributes:
        chain: As given.
        loading: Name of the effect that is being loaded, or None.
        error: Why the last effect that was asked for is not in the chain, or None.
    """

    def __init__(
        self,
        chain: EffectChain,
        table: Table,
        make: Callable[[Dream], Slot],
        find: Callable[[], dict[str, Path]],
        on_change: Callable[[], None] = lambda: None,
    ):
        self.chain = chain
        self.loading: str | None = None
        self.error: str | None = None
        self._table, self._make, self._find, self._on_change = table, make, find, on_change
        self._below = f"{chain.prefix}effect/"
        self._found = find()  # the thread's
        self._names = tuple(self._found)  # the drawer thread's: what the numbers of effect/insert mean
        self._wanted: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._ready: queue.SimpleQueue[Slot] = queue.SimpleQueue()
        self._lock = threading.Lock()  # guards the two that follow
        self._reading: LoadProcess | None = None
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name=f"effects {self._letter}", daemon=True)
        self._offer()

    @property
    def _letter(self) -> str:
        return "b" if self.chain.prefix else "a"

    def start(self) -> None:
        """Begin to load; call once."""
        self._thread.start()

    def stop(self) -> None:
        """End all effects; what is being loaded is abandoned."""
        with self._lock:
            self._stopping = True
            if self._reading is not None:
                self._reading.stop()
        self._wanted.put(None)
        self._thread.join(5.0)
        self.chain.stop()

    def status(self) -> dict[str, object]:
        """Its fields of `GET /status`; any thread."""
        return {"effects": self.chain.status(), "effect_loading": self.loading, "effect_error": self.error}

    def on_frame(self, values: Snapshot) -> None:
        """Insert, remove and move effects as asked for on this frame; never waits. Called in the drawer thread."""
        before, names = self.chain.slots, tuple(self._found)
        for address, value in values.changes:
            if address.startswith(self._below) and values.senders.get(address) is not self:
                self._apply(address.removeprefix(self._below), int(value) if isinstance(value, int | float) else 0)
        while not self._ready.empty():
            self._insert(self._ready.get())
        if self.chain.slots != before or names != self._names:
            self._names = names
            self._offer()
            self._on_change()

    def _apply(self, what: str, value: int) -> None:
        if what == "insert":
            self._wanted.put(self._names[value])
        elif what == "remove":
            self.chain.remove(value)
        elif what.endswith("/place"):
            self.chain.move(int(what.split("/")[0]), min(value, len(self.chain.slots) - 1))

    def _insert(self, slot: Slot) -> None:
        try:
            self.chain.insert(slot)
            self.error = None
        except UserError as error:
            self._refuse(error)
            slot.stop()

    def _refuse(self, error: UserError, path: Path | None = None) -> None:
        self.error = str(error).replace(str(path.absolute()), path.name) if path else str(error)  # the network sees it
        log.warning("deck %s: effect: %s", self._letter, error)

    def _offer(self) -> None:
        """Put the parameters of the present chain into the table."""
        self._table.replace(self._below, parameters(self.chain, self._names))
        for command in ("insert", "remove"):  # the same one sent again is another request
            self._table.forget(self._below + command)
        for place, slot in enumerate(self.chain.slots):
            self._table.set(self.chain.prefix + slot.address("place"), [place], self, repeats=True)

    # -- the thread that loads ------------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._stopping:
            try:
                name = self._wanted.get(timeout=POLL)
            except queue.Empty:
                name = ""
            if name is None:
                return
            try:
                self._found = self._find()
                if name:
                    self._load(name)
            except Exception as error:  # the show goes on, and so do later effects
                log.exception("this is our bug: %s: %s", type(error).__name__, error)
            self.loading = None

    def _load(self, name: str) -> None:
        path = self._found.get(name)
        try:
            if path is None:
                raise UserError(f"{name}: its file is gone")
            self.loading = name
            slot = self._made(path)
        except UserError as error:
            if not self._stopping:
                self._refuse(error, path)
            return
        self._ready.put(slot)

    def _made(self, path: Path) -> Slot:
        """Return a slot of the file that is ready to run. Raises UserError whatever is wrong with the file."""
        reading = LoadProcess(path)
        with self._lock:
            self._reading = reading
            if self._stopping:
                reading.stop()
        try:
            dream = library.checked(reading.dream())
        finally:
            with self._lock:
                self._reading = None
        try:
            return self._make(dream)
        except UserError:
            raise
        except Exception as error:
            raise UserError(f"{path.absolute()}: cannot run: {one_line(error)}") from error
