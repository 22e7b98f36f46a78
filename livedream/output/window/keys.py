"""The keys and the mouse of a window.

F: full screen and back.  H: the figures.  T: the test card.  M: start or end moving the corners.
Esc: end moving the corners, else leave full screen, else close.
While the corners can be moved: drag one, or choose it (1 to 4, Tab) and move it with the arrow keys, by one pixel or
with Shift by ten.  R: reset all corners to the window's own.
"""

from dataclasses import replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from livedream.output.window import handles
from livedream.output.window.open_window import OpenWindow
from livedream.output.window.placement import Placement
from livedream.picture.placing import WHOLE

STEP, STRIDE = 1, 10  # pixels


class Controlled(Protocol):
    """The side of `Window` that keys and mouse control."""

    placement: Placement
    card: bool
    mapping: bool
    fullscreen: bool
    hud_shown: bool
    opened: OpenWindow | None

    def close_by_user(self) -> bool:
        """Close the window."""

    def changed(self) -> None:
        """Report that something was set."""


class Keys:
    """Handlers of one window's events, by pyglet's names.

    Attributes:
        corner: The chosen corner, 0 to 3, clockwise from the top left.
    """

    def __init__(self, window: Controlled):
        self._window = window
        self.corner = 0
        self._grip: NDArray[np.float64] | None = None  # vector to the dragged corner from the pointer

    @property
    def dragging(self) -> bool:
        """Whether the mouse drags a corner."""
        return self._grip is not None

    def on_key_press(self, symbol: int, modifiers: int) -> bool:
        from pyglet.window import key

        window = self._window
        if symbol == key.F:
            window.fullscreen = not window.fullscreen
        elif symbol == key.H:
            window.hud_shown = not window.hud_shown
            if window.opened:
                window.opened.uncover()
        elif symbol == key.T:
            window.card = not window.card
        elif symbol == key.M:
            window.mapping = not window.mapping
        elif symbol == key.ESCAPE and window.mapping:
            window.mapping = False
        elif symbol == key.ESCAPE and window.fullscreen:
            window.fullscreen = False
        elif symbol == key.ESCAPE:
            window.close_by_user()
        elif window.mapping and symbol == key.TAB:
            self.corner = (self.corner + (-1 if modifiers & key.MOD_SHIFT else 1)) % 4
        elif window.mapping and ord("1") <= symbol <= ord("4"):
            self.corner = symbol - ord("1")
        elif window.mapping and symbol == key.R:
            window.placement = replace(window.placement, corners=WHOLE)
        window.changed()
        return True  # pyglet's own reaction to Esc is to close

    def on_text_motion(self, motion: int) -> None:
        self._move_by(motion, STEP)

    def on_text_motion_select(self, motion: int) -> None:
        self._move_by(motion, STRIDE)

    def on_mouse_press(self, x: int, y: int, button: int, modifiers: int) -> None:
        from pyglet.window import mouse

        self._grip = None
        opened = self._window.opened
        if opened is None or not self._window.mapping or button != mouse.LEFT:
            return
        size = opened.size
        here, corners = _position(opened, x, y), self._window.placement.corners
        distances = np.hypot(*((handles.positions(corners, *size) - here) * size).T)
        if distances.min() <= handles.reach(size[1]):
            self.corner = int(distances.argmin())
            self._grip = np.reshape(corners, (4, 2))[self.corner] - here

    def on_mouse_drag(self, x: int, y: int, dx: int, dy: int, buttons: int, modifiers: int) -> None:
        opened = self._window.opened
        if opened is not None and self._grip is not None and self._window.mapping:
            self._move_to(_position(opened, x, y) + self._grip)

    def on_mouse_release(self, x: int, y: int, button: int, modifiers: int) -> None:
        self._grip = None

    def _move_by(self, motion: int, pixels: int) -> None:
        from pyglet.window import key

        ways = {key.MOTION_LEFT: (-1, 0), key.MOTION_RIGHT: (1, 0), key.MOTION_UP: (0, -1), key.MOTION_DOWN: (0, 1)}
        opened = self._window.opened
        if opened is not None and self._window.mapping and motion in ways:
            corner = np.reshape(self._window.placement.corners, (4, 2))[self.corner]
            self._move_to(corner + np.array(ways[motion]) * pixels / opened.size)

    def _move_to(self, position: NDArray[np.float64]) -> None:
        x, y = map(float, position)
        self._window.placement = self._window.placement.moved(self.corner, x, y)
        self._window.changed()


def _position(opened: OpenWindow, x: int, y: int) -> NDArray[np.float64]:
    """The pointer's position; the window is 0..1, y grows downwards."""
    across, down = opened.points
    return np.array([x / across, 1 - y / down])
