"""A fragment shader drawn over a whole texture; scaling, mixing and finishing are made of these."""

import contextlib
from collections.abc import Iterator, Mapping

import moderngl

from livedream.look.render_target import RenderTarget

VERTEX = """#version 330
out vec2 at;
void main() {
    at = vec2(float(gl_VertexID & 1), float(gl_VertexID >> 1));
    gl_Position = vec4(at * 2.0 - 1.0, 0.0, 1.0);
}"""
COPY = """
uniform sampler2D image;
in vec2 at;
out vec4 colour;
void main() { colour = texture(image, at); }
"""
ALPHA = """
vec4 weighed(vec4 c) { return vec4(c.rgb * c.a, c.a); }  // straight alpha to premultiplied, and back
vec4 straight(vec4 c) { return vec4(c.a > 0.001 ? c.rgb / c.a : vec3(0.0), c.a); }
"""
SCISSOR_TEST = 0x0C11  # GL_SCISSOR_TEST, for which moderngl has no name


class FullscreenPass:
    """A program that fills a render target.

    Args:
        context: the OpenGL context, current in the calling thread.
        fragment: GLSL without its version; it may have `in vec2 at`, 0..1 from the bottom left.
    """

    def __init__(self, context: moderngl.Context, fragment: str) -> None:
        self._program = context.program(vertex_shader=VERTEX, fragment_shader="#version 330\n" + fragment)
        self._array = context.vertex_array(self._program, [])
        linear, nearest = moderngl.LINEAR, moderngl.NEAREST
        self._smooth = context.sampler(repeat_x=False, repeat_y=False, filter=(linear, linear))
        self._exact = context.sampler(repeat_x=False, repeat_y=False, filter=(nearest, nearest))

    def draw(
        self, target: RenderTarget, size: tuple[int, int], uniforms: Mapping[str, object], smooth: bool = True
    ) -> moderngl.Texture:
        """Draw over the whole of `target`, resized to `size`, and return its texture.

        Args:
            target: where to.
            size: (width, height) in pixels.
            uniforms: textures and numbers by their names in the shader; names that it does not use are ignored.
            smooth: whether textures are interpolated between their pixels.
        """
        target.resize(size)
        target.back.use()
        units = 0
        sampler = self._smooth if smooth else self._exact
        for name, value in uniforms.items():
            if name not in self._program:
                continue
            if isinstance(value, moderngl.Texture):
                value.use(units)
                sampler.use(units)
                value, units = units, units + 1
            self._program[name] = value
        self._array.render(moderngl.TRIANGLE_STRIP, vertices=4)
        for unit in range(units):
            sampler.clear(unit)
        return target.front

    def release(self) -> None:
        """Free the program."""
        for each in (self._array, self._program, self._smooth, self._exact):
            each.release()


@contextlib.contextmanager
def drawing(context: moderngl.Context) -> Iterator[None]:
    """Draw without blending, depth, culling and scissors; the framebuffer in use before is in use again afterwards.

    That is not only polite: moderngl returns to the one in use, which must not be a released one.
    """
    before = context.fbo
    if before is None or isinstance(before.mglo, moderngl.InvalidObject):  # none yet, or one released since
        before = context.detect_framebuffer(0)
    context.disable(moderngl.BLEND | moderngl.DEPTH_TEST | moderngl.CULL_FACE)
    context.disable_direct(SCISSOR_TEST)
    try:
        yield
    finally:
        before.use()
