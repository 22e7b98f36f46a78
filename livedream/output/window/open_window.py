"""An open window on the desktop: what is drawn in it, how it fills a screen, and whether its monitor is still there."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from livedream import UserError
from livedream.output.window import handles, hud, monitors, x11
from livedream.output.window.monitors import Monitor
from livedream.output.window.placement import Placement, mapping, rectangle, turned, upright
from livedream.picture.frame import Frame

if TYPE_CHECKING:
    from pyglet.window import BaseWindow

HUD_EVERY = 0.5  # seconds between two updates of the figures
MONITORS_EVERY = 1.0  # seconds between two looks whether the monitor is still there


@dataclass(frozen=True, slots=True)
class View:
    """How a window shows its picture.

    Attributes:
        placement: Where the picture is placed.
        card: Whether the test card is shown instead.
        mapping: Whether the corners' handles are drawn.
        hud: Whether the figures are drawn.
        corner: The chosen corner, 0 to 3, clockwise from the top left.
    """

    placement: Placement
    card: bool
    mapping: bool
    hud: bool
    corner: int


class OpenWindow:
    """An open window. Everything happens on the main thread.

    Args:
        name: The output's name, for errors and the test card.
        native: The pyglet window.
        monitor: The monitor that it is on.

    Attributes:
        hidden: Whether the window is minimised or otherwise not to be seen.
        stale: Whether it has to be drawn again.
        view: The view that was drawn last.
        drawn_at: When that was (time.monotonic()).

    Raises:
        UserError: The display's OpenGL lacks something.
    """

    def __init__(self, name: str, native: "BaseWindow", monitor: Monitor):
        from livedream.output.window import card, painter  # need OpenGL

        self.name, self.native, self.monitor = name, native, monitor
        try:
            self._painter = painter.Painter()
        except RuntimeError as error:
            raise UserError(
                f"{name}: this display's OpenGL is not sufficient ({error}); {monitors.ELSEWHERE}"
            ) from error
        self._picture, self._panel, self.card = painter.Texture(), painter.Texture(), card.CardTexture()
        self._fade = 1.0
        self.hidden = self.stale = False
        self.view: View | None = None
        self.drawn_at = 0.0
        self._filled: tuple[bool, bool] | None = None  # pointer and waiting, as it fills the screen now
        self._figures: tuple[list[str], tuple[int, int]] | None = None  # on the panel, for this window's size
        self._figures_due = 0.0
        self._arrangement, self._monitors_due = monitors.arrangement(), time.monotonic() + MONITORS_EVERY
        native.push_handlers(
            on_expose=self._on_expose,
            on_resize=self._on_resize,
            on_show=self._on_show,
            on_hide=self._on_hide,
        )

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels."""
        return self.native.get_framebuffer_size()

    @property
    def points(self) -> tuple[int, int]:
        """(width, height) in the units of the mouse."""
        return self.native.get_size()

    @property
    def fullscreen(self) -> bool:
        """Whether it fills a screen."""
        return bool(self.native.fullscreen)

    def dispatch_events(self) -> None:
        """Handle keys, the mouse and the window's own events. Raises ConnectionError when the display is gone."""
        self.native.switch_to()
        self.native.dispatch_events()
        if x11.lost(self.native.display):
            raise ConnectionError("the display has gone")

    def close(self) -> None:
        """Close the window."""
        if x11.lost(self.native.display):
            x11.forget(self.native)
            return
        self.native.switch_to()
        self._picture.close()
        self.native.close()
        x11.flush(self.native.display)

    # -- the picture ----------------------------------------------------------------------------------------------

    def uncover(self) -> None:
        """Have everything drawn again, whether or not a frame comes."""
        self.stale = True
        self._figures_due = 0.0

    def put(self, frame: Frame) -> None:
        """Take the frame's picture, for the next `draw`."""
        self.native.switch_to()
        self._picture.put(frame.picture)
        self._fade = frame.fade

    def draw(self, view: View) -> None:
        """Draw everything and swap."""
        self.stale, self.drawn_at, self.view = False, time.monotonic(), view
        placement = view.placement
        across, down = size = self.size
        self._painter.clear(across, down)
        texture, fade = self._picture, self._fade
        if view.card:
            self.card.update(upright(placement, across, down), f"{self.monitor.number}", self.about(across, down))
            if self.card.texture.size is not None:
                texture, fade = self.card.texture, 1.0
        if texture.size is not None and placement.mapped:
            self._painter.draw_mapped(texture, *mapping(placement, texture.size, across, down), size, fade)
        elif texture.size is not None:
            where = rectangle(placement, texture.size, across, down)
            self._painter.draw(texture, where, fade, turn=turned(placement.flip, placement.rotate))
        if view.mapping:
            self._painter.draw_lines(handles.lines(placement, view.corner, across, down), size)
        if view.hud and self._panel.size is not None:
            self._painter.draw(self._panel, hud.place(*self._panel.size, down), over=True)
        self.native.flip()

    def about(self, across: int, down: int) -> list[str]:
        """The test card's lines about the window and its monitor."""
        monitor = self.monitor
        rate = f" · {monitor.rate:.0f} Hz" if monitor.rate else ""
        size = f"{across} × {down}" if self.fullscreen else f"window {across} × {down}"
        return [monitor.name, f"monitor {monitor.number} · {size}{rate}", f"--out {self.name}"]

    def update_hud(self, figures: Callable[[], Sequence[str]], now: float) -> None:
        """Ask for the figures if it is time to, and put changed ones on the panel, for the next picture."""
        if self.hidden or now < self._figures_due:
            return
        self._figures_due = time.monotonic() + HUD_EVERY
        try:
            lines = list(figures())
        except Exception as error:
            lines = [f"!figures\t{str(error) or type(error).__name__}"]
        wanted = lines, self.size
        if wanted != self._figures:
            self._figures = wanted
            self._panel.put(hud.panel(lines, *wanted[1]))

    # -- the screen -----------------------------------------------------------------------------------------------

    def show(self, fullscreen: bool, keep_monitor: bool, pointer: bool, wait: bool) -> str:
        """Make the window visible for the first time, and return a note. For the arguments see `set_fullscreen` and
        `fill_screen`.
        """
        if fullscreen:
            note = self.set_fullscreen(True, keep_monitor)
            self.fill_screen(pointer, wait)
        else:
            with x11.in_place(self.native):
                note = f"on {self.monitor.name}"
        self.native.set_visible(True)
        return note

    def set_fullscreen(self, on: bool, keep_monitor: bool) -> str:
        """Fill a screen or leave it, and return a note.

        Args:
            on: Whether to fill the screen.
            keep_monitor: Whether to fill `monitor`, rather than the one that the window is on by now.
        """
        if on and not keep_monitor:
            self.monitor = monitors.monitor_under(self.native)
        with x11.in_place(self.native):
            self.native.set_fullscreen(on, screen=self.monitor.screen if on else None)
        # X has made a new window and sends the key's release to the old one: the next press is no repetition.
        getattr(self.native, "pressed_keys", set()).clear()
        if not on:
            self.native.set_mouse_visible(True)
            self.native.set_vsync(False)  # a compositor takes care of windows
        self._filled = None
        self.stale = True
        return f"fills {self.monitor.name}" if on else f"on {self.monitor.name}"

    def fill_screen(self, pointer: bool, wait: bool) -> None:
        """Set what only matters in full screen.

        Args:
            pointer: Whether the pointer is shown.
            wait: Whether a swap waits for the monitor's refresh; in full screen it is sure to return.
        """
        if self.fullscreen and self._filled != (pointer, wait):
            self._filled = pointer, wait
            self.native.set_mouse_visible(pointer)
            self.native.set_vsync(wait)

    def check_monitor(self, now: float, wanted: str) -> None:
        """Look once a second whether the monitor asked for is still where it was.

        Raises:
            ConnectionError: It is not, and the window has to be opened again.
        """
        if now < self._monitors_due:
            return
        self._monitors_due = now + MONITORS_EVERY
        arrangement = monitors.arrangement()
        if arrangement == self._arrangement:
            return
        if wanted:
            try:
                found = monitors.find_monitor(self.name, wanted)
            except UserError:
                raise ConnectionError("the monitor has gone") from None
            if found.place != self.monitor.place:
                raise ConnectionError("the monitor has changed")
        self._arrangement = arrangement

    # -- pyglet's events ------------------------------------------------------------------------------------------

    def _on_expose(self) -> None:
        self.stale = True

    def _on_resize(self, width: int, height: int) -> bool:
        self.uncover()
        return True  # pyglet would set a viewport and a projection

    def _on_show(self) -> None:
        self.hidden, self.stale = False, True

    def _on_hide(self) -> None:
        self.hidden = True
