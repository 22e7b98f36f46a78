"""A window on this machine's screen, on the main thread as macOS demands: what it draws, when, and where."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from livedream import UserError
from livedream.output import Output
from livedream.output.window import handles, hud, saved, screen, x11
from livedream.output.window.keys import Keys
from livedream.output.window.placement import Placement, mapping, rectangle, turned, upright

CARD_EVERY = 1 / 60  # seconds between two pictures of the test card, whose line moves
HUD_EVERY = 0.5  # seconds between two looks at the figures
MONITORS_EVERY = 1.0  # seconds between two looks whether the monitor is still there
SETTLED = 1.0  # seconds after the last change of a placement until it is kept


class Window(Output):
    """Output `window`, or `window:MONITOR` (number or name) for the whole of it without a border or a pointer.

    Its keys are in keys.py. Esc in a window is like the close button: `state` is then closed, and `start` opens it
    again. `show`, `start`, `end` and `stop` may be called from any thread; `run` draws, on the main one.

    placement, card, mapping, fullscreen: how it shows the picture, whether a test card stands in its place, whether
        the corners can be dragged. May be set from any thread; what was set before is loaded when it opens.
    on_change: called without arguments, in `run`, when the user or what was kept has changed one of them.
    on_close: called without arguments, in `run`, when the user has closed it.
    hud: gives the HUD's lines, see `hud.panel`; asked twice a second, in `run`, and only while they are shown.
    """

    kind = "window"

    def __init__(self, options):
        super().__init__(options)
        self.monitor = options.sink.partition(":")[2]  # asked for
        self.placement = Placement(options.fit, options.flip or "none", options.rotate or 0)
        self.card = options.card
        self.mapping = False
        self.fullscreen = bool(self.monitor) and options.at is None
        self.on_change: Callable[[], None] | None = None
        self.on_close: Callable[[], None] | None = None
        self.hud: Callable[[], Sequence[str]] | None = None
        self.hud_shown = False
        self._wake = threading.Event()
        self._window = None
        self._closed = False  # by the user
        self._waits = True  # in full screen, for the monitor
        self._kept: tuple[str, Placement] | None = None  # by monitor: what is in the file
        self._keeper: threading.Thread | None = None

    def start(self, width, height, fps):
        """Note the show's size; the window opens in `run`, and opens again if it was closed."""
        self.live = True
        self._shape = (width, height, fps)
        with self._turn:
            self._latest = None
        self._closed = self._stopping = False
        self.say("starting")
        self._wake.set()

    def show(self, frame):
        if not self._closed:
            super().show(frame)
            self._wake.set()

    def end(self):
        """Close it, at `run`'s next round."""
        super().end()
        self._wake.set()

    def open(self, width, height, fps):
        options = self.options
        size = options.size or (width, height)
        self._window, self._monitor = screen.open_window(self.name, *size, self.monitor, options.at, options.border)
        from livedream.output.window import card, drawing  # need OpenGL

        try:
            self._painter = drawing.Painter()
        except RuntimeError as error:
            raise UserError(f"{self.name}: this display's OpenGL will not do ({error}); {screen.ELSEWHERE}") from error
        self._picture, self._panel, self._card = drawing.Texture(), drawing.Texture(), card.Shown()
        self._fade = 1.0
        self._panel_says, self._panel_due = None, 0.0
        self._uncovered = self._hidden = False
        self._full = (False, False)  # mapping and waiting, as it fills the screen now
        self._drawn, self._drawn_at = None, 0.0
        self._arrangement, self._monitors_due = screen.arrangement(), time.monotonic() + MONITORS_EVERY
        self._placed, self._placed_at = None, 0.0
        self._load()
        self._keys = Keys(self)
        self._window.push_handlers(
            self._keys,
            on_close=self.close_by_user,
            on_expose=self._on_expose,
            on_resize=self._on_resize,
            on_show=self._on_show,
            on_hide=self._on_hide,
        )
        if self.fullscreen:
            self._set_fullscreen(True)
        else:
            with x11.in_place(self._window):
                self.note = f"on {self._monitor.name}"
        self._window.set_visible(True)
        self._draw()

    def write(self, frame):
        if self._hidden:
            return False
        self._window.switch_to()
        self._picture.put(frame.picture)
        self._fade = frame.fade
        self._draw()
        return None

    def close(self):
        window, self._window = self._window, None
        self.note = None
        if window is None:
            return
        if self._keeper is not None:
            self._keeper.join()
        if self._kept and self.placement != self._kept[1]:
            self._keep()
        if x11.lost(window.display):
            x11.forget(window)
            return
        window.switch_to()
        self._picture.close()
        window.close()
        x11.flush(window.display)

    def pump(self) -> None:
        """Handle keys, the mouse and the window's own events; draw again what an event has uncovered."""
        window = self._window
        window.switch_to()
        window.dispatch_events()
        if x11.lost(window.display):
            raise ConnectionError("the display has gone")
        if self._closed:
            return
        now = time.monotonic()
        if now >= self._monitors_due:
            self._look_for_monitor(now)
        # Not within a key's event: pyglet still has the key in hand there.
        if self.fullscreen != window.fullscreen:
            self._set_fullscreen(self.fullscreen)
        if window.fullscreen and (self.mapping, self._waits) != self._full:
            self._fill_screen()
        self._keep_when_settled(now)
        if self.hud_shown and self.hud and not self._hidden and now >= self._panel_due:
            self._read_figures()
        changed = self._drawn != (self.placement, self.card, self.mapping, self.hud_shown, self._keys.corner)
        moves = self.card and now >= self._drawn_at + CARD_EVERY
        if (self._uncovered or changed or moves) and not self._hidden:
            self._draw()

    def close_by_user(self):
        """Away with it, as by the close button."""
        self._closed = True
        return True

    @property
    def size(self) -> tuple[int, int]:
        """What it is drawn in, pixels; of an open one."""
        return self._window.get_framebuffer_size()

    @property
    def points(self) -> tuple[int, int]:
        """The same in the units of its mouse."""
        return self._window.get_size()

    @property
    def fills_screen(self) -> bool:
        """Whether it is open and fills a screen."""
        return self._window is not None and self._window.fullscreen

    def changed(self) -> None:
        """To be called when the user has set something."""
        if self.on_change is not None:
            self.on_change()

    def uncover(self) -> None:
        """Draw again at the next round, whether or not a frame comes."""
        self._uncovered = True
        self._panel_due = 0.0

    def _draw(self):
        placement, card, mapped = self.placement, self.card, self.mapping
        self._uncovered, self._drawn_at = False, time.monotonic()
        self._drawn = placement, card, mapped, self.hud_shown, self._keys.corner
        across, down = size = self._window.get_framebuffer_size()
        self._painter.clear(across, down)
        texture, fade = self._picture, self._fade
        if card:
            self._card.update(upright(placement, across, down), f"{self._monitor.number}", self._about(across, down))
            if self._card.texture.size is not None:
                texture, fade = self._card.texture, 1.0
        if texture.size is not None and placement.mapped:
            self._painter.draw_mapped(texture, *mapping(placement, texture.size, across, down), size, fade)
        elif texture.size is not None:
            where = rectangle(placement, texture.size, across, down)
            self._painter.draw(texture, where, fade, turn=turned(placement.flip, placement.rotate))
        if mapped:
            self._painter.draw_lines(handles.lines(placement, self._keys.corner, across, down), size)
        if self.hud_shown and self._panel.size is not None:
            self._painter.draw(self._panel, hud.place(*self._panel.size, down), over=True)
        self._window.flip()

    def _about(self, across: int, down: int) -> list[str]:
        """What the test card says of the window and its monitor."""
        where = self._monitor
        rate = f" · {where.rate:.0f} Hz" if where.rate else ""
        size = f"{across} × {down}" if self._window.fullscreen else f"window {across} × {down}"
        return [where.name, f"monitor {where.number} · {size}{rate}", f"--out {self.name}"]

    def _read_figures(self):
        """Ask for the HUD's lines and, if they have changed, put them on the panel, for the next picture."""
        self._panel_due = time.monotonic() + HUD_EVERY
        try:
            lines = list(self.hud())
        except Exception as error:
            lines = [f"!figures\t{error or type(error).__name__}"]
        says = lines, self._window.get_framebuffer_size()
        if says != self._panel_says:
            self._panel_says = says
            self._panel.put(hud.panel(lines, *says[1]))

    def _set_fullscreen(self, on: bool):
        if on and not self.monitor:
            self._monitor = screen.under(self._window)
        with x11.in_place(self._window):
            self._window.set_fullscreen(on, screen=self._monitor.screen if on else None)
        # X has made a new window, and the key's release goes to the old one: the next press is no repeat.
        getattr(self._window, "pressed_keys", set()).clear()
        if on:
            self._fill_screen()
        else:
            self._window.set_mouse_visible(True)
            self._window.set_vsync(False)  # a window is in a compositor's care
        self._uncovered = True
        self.note = f"fills {self._monitor.name}" if on else f"on {self._monitor.name}"

    def _fill_screen(self):
        """What is so only in full screen: no pointer, and a swap that waits, for it is sure to come back there."""
        self._full = self.mapping, self._waits
        self._window.set_mouse_visible(self.mapping)
        self._window.set_vsync(self._waits)

    def _look_for_monitor(self, now: float):
        """Raise when the monitor that was asked for is not where it was: to be opened again is all that helps."""
        self._monitors_due = now + MONITORS_EVERY
        there = screen.arrangement()
        if there == self._arrangement:
            return
        if self.monitor:
            try:
                found = screen.find(self.name, self.monitor)
            except UserError:
                raise ConnectionError("the monitor has gone") from None
            if found.place != self._monitor.place:
                raise ConnectionError("the monitor has changed")
        self._arrangement = there

    def _load(self):
        """Take what was kept for this window and monitor, the first time; what --out asked for comes first."""
        monitor = self._monitor.name
        if self._kept and self._kept[0] == monitor:
            return
        before = self.placement
        kept = saved.load(self.name, monitor)
        if kept is not None:
            options = self.options
            asked = {"fit": options.fit != "contain" and options.fit, "flip": options.flip, "rotate": options.rotate}
            self.placement = replace(kept, **{key: value for key, value in asked.items() if value})
        self._kept = monitor, self.placement
        if self.placement != before:
            self.changed()

    def _keep_when_settled(self, now: float):
        """Keep the placement when it has not changed for a while: a thread waits for the disk."""
        placement = self.placement
        if placement == self._kept[1]:
            self._placed = None
        elif placement != self._placed:
            self._placed, self._placed_at = placement, now
        elif now >= self._placed_at + SETTLED:
            self._keeper = threading.Thread(target=self._keep, name=f"keep {self.name}")
            self._keeper.start()
            self._placed = None

    def _keep(self):
        monitor, placement = self._kept[0], self.placement
        self._kept = monitor, placement
        saved.save(self.name, monitor, placement)

    def _on_expose(self):
        self._uncovered = True

    def _on_resize(self, width, height):
        self.uncover()
        return True  # pyglet would set a viewport and a projection

    def _on_show(self):
        self._hidden, self._uncovered = False, True

    def _on_hide(self):
        self._hidden = True
