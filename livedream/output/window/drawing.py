"""Pictures on an OpenGL 3.3 context: textures, and the shaders that draw them. Needs the context to be current."""

import ctypes

import numpy as np
from pyglet import gl

from livedream.output.window.interop import CudaCopies
from livedream.picture import alpha
from livedream.picture.frame import Picture

AS_IT_IS = np.eye(3)

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
# The same over black. Where a processor draws, it takes a third longer.
OVER_BLACK = b"""#version 330 core
uniform sampler2D picture;
uniform float fade;
in vec2 at;
out vec4 colour;
void main() {
    vec4 there = texture(picture, at);
    colour = vec4(there.rgb * there.a * fade, 1.0);
}"""
# See placement.mapping. A pixel that an edge goes through shows as much of the picture as lies within.
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
# Lines with round ends, two triangles each: all of a window's pixels that a line of `radius` may touch.
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
    """An OpenGL program of these shaders. Raises RuntimeError when this OpenGL cannot compile it."""
    made = gl.glCreateProgram()
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
    """The shaders, made once for a context. Raises RuntimeError when this OpenGL cannot compile them."""

    def __init__(self):
        self._plain = program(PLAIN, PICTURE)
        self._turn = gl.glGetUniformLocation(self._plain, b"turn")
        self._turned = None
        self._others: dict[str, int] = {}  # made when they are first needed
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

    def draw(
        self,
        texture: "Texture",
        where: tuple[int, int, int, int],
        fade: float = 1.0,
        over: bool = False,
        turn: np.ndarray = AS_IT_IS,
    ) -> None:
        """Draw over black into (x, y, w, h), y from below. over: upon what is there, by the texture's (multiplied)
        alpha.

        turn: [3, 3], see `placement.turned`.
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
        elif fade < 1:  # by blending with nothing: in the shader it would cost a tenth more where a processor draws
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

    def draw_mapped(self, texture: "Texture", back: np.ndarray, edges: np.ndarray, size, fade: float = 1.0) -> None:
        """Draw through `placement.mapping` into a window of `size` (across, down), which was cleared."""
        made = self._other("mapped", PLAIN, MAPPED)
        gl.glColorMask(True, True, True, False)
        gl.glDisable(gl.GL_BLEND)
        gl.glUseProgram(made)
        _matrix(gl.glGetUniformLocation(made, b"back"), back)
        edges = np.ascontiguousarray(edges, np.float32)
        gl.glUniform3fv(gl.glGetUniformLocation(made, b"edges"), 4, _floats(edges))
        gl.glUniform1f(gl.glGetUniformLocation(made, b"fade"), fade)
        self._fill(texture, (0, 0, *size))

    def draw_lines(self, lines: np.ndarray, size: tuple[int, int]) -> None:
        """Draw lines over what is there: float32 [N, 9] of x0, y0, x1, y1 (pixels, y from above), half their width, and
        red, green, blue, alpha (0..1), in this order.
        """
        made = self._other("lines", LINE, INK)
        if "store" not in self._others:
            array, store = gl.GLuint(), gl.GLuint()
            gl.glGenVertexArrays(1, ctypes.byref(array))
            gl.glGenBuffers(1, ctypes.byref(store))
            self._others |= {"array": array, "store": store}
        gl.glColorMask(True, True, True, False)
        gl.glEnable(gl.GL_BLEND)
        gl.glBlendFunc(gl.GL_ONE, gl.GL_ONE_MINUS_SRC_ALPHA)
        gl.glUseProgram(made)
        gl.glUniform2f(gl.glGetUniformLocation(made, b"size"), *map(float, size))
        gl.glViewport(0, 0, *size)
        gl.glBindVertexArray(self._others["array"])
        gl.glBindBuffer(gl.GL_ARRAY_BUFFER, self._others["store"])
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
        gl.glActiveTexture(gl.GL_TEXTURE0)  # pyglet binds things of its own now and then
        gl.glBindTexture(gl.GL_TEXTURE_2D, texture.name)
        gl.glViewport(*where)
        gl.glDrawArrays(gl.GL_TRIANGLES, 0, 3)


def _matrix(uniform: int, matrix: np.ndarray) -> None:
    gl.glUniformMatrix3fv(uniform, 1, True, _floats(np.ascontiguousarray(matrix, np.float32)))


def _floats(array: np.ndarray):
    return array.ctypes.data_as(ctypes.POINTER(gl.GLfloat))


class Texture:
    """One RGBA8 texture. name: OpenGL's.  size: (width, height) of what it holds, None while that is nothing.

    opaque: nothing shines through what it holds; False too where nobody has looked.
    """

    def __init__(self):
        self.name = gl.GLuint()
        self.size: tuple[int, int] | None = None
        self.opaque = False
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
        self.opaque = False
        if not self._cuda.copy(picture, self):
            pixels = picture if isinstance(picture, np.ndarray) else picture.pixels()
            self.upload(pixels)
            self.opaque = alpha.opaque(pixels)
        self._held = picture

    def upload(self, pixels: np.ndarray, x: int = 0, y: int = 0) -> None:
        """Put pixels there from the host's memory, with their top left corner at x, y."""
        pixels = np.ascontiguousarray(pixels)
        gl.glBindTexture(gl.GL_TEXTURE_2D, self.name)
        kind = (gl.GL_RGBA, gl.GL_UNSIGNED_BYTE, pixels.ctypes.data)
        gl.glTexSubImage2D(gl.GL_TEXTURE_2D, 0, x, y, pixels.shape[1], pixels.shape[0], *kind)

    def read(self) -> np.ndarray:
        """What it holds, uint8 [H, W, 4]; waits for the graphics card."""
        pixels = np.empty((self.size[1], self.size[0], 4), np.uint8)
        gl.glBindTexture(gl.GL_TEXTURE_2D, self.name)
        gl.glGetTexImage(gl.GL_TEXTURE_2D, 0, gl.GL_RGBA, gl.GL_UNSIGNED_BYTE, pixels.ctypes.data)
        return pixels

    def close(self) -> None:
        """Let CUDA go of it; the texture itself goes with its context."""
        self._cuda.close()
