"""The last message of each sender about each parameter, so that a stream of equal values is one event."""

from collections import OrderedDict
from collections.abc import Hashable

Arguments = tuple[object, ...]


class Senders:
    """Remembers so many senders at a time; the one that has been quiet for longest is forgotten."""

    MOST = 64

    def __init__(self) -> None:
        self._last: OrderedDict[Hashable, dict[str, Arguments]] = OrderedDict()

    def last(self, sender: Hashable) -> dict[str, Arguments]:
        """The last arguments of this sender by address, to be read and written; it counts as heard from."""
        known = self._last.get(sender)
        if known is None:
            known = self._last[sender] = {}
            if len(self._last) > self.MOST:
                self._last.popitem(last=False)
        else:
            self._last.move_to_end(sender)
        return known

    def forget(self, address: str) -> None:
        """Take the next message about it as an event, whatever its sender sent before."""
        for known in self._last.values():
            known.pop(address, None)
