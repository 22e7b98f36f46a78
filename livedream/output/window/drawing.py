"""Pictures on an OpenGL 3.3 context: textures, and the one shader that draws them. Needs the context to be current."""

import ctypes

import numpy as np
from pyglet import gl

from livedream.frame import Picture
from livedream.output.window.interop import CudaCopies

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
void main() { colour = texture(picture, at); }"""


class Painter:
    """The shader, made once for a context. Raises RuntimeError when this OpenGL cannot compile it."""

    def __init__(self):
        self._program = gl.glCreateProgram()
        for kind, source in ((gl.GL_VERTEX_SHADER, VERTEX), (gl.GL_FRAGMENT_SHADER, FRAGMENT)):
            shader = gl.glCreateShader(kind)
            text = ctypes.cast(ctypes.c_char_p(source), ctypes.POINTER(gl.GLchar))
            gl.glShaderSource(shader, 1, ctypes.byref(text), ctypes.byref(gl.GLint(len(source))))
            gl.glCompileShader(shader)
            gl.glAttachShader(self._program, shader)
        gl.glLinkProgram(self._program)
        linked = gl.GLint()
        gl.glGetProgramiv(self._program, gl.GL_LINK_STATUS, ctypes.byref(linked))
        if not linked.value:
            raise RuntimeError("the shader does not compile")
        self._array = gl.GLuint()
        gl.glGenVertexArrays(1, ctypes.byref(self._array))

    def clear(self, across: int, down: int) -> None:
        """Make all of a window of that many pixels black, and opaque: `draw` leaves its alpha, or a compositor would
        let the desktop shine through.
        """
        gl.glColorMask(True, True, True, True)
        gl.glDisable(gl.GL_SCISSOR_TEST)
        gl.glViewport(0, 0, across, down)
        gl.glClearColor(0.0, 0.0, 0.0, 1.0)
        gl.glClear(gl.GL_COLOR_BUFFER_BIT)

    def draw(self, texture: "Texture", where: tuple[int, int, int, int], fade: float = 1.0, over: bool = False) -> None:
        """Draw into (x, y, w, h), y from below. over: upon what is there, by the texture's (multiplied) alpha."""
        gl.glColorMask(True, True, True, False)
        if over:
            gl.glEnable(gl.GL_BLEND)
            gl.glBlendFunc(gl.GL_ONE, gl.GL_ONE_MINUS_SRC_ALPHA)
        elif fade < 1:  # by blending with nothing: in the shader it would cost a tenth more where a processor draws
            gl.glEnable(gl.GL_BLEND)
            gl.glBlendColor(fade, fade, fade, 1.0)
            gl.glBlendFunc(gl.GL_CONSTANT_COLOR, gl.GL_ZERO)
        else:
            gl.glDisable(gl.GL_BLEND)
        gl.glUseProgram(self._program)
        gl.glBindVertexArray(self._array)
        gl.glActiveTexture(gl.GL_TEXTURE0)  # pyglet binds things of its own now and then
        gl.glBindTexture(gl.GL_TEXTURE_2D, texture.name)
        gl.glViewport(*where)
        gl.glDrawArrays(gl.GL_TRIANGLES, 0, 3)


class Texture:
    """One RGBA8 texture. name: OpenGL's.  size: (width, height) of what it holds, None while that is nothing."""

    def __init__(self):
        self.name = gl.GLuint()
        self.size: tuple[int, int] | None = None
        self._held = None
        self._cuda = CudaCopies()
        gl.glGenTextures(1, ctypes.byref(self.name))
        gl.glBindTexture(gl.GL_TEXTURE_2D, self.name)
        for key, value in (
            (gl.GL_TEXTURE_MIN_FILTER, gl.GL_LINEAR),
            (gl.GL_TEXTURE_MAG_FILTER, gl.GL_LINEAR),
            (gl.GL_TEXTURE_WRAP_S, gl.GL_CLAMP_TO_EDGE),
            (gl.GL_TEXTURE_WRAP_T, gl.GL_CLAMP_TO_EDGE),
        ):
            gl.glTexParameteri(gl.GL_TEXTURE_2D, key, value)

    def put(self, picture: np.ndarray | Picture) -> None:
        """Hold this picture: one in CUDA memory is copied there if it can be, all others come from the host."""
        if picture is self._held:  # a frame that repeats
            return
        height, width = picture.shape[:2]
        if self.size != (width, height):
            self._cuda.close()
            gl.glBindTexture(gl.GL_TEXTURE_2D, self.name)
            kind = (gl.GL_RGBA, gl.GL_UNSIGNED_BYTE)
            gl.glTexImage2D(gl.GL_TEXTURE_2D, 0, gl.GL_RGBA8, width, height, 0, *kind, None)
            self.size = (width, height)
        if not self._cuda.copy(picture, self):
            self.upload(picture if isinstance(picture, np.ndarray) else picture.pixels())
        self._held = picture

    def upload(self, pixels: np.ndarray) -> None:
        """Put pixels of the present size there from the host's memory."""
        pixels = np.ascontiguousarray(pixels)
        gl.glBindTexture(gl.GL_TEXTURE_2D, self.name)
        kind = (gl.GL_RGBA, gl.GL_UNSIGNED_BYTE, pixels.ctypes.data)
        gl.glTexSubImage2D(gl.GL_TEXTURE_2D, 0, 0, 0, *self.size, *kind)

    def read(self) -> np.ndarray:
        """What it holds, uint8 [H, W, 4]; waits for the graphics card."""
        pixels = np.empty((self.size[1], self.size[0], 4), np.uint8)
        gl.glBindTexture(gl.GL_TEXTURE_2D, self.name)
        gl.glGetTexImage(gl.GL_TEXTURE_2D, 0, gl.GL_RGBA, gl.GL_UNSIGNED_BYTE, pixels.ctypes.data)
        return pixels

    def close(self) -> None:
        """Let CUDA go of it; the texture itself goes with its context."""
        self._cuda.close()
