"""Textures and the shaders that draw them, in OpenGL 3.3. The context must be current in every call."""

import ctypes
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyglet import gl

from livedream.output.window.interop import CudaCopies
from livedream.picture import Pixels, alpha
from livedream.picture.frame import Picture

Matrix = NDArray[np.float64]  # [3, 3], acts on (x, y, 1)

IDENTITY = np.eye(3)

# One triangle that covers the whole viewport; row 0 of the picture is its top. turn: flips and quarter turns.
PLAIN = b"""#version 330 core
uniform mat3 turn;
out vec2 at;
void main() {
    vec2 corner = vec2((gl_VertexID << 1) & 2, gl_VertexID & 2);
    at = (turn * vec3(corner.x, 1.0 - corner.y, 1.0)).xy;
    gl_Position = vec4(corner * 2.0 - 1.0, 0.0, 1.0);
}"""
PICTURE = b"""#version 330 core
uniform sampler2D picture;
in vec2 at;
out vec4 colour;
void main() { colour = texture(picture, at); }"""
# The same over black. With OpenGL on the processor it takes a third longer.
OVER_BLACK = b"""#version 330 core
uniform sampler2D picture;
uniform float fade;
in vec2 at;
out vec4 colour;
void main() {
    vec4 there = texture(picture, at);
    colour = vec4(there.rgb * there.a * fade, 1.0);
}"""
# See placement.mapping. A pixel on an edge shows the picture as far as the pixel lies inside.
MAPPED = b"""#version 330 core
uniform sampler2D picture;
uniform mat3 back;
uniform vec3 edges[4];
uniform float fade;
out vec4 colour;
void main() {
    vec3 here = vec3(gl_FragCoord.xy, 1.0);
    vec4 within = vec4(dot(edges[0], here), dot(edges[1], here), dot(edges[2], here), dot(edges[3], here));
    vec4 covered = clamp(within + 0.5, 0.0, 1.0);
    float seen = covered.x * covered.y * covered.z * covered.w;
    vec3 at = back * here;
    vec4 there = texture(picture, at.xy / at.z);
    colour = vec4(seen > 0.0 ? there.rgb * there.a * seen * fade : vec3(0.0), 1.0);
}"""
# Lines with round ends, two triangles each: all pixels that a line of that `radius` may touch.
LINE = b"""#version 330 core
uniform vec2 size;
layout(location = 0) in vec4 ends;
layout(location = 1) in float radius;
layout(location = 2) in vec4 ink;
out vec2 at;
flat out vec4 line;
flat out float wide;
flat out vec4 paint;
void main() {
    vec2 along = ends.zw - ends.xy;
    along = length(along) > 0.0 ? normalize(along) : vec2(1.0, 0.0);
    int corner = gl_VertexID % 6;
    float side = corner == 1 || corner == 2 || corner == 4 ? 1.0 : -1.0;
    bool start = corner == 0 || corner == 1 || corner == 3;
    at = (start ? ends.xy - along * (radius + 1.0) : ends.zw + along * (radius + 1.0));
    at += vec2(-along.y, along.x) * side * (radius + 1.0);
    line = ends;
    wide = radius;
    paint = ink;
    gl_Position = vec4(at / size * vec2(2.0, -2.0) + vec2(-1.0, 1.0), 0.0, 1.0);
}"""
INK = b"""#version 330 core
in vec2 at;
flat in vec4 line;
flat in float wide;
flat in vec4 paint;
out vec4 colour;
void main() {
    vec2 along = line.zw - line.xy, from = at - line.xy;
    float part = clamp(dot(from, along) / max(dot(along, along), 1e-6), 0.0, 1.0);
    colour = vec4(paint.rgb, 1.0) * paint.a * clamp(wide + 0.5 - length(from - along * part), 0.0, 1.0);
}"""


def program(vertex: bytes, fragment: bytes) -> int:
    """Make an OpenGL program of these shaders. Raises RuntimeError when this OpenGL cannot compile it."""
    made: int = gl.glCreateProgram()
    for kind, source in ((gl.GL_VERTEX_SHADER, vertex), (gl.GL_FRAGMENT_SHADER, fragment)):
        shader = gl.glCreateShader(kind)
        text = ctypes.cast(ctypes.c_char_p(source), ctypes.POINTER(gl.GLchar))
        gl.glShaderSource(shader, 1, ctypes.byref(text), ctypes.byref(gl.GLint(len(source))))
        gl.glCompileShader(shader)
        gl.glAttachShader(made, shader)
    gl.glLinkProgram(made)
    linked = gl.GLint()
    gl.glGetProgramiv(made, gl.GL_LINK_STATUS, ctypes.byref(linked))
    if not linked.value:
        raise RuntimeError("the shader does not compile")
    return made


class Painter:
    """The shaders of one context. Raises RuntimeError when this OpenGL cannot compile them."""

    def __init__(self) -> None:
        self._plain = program(PLAIN, PICTURE)
        self._turn = gl.glGetUniformLocation(self._plain, b"turn")
        self._turned: Matrix | None = None  # the value of that uniform
        self._others: dict[str, int] = {}  # programs by name, made when they are first needed
        self._lines: tuple[Any, Any] | None = None  # vertex array and buffer for lines
        self._array = gl.GLuint()
        gl.glGenVertexArrays(1, ctypes.byref(self._array))

    def clear(self, across: int, down: int) -> None:
        """Make a window of that many pixels black and opaque. `draw` leaves the alpha as it is, or a compositor would
        let the desktop shine through.
        """
        gl.glColorMask(True, True, True, True)
        gl.glDisable(gl.GL_SCISSOR_TEST)
        gl.glViewport(0, 0, across, down)
        gl.glClearColor(0.0, 0.0, 0.0, 1.0)
        gl.glClear(gl.GL_COLOR_BUFFER_BIT)

    def draw(
        self,
        texture: "Texture",
        where: tuple[int, int, int, int],
        fade: float = 1.0,
        over: bool = False,
        turn: Matrix = IDENTITY,
    ) -> None:
        """Draw a texture.

        Args:
            texture: The texture.
            where: (x, y, w, h) in pixels, y from the bottom.
            fade: 0 is black, 1 the full picture.
            over: Blend with what is there, by the texture's alpha, with which its colours are multiplied. Otherwise
                the texture is drawn over black.
            turn: See `placement.turned`.
        """
        gl.glColorMask(True, True, True, False)
        if not (over or texture.opaque):
            gl.glDisable(gl.GL_BLEND)
            made = self._other("over black", PLAIN, OVER_BLACK)
            gl.glUseProgram(made)
            _matrix(gl.glGetUniformLocation(made, b"turn"), turn)
            gl.glUniform1f(gl.glGetUniformLocation(made, b"fade"), fade)
            self._fill(texture, where)
            return
        if over:
            gl.glEnable(gl.GL_BLEND)
            gl.glBlendFunc(gl.GL_ONE, gl.GL_ONE_MINUS_SRC_ALPHA)
        elif fade < 1:  # blended with zero: in the shader it costs a tenth more with OpenGL on the processor
            gl.glEnable(gl.GL_BLEND)
            gl.glBlendColor(fade, fade, fade, 1.0)
            gl.glBlendFunc(gl.GL_CONSTANT_COLOR, gl.GL_ZERO)
        else:
            gl.glDisable(gl.GL_BLEND)
        gl.glUseProgram(self._plain)
        if self._turned is None or not np.array_equal(turn, self._turned):
            _matrix(self._turn, turn)
            self._turned = turn
        self._fill(texture, where)

    def draw_mapped(
        self, texture: "Texture", back: Matrix, edges: NDArray[np.float64], size: tuple[int, int], fade: float = 1.0
    ) -> None:
        """Draw a texture through `placement.mapping` into a cleared window of `size` (across, down)."""
        made = self._other("mapped", PLAIN, MAPPED)
        gl.glColorMask(True, True, True, False)
        gl.glDisable(gl.GL_BLEND)
        gl.glUseProgram(made)
        _matrix(gl.glGetUniformLocation(made, b"back"), back)
        gl.glUniform3fv(gl.glGetUniformLocation(made, b"edges"), 4, _floats(np.ascontiguousarray(edges, np.float32)))
        gl.glUniform1f(gl.glGetUniformLocation(made, b"fade"), fade)
        self._fill(texture, (0, 0, *size))

    def draw_lines(self, lines: NDArray[np.float32], size: tuple[int, int]) -> None:
        """Draw lines over what is there, in this order.

        Args:
            lines: [N, 9] of x0, y0, x1, y1 (pixels, y from the top), half the width, and red, green, blue, alpha
                (0..1).
            size: (width, height) of the window in pixels.
        """
        made = self._other("lines", LINE, INK)
        if self._lines is None:
            self._lines = gl.GLuint(), gl.GLuint()
            gl.glGenVertexArrays(1, ctypes.byref(self._lines[0]))
            gl.glGenBuffers(1, ctypes.byref(self._lines[1]))
        array, store = self._lines
        gl.glColorMask(True, True, True, False)
        gl.glEnable(gl.GL_BLEND)
        gl.glBlendFunc(gl.GL_ONE, gl.GL_ONE_MINUS_SRC_ALPHA)
        gl.glUseProgram(made)
        gl.glUniform2f(gl.glGetUniformLocation(made, b"size"), *map(float, size))
        gl.glViewport(0, 0, *size)
        gl.glBindVertexArray(array)
        gl.glBindBuffer(gl.GL_ARRAY_BUFFER, store)
        data = np.repeat(lines.astype(np.float32), 6, axis=0)
        gl.glBufferData(gl.GL_ARRAY_BUFFER, data.nbytes, data.ctypes.data, gl.GL_STREAM_DRAW)
        for place, (count, start) in enumerate(((4, 0), (1, 4), (4, 5))):
            gl.glEnableVertexAttribArray(place)
            gl.glVertexAttribPointer(place, count, gl.GL_FLOAT, False, data.strides[0], 4 * start)
        gl.glDrawArrays(gl.GL_TRIANGLES, 0, len(data))

    def _other(self, name: str, vertex: bytes, fragment: bytes) -> int:
        if name not in self._others:
            self._others[name] = program(vertex, fragment)
        return self._others[name]

    def _fill(self, texture: "Texture", where: tuple[int, int, int, int]) -> None:
        gl.glBindVertexArray(self._array)
        gl.glActiveTexture(gl.GL_TEXTURE0)  # pyglet binds its own now and then
        gl.glBindTexture(gl.GL_TEXTURE_2D, texture.name)
        gl.glViewport(*where)
        gl.glDrawArrays(gl.GL_TRIANGLES, 0, 3)


def _matrix(uniform: int, matrix: Matrix) -> None:
    gl.glUniformMatrix3fv(uniform, 1, True, _floats(np.ascontiguousarray(matrix, np.float32)))


def _floats(array: NDArray[np.float32]) -> Any:
    return array.ctypes.data_as(ctypes.POINTER(gl.GLfloat))


class Texture:
    """One RGBA8 texture.

    Attributes:
        name: OpenGL's name of it.
        size: (width, height) of its picture in pixels; None while it has none.
        opaque: Whether its picture is known to be opaque.
    """

    def __init__(self) -> None:
        self.name = gl.GLuint()
        self.size: tuple[int, int] | None = None
        self.opaque = False
        self._picture: Pixels | Picture | None = None  # the one that it holds
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

    def put(self, picture: Pixels | Picture) -> None:
        """Hold this picture. One in CUDA memory is copied within the card if that works, else from the host."""
        if picture is self._picture:  # a frame that repeats
            return
        height, width = picture.shape[:2]
        if self.size != (width, height):
            self._cuda.close()
            gl.glBindTexture(gl.GL_TEXTURE_2D, self.name)
            kind = (gl.GL_RGBA, gl.GL_UNSIGNED_BYTE)
            gl.glTexImage2D(gl.GL_TEXTURE_2D, 0, gl.GL_RGBA8, width, height, 0, *kind, None)
            self.size = (width, height)
        self.opaque = False
        if not self._cuda.copy(picture, self):
            pixels = picture if isinstance(picture, np.ndarray) else picture.pixels()
            self.upload(pixels)
            self.opaque = alpha.opaque(pixels)
        self._picture = picture

    def upload(self, pixels: Pixels, x: int = 0, y: int = 0) -> None:
        """Copy pixels from the host's memory, with their top left corner at x, y."""
        pixels = np.ascontiguousarray(pixels)
        gl.glBindTexture(gl.GL_TEXTURE_2D, self.name)
        kind = (gl.GL_RGBA, gl.GL_UNSIGNED_BYTE, pixels.ctypes.data)
        gl.glTexSubImage2D(gl.GL_TEXTURE_2D, 0, x, y, pixels.shape[1], pixels.shape[0], *kind)

    def read(self) -> Pixels:
        """Read its picture back, uint8 [H, W, 4]; waits for the graphics card."""
        width, height = self.size or (0, 0)
        pixels = np.empty((height, width, 4), np.uint8)
        gl.glBindTexture(gl.GL_TEXTURE_2D, self.name)
        gl.glGetTexImage(gl.GL_TEXTURE_2D, 0, gl.GL_RGBA, gl.GL_UNSIGNED_BYTE, pixels.ctypes.data)
        return pixels

    def close(self) -> None:
        """Release it from CUDA. The texture itself is deleted with its context."""
        self._cuda.close()
