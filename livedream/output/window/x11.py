"""An X server that dies takes its clients with it, by Xlib's own habit: `exit`. A show must live on without its window.

Since libX11 1.7 a client may ask to go on (XSetIOErrorExitHandler). The connection and all that hangs on it are then
only left alone: even closing a window on it would crash.
"""

import contextlib
import ctypes
import sys

_lost: set[int] = set()  # connections, by address
_kept = []  # callbacks that Xlib may call at any time


def outlive(display) -> None:
    """Survive the end of pyglet's connection to its X server; `lost` tells. Nothing on other systems."""
    if not sys.platform.startswith("linux"):
        return
    try:
        from pyglet.libs.x11 import xlib

        on_exit = xlib._lib.XSetIOErrorExitHandler
    except AttributeError:  # an older libX11
        return
    exit_handler = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)
    if not _kept:
        _kept.append(xlib.XIOErrorHandler(lambda connection: 0))  # Xlib's own prints a line and exits
        xlib.XSetIOErrorHandler(_kept[0])
        _kept.append(exit_handler(lambda connection, data: _lost.add(connection)))
        on_exit.argtypes, on_exit.restype = [ctypes.c_void_p, exit_handler, ctypes.c_void_p], None
    on_exit(ctypes.cast(display._display, ctypes.c_void_p), _kept[1], None)


def lost(display) -> bool:
    """Whether this pyglet Display's connection has ended; looks, for to wait on a dead one would be for ever."""
    if not _kept:
        return False
    connection = ctypes.cast(display._display, ctypes.c_void_p).value
    if connection not in _lost:
        display.poll()
    return connection in _lost


@contextlib.contextmanager
def in_place(window):
    """Let a window go where it asks to be, also by a window manager, which without a word puts it where it likes.

    Within, its place may be set, and full screen on a monitor; it is shown afterwards. On other systems nothing.
    """
    if not sys.platform.startswith("linux"):
        yield
        return
    from pyglet.libs.x11 import xlib

    window.set_visible(False)
    yield
    hints = xlib.XAllocSizeHints()
    hints.contents.flags = xlib.USPosition | xlib.PPosition  # the place itself is the window's (ICCCM 4.1.2.3)
    xlib.XSetWMNormalHints(window.display._display, window._window, hints)
    xlib.XFree(hints)
    window.set_visible(True)


def flush(display) -> None:
    """Send what was asked of the X server, which else waits for the next window's questions."""
    if sys.platform.startswith("linux"):
        from pyglet.libs.x11 import xlib

        xlib.XFlush(display._display)


def forget(window) -> None:
    """Let pyglet know nothing more of a window whose connection was lost, so that the next begins a new one."""
    import pyglet

    window._window = None  # or pyglet closes it when it is collected
    pyglet.app.windows.discard(window)
    pyglet.app.platform_event_loop.select_devices.discard(window.display)
    pyglet.display._displays.discard(window.display)
    pyglet.gl.current_context = None
