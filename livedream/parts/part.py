"""What a session is made of: parts, each of which has those of these abilities that it needs.

A part inherits nothing: it has an ability when it has the methods. A session asks once for each ability which of its
parts have it, in the order in which they stand.
"""

from typing import Protocol, runtime_checkable

from livedream.parameters import Snapshot


@runtime_checkable
class Starts(Protocol):
    """Runs from `start` to `stop`, both called in the main thread. `start` may raise UserError."""

    def start(self) -> None: ...

    def stop(self) -> None: ...


@runtime_checkable
class Transforms(Protocol):
    """Turns the values that a frame would be drawn with into those it is drawn with, in the drawer thread.

    `number` is the frame's, `seconds` the time since the frame drawn before it.
    """

    def transform(self, values: Snapshot, number: int, seconds: float) -> Snapshot: ...


@runtime_checkable
class OnFrame(Protocol):
    """Sees the values that each frame is drawn with, and what changed, in the drawer thread; must not block."""

    def on_frame(self, values: Snapshot) -> None: ...


@runtime_checkable
class HasStatus(Protocol):
    """Gives its fields of `GET /status`, as JSON values; any thread."""

    def status(self) -> dict[str, object]: ...


Part = Starts | Transforms | OnFrame | HasStatus
