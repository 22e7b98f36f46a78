"""The chain of looks in a show: changed by OSC and page, and read again when a file is saved."""

import logging
import threading
from collections.abc import Callable

from livedream import UserError
from livedream.look import library
from livedream.look.chain import Chain, Slot, parameters
from livedream.parameters import Snapshot, Table
from livedream.parts.loader import signature

log = logging.getLogger("livedream.parts")

POLL = 0.015  # seconds between two looks at the files: saved means seen within a frame or two


class Looks:
    """Sees to a chain from `start` to `stop`.

    on_change: called in the drawer's thread when other parameters are there.

    slots: the chain's, whose parameters are in the table.
    error: why the last look that was asked for is not in the chain, or None.
    """

    def __init__(self, chain: Chain, table: Table, on_change: Callable[[], None] = lambda: None):
        self.chain, self.error = chain, None
        self._table, self._on_change = table, on_change
        self._names = tuple(library.names())
        self._signatures: dict[Slot, tuple] = {}  # of the files as they were read, and at the last look
        self._reread = False  # a file has other inputs now, perhaps
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="looks", daemon=True)
        self._offer()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join(2.0)

    def on_frame(self, values: Snapshot) -> None:
        """What was applied on this frame. Called by the drawer after each tick."""
        before = self.chain.slots
        for address, value in values.changes:
            if values.senders.get(address) is self:
                continue
            if address == "look/insert":
                self._insert(self._names[value])
            elif address == "look/remove" and value < len(before):
                self.chain.remove(before[value].name)
            elif address.startswith("look/") and address.endswith("/place"):
                self.chain.move(address.split("/")[1], min(value, len(before) - 1))
        if self.chain.slots != before or self._reread:
            self._reread, self.error = False, None
            self._offer()
            self._on_change()

    def _insert(self, name: str) -> None:
        try:
            self.chain.insert(library.find(name))
            self.error = None
        except UserError as error:
            log.warning("look %s: %s", name, error)
            self.error = str(error)

    def _offer(self) -> None:
        """Put the parameters of the chain as it is into the table."""
        self._table.replace("look/", parameters(self.chain, self._names))
        for address in ("look/insert", "look/remove"):  # the same one again is another one
            self._table.forget(address)
        for place, slot in enumerate(self.chain.slots):
            self._table.set(slot.address("place"), [place], self, repeats=True)
        self.slots = self.chain.slots

    def _watch(self) -> None:
        while not self._stopping.wait(POLL):
            for slot in self.chain.slots:
                now = tuple(map(signature, (slot.source.path, slot.source.vertex_path)))
                before, seen = self._signatures.get(slot, (now, now))
                if now != before and now == seen and now[0] is not None:  # else it is perhaps still being written
                    before = now
                    self._read(slot)
                self._signatures[slot] = before, now

    def _read(self, slot: Slot) -> None:
        from livedream.look import header

        try:
            slot.source = header.read(slot.source.path)  # the drawer compiles it
            self._reread = True
        except UserError as error:
            if str(error) != slot.error:
                log.warning("look %s: %s", slot.name, error)
            slot.error = str(error)
