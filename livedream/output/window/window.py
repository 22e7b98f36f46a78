"""The window output: its state, which any thread may set, and the round of work that the main thread does for it."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from livedream import UserError
from livedream.output import Options, Output
from livedream.output.window import monitors, saved
from livedream.output.window.keys import Keys
from livedream.output.window.open_window import OpenWindow, View
from livedream.output.window.placement import Placement
from livedream.picture.frame import Frame

CARD_EVERY = 1 / 60  # seconds between two pictures of the test card, whose line moves
SETTLED = 1.0  # seconds after the last change of a placement until it is saved


class Window(Output):
    """Output `window`, or `window:MONITOR` (number or name), which fills that monitor without a border or a pointer.

    keys.py has its keys. Esc closes a window like the close button: `state` is then "closed", and `start` opens it
    again. `show`, `start`, `end` and `stop` may be called from any thread; everything else happens in `serve.run`, on
    the main thread, as macOS demands.

    Attributes:
        monitor: The monitor asked for; "" if none was.
        placement: How the picture is placed. Any thread may set it; the saved one is loaded when the window opens.
        card: Whether the test card is shown instead of the picture. Any thread may set it.
        mapping: Whether the corners can be dragged. Any thread may set it.
        fullscreen: Whether the window is to fill the screen. Any thread may set it.
        hud_shown: Whether the figures are shown over the picture.
        on_change: Called on the main thread when keys, mouse or the saved placement have changed one of these.
        on_close: Called on the main thread when the user has closed the window.
        hud: Returns the figures, see `hud.panel`. Called on the main thread, twice a second while they are shown.
        wake: Set when there is work for the main thread.
        waits_for_monitor: Whether a swap in full screen waits for the monitor's refresh. Set by `serve.run`.
        opened: The open window, or None.
    """

    kind = "window"

    def __init__(self, options: Options):
        super().__init__(options)
        self.monitor = options.sink.partition(":")[2]
        self.placement = Placement(options.fit, options.flip or "none", options.rotate or 0)
        self.card = options.card
        self.mapping = False
        self.fullscreen = bool(self.monitor) and options.at is None
        self.hud_shown = False
        self.on_change: Callable[[], None] | None = None
        self.on_close: Callable[[], None] | None = None
        self.hud: Callable[[], Sequence[str]] | None = None
        self.wake = threading.Event()
        self.waits_for_monitor = True
        self.opened: OpenWindow | None = None
        self.keys = Keys(self)
        self._closed = False  # the user has closed it
        self._retry_at, self._retry_wait = 0.0, self.retry_waits[0]  # time.monotonic(), seconds
        self._saved: tuple[str, Placement] | None = None  # the monitor's name, and its placement in the file
        self._changing: tuple[Placement, float] | None = None  # an unsaved placement, and since when it is unchanged
        self._saving: threading.Thread | None = None

    def start(self, width: int, height: int, fps: float) -> None:
        """Note the show's size. The window opens in `serve.run`, also again after it was closed."""
        self.live = True
        self._show_format = (width, height, fps)
        with self._turn:
            self.waiting = None
        self._closed = self.stopping = False
        self._retry_at, self._retry_wait = 0.0, self.retry_waits[0]
        self.set_state("starting")
        self.wake.set()

    def show(self, frame: Frame) -> None:
        if not self._closed:
            super().show(frame)
            self.wake.set()

    def end(self) -> None:
        """Ask `serve.run` to close the window."""
        super().end()
        self.wake.set()

    # -- on the main thread ---------------------------------------------------------------------------------------

    def serve(self) -> None:
        """Do one round of work: open the window if it is not open, handle its events, show the newest frame."""
        try:
            self._serve()
        except Exception as error:
            self.close_quietly()
            if isinstance(error, UserError) and not self.sent:
                self.set_state("failed", str(error))
                return
            # A window that has worked may work again.
            self.set_state("retrying", f"{self.name}: {str(error) or type(error).__name__}")
            self._retry_at = time.monotonic() + self._retry_wait
            self._retry_wait = min(2 * self._retry_wait, self.retry_waits[1])

    def _serve(self) -> None:
        if self.stopping:
            self.close_quietly()
            return
        if self._closed or self.state == "failed":
            return
        if self.opened is None:
            if time.monotonic() < self._retry_at:
                return
            self.open(*self._show_format)
            self.set_state("up")
        self._pump()
        if self._closed:
            self.close_quietly()
            self.set_state("closed")
            if self.on_close is not None:
                self.on_close()
        elif (frame := self.take(0)) is not None:
            self.deliver(frame)

    def open(self, width: int, height: int, fps: float) -> None:
        options = self.options
        size = options.size or (width, height)
        native, monitor = monitors.open_window(self.name, *size, self.monitor, options.at, options.border)
        try:
            self.opened = opened = OpenWindow(self.name, native, monitor)
        except BaseException:
            native.close()
            raise
        self._load_placement(monitor.name)
        self.keys = Keys(self)
        native.push_handlers(self.keys, on_close=self.close_by_user)
        self.note = opened.show(self.fullscreen, bool(self.monitor), self.mapping, self.waits_for_monitor)
        opened.draw(self._view())

    def write(self, frame: Frame) -> bool | None:
        opened = self.opened
        if opened is None or opened.hidden:
            return False
        opened.put(frame)
        opened.draw(self._view())
        return None

    def close(self) -> None:
        opened, self.opened = self.opened, None
        self.note = None
        if opened is None:
            return
        if self._saving is not None:
            self._saving.join()
        if self._saved and self.placement != self._saved[1]:
            self._save_placement()
        opened.close()

    def close_by_user(self) -> bool:
        """Close the window, as the close button does."""
        self._closed = True
        return True

    @property
    def fills_screen(self) -> bool:
        """Whether the window is open and fills a screen."""
        return self.opened is not None and self.opened.fullscreen

    def changed(self) -> None:
        """Report that the user has changed a setting."""
        if self.on_change is not None:
            self.on_change()

    def _pump(self) -> None:
        """Handle keys, the mouse and the window's own events, and draw again what has changed."""
        opened = self.opened
        if opened is None:
            return
        opened.dispatch_events()
        if self._closed:
            return
        now = time.monotonic()
        opened.check_monitor(now, self.monitor)
        # Not within a key's event: pyglet is still handling the key there.
        if self.fullscreen != opened.fullscreen:
            self.note = opened.set_fullscreen(self.fullscreen, bool(self.monitor))
        opened.fill_screen(self.mapping, self.waits_for_monitor)
        self._save_when_settled(now)
        if self.hud_shown and self.hud:
            opened.update_hud(self.hud, now)
        view = self._view()
        card_moves = self.card and now >= opened.drawn_at + CARD_EVERY
        if (opened.stale or view != opened.view or card_moves) and not opened.hidden:
            opened.draw(view)

    def _view(self) -> View:
        return View(self.placement, self.card, self.mapping, self.hud_shown, self.keys.corner)

    # -- the saved placement --------------------------------------------------------------------------------------

    def _load_placement(self, monitor: str) -> None:
        """Load what was saved for this window and monitor, the first time. The options of `--out` take precedence."""
        if self._saved and self._saved[0] == monitor:
            return
        before = self.placement
        loaded = saved.load(self.name, monitor)
        if loaded is not None:
            options = self.options
            self.placement = replace(
                loaded,
                fit=options.fit if options.fit != "contain" else loaded.fit,
                flip=options.flip or loaded.flip,
                rotate=options.rotate or loaded.rotate,
            )
        self._saved = monitor, self.placement
        if self.placement != before:
            self.changed()

    def _save_when_settled(self, now: float) -> None:
        """Save the placement when it has not changed for a while, in a thread that waits for the disk."""
        placement = self.placement
        if self._saved is None or placement == self._saved[1]:
            self._changing = None
        elif self._changing is None or placement != self._changing[0]:
            self._changing = placement, now
        elif now >= self._changing[1] + SETTLED:
            self._saving = threading.Thread(target=self._save_placement, name=f"save {self.name}")
            self._saving.start()
            self._changing = None

    def _save_placement(self) -> None:
        if self._saved is not None:
            monitor, placement = self._saved[0], self.placement
            self._saved = monitor, placement
            saved.save(self.name, monitor, placement)
