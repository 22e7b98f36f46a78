"""Makes clips in a thread of its own, which lives as long as there is something to make.

The thread is no daemon: a program that ends while a network runs in one is aborted.
"""

import threading
import time
import weakref
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping
from typing import NamedTuple

from livedream.picture import Pixels
from livedream.play.drawing import Inputs

Key = bytes  # what a clip is made from, as a digest

_threads: "weakref.WeakSet[threading.Thread]" = weakref.WeakSet()


class Clip(NamedTuple):
    """A clip that was made.

    Attributes:
        pictures: uint8 [T or 1, H, W, 4]: "frame", or layers by their names.
        opaque: Whether all of them are, by the same names.
    """

    pictures: Mapping[str, Pixels]
    opaque: Mapping[str, bool]


class Results(NamedTuple):
    """What came of the clips that were asked for.

    Attributes:
        made: Those that are ready.
        failed: Why others are not.
    """

    made: dict[Key, Clip]
    failed: list[Exception]


class ClipMaker:
    """Makes one clip after the other. All methods may be called from any thread.

    Args:
        make: Makes a clip; called in the maker's thread only.
    """

    def __init__(self, make: Callable[[Inputs], Clip]):
        self._make = make
        self._turn = threading.Condition()  # guards all that follows
        self._waiting: OrderedDict[Key, Inputs] = OrderedDict()
        self._busy: Key | None = None
        self._since = 0.0  # when it began, on time.perf_counter
        self._results = Results({}, [])
        self._thread: threading.Thread | None = None

    @property
    def idle(self) -> bool:
        """Whether there is nothing to make."""
        return self._thread is None

    @property
    def busy_s(self) -> float:
        """Seconds for which the clip that is being made has been; 0 where none is."""
        with self._turn:
            return 0.0 if self._busy is None else time.perf_counter() - self._since

    def ask(self, key: Key, inputs: Inputs) -> None:
        """Make a clip, unless it was asked for before and not yet taken."""
        with self._turn:
            if key in (self._busy, *self._waiting, *self._results.made):
                return
            self._waiting[key] = inputs
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="clips")
                _threads.add(self._thread)
                self._thread.start()

    def only(self, keys: Collection[Key]) -> None:
        """Forget what waits to be made and is not among `keys`."""
        with self._turn:
            for key in [each for each in self._waiting if each not in keys]:
                del self._waiting[key]

    def wait(self, key: Key) -> None:
        """Wait for a clip that was asked for, or for its failure; it is made before all others that wait."""
        with self._turn:
            if key in self._waiting:
                self._waiting.move_to_end(key, last=False)
            self._turn.wait_for(lambda: key != self._busy and key not in self._waiting)

    def take(self) -> Results:
        """Return what was made and what has failed since it was last asked."""
        with self._turn:
            taken, self._results = self._results, Results({}, [])
            return taken

    def _run(self) -> None:
        while True:
            with self._turn:
                if not self._waiting:
                    self._thread = None
                    return
                self._busy, inputs = self._waiting.popitem(last=False)
                self._since = time.perf_counter()
            made, error = None, None
            try:
                made = self._make(inputs)
            except Exception as wrong:  # whatever a model does, the show goes on: the player is told
                error = wrong
            with self._turn:
                if made is not None:
                    self._results.made[self._busy] = made
                if error is not None:
                    self._results.failed.append(error)
                self._busy = None
                self._turn.notify_all()


def all_ended() -> bool:
    """Return whether no clip is being made; a program that ends waits for one that is."""
    return not any(each.is_alive() for each in _threads)
