"""A look ready to draw: the ISF host on OpenGL 3.3 core.

Every texture, given and made, has its bottom row first, as OpenGL and ISF have it; dreams have their top row first and
are turned by whoever uploads them. A look belongs to one context and to the thread in which that is current.
"""

import datetime
import math
from collections.abc import Mapping

import moderngl
import numpy as np

from livedream import UserError
from livedream.look import audio_texture as sound
from livedream.look import glsl
from livedream.look import images as files
from livedream.look.header import Input, Source

SIDE = 8192  # of a buffer, or less where the card has less
MEMORY = 1 << 30  # bytes of all buffers of one look

COPY = (
    """#version 330
    out vec2 at;
    void main() {
        at = vec2(float(gl_VertexID & 1), float(gl_VertexID >> 1));
        gl_Position = vec4(at * 2.0 - 1.0, 0.0, 1.0);
    }""",
    """#version 330
    uniform sampler2D image;
    in vec2 at;
    out vec4 colour;
    void main() { colour = texture(image, at); }""",
)


class Look:
    """A compiled look with its buffers. Making one raises UserError "PATH:LINE: what" when it does not compile."""

    def __init__(self, context: moderngl.Context, source: Source, audio: sound.Audio | None = None, dtype: str = "f1"):
        """`audio`: what audio inputs hear, silence by default. `dtype` "f1" or "f2": of the picture that draw() gives,
        where the last pass draws into no buffer of its own."""
        self.context, self.source = context, source
        self.audio = audio or sound.Silence()
        self._made: list = []  # everything on the card, for release()
        try:
            self._build(dtype)
        except BaseException:
            self.release()
            raise

    @property
    def inputs(self) -> tuple[Input, ...]:
        return self.source.inputs

    @property
    def kind(self) -> str:
        """ "generator", "filter" or "transition"."""
        return self.source.kind

    def draw(
        self,
        size: tuple[int, int],
        values: Mapping[str, object] | None = None,
        time: float = 0.0,
        dt: float = 0.0,
        frame: int = 0,
        date: datetime.datetime | None = None,
        images: Mapping[str, moderngl.Texture] | None = None,
    ) -> moderngl.Texture:
        """Draw one frame and return it: a texture of `size` (width, height), RGBA of 8 bits, or of the `dtype` asked
        for, or f32 from a last pass that is FLOAT. It is the look's own, and good until the next draw.

        values: by input name, as Input describes them; what is missing or no number is the default. events are True on
        the frame they fire. time and dt: seconds; frame: FRAMEINDEX. images: a texture for each image input; what is
        missing is transparent black. date None: the clock's. Leaves blending, depth, culling and scissors
        off, and the framebuffer in use before. UserError when the buffers would be too large.
        """
        before = self.context.fbo
        if before is None or isinstance(before.mglo, moderngl.InvalidObject):  # none yet, or one released since
            before = self._screen
            before.use()
        try:
            return self._draw(size, values or {}, time, dt, frame, date or datetime.datetime.now(), images or {})
        finally:  # not only kind to the caller: moderngl goes back to the one in use, which must not be a released one
            before.use()

    def _draw(self, size, given: Mapping, time, dt, frame, date, images: Mapping) -> moderngl.Texture:
        width, height = (min(max(int(each), 1), self._side) for each in size)
        values = {each.name: _value(each, given.get(each.name)) for each in self.inputs}
        sizes = self._sizes((width, height), values)
        for name, target in self._targets.items():
            target.fit(sizes[name], self._scaled)
        self._listen()
        self._set_all(values, (width, height), time, dt, frame, date)
        for name in self._images:
            self._bound[name] = images.get(name, self._nothing)

        context = self.context
        context.disable(moderngl.BLEND | moderngl.DEPTH_TEST | moderngl.CULL_FACE)
        context.disable_direct(0x0C11)  # GL_SCISSOR_TEST
        for name, target in self._targets.items():
            self._bound[name] = target.front
        picture = self._picture
        for index, each in enumerate(self.source.passes):
            last = index == len(self.source.passes) - 1
            target = self._targets[each.target] if each.target else self._picture if last else self._scratch
            if each.target is None:
                target.fit((width, height))
            elif target.count == 1:  # read by later passes only, so it has no second texture
                self._bound[each.target] = self._nothing
            self._render(index, target)
            if each.target:
                target.swap()
                self._bound[each.target] = target.front
            picture = target
        for unit in range(len(self._units)):
            self._sampler.clear(unit)
        if picture.size != (width, height):
            self._picture.fit((width, height))
            self._scaled(picture.front, self._picture)
            return self._picture.front
        return picture.front

    def reset(self) -> None:
        """Empty all buffers, as when the look was new."""
        for target in self._targets.values():
            target.clear()

    def release(self) -> None:
        """Give back everything on the card. The look cannot draw afterwards."""
        for each in reversed(self._made):
            each.release()
        self._made = []

    def _keep(self, thing):
        self._made.append(thing)
        return thing

    def _build(self, dtype: str) -> None:
        context, source = self.context, self.source
        self._side = min(SIDE, context.info["GL_MAX_TEXTURE_SIZE"])
        self._program = self._keep(_compiled(context, source))
        parts = ((name, self._program[name]) for name in self._program)
        self._members = {name: each for name, each in parts if isinstance(each, moderngl.Uniform)}
        self._array = self._keep(context.vertex_array(self._program, []))
        self._sampler = self._keep(context.sampler(repeat_x=False, repeat_y=False, filter=(moderngl.LINEAR,) * 2))
        self._nothing = self._keep(context.texture((1, 1), 4, b"\0\0\0\0"))
        self._screen = context.detect_framebuffer(0)
        self._copier = None

        self._images = [each.name for each in self.inputs if each.type == "image"]
        self._sounds = {each.name: None for each in self.inputs if each.type in ("audio", "audioFFT")}
        self._bound: dict[str, moderngl.Texture] = {}
        for name, path in source.imported.items():
            try:
                pixels = files.read(path)
            except UserError as error:
                line = source.imported_lines.get(name, 1)
                raise UserError(f"{source.path}:{line}: the imported image {name!r}: {error}") from None
            self._bound[name] = self._keep(context.texture(pixels.shape[1::-1], 4, pixels.tobytes()))

        self._picture = self._keep(Target(context, dtype, 1))
        self._scratch = self._keep(Target(context, "f1", 1))  # of an earlier pass without a target, never read
        self._targets: dict[str, Target] = {}
        targets = [each.target for each in source.passes]
        for each in source.passes + source.idle:
            if each.target and each.target not in self._targets:
                same = [other for other in source.passes + source.idle if other.target == each.target]
                kept = any(other.persistent for other in same)
                float_ = any(other.float for other in same)
                count = 2 if kept or targets.count(each.target) > 1 else 1
                self._targets[each.target] = self._keep(Target(context, "f4" if float_ else "f1", count, kept))
        self._plan = {each.target: each for each in (*source.idle, *source.passes) if each.target}

        names = [*self._images, *self._sounds, *source.imported, *self._targets]
        self._units: dict[str, int] = {}  # textures that the program reads, each with its unit
        for name in names:
            member = self._members.get(glsl.shader_name(name))
            if member is not None:
                member.value = self._units[name] = len(self._units)
        if len(self._units) > (most := context.info["GL_MAX_TEXTURE_IMAGE_UNITS"]):
            raise UserError(f"{source.path}:1: reads {len(self._units)} images; this graphics card allows {most}")

    def _uniform(self, name: str, value) -> None:
        if name in self._members:
            self._members[name].value = value

    def _set_all(self, values: dict, size, time: float, dt: float, frame: int, date: datetime.datetime) -> None:
        for each in self.inputs:
            if each.name in values and each.type in glsl.TYPES:
                value = values[each.name]
                if each.pixels:
                    value = (value[0] * size[0], value[1] * size[1])
                self._uniform(glsl.shader_name(each.name), value)
        seconds = date.hour * 3600 + date.minute * 60 + date.second + date.microsecond / 1e6
        self._uniform("TIME", _finite(time))
        self._uniform("TIMEDELTA", _finite(dt))
        self._uniform("FRAMEINDEX", int(frame) & 0x7FFFFFFF)
        self._uniform("DATE", (float(date.year), float(date.month), float(date.day), seconds))

    def _sizes(self, size: tuple[int, int], values: dict) -> dict[str, tuple[int, int]]:
        """The size of every buffer, from its WIDTH and HEIGHT of this frame, within what the card and we allow."""
        numbers = {"WIDTH": float(size[0]), "HEIGHT": float(size[1])}
        numbers |= {name: float(each) for name, each in values.items() if isinstance(each, (bool, int, float))}
        sizes = {}
        for name, each in self._plan.items():
            sizes[name] = tuple(
                _length(expression.value(numbers) if expression else math.nan, whole, self._side)
                for expression, whole in ((each.width, size[0]), (each.height, size[1]))
            )
        total = sum(w * h * self._targets[name].bytes for name, (w, h) in sizes.items())
        if total > MEMORY:
            raise UserError(
                f"{self.source.path}:1: its buffers need {total >> 20} MB at {size[0]}x{size[1]}; "
                f"at most {MEMORY >> 20}"
            )
        return sizes

    def _listen(self) -> None:
        for each in self.inputs:
            if each.type not in ("audio", "audioFFT") or each.name not in self._units:
                continue
            if each.type == "audio":
                heard = sound.columns(self.audio.wave(), each.high) * 0.5 + 0.5
            else:
                heard = sound.columns(self.audio.spectrum(), each.high)
            heard = np.ascontiguousarray(np.clip(heard[:16], 0.0, 1.0), np.float32)
            texture = self._sounds[each.name]
            if texture is None or texture.size != heard.shape[::-1]:
                if texture is not None:
                    self._made.remove(texture)
                    texture.release()
                texture = self._keep(self.context.texture(heard.shape[::-1], 1, dtype="f4"))
                texture.swizzle = "RRR1"
                self._sounds[each.name] = self._bound[each.name] = texture
            texture.write(heard.tobytes())

    def _render(self, index: int, target: "Target") -> None:
        framebuffer = target.drawn
        framebuffer.use()
        if self._clears:
            framebuffer.clear()
        self._uniform("PASSINDEX", index)
        self._uniform("RENDERSIZE", tuple(map(float, target.size)))
        for name, unit in self._units.items():
            self._bound.get(name, self._nothing).use(unit)
            self._sampler.use(unit)
        self._array.render(moderngl.TRIANGLE_STRIP, vertices=4)

    @property
    def _clears(self) -> bool:
        """Only a shader that leaves pixels out, by discard or its own corners, needs an empty start."""
        return self.source.vertex is not None or "discard" in self.source.fragment

    def _scaled(self, texture: moderngl.Texture, target: "Target") -> None:
        """`texture` drawn over the whole of `target`."""
        if self._copier is None:
            program = self._keep(self.context.program(*COPY))
            self._copier = self._keep(self.context.vertex_array(program, []))
        target.drawn.use()
        texture.use(0)
        self._sampler.use(0)
        self._copier.render(moderngl.TRIANGLE_STRIP, vertices=4)
        self._sampler.clear(0)
        target.swap()


class Target:
    """A buffer on the card: one texture, or two where what was drawn last must be read while the next is drawn."""

    def __init__(self, context: moderngl.Context, dtype: str, count: int, kept: bool = False):
        self.context, self.dtype, self.count, self.kept = context, dtype, count, kept
        self.bytes = {"f1": 4, "f2": 8, "f4": 16}[dtype] * count
        self.size = (0, 0)
        self._pairs: list[tuple[moderngl.Texture, moderngl.Framebuffer]] = []  # the readable one first

    @property
    def front(self) -> moderngl.Texture:
        """What was drawn last."""
        return self._pairs[0][0]

    @property
    def drawn(self) -> moderngl.Framebuffer:
        """Where the next drawing goes."""
        return self._pairs[-1][1]

    def swap(self) -> None:
        self._pairs.reverse()

    def fit(self, size: tuple[int, int], scaled=None) -> None:
        """Have this size. What a kept buffer holds is scaled to it by `scaled(texture, self)`."""
        if size == self.size:
            return
        old, self._pairs, self.size = self._pairs, [], size
        for _ in range(self.count):
            texture = self.context.texture(size, 4, dtype=self.dtype)
            self._pairs.append((texture, self.context.framebuffer([texture])))
        self.clear()
        if old and self.kept and scaled:
            scaled(old[0][0], self)
        _release(old)

    def clear(self) -> None:
        for _, framebuffer in self._pairs:
            framebuffer.clear()

    def release(self) -> None:
        _release(self._pairs)
        self._pairs = []


def _release(pairs) -> None:
    for texture, framebuffer in pairs:
        framebuffer.release()
        texture.release()


def _compiled(context: moderngl.Context, source: Source) -> moderngl.Program:
    vertex, fragment = glsl.programs(source)
    try:
        return context.program(vertex_shader=vertex, fragment_shader=fragment)
    except moderngl.Error as error:
        log = str(error)
    line, what = glsl.complaint(log)
    path = source.vertex_path if "vertex_shader" in log and source.vertex is not None else source.path
    raise UserError(f"{path}:{line or 1}: {what}")


def _finite(value) -> float:
    try:
        value = float(value)
    except (TypeError, ValueError, OverflowError):
        return 0.0
    return value if abs(value) < 3e38 else 0.0  # beyond f32 is infinite too


def _value(each: Input, value):
    """A value as its uniform wants it; the default where it is no such number."""
    if each.default is None:
        return None
    try:
        if each.type in ("event", "bool"):
            return bool(each.default if value is None else value)
        if each.type == "long":
            return min(max(int(each.default if value is None else value), -(1 << 31)), (1 << 31) - 1)
        if each.type == "float":
            value = float(each.default if value is None else value)
            return value if abs(value) < 3e38 else each.default
        value = tuple(float(part) for part in (each.default if value is None else value))
        good = len(value) == len(each.default) and all(abs(part) < 3e38 for part in value)
        return value if good else each.default
    except (TypeError, ValueError, OverflowError):
        return each.default


def _length(value: float, whole: int, most: int) -> int:
    """A side of a buffer: 1..most; the picture's own where the arithmetic has no answer."""
    if math.isnan(value):
        return whole
    return int(min(max(value, 1.0), float(most)))
