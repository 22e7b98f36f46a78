"""One named value that a performer can move."""

import math
from dataclasses import dataclass

Value = float | int | bool | str | tuple[float, ...]
TYPES = ("float", "int", "bool", "trigger", "choice", "vector", "text")


@dataclass(frozen=True)
class Parameter:
    """One named value.

    address: "player/speed": below the prefix, without a leading slash.
    type: "float"; "int"; "bool" (true above 0); "trigger"; "choice" (an index from 0, or one of `choices`);
        "vector" (`length` floats); "text": a command with a word, whose value is always "".
    low, high, default: in `unit`; a vector's default may be one number for all elements or a tuple of them.
    curve: how a fader's way maps to the range; "linear" is the only one so far.
    always: a choice or switch that acts whenever it is made, also of what was chosen before.
    glide: least seconds from one value to the next; None for what steps at once.
    jog: a step rather than a place: those of one frame add up, 0 is none, and the value is always the default.
    """

    address: str
    type: str
    low: float = 0.0
    high: float = 1.0
    default: float | tuple[float, ...] = 0.0
    unit: str = ""
    curve: str = "linear"
    glide: float | None = None
    always: bool = False
    jog: bool = False
    doc: str = ""
    choices: tuple[str, ...] = ()
    length: int = 1

    def __post_init__(self):
        if self.type not in TYPES:
            raise ValueError(f"parameter {self.address}: no such type: {self.type!r}")
        default = self.default if isinstance(self.default, tuple) else (self.default,)
        if not all(self.low <= each <= self.high for each in default) or not math.isfinite(self.high - self.low):
            raise ValueError(f"parameter {self.address}: {self.low} <= {self.default} <= {self.high} does not hold")

    @property
    def start(self) -> Value:
        """The value before anybody moved it."""
        if self.type == "text":
            return ""
        if self.type != "vector":
            return {"float": float, "bool": bool}.get(self.type, int)(self.default)
        return self.default if isinstance(self.default, tuple) else (float(self.default),) * self.length
