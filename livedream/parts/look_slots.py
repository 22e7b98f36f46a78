"""The look chain of a session: changed by OSC and the page, and read again when a look's file is saved."""

import logging
import threading
from collections.abc import Callable
from typing import Any

from livedream import UserError, one_line
from livedream.look import library
from livedream.look.chain import Chain, Slot, parameters
from livedream.parameters import Snapshot, Table
from livedream.parts.loader import Signature, signature

log = logging.getLogger("livedream.parts")

POLL = 0.015  # seconds between two looks at the files: a saved file is drawn within a frame or two

Signatures = tuple[Signature | None, Signature | None]  # the fragment shader's and the vertex shader's


class LookSlots:
    """Keeps the chain and the parameters below `look/` in step, and rereads its files from `start` to `stop`.

    Args:
        chain: The looks.
        table: Gets the parameters of the chain.
        on_change: Called in the drawer thread after the parameters were replaced.

    Attributes:
        slots: The slots of the chain whose parameters are in the table.
        error: Why the last look that was asked for is not in the chain, or None.
    """

    def __init__(self, chain: Chain, table: Table, on_change: Callable[[], None] = lambda: None):
        self.chain = chain
        self.error: str | None = None
        self._table, self._on_change = table, on_change
        self._names = tuple(library.names())
        self._signatures: dict[Slot, tuple[Signatures, Signatures]] = {}  # when the files were read, and last seen
        self._reread = False  # a file was read again: it may have other inputs now
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="looks", daemon=True)
        self._offer()

    def start(self) -> None:
        """Begin to watch the files."""
        self._thread.start()

    def stop(self) -> None:
        """Watch them no longer."""
        self._stopping.set()
        self._thread.join(2.0)

    def status(self) -> dict[str, object]:
        """Its fields of `GET /status`; any thread."""
        return {
            "looks": [{"name": each.name, "error": each.error or each.fault} for each in self.slots],
            "look_error": self.error,
        }

    def on_frame(self, values: Snapshot) -> None:
        """Insert, remove and move looks as asked for on this frame."""
        before = self.chain.slots
        for address, value in values.changes:
            if values.senders.get(address) is not self:
                self._apply(address, value, before)
        if self.chain.slots != before or self._reread:
            self._reread, self.error = False, None
            self._offer()
            self._on_change()

    def _apply(self, address: str, value: Any, before: tuple[Slot, ...]) -> None:  # the parameter says which type
        if address == "look/insert":
            self._insert(self._names[value])
        elif address == "look/remove" and value < len(before):
            self.chain.remove(before[value].name)
        elif address.startswith("look/") and address.endswith("/place"):
            self.chain.move(address.split("/")[1], min(value, len(before) - 1))

    def _insert(self, name: str) -> None:
        try:
            self.chain.insert(library.find(name))
            self.error = None
        except Exception as error:  # whatever is wrong with a file, the show goes on
            self.error = str(error) if isinstance(error, UserError) else f"{name}: cannot be read: {one_line(error)}"
            log.warning("look %s: %s", name, self.error)

    def _offer(self) -> None:
        """Put the parameters of the present chain into the table."""
        self._table.replace("look/", parameters(self.chain, self._names))
        for address in ("look/insert", "look/remove"):  # the same name sent again is another request
            self._table.forget(address)
        for place, slot in enumerate(self.chain.slots):
            self._table.set(slot.address("place"), [place], self, repeats=True)
        self.slots = self.chain.slots

    # -- the thread that watches the files ------------------------------------------------------------------------

    def _watch(self) -> None:
        while not self._stopping.wait(POLL):
            for slot in self.chain.slots:
                now = signature(slot.source.path), signature(slot.source.vertex_path)
                before, seen = self._signatures.get(slot, (now, now))
                if now != before and now == seen and now[0] is not None:  # else it may still be being written
                    before = now
                    self._read(slot)
                self._signatures[slot] = before, now

    def _read(self, slot: Slot) -> None:
        from livedream.look import header

        try:
            slot.source = header.read(slot.source.path)  # compiled in the drawer thread
            self._reread = True
        except Exception as error:  # this thread also watches the other files
            what = str(error) if isinstance(error, UserError) else f"cannot be read: {one_line(error)}"
            if what != slot.error:
                log.warning("look %s: %s", slot.name, what)
            slot.error = what
