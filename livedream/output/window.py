"""A window on this machine's screen, by pyglet and OpenGL 3.3, on the main thread as macOS demands."""

import ctypes
import logging
import os
import sys
import threading
import time

from livedream import UserError
from livedream.output import Output
from livedream.output.fit import placed

log = logging.getLogger("livedream.output")

EVENTS = 1 / 60  # seconds between two looks at keyboard and mouse while no frame comes
ELSEWHERE = "run it on the machine with the screen, or use --out page"

# One triangle that covers the whole viewport; row 0 of the picture is its top.
VERTEX = b"""#version 330 core
out vec2 at;
void main() {
    vec2 corner = vec2((gl_VertexID << 1) & 2, gl_VertexID & 2);
    at = vec2(corner.x, 1.0 - corner.y);
    gl_Position = vec4(corner * 2.0 - 1.0, 0.0, 1.0);
}"""
FRAGMENT = b"""#version 330 core
uniform sampler2D picture;
in vec2 at;
out vec4 colour;
void main() { colour = vec4(texture(picture, at).rgb, 1.0); }"""


def display_available() -> bool:
    """Whether there seems to be a screen to open a window on. Costs nothing."""
    if sys.platform.startswith("linux"):
        return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    return True


class Window(Output):
    """Output `window`, or `window:N` for the whole of monitor N (from 0) without a border or a pointer.

    F: full screen and back.  Esc: back from full screen, or in a window, like the close button, `on_close`.
    `show` may be called from any thread; `run` draws, on the main one.

    on_close: called without arguments when the user wants the show to end; None: the window closes and `run`
    returns.
    """

    kind = "window"

    def __init__(self, options):
        super().__init__(options)
        _, _, monitor = options.sink.partition(":")
        self.monitor = int(monitor) if monitor else None
        self.on_close = None
        self._wake = threading.Event()
        self._window = None
        self._closed = False

    def start(self, width, height, fps):
        """Note the show's size; the window opens in `run`."""
        self.live = True
        self._shape = (width, height, fps)

    def show(self, frame):
        super().show(frame)
        self._wake.set()

    def stop(self):
        """Let `run` come to its end."""
        super().stop()
        self._wake.set()

    def run(self, should_stop) -> None:
        """Show what is shown until `should_stop()` or `stop`. To be called on the main thread."""
        run([self], should_stop)

    def open(self, width, height, fps):
        if not display_available():
            raise UserError(f"{self.name}: there is no display here (DISPLAY is not set); {ELSEWHERE}")
        if sys.platform.startswith("linux") and not os.environ.get("DISPLAY"):
            raise UserError(f"{self.name}: Wayland needs Xwayland (DISPLAY is not set); {ELSEWHERE}")
        try:
            import pyglet

            # Otherwise a hidden second window and its context would be made first.
            pyglet.options.shadow_window = False
            from pyglet import gl
            from pyglet.display import get_display

            screens = get_display().get_screens()
        except Exception as error:
            raise UserError(f"{self.name}: cannot use the display: {error}; {ELSEWHERE}") from error
        if self.monitor is not None and self.monitor >= len(screens):
            there = ", ".join(f"window:{i} ({each.width}x{each.height})" for i, each in enumerate(screens))
            raise UserError(f"{self.name}: no such monitor; there is: {there}")
        width, height = self.options.size or (width, height)
        screen = screens[self.monitor or 0]
        try:
            config = gl.Config(double_buffer=True, major_version=3, minor_version=3, forward_compatible=True)
            self._window = pyglet.window.Window(
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
            raise UserError(f"{self.name}: no OpenGL 3.3 on this display ({reason}); {ELSEWHERE}") from error
        self._gl = gl
        self._window.push_handlers(on_key_press=self._on_key, on_close=self._on_close)
        self._prepare()
        if self.monitor is None:
            self._window.set_location(
                screen.x + (screen.width - self._window.width) // 2,
                screen.y + (screen.height - self._window.height) // 2,
            )
            self._window.set_visible(True)
        else:
            self._window.set_visible(True)
            self._set_fullscreen(True, screen)
        self._clear()

    def write(self, frame):
        self._window.switch_to()
        self._upload(frame.pixels)
        self._draw()
        self._window.flip()

    def close(self):
        window, self._window = self._window, None
        if window is not None:
            window.close()

    def pump(self) -> None:
        """Handle keys, the mouse and the window's own events; draw again what an event has uncovered."""
        window = self._window
        window.switch_to()
        window.dispatch_events()
        if self._wanted is not None:  # not within a key's event: pyglet still has the key in hand there
            self._set_fullscreen(self._wanted)
            self._wanted = None
        if self._window is not None and self._uncovered:
            self._uncovered = False
            self._draw()
            window.flip()

    def _prepare(self):
        """Make the program, the texture and the empty vertex array; nothing is made after this."""
        gl = self._gl
        program = gl.glCreateProgram()
        for kind, source in ((gl.GL_VERTEX_SHADER, VERTEX), (gl.GL_FRAGMENT_SHADER, FRAGMENT)):
            shader = gl.glCreateShader(kind)
            text = ctypes.cast(ctypes.c_char_p(source), ctypes.POINTER(gl.GLchar))
            gl.glShaderSource(shader, 1, ctypes.byref(text), ctypes.byref(gl.GLint(len(source))))
            gl.glCompileShader(shader)
            gl.glAttachShader(program, shader)
        gl.glLinkProgram(program)
        linked = gl.GLint()
        gl.glGetProgramiv(program, gl.GL_LINK_STATUS, ctypes.byref(linked))
        if not linked.value:
            raise UserError(f"{self.name}: this display's OpenGL cannot compile a shader; {ELSEWHERE}")
        array, texture = gl.GLuint(), gl.GLuint()
        gl.glGenVertexArrays(1, ctypes.byref(array))
        gl.glGenTextures(1, ctypes.byref(texture))
        gl.glBindTexture(gl.GL_TEXTURE_2D, texture)
        for key, value in (
            (gl.GL_TEXTURE_MIN_FILTER, gl.GL_LINEAR),
            (gl.GL_TEXTURE_MAG_FILTER, gl.GL_LINEAR),
            (gl.GL_TEXTURE_WRAP_S, gl.GL_CLAMP_TO_EDGE),
            (gl.GL_TEXTURE_WRAP_T, gl.GL_CLAMP_TO_EDGE),
        ):
            gl.glTexParameteri(gl.GL_TEXTURE_2D, key, value)
        self._program, self._array, self._texture = program, array, texture
        self._picture: tuple[int, int] | None = None  # width and height of the texture
        self._uncovered = False
        self._wanted: bool | None = None  # full screen, or back
        self._window.push_handlers(on_expose=self._on_expose, on_resize=self._on_resize)

    def _upload(self, pixels):
        gl = self._gl
        height, width = pixels.shape[:2]
        if not pixels.flags.c_contiguous:
            pixels = pixels.copy()
        gl.glBindTexture(gl.GL_TEXTURE_2D, self._texture)
        kind, address = (gl.GL_RGBA, gl.GL_UNSIGNED_BYTE), pixels.ctypes.data
        if self._picture != (width, height):
            gl.glTexImage2D(gl.GL_TEXTURE_2D, 0, gl.GL_RGBA8, width, height, 0, *kind, address)
            self._picture = (width, height)
        else:
            gl.glTexSubImage2D(gl.GL_TEXTURE_2D, 0, 0, 0, width, height, *kind, address)

    def _draw(self):
        gl = self._gl
        across, down = self._window.get_framebuffer_size()
        gl.glViewport(0, 0, across, down)
        gl.glClearColor(0.0, 0.0, 0.0, 1.0)
        gl.glClear(gl.GL_COLOR_BUFFER_BIT)
        if self._picture is None:
            return
        # pyglet binds things of its own now and then, so nothing is taken for granted here.
        gl.glDisable(gl.GL_BLEND)
        gl.glDisable(gl.GL_SCISSOR_TEST)
        gl.glUseProgram(self._program)
        gl.glBindVertexArray(self._array)
        gl.glActiveTexture(gl.GL_TEXTURE0)
        gl.glBindTexture(gl.GL_TEXTURE_2D, self._texture)
        gl.glViewport(*placed(*self._picture, across, down, self.options.fit))
        gl.glDrawArrays(gl.GL_TRIANGLES, 0, 3)

    def _clear(self):
        self._window.switch_to()
        self._draw()
        self._window.flip()

    def _set_fullscreen(self, on: bool, screen=None):
        self._window.set_fullscreen(on, screen=screen)
        # X has made a new window, and the key's release goes to the old one: the next press is no repeat.
        getattr(self._window, "pressed_keys", set()).clear()
        self._window.set_mouse_visible(not on)
        # Only a picture that fills the screen is sure to be shown, and so its swap to come back; there
        # tearing would be seen. A window is in a compositor's care.
        self._window.set_vsync(on)
        self._uncovered = True

    def _on_key(self, symbol, modifiers):
        from pyglet.window import key

        if symbol == key.F:
            self._wanted = not self._window.fullscreen
        elif symbol == key.ESCAPE and self._window.fullscreen:
            self._wanted = False
        elif symbol == key.ESCAPE:
            self._on_close()
        return True  # pyglet's own answer to Esc is to close

    def _on_close(self):
        if self.on_close is not None:
            self.on_close()
        else:
            self._closed = True
        return True

    def _on_expose(self):
        self._uncovered = True

    def _on_resize(self, width, height):
        self._uncovered = True
        return True  # pyglet would set a viewport and a projection


def run(windows: list[Window], should_stop) -> None:
    """Serve all windows of a show from one loop on the main thread, until `should_stop()`.

    One that cannot open or breaks is named in its `error`, retried if that may help, and the others go on.
    """
    wake = windows[0]._wake
    again: dict[Window, tuple[float, float]] = {}  # when to try, and how long to wait the next time
    for window in windows:
        window._wake = wake
    try:
        while not should_stop():
            alive = [each for each in windows if not each._stopping and not each._closed]
            if not alive:
                return
            wake.wait(EVENTS)
            wake.clear()
            for window in alive:
                if window.state != "failed":
                    _serve(window, again)
    finally:
        for window in windows:
            window._close()


def _serve(window: Window, again: dict) -> None:
    """One round for one window: open it if it is not, look at its events, show its newest frame."""
    at, wait = again.get(window, (0.0, window.waits[0]))
    try:
        if window._window is None:
            if time.monotonic() < at:
                return
            window.open(*window._shape)
            window.say("up")
        window.pump()
        if window._closed or window._stopping:
            window._close()
        elif (frame := window.take(0)) is not None:
            window.deliver(frame)
    except UserError as error:
        window._close()
        window.say("failed", str(error))
    except Exception as error:
        window._close()
        again[window] = (time.monotonic() + wait, min(2 * wait, window.waits[1]))
        window.say("retrying", f"{window.name}: {error or type(error).__name__}")
