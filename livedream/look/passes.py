"""A fragment shader drawn over a whole texture: what scaling and finishing are made of."""

import contextlib
from collections.abc import Iterator

import moderngl

from livedream.look.isf import COPY, Target

VERTEX = COPY[0]
ALPHA = """
vec4 weighed(vec4 c) { return vec4(c.rgb * c.a, c.a); }  // straight alpha to premultiplied, and back
vec4 straight(vec4 c) { return vec4(c.a > 0.001 ? c.rgb / c.a : vec3(0.0), c.a); }
"""


class Pass:
    """`fragment`: GLSL without its version; it may have `in vec2 at`, 0..1 from the bottom left."""

    def __init__(self, context: moderngl.Context, fragment: str):
        self._program = context.program(vertex_shader=VERTEX, fragment_shader="#version 330\n" + fragment)
        self._array = context.vertex_array(self._program, [])
        edges = {"repeat_x": False, "repeat_y": False}
        self._smooth = context.sampler(filter=(moderngl.LINEAR,) * 2, **edges)
        self._exact = context.sampler(filter=(moderngl.NEAREST,) * 2, **edges)

    def draw(self, target: Target, size: tuple[int, int], smooth: bool = True, **given) -> moderngl.Texture:
        """Draw over the whole of `target`, brought to `size`; textures and numbers by their names in the shader.
        Textures are read between their pixels where `smooth`. What the shader does not use is left out."""
        target.fit(size)
        target.drawn.use()
        units = 0
        sampler = self._smooth if smooth else self._exact
        for name, value in given.items():
            if name not in self._program:
                continue
            if isinstance(value, moderngl.Texture):
                value.use(units)
                sampler.use(units)
                value, units = units, units + 1
            self._program[name].value = value
        self._array.render(moderngl.TRIANGLE_STRIP, vertices=4)
        for unit in range(units):
            sampler.clear(unit)
        return target.front

    def release(self) -> None:
        for each in (self._array, self._program, self._smooth, self._exact):
            each.release()


@contextlib.contextmanager
def drawing(context: moderngl.Context) -> Iterator[None]:
    """Nothing blended, hidden or cut off; the framebuffer in use before is in use again afterwards."""
    before = context.fbo
    if before is None or isinstance(before.mglo, moderngl.InvalidObject):  # none yet, or one released since
        before = context.detect_framebuffer(0)
    context.disable(moderngl.BLEND | moderngl.DEPTH_TEST | moderngl.CULL_FACE)
    context.disable_direct(0x0C11)  # GL_SCISSOR_TEST
    try:
        yield
    finally:
        before.use()
