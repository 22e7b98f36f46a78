"""A look ready to draw: the ISF host on OpenGL 3.3 core.

Every texture, given and made, has its bottom row first, as OpenGL and ISF have it; dreams have their top row first and
are flipped where they are uploaded. A look belongs to one context and to the thread in which that is current.
"""

import datetime
import math
from collections.abc import Mapping
from typing import Protocol, TypeVar

import moderngl
import numpy as np

from livedream import UserError
from livedream.look import audio_texture, compiler_log, glsl, images
from livedream.look.fullscreen_pass import COPY, FullscreenPass, drawing
from livedream.look.input_values import finite, side, uniform_value
from livedream.look.render_target import RenderTarget
from livedream.look.source import Input, Source, Value
from livedream.look.vocabulary import TYPES, shader_name

MAX_SIDE = 8192  # largest side of a buffer; the card may allow less
MEMORY = 1 << 30  # bytes of all buffers of one look
ROWS = 16  # channels of sound that a look gets at most
SOUND = ("audio", "audioFFT")

Size = tuple[int, int]


class _Releasable(Protocol):
    def release(self) -> object: ...


Resource = TypeVar("Resource", bound=_Releasable)


class Look:
    """A compiled look with its buffers.

    Args:
        context: the OpenGL context, current in the calling thread.
        source: the look.
        audio: the sound of audio inputs; silence by default.
        dtype: "f1" or "f2", of the picture that draw() returns, if the last pass draws into no buffer of its own.

    Raises:
        UserError: "PATH:LINE: what", if it does not compile.
    """

    def __init__(
        self,
        context: moderngl.Context,
        source: Source,
        audio: audio_texture.Audio | None = None,
        dtype: str = "f1",
    ) -> None:
        self.context, self.source = context, source
        self.audio = audio or audio_texture.Silence()
        self._resources: list[_Releasable] = []  # textures and everything else on the card
        try:
            self._build(dtype)
        except BaseException:
            self.release()
            raise

    @property
    def inputs(self) -> tuple[Input, ...]:
        """The inputs, in the file's order."""
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
        """Draw one frame and return its texture, which is the look's own and valid until the next draw.

        The texture is RGBA of 8 bits, or of the `dtype` asked for, or f32 from a last pass that is FLOAT. Blending,
        depth, culling and scissors are off afterwards; the framebuffer in use before is in use again.

        Args:
            size: (width, height) in pixels.
            values: by input name, as Input describes them; the default is taken where one is missing or no number.
                Events are True on the frame they fire.
            time: TIME in seconds.
            dt: TIMEDELTA in seconds.
            frame: FRAMEINDEX.
            date: DATE; None for the clock's.
            images: a texture for each image input; a missing one is transparent black.

        Raises:
            UserError: the buffers would be too large.
        """
        with drawing(self.context):
            return self._draw(size, values or {}, time, dt, frame, date or datetime.datetime.now(), images or {})

    def _draw(
        self,
        size: Size,
        given: Mapping[str, object],
        time: float,
        dt: float,
        frame: int,
        date: datetime.datetime,
        images: Mapping[str, moderngl.Texture],
    ) -> moderngl.Texture:
        width, height = (min(max(int(each), 1), self._side) for each in size)
        values = {each.name: uniform_value(each, given.get(each.name)) for each in self.inputs}
        sizes = self._sizes((width, height), values)
        for name, target in self._targets.items():
            target.resize(sizes[name], self._copy)
        self._update_sound()
        self._set_inputs(values, (width, height))
        self._set_generators(values, dt)
        self._set_clock(time, dt, frame, date)
        for name in self._images:
            self._bound[name] = images.get(name, self._black)
        for name, target in self._targets.items():
            self._bound[name] = target.front
        picture = self._draw_passes((width, height))
        for unit in range(len(self._units)):
            self._sampler.clear(unit)
        if picture.size != (width, height):
            self._picture.resize((width, height))
            self._copy(picture.front, self._picture)
            return self._picture.front
        return picture.front

    def _draw_passes(self, size: Size) -> RenderTarget:
        """Draw all passes and return the target of the last."""
        picture = self._picture
        for index, each in enumerate(self.source.passes):
            last = index == len(self.source.passes) - 1
            target = self._targets[each.target] if each.target else self._picture if last else self._scratch
            if each.target is None:
                target.resize(size)
            elif target.count == 1:  # read by later passes only, so it has no second texture
                self._bound[each.target] = self._black
            self._render(index, target)
            if each.target:
                target.swap()
                self._bound[each.target] = target.front
            picture = target
        return picture

    def reset(self) -> None:
        """Make all buffers transparent black, as when the look was new."""
        for target in self._targets.values():
            target.clear()

    def release(self) -> None:
        """Free everything on the card; the look cannot draw afterwards."""
        for each in reversed(self._resources):
            each.release()
        self._resources = []

    def _keep(self, resource: Resource) -> Resource:
        """Free this on release()."""
        self._resources.append(resource)
        return resource

    def _build(self, dtype: str) -> None:
        context, source = self.context, self.source
        self._side = min(MAX_SIDE, context.info["GL_MAX_TEXTURE_SIZE"])
        self._program = self._keep(_compile(context, source))
        members = ((name, self._program[name]) for name in self._program)
        self._uniforms = {name: each for name, each in members if isinstance(each, moderngl.Uniform)}
        self._array = self._keep(context.vertex_array(self._program, []))
        linear = (moderngl.LINEAR, moderngl.LINEAR)
        self._sampler = self._keep(context.sampler(repeat_x=False, repeat_y=False, filter=linear))
        self._black = self._keep(context.texture((1, 1), 4, b"\0\0\0\0"))
        self._copying: FullscreenPass | None = None
        self._images = [each.name for each in self.inputs if each.type == "image"]
        self._sounds: dict[str, moderngl.Texture | None] = {}
        self._sounds |= {each.name: None for each in self.inputs if each.type in SOUND}
        self._bound: dict[str, moderngl.Texture | moderngl.TextureCube] = {}
        self._generated = {each.name: 0.0 for each in source.generators}
        self._import_images()
        self._make_targets(dtype)
        self._assign_units()

    def _import_images(self) -> None:
        """Read the pictures that the shader reads; whether the others are there matters to nobody."""
        for name, each in self.source.imported.items():
            if shader_name(name) in self._uniforms:
                try:
                    self._bound[name] = self._keep(images.texture(self.context, each))
                except UserError as error:
                    what = f"the imported image {name!r}: {error}"
                    raise UserError(f"{self.source.path}:{each.line}: {what}") from None

    def _make_targets(self, dtype: str) -> None:
        context, source = self.context, self.source
        self._picture = self._keep(RenderTarget(context, dtype, 1))
        self._scratch = self._keep(RenderTarget(context, "f1", 1))  # for an earlier pass without a target; never read
        self._targets: dict[str, RenderTarget] = {}
        targets = [each.target for each in source.passes]
        for each in source.passes + source.idle:
            if each.target and each.target not in self._targets:
                same = [other for other in source.passes + source.idle if other.target == each.target]
                persistent = any(other.persistent for other in same)
                kind = "f4" if any(other.float for other in same) else "f1"
                count = 2 if persistent or targets.count(each.target) > 1 else 1
                self._targets[each.target] = self._keep(RenderTarget(context, kind, count, persistent))
        self._plan = {each.target: each for each in (*source.idle, *source.passes) if each.target}

    def _assign_units(self) -> None:
        context, source = self.context, self.source
        names = [*self._images, *self._sounds, *source.imported, *self._targets, *source.aliases]
        self._units: dict[str, int] = {}  # texture units by name, of the textures that the program reads
        for name in names:
            uniform = self._uniforms.get(shader_name(name))
            if uniform is not None:
                uniform.value = self._units[name] = len(self._units)
        if len(self._units) > (most := context.info["GL_MAX_TEXTURE_IMAGE_UNITS"]):
            raise UserError(f"{source.path}:1: reads {len(self._units)} images; this graphics card allows {most}")

    def _set(self, name: str, value: object) -> None:
        if name in self._uniforms:
            self._uniforms[name].value = value

    def _set_inputs(self, values: Mapping[str, Value | None], size: Size) -> None:
        for each in self.inputs:
            if each.type in TYPES:
                value = values[each.name]
                if each.pixels and isinstance(value, tuple):
                    value = (value[0] * size[0], value[1] * size[1])
                self._set(shader_name(each.name), value)

    def _set_generators(self, values: Mapping[str, Value | None], dt: float) -> None:
        for each in self.source.generators:
            number = finite(each.next(self._generated[each.name], {**values, **self._generated}, finite(dt)))
            self._generated[each.name] = number
            self._set(shader_name(each.name), number)

    def _set_clock(self, time: float, dt: float, frame: int, date: datetime.datetime) -> None:
        seconds = date.hour * 3600 + date.minute * 60 + date.second + date.microsecond / 1e6
        self._set("TIME", finite(time))
        self._set("TIMEDELTA", finite(dt))
        self._set("FRAMEINDEX", int(frame) & 0x7FFFFFFF)
        self._set("DATE", (float(date.year), float(date.month), float(date.day), seconds))

    def _sizes(self, size: Size, values: Mapping[str, Value | None]) -> dict[str, Size]:
        """Return the size of every buffer, from WIDTH and HEIGHT of this frame; UserError if they need too much."""
        numbers = {name: float(each) for name, each in values.items() if isinstance(each, (bool, int, float))}
        numbers |= {"WIDTH": float(size[0]), "HEIGHT": float(size[1])}  # the picture's, whatever inputs are called
        sizes = {}
        for name, each in self._plan.items():
            width, height = (each.value(numbers) if each else math.nan for each in (each.width, each.height))
            sizes[name] = side(width, size[0], self._side), side(height, size[1], self._side)
        total = sum(w * h * self._targets[name].pixel_bytes for name, (w, h) in sizes.items())
        if total > MEMORY:
            raise UserError(
                f"{self.source.path}:1: its buffers need {total >> 20} MB at {size[0]}x{size[1]}; "
                f"at most {MEMORY >> 20}"
            )
        return sizes

    def _update_sound(self) -> None:
        for each in self.inputs:
            if each.type not in SOUND or each.name not in self._units:
                continue
            count = None if each.high is None else int(finite(each.high))
            if each.type == "audio":
                sound = audio_texture.columns(self.audio.wave(), count) * 0.5 + 0.5
            else:
                sound = audio_texture.columns(self.audio.spectrum(), count)
            sound = np.ascontiguousarray(np.clip(sound[:ROWS], 0.0, 1.0), np.float32)
            texture = self._sounds[each.name]
            if texture is None or texture.size != sound.shape[::-1]:
                if texture is not None:
                    self._resources.remove(texture)
                    texture.release()
                texture = self._keep(self.context.texture(sound.shape[::-1], 1, dtype="f4"))
                texture.swizzle = "RRR1"
                self._sounds[each.name] = self._bound[each.name] = texture
            texture.write(sound.tobytes())

    def _render(self, index: int, target: RenderTarget) -> None:
        framebuffer = target.back
        framebuffer.use()
        if self._needs_clear:
            framebuffer.clear()
        self._set("PASSINDEX", index)
        self._set("RENDERSIZE", tuple(map(float, target.size)))
        for name, unit in self._units.items():
            self._bound.get(self.source.aliases.get(name, name), self._black).use(unit)
            self._sampler.use(unit)
        self._array.render(moderngl.TRIANGLE_STRIP, vertices=4)

    @property
    def _needs_clear(self) -> bool:
        """Whether to clear first: only a shader that leaves pixels out, by discard or its own corners, needs that."""
        return self.source.vertex is not None or "discard" in self.source.fragment

    def _copy(self, texture: moderngl.Texture, target: RenderTarget) -> None:
        """Draw a texture over all of `target`."""
        if self._copying is None:
            self._copying = self._keep(FullscreenPass(self.context, COPY))
        self._copying.draw(target, target.size, {"image": texture})
        target.swap()


def _compile(context: moderngl.Context, source: Source) -> moderngl.Program:
    vertex, fragment = glsl.programs(source)
    try:
        return context.program(vertex_shader=vertex, fragment_shader=fragment)
    except moderngl.Error as error:
        log = str(error)
    line, what = compiler_log.first_error(log)
    path = source.vertex_path if "vertex_shader" in log and source.vertex is not None else source.path
    raise UserError(f"{path}:{line or 1}: {what}")
