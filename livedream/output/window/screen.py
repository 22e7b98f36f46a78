"""The machine's screens, and a window with OpenGL 3.3 on one of them, by pyglet; a reason in one line where not."""

import os
import sys

from livedream import UserError

ELSEWHERE = "run it on the machine with the screen, or use --out page"


def display_available() -> bool:
    """Whether there seems to be a screen to open a window on. Costs nothing."""
    if sys.platform.startswith("linux"):
        return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    return True


def open_window(name: str, width: int, height: int, monitor: int | None):
    """A pyglet window with its context current, not yet visible, in the middle of monitor `monitor` (from 0).

    name: of the output, for errors. Raises UserError.
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

        display = get_display()
        x11.outlive(display)
        screens = display.get_screens()
    except Exception as error:
        raise UserError(f"{name}: cannot use the display: {error}; {ELSEWHERE}") from error
    if monitor is not None and monitor >= len(screens):
        there = ", ".join(f"window:{i} ({each.width}x{each.height})" for i, each in enumerate(screens))
        raise UserError(f"{name}: no such monitor; there is: {there}")
    screen = screens[monitor or 0]
    try:
        config = gl.Config(double_buffer=True, major_version=3, minor_version=3, forward_compatible=True)
        window = pyglet.window.Window(
            width=min(width, screen.width),
            height=min(height, screen.height),
            caption="livedream",
            resizable=True,
            vsync=False,
            config=config,
            screen=screen,
            visible=False,
        )
    except Exception as error:
        reason = str(error) or type(error).__name__
        raise UserError(f"{name}: no OpenGL 3.3 on this display ({reason}); {ELSEWHERE}") from error
    if monitor is None:
        window.set_location(
            screen.x + (screen.width - window.width) // 2, screen.y + (screen.height - window.height) // 2
        )
    return window
