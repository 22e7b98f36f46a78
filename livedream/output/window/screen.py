"""The machine's monitors, and a window with OpenGL 3.3 on one of them, by pyglet; a reason in one line where not."""

import os
import sys
from dataclasses import dataclass, field

from livedream import UserError

ELSEWHERE = "run it on the machine with the screen, or use --out page"


@dataclass(frozen=True)
class Monitor:
    """One monitor. number: from 0, in the system's order.  name: the system's, such as "HDMI-1".

    x, y: its top left corner on the desktop, pixels.  rate: Hz, 0 where nobody says.  screen: pyglet's own.
    """

    number: int
    name: str
    x: int
    y: int
    width: int
    height: int
    rate: float
    screen: object = field(repr=False, compare=False)

    @property
    def place(self) -> tuple[int, int, int, int]:
        return self.x, self.y, self.width, self.height

    def __str__(self) -> str:
        rate = f" at {self.rate:.0f} Hz" if self.rate else ""
        return f"{self.width}x{self.height}{rate}, {self.name}, from {self.x},{self.y}"


def display_available() -> bool:
    """Whether there seems to be a screen to open a window on. Costs nothing."""
    if sys.platform.startswith("linux"):
        return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    return True


def monitors() -> list[Monitor]:
    """Every monitor that is on. May take a tenth of a second, for the driver may ask them. Raises what pyglet does."""
    from pyglet.display import get_display

    found = []
    for number, screen in enumerate(get_display().get_screens()):
        name = screen.get_monitor_name() or f"monitor {number}"
        place = screen.x, screen.y, screen.width, screen.height
        found.append(Monitor(number, name, *place, _rate(screen), screen))
    return found


def _rate(screen) -> float:
    try:
        return float(getattr(screen.get_mode(), "rate", 0) or 0)
    except Exception:  # drivers
        return 0.0


def arrangement() -> tuple:
    """Where monitors are, in a form that changes when they do; cheap enough to ask every second."""
    from pyglet.display import get_display

    display = get_display()
    if not sys.platform.startswith("linux"):
        return tuple((each.x, each.y, each.width, each.height) for each in display.get_screens())
    import ctypes

    try:  # RandR's own list would wake the driver and hold up the picture
        from pyglet.libs.x11 import xinerama, xlib
    except ImportError:
        return ()
    number = ctypes.c_int()
    infos = xinerama.XineramaQueryScreens(display._display, ctypes.byref(number))
    if not infos:
        return ()
    found = tuple(
        (each.x_org, each.y_org, each.width, each.height)
        for each in ctypes.cast(infos, ctypes.POINTER(xinerama.XineramaScreenInfo * number.value)).contents
    )
    xlib.XFree(infos)
    return found


def find(name: str, wanted: str) -> Monitor:
    """The monitor of that number or name, "" is the first. name: of the output, for the UserError if there is none."""
    there = monitors()
    for each in there:
        if wanted in (str(each.number), "") or wanted.casefold() == each.name.casefold():
            return each
    known = ", ".join(f"window:{each.number} ({each})" for each in there)
    raise UserError(f"{name}: no such monitor; there is: {known}")


def under(window) -> Monitor:
    """The monitor that most likely shows the middle of a pyglet window."""
    x, y = window.get_location()
    x, y = x + window.width // 2, y + window.height // 2
    return min(monitors(), key=lambda each: _beside(x, each.x, each.width) + _beside(y, each.y, each.height))


def _beside(at: int, start: int, length: int) -> int:
    return max(start - at, at - start - length + 1, 0)


def open_window(
    name: str,
    width: int,
    height: int,
    wanted: str = "",
    at: tuple[int, int] | None = None,
    border: bool = True,
):
    """A pyglet window with its context current, not yet visible, and the Monitor that it is on.

    name: of the output, for errors.  wanted: number or name of a monitor.  at: pixels from that monitor's top left
    corner, else it comes to its middle. Raises UserError.
    """
    if not display_available():
        raise UserError(f"{name}: there is no display here (DISPLAY is not set); {ELSEWHERE}")
    if sys.platform.startswith("linux") and not os.environ.get("DISPLAY"):
        raise UserError(f"{name}: Wayland needs Xwayland (DISPLAY is not set); {ELSEWHERE}")
    try:
        import pyglet

        # Otherwise a hidden second window and its context would be made first.
        pyglet.options.shadow_window = False
        # To be asked for errors after every call, a driver with threads of its own must wait for them.
        pyglet.options.debug_gl = False
        from pyglet import gl
        from pyglet.display import get_display

        from livedream.output.window import x11

        x11.outlive(get_display())
        monitor = find(name, wanted)
    except UserError:
        raise
    except Exception as error:
        raise UserError(f"{name}: cannot use the display: {error}; {ELSEWHERE}") from error
    if at is None:
        width, height = min(width, monitor.width), min(height, monitor.height)
        at = (monitor.width - width) // 2, (monitor.height - height) // 2
    try:
        config = gl.Config(double_buffer=True, major_version=3, minor_version=3, forward_compatible=True)
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
