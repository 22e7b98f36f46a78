"""Xlib, below pyglet: surviving the X server's end, and placing windows.

When an X server dies, Xlib calls `exit` in its clients; a show must go on without its window. Since libX11 1.7 a client
may ask not to exit (XSetIOErrorExitHandler). The connection and everything on it are then left alone: even closing a
window on it would crash.

pyglet keeps the connection and the window's number in attributes with an underscore and has no others for them. Only
this file uses these.
"""

import contextlib
import ctypes
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyglet.display.base import Display
    from pyglet.window import BaseWindow

_lost: set[int] = set()  # lost connections, by address
_callbacks: list[Any] = []  # kept for the whole process: Xlib may call them at any time


def connection(display: "Display") -> Any:
    """Xlib's connection (a ctypes pointer to its `Display`) of a pyglet display."""
    return display._display  # type: ignore[attr-defined]  # noqa: SLF001  # pyglet's display for X


def outlive(display: "Display") -> None:
    """Let the process survive the end of this connection to an X server; `lost` reports it. For Linux only."""
    if not sys.platform.startswith("linux"):
        return
    try:
        from pyglet.libs.x11 import xlib

        on_exit = xlib._lib.XSetIOErrorExitHandler  # noqa: SLF001
    except AttributeError:  # an older libX11
        return
    exit_handler = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)
    if not _callbacks:
        _callbacks.append(xlib.XIOErrorHandler(lambda connection: 0))  # Xlib's own prints a line and exits
        xlib.XSetIOErrorHandler(_callbacks[0])
        _callbacks.append(exit_handler(lambda connection, data: _lost.add(connection)))
        on_exit.argtypes, on_exit.restype = [ctypes.c_void_p, exit_handler, ctypes.c_void_p], None
    on_exit(ctypes.cast(connection(display), ctypes.c_void_p), _callbacks[1], None)


def lost(display: "Display") -> bool:
    """Whether the display's connection has ended. Checks it: waiting on a dead connection would take for ever."""
    if not _callbacks:
        return False
    address = ctypes.cast(connection(display), ctypes.c_void_p).value
    if address not in _lost:
        display.poll()  # type: ignore[attr-defined]  # pyglet's display for X
    return address in _lost


@contextlib.contextmanager
def in_place(window: "BaseWindow") -> Iterator[None]:
    """Make a window manager respect the position that is set within the block, or the monitor whose screen is filled.

    The window is shown afterwards. For Linux only.
    """
    if not sys.platform.startswith("linux"):
        yield
        return
    from pyglet.libs.x11 import xlib

    window.set_visible(False)
    yield
    hints = xlib.XAllocSizeHints()
    hints.contents.flags = xlib.USPosition | xlib.PPosition  # the position itself is the window's (ICCCM 4.1.2.3)
    number = window._window  # type: ignore[attr-defined]  # noqa: SLF001
    xlib.XSetWMNormalHints(connection(window.display), number, hints)
    xlib.XFree(hints)
    window.set_visible(True)


def flush(display: "Display") -> None:
    """Send the requests that wait in the connection's buffer, for example to close the last window."""
    if sys.platform.startswith("linux"):
        from pyglet.libs.x11 import xlib

        xlib.XFlush(connection(display))


def forget(window: "BaseWindow") -> None:
    """Remove from pyglet a window whose connection was lost, so that the next window gets a new connection."""
    import pyglet

    module: Any = pyglet
    native: Any = window
    native._window = None  # otherwise pyglet closes it when it is collected  # noqa: SLF001
    module.app.windows.discard(window)
    module.app.platform_event_loop.select_devices.discard(window.display)
    module.display._displays.discard(window.display)  # noqa: SLF001
    module.gl.current_context = None
