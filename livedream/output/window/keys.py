"""What keyboard and mouse do to a window.

F: full screen and back.  H: the figures.  T: the test card.  M: the corners can be moved, and no more.
Esc: leave that, else full screen, else close.
While the corners can be moved: drag one, or choose it (1 to 4, Tab) and push it with the arrow keys, by a pixel or with
Shift by ten.  R: all back to the window's own.
"""

from dataclasses import replace

import numpy as np

from livedream.output.window import handles
from livedream.picture.placing import WHOLE

STEP, STRIDE = 1, 10  # pixels


class Keys:
    """Handlers of one window's events, by pyglet's names. corner: the chosen one, 0 to 3, clockwise from top left."""

    def __init__(self, window):
        self._window = window
        self.corner = 0
        self._grip: np.ndarray | None = None  # from the pointer to the corner that is dragged

    def on_key_press(self, symbol, modifiers):
        from pyglet.window import key

        window = self._window
        if symbol == key.F:
            window.fullscreen = not window.fullscreen
        elif symbol == key.H:
            window.hud_shown = not window.hud_shown
            window.uncover()
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
        elif window.mapping and key._1 <= symbol <= key._4:
            self.corner = symbol - key._1
        elif window.mapping and symbol == key.R:
            window.placement = replace(window.placement, corners=WHOLE)
        window.changed()
        return True  # pyglet's own answer to Esc is to close

    def on_text_motion(self, motion):
        self._push(motion, STEP)

    def on_text_motion_select(self, motion):
        self._push(motion, STRIDE)

    def on_mouse_press(self, x, y, button, modifiers):
        from pyglet.window import mouse

        self._grip = None
        if not self._window.mapping or button != mouse.LEFT:
            return
        size = self._window.size
        here, corners = self._at(x, y), self._window.placement.corners
        far = np.hypot(*((handles.positions(corners, *size) - here) * size).T)
        if far.min() <= handles.reach(size[1]):
            self.corner = int(far.argmin())
            self._grip = np.reshape(corners, (4, 2))[self.corner] - here

    def on_mouse_drag(self, x, y, dx, dy, buttons, modifiers):
        if self._grip is not None and self._window.mapping:
            self._move(self._at(x, y) + self._grip)

    def on_mouse_release(self, x, y, button, modifiers):
        self._grip = None

    def _push(self, motion, pixels):
        from pyglet.window import key

        ways = {key.MOTION_LEFT: (-1, 0), key.MOTION_RIGHT: (1, 0), key.MOTION_UP: (0, -1), key.MOTION_DOWN: (0, 1)}
        if self._window.mapping and motion in ways:
            corner = np.reshape(self._window.placement.corners, (4, 2))[self.corner]
            self._move(corner + np.array(ways[motion]) * pixels / self._window.size)

    def _move(self, to):
        self._window.placement = self._window.placement.moved(self.corner, *map(float, to))
        self._window.changed()

    def _at(self, x, y):
        """Where the pointer is; the window is 0..1, y grows downwards."""
        across, down = self._window.points
        return np.array([x / across, 1 - y / down])
