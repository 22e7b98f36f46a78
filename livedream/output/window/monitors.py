"""The machine's monitors, and windows with OpenGL 3.3 on them, by pyglet."""

import os
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from livedream import UserError

if TYPE_CHECKING:
    from pyglet.window import BaseWindow

ELSEWHERE = "run it on the machine with the screen, or use --out page"


@dataclass(frozen=True)
class Monitor:
    """One monitor.

    Attributes:
        number: From 0, in the system's order.
        name: The system's name, such as "HDMI-1".
        x: The left edge on the desktop, in pixels.
        y: The top edge on the desktop, in pixels.
        width: In pixels.
        height: In pixels.
        rate: The refresh rate in Hz; 0 if unknown.
        screen: pyglet's object.
    """

    number: int
    name: str
    x: int
    y: int
    width: int
    height: int
    rate: float
    screen: Any = field(repr=False, compare=False)

    @property
    def place(self) -> tuple[int, int, int, int]:
        """(x, y, width, height)."""
        return self.x, self.y, self.width, self.height

    def __str__(self) -> str:
        rate = f" at {self.rate:.0f} Hz" if self.rate else ""
        return f"{self.width}x{self.height}{rate}, {self.name}, from {self.x},{self.y}"


def display_available() -> bool:
    """Whether there seems to be a screen to open a window on, by the environment."""
    if sys.platform.startswith("linux"):
        return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    return True


def connected() -> list[Monitor]:
    """All monitors that are on. May take 0.1 s, because the driver may ask them. Raises pyglet's errors."""
    from pyglet.display import get_display

    found = []
    for number, screen in enumerate(get_display().get_screens()):
        name = screen.get_monitor_name() or f"monitor {number}"
        place = screen.x, screen.y, screen.width, screen.height
        found.append(Monitor(number, name, *place, _rate(screen), screen))
    return found


def _rate(screen: Any) -> float:
    try:
        return float(getattr(screen.get_mode(), "rate", 0) or 0)
    except Exception:  # drivers raise many things
        return 0.0


def arrangement() -> tuple[tuple[int, int, int, int], ...]:
    """(x, y, width, height) of all monitors; cheap enough to ask every second."""
    from pyglet.display import get_display

    display = get_display()
    if not sys.platform.startswith("linux"):
        return tuple((each.x, each.y, each.width, each.height) for each in display.get_screens())
    import ctypes

    try:  # RandR's own list would wake the driver and hold up the picture
        from pyglet.libs.x11 import xinerama, xlib

        from livedream.output.window import x11
    except ImportError:
        return ()
    number = ctypes.c_int()
    infos = xinerama.XineramaQueryScreens(x11.connection(display), ctypes.byref(number))
    if not infos:
        return ()
    found = tuple(
        (each.x_org, each.y_org, each.width, each.height)
        for each in ctypes.cast(infos, ctypes.POINTER(xinerama.XineramaScreenInfo * number.value)).contents
    )
    xlib.XFree(infos)
    return found


def find_monitor(name: str, wanted: str) -> Monitor:
    """Find a monitor.

    Args:
        name: The output's name, for the error.
        wanted: The monitor's number or name; "" for the first.

    Raises:
        UserError: There is no such monitor.
    """
    found = connected()
    for each in found:
        if wanted in (str(each.number), "") or wanted.casefold() == each.name.casefold():
            return each
    known = ", ".join(f"window:{each.number} ({each})" for each in found)
    raise UserError(f"{name}: no such monitor; there is: {known}")


def monitor_under(window: "BaseWindow") -> Monitor:
    """The monitor that shows the middle of a window, or is nearest to it."""
    x, y = window.get_location()
    x, y = x + window.width // 2, y + window.height // 2
    return min(connected(), key=lambda each: _distance(x, each.x, each.width) + _distance(y, each.y, each.height))


def _distance(at: int, start: int, length: int) -> int:
    return max(start - at, at - start - length + 1, 0)


def open_window(
    name: str,
    width: int,
    height: int,
    wanted: str = "",
    at: tuple[int, int] | None = None,
    border: bool = True,
) -> "tuple[BaseWindow, Monitor]":
    """Open a window, not yet visible, with its OpenGL context current; return it and its monitor.

    Args:
        name: The output's name, for errors.
        width: In pixels.
        height: In pixels.
        wanted: Number or name of a monitor; "" for the first.
        at: (x, y) in pixels from the monitor's top left corner; None for its middle.
        border: Whether the window has a title bar and a frame.

    Raises:
        UserError: There is no display, no such monitor or no OpenGL 3.3.
    """
    monitor = _connect(name, wanted)
    if at is None:
        width, height = min(width, monitor.width), min(height, monitor.height)
        at = (monitor.width - width) // 2, (monitor.height - height) // 2
    try:
        import pyglet
        from pyglet import gl

        config = gl.Config(  # type: ignore[abstract]  # pyglet's own way to write it
            double_buffer=True, major_version=3, minor_version=3, forward_compatible=True
        )
        window = pyglet.window.Window(
            width=width,
            height=height,
            caption="livedream",
            resizable=True,
            vsync=False,
            config=config,
            screen=monitor.screen,
            style=pyglet.window.Window.WINDOW_STYLE_DEFAULT if border else "borderless",
            visible=False,
        )
    except Exception as error:
        reason = str(error) or type(error).__name__
        raise UserError(f"{name}: no OpenGL 3.3 on this display ({reason}); {ELSEWHERE}") from error
    window.set_location(monitor.x + at[0], monitor.y + at[1])
    return window, monitor


def _connect(name: str, wanted: str) -> Monitor:
    """Connect to the display and return the wanted monitor. Raises UserError."""
    if not display_available():
        raise UserError(f"{name}: there is no display here (DISPLAY is not set); {ELSEWHERE}")
    if sys.platform.startswith("linux") and not os.environ.get("DISPLAY"):
        raise UserError(f"{name}: Wayland needs Xwayland (DISPLAY is not set); {ELSEWHERE}")
    try:
        import pyglet

        # Otherwise pyglet would first make a hidden window with a context of its own.
        pyglet.options.shadow_window = False
        # When pyglet asks for errors after every call, a driver with threads has to wait for them.
        pyglet.options.debug_gl = False
        from pyglet.display import get_display

        from livedream.output.window import x11

        x11.outlive(get_display())
        return find_monitor(name, wanted)
    except UserError:
        raise
    except Exception as error:
        raise UserError(f"{name}: cannot use the display: {error}; {ELSEWHERE}") from error
