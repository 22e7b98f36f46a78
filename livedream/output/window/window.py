"""A window on this machine's screen, on the main thread as macOS demands. F: full screen, H: figures, Esc: away."""

import logging
import threading
import time
from collections.abc import Callable, Sequence

from livedream import UserError
from livedream.output import Output
from livedream.output.fit import placed
from livedream.output.window import hud
from livedream.output.window.screen import ELSEWHERE, open_window

log = logging.getLogger("livedream.output")

IDLE = 0.05  # seconds between two looks for a window while there is none
EVENTS = 1 / 60  # seconds between two looks at keyboard and mouse while no frame comes
HUD_EVERY = 0.5  # seconds between two looks at the figures


class Window(Output):
    """Output `window`, or `window:N` for the whole of monitor N (from 0) without a border or a pointer.

    F: full screen and back.  H: the HUD and back.  Esc: back from full screen, or in a window, like the close button,
    away: `state` is then closed, and `start` opens it again. `show`, `start` and `stop` may be called from any thread;
    `run` draws, on the main one.

    on_close: called without arguments, in `run`, when the user has closed it.
    hud: gives the HUD's lines, see `hud.panel`; asked twice a second, in `run`, and only while they are shown.
    """

    kind = "window"

    def __init__(self, options):
        super().__init__(options)
        _, _, monitor = options.sink.partition(":")
        self.monitor = int(monitor) if monitor else None
        self.on_close: Callable[[], None] | None = None
        self.hud: Callable[[], Sequence[str]] | None = None
        self._wake = threading.Event()
        self._window = None
        self._closed = False  # by the user
        self._waits = True  # in full screen, for the monitor
        self._hud_shown = False

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

    def run(self, should_stop) -> None:
        """Show what is shown until `should_stop()` or `stop`. To be called on the main thread."""
        run(lambda: [self], lambda: should_stop() or self._stopping)

    def open(self, width, height, fps):
        self._window = open_window(self.name, *(self.options.size or (width, height)), self.monitor)
        from livedream.output.window import drawing  # needs OpenGL

        try:
            self._painter = drawing.Painter()
        except RuntimeError as error:
            raise UserError(f"{self.name}: this display's OpenGL will not do ({error}); {ELSEWHERE}") from error
        self._picture, self._panel = drawing.Texture(), drawing.Texture()
        self._fade = 1.0
        self._panel_says, self._panel_due, self._panel_at = None, 0.0, (0, 0, 0, 0)
        self._uncovered = self._hidden = False
        self._wanted: bool | None = None  # full screen, or back
        self._window.push_handlers(
            on_key_press=self._on_key,
            on_close=self._on_close,
            on_expose=self._on_expose,
            on_resize=self._on_resize,
            on_show=self._on_show,
            on_hide=self._on_hide,
        )
        self._window.set_visible(True)
        if self.monitor is not None:
            self._set_fullscreen(True, self._window.screen)
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
        from livedream.output.window import x11

        window, self._window = self._window, None
        if window is None:
            return
        if x11.lost(window.display):
            x11.forget(window)
            return
        window.switch_to()
        self._picture.close()
        window.close()

    def pump(self) -> None:
        """Handle keys, the mouse and the window's own events; draw again what an event has uncovered."""
        from livedream.output.window import x11

        window = self._window
        window.switch_to()
        window.dispatch_events()
        if x11.lost(window.display):
            raise ConnectionError("the display has gone")
        if self._closed:
            return
        if self._wanted is not None:  # not within a key's event: pyglet still has the key in hand there
            self._set_fullscreen(self._wanted)
            self._wanted = None
        if self._hud_shown and self.hud and not self._hidden and time.monotonic() >= self._panel_due:
            self._read_figures()
        if self._uncovered and not self._hidden:
            self._draw()

    def _draw(self):
        self._uncovered = False
        across, down = self._window.get_framebuffer_size()
        self._painter.clear(across, down)
        if self._picture.size is not None:
            where = placed(*self._picture.size, across, down, self.options.fit)
            self._painter.draw(self._picture, where, self._fade)
        if self._hud_shown and self._panel.size is not None:
            self._painter.draw(self._panel, hud.place(*self._panel.size, down), over=True)
        self._window.flip()

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

    def _set_fullscreen(self, on: bool, screen=None):
        self._window.set_fullscreen(on, screen=screen)
        # X has made a new window, and the key's release goes to the old one: the next press is no repeat.
        getattr(self._window, "pressed_keys", set()).clear()
        self._window.set_mouse_visible(not on)
        # Only a picture that fills the screen is sure to be shown, and so its swap to come back; there
        # tearing would be seen. A window is in a compositor's care.
        self._window.set_vsync(on and self._waits)
        self._uncovered = True

    def _on_key(self, symbol, modifiers):
        from pyglet.window import key

        if symbol == key.F:
            self._wanted = not self._window.fullscreen
        elif symbol == key.H:
            self._hud_shown, self._panel_due, self._uncovered = not self._hud_shown, 0.0, True
        elif symbol == key.ESCAPE and self._window.fullscreen:
            self._wanted = False
        elif symbol == key.ESCAPE:
            self._on_close()
        return True  # pyglet's own answer to Esc is to close

    def _on_close(self):
        self._closed = True
        return True

    def _on_expose(self):
        self._uncovered = True

    def _on_resize(self, width, height):
        self._uncovered, self._panel_due = True, 0.0
        return True  # pyglet would set a viewport and a projection

    def _on_show(self):
        self._hidden, self._uncovered = False, True

    def _on_hide(self):
        self._hidden = True


def run(windows: Callable[[], Sequence[Window]], over: Callable[[], bool]) -> None:
    """Serve the windows that `windows()` gives from one loop on the main thread, until `over()`.

    There may be none, and others at every moment: one that is new opens, one that is gone or to stop is closed. One
    that cannot open or breaks is named in its `error`, retried if that may help, and the others go on.
    """
    wake = threading.Event()
    served: dict[Window, tuple[float, float]] = {}  # when to try again, and how long to wait the next time
    try:
        while not over():
            present = list(windows())
            for window in [each for each in served if each not in present]:
                del served[window]
                window._close()
            for window in present:
                window._wake = wake
                window._waits = window is present[0]  # two that wait for their monitors in turn would halve the rate
                served[window] = _serve(window, *served.get(window, (0.0, window.waits[0])))
            if present:
                wake.wait(EVENTS)
                wake.clear()
            else:
                time.sleep(IDLE)  # not an event's wait: its lock could be held when a signal comes to set one
    finally:
        for window in served:
            window._close()


def _serve(window: Window, at: float, wait: float) -> tuple[float, float]:
    """One round for one window: open it if it is not, look at its events, show its newest frame.

    at: when to try to open it (monotonic).  wait: seconds to wait when that fails.  Returns both for the next round.
    """
    try:
        if window._stopping:
            window._close()
        elif window._closed or window.state == "failed":
            return at, wait
        elif window._window is not None or time.monotonic() >= at:
            if window._window is None:
                window.open(*window._shape)
                window.say("up")
            window.pump()
            if window._closed:
                _closed(window)
            elif (frame := window.take(0)) is not None:
                window.deliver(frame)
    except Exception as error:
        window._close()
        if isinstance(error, UserError) and not window.sent:
            window.say("failed", str(error))
        else:  # what has been seen to work may work again
            window.say("retrying", f"{window.name}: {error or type(error).__name__}")
            return time.monotonic() + wait, min(2 * wait, window.waits[1])
    return at, wait


def _closed(window: Window) -> None:
    window._close()
    window.say("closed")
    if window.on_close is not None:
        window.on_close()
