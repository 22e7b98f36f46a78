"""An output for tests that keeps what it is handed."""

from livedream.output import Options, Output
from tests.waiting import until


class Collect(Output):
    """Keeps every frame that it is handed, in the clock's own thread."""

    def __init__(self):
        super().__init__(Options("collect", "collect"))
        self.frames = []

    def show(self, frame):
        self.frames.append(frame)

    @property
    def last(self):
        return self.frames[-1]

    def more(self, count, wanted=lambda frame: True):
        """Wait for so many further frames that are as wanted; returns them."""
        first = len(self.frames)
        return until(lambda: (got := [f for f in self.frames[first:] if wanted(f)])[count - 1 :] and got)
