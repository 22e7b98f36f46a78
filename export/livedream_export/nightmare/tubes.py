"""Round things in depth: tubes along lines (tentacles, ribs, pipes) and what lies on them, in one z-buffer."""

from dataclasses import dataclass, field

import numpy as np

from livedream_export.nightmare.noise import Field

Line = Field  # [N, 2]: x, y in pixels


@dataclass
class Depths:
    """What is nearest at each pixel. Fields are float32 [H, W].

    Attributes:
        size: H and W.
        z: Height in pixels; far below 0 where there is nothing.
        along: Length along the tube in pixels.
        across: -1..1 across the tube.
        number: Which tube, from 1; 0 where there is nothing.
        radius: Of the tube there.
    """

    size: int
    z: Field = field(init=False)
    along: Field = field(init=False)
    across: Field = field(init=False)
    number: Field = field(init=False)
    radius: Field = field(init=False)

    def __post_init__(self) -> None:
        zero = np.zeros((self.size, self.size), np.float32)
        self.z, self.along, self.across, self.number, self.radius = (zero.copy() for _ in range(5))
        self.z[:] = -1e4

    def tube(self, number: int, line: Line, radii: Field, z: Field) -> None:
        """Add a tube. Its radius and the height of its axis may change along the line, one of each a point."""
        ahead = np.gradient(line, axis=0)
        steps = np.hypot(*ahead.T)
        length = np.cumsum(steps)
        ahead = ahead / np.maximum(steps, 1e-6)[:, None]
        for at, radius, axis, there, (tx, ty) in zip(line, radii, z, length, ahead, strict=True):
            self._ball(number, at, float(radius), float(axis), float(there), float(tx), float(ty))

    def _ball(self, number: int, at: Line, radius: float, axis: float, along: float, tx: float, ty: float) -> None:
        left, top = (int(max(each - radius, 0)) for each in at)
        right, bottom = (int(min(each + radius + 2, self.size)) for each in at)
        if left >= right or top >= bottom or radius < 0.5:
            return
        y, x = np.mgrid[top:bottom, left:right].astype(np.float32)
        dx, dy = x - at[0], y - at[1]
        inside = radius * radius - dx * dx - dy * dy
        height = axis + np.sqrt(np.maximum(inside, 0))
        here = np.s_[top:bottom, left:right]
        over = (inside > 0) & (height > self.z[here])
        self.z[here][over] = height[over]
        self.along[here][over] = (along + dx * tx + dy * ty)[over]
        self.across[here][over] = ((dx * -ty + dy * tx) / radius)[over]
        self.number[here][over] = number
        self.radius[here][over] = radius


def curl(start: tuple[float, float], angle: float, length: float, turn: Field, step: float = 2.0) -> Line:
    """Return a line that begins at `start` in the direction `angle` and turns by `turn` (radians in all) on its way."""
    count = max(int(length / step), 4)
    way = np.interp(np.linspace(0, 1, count), np.linspace(0, 1, len(turn)), np.cumsum(turn)) + angle
    steps = step * np.stack([np.cos(way), np.sin(way)], 1)
    return np.asarray(np.array(start) + np.cumsum(steps, 0), np.float32)
