"""What each sender said last about each parameter, and whether it says so as part of a stream of equal values.

Some programs send every value all the time: a CHOP of TouchDesigner at each cook. What they repeat must not undo what
another hand does. All others speak because somebody meant it, and what they say again has to act again.
"""

from collections import OrderedDict
from collections.abc import Hashable

Arguments = tuple[object, ...]

FAST = 0.05  # seconds between two equal messages that no hand sends: a repeat this soon belongs to a stream
PAUSE = 0.25  # seconds of silence that end a stream
LONGEST = 0.75  # seconds of silence that a slow stream may have when packets are lost
PATIENCE = 3.5  # usual gaps of a slow stream that may pass before its silence is a pause
STREAM = 5  # equal messages slower than FAST and faster than PAUSE that make a stream


class Said:
    """The last message of one sender about one parameter, and how regularly it repeats itself.

    Attributes:
        arguments: of the message.
        active: whether they fire a trigger or move a jog: above 0. True for other parameters.
        at: when it came, in seconds of one steady clock.
        run: repeats since the last pause that a stream would make.
        gap: usual seconds between repeats slower than FAST, or 0.
    """

    __slots__ = ("active", "arguments", "at", "gap", "run")

    def __init__(self, arguments: Arguments, at: float, active: bool):
        self.arguments, self.at, self.active = arguments, at, active
        self.run, self.gap = 0, 0.0

    @property
    def streams(self) -> bool:
        """Whether so many repeats came that it is a stream at any rate."""
        return self.run > STREAM

    def is_repeated(self, arguments: Arguments, at: float, event: bool) -> bool:
        """Whether this message, `at` that time, is one of a stream of equal values: no event.

        Args:
            event: whether the parameter does something each time (a trigger, a jog). A button repeats its 1 as often
                as it is pressed; only a stream repeats its 0, so only that shows a slow stream.
        """
        if arguments != self.arguments:
            return False
        gap, self.at = at - self.at, at
        if gap < FAST:
            self.run += 1
            return True
        if gap > self._patience():
            self.run, self.gap = 0, 0.0
            return False
        self.gap += (gap - self.gap) / 4 if self.gap else gap
        streams = self.streams
        if not (event and self.active):
            self.run += 1
        return streams

    def change(self, arguments: Arguments, at: float, active: bool) -> bool:
        """Take another value, and return whether it is a stream's that was above 0 already: a trigger held down."""
        if at - self.at > self._patience():
            self.run, self.gap = 0, 0.0
        held = self.active and self.streams
        self.arguments, self.at, self.active = arguments, at, active
        return held

    def _patience(self) -> float:
        return min(max(PAUSE, PATIENCE * self.gap), LONGEST) if self.run > STREAM else PAUSE


class Senders:
    """Remembers so many senders at a time; the one that has been quiet for longest is forgotten."""

    MOST = 64

    def __init__(self) -> None:
        self._last: OrderedDict[Hashable, dict[str, Said]] = OrderedDict()
        self._latest: Hashable = None  # who spoke last, for a bundle's other messages come from the same sender
        self._known: dict[str, Said] = {}

    def last(self, sender: Hashable) -> dict[str, Said]:
        """What this sender said last by address, to be read and written; it counts as heard from."""
        if sender is self._latest:
            return self._known
        known = self._last.get(sender)
        if known is None:
            known = self._last[sender] = {}
            if len(self._last) > self.MOST:
                self._last.popitem(last=False)
        else:
            self._last.move_to_end(sender)
        self._latest, self._known = sender, known
        return known

    def forget(self, address: str) -> None:
        """Take the next message about it as an event, whatever its sender sent before."""
        for known in self._last.values():
            known.pop(address, None)
