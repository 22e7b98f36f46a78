"""The decks' pictures, mixed and drawn through the chain of looks by OpenGL.

A Compositor belongs to the thread that made it. Pictures enter and leave with their top row first; in between, as in
OpenGL, the bottom row is the first.
"""

import datetime
import logging
import time
from collections.abc import Sequence
from typing import TypedDict

import moderngl
import numpy as np

from livedream import UserError, one_line
from livedream.look import audio_texture, context
from livedream.look.chain import Chain, Slot, values, wetness
from livedream.look.finish import Finish
from livedream.look.fullscreen_pass import FullscreenPass, drawing
from livedream.look.isf import Look, Size
from livedream.look.render_target import RenderTarget
from livedream.look.source import Source
from livedream.look.upscale import Upscaler
from livedream.parameters import MODES, UPSCALERS, Snapshot
from livedream.picture import Pixels

log = logging.getLogger("livedream.look")

AGAIN = 1.0  # seconds until a look that could not be drawn is tried again
BYPASSED = "it is left out, the others are drawn"
DAY = datetime.datetime(2000, 1, 1)  # the date at which every rendering begins, so that it can be repeated
SOFTWARE = ("llvmpipe", "softpipe", "swiftshader", "swrast")

COPY = """
uniform sampler2D a;
uniform bool top_first;
in vec2 at;
out vec4 colour;
void main() { colour = texture(a, top_first ? vec2(at.x, 1.0 - at.y) : at); }"""

# Modes as in the W3C's Compositing and Blending Level 1, on pictures that need not be opaque; share: how much of b.
MIX = """
uniform sampler2D a, b;
uniform float share;
uniform int mode;
uniform bool top_first;
in vec2 at;
out vec4 colour;
void main() {
    vec2 there = top_first ? vec2(at.x, 1.0 - at.y) : at;
    vec4 below = texture(a, there), above = texture(b, there);
    vec3 both = above.rgb;
    if (mode == 1) both = min(below.rgb + above.rgb, 1.0);
    if (mode == 2) both = below.rgb + above.rgb - below.rgb * above.rgb;
    if (mode == 3) both = below.rgb * above.rgb;
    if (mode == 4) both = max(below.rgb, above.rgb);
    if (mode == 5) both = min(below.rgb, above.rgb);
    if (mode == 6) both = abs(below.rgb - above.rgb);
    colour = mix(below, vec4(both, above.a), share);
}"""


class Clock(TypedDict):
    """The time of a frame, as Look.draw takes it."""

    time: float
    dt: float
    frame: int
    date: datetime.datetime


class Compositor:
    """Draws frames of a show.

    Args:
        chain: the looks over the pictures.
        audio: the sound that looks react to; silence by default.
        live: whether dates are the clock's; else they begin at DAY.

    Attributes:
        behind: how many frames later than drawn a picture is returned: 1 on a graphics card, whose pixels are fetched
            while it draws the next, 0 where the processor draws.
    """

    def __init__(self, chain: Chain, audio: audio_texture.Audio | None = None, live: bool = True) -> None:
        self.chain, self.audio, self.live = chain, audio or audio_texture.Silence(), live
        self.gl = context.create()
        self.behind = 0 if any(each in self.gl.info["GL_RENDERER"].lower() for each in SOFTWARE) else 1
        self._mixing, self._copying = FullscreenPass(self.gl, MIX), FullscreenPass(self.gl, COPY)
        self._decks: dict[int, moderngl.Texture] = {}  # the decks' pictures, by number
        self._targets: dict[str, RenderTarget] = {}
        self._looks: dict[Slot, tuple[Source, Look | None]] = {}  # the compiled source and its result, by slot
        self._faults: dict[Slot, float] = {}  # looks that could not be drawn, and when they are tried again
        self._fetching: list[tuple[moderngl.Buffer, Size]] = []  # pixels on their way to the host, with their size
        self._upscaler: Upscaler | None = None
        self._finish: Finish | None = None
        self._last = -1  # the number of the frame before

    def draw(self, pictures: Sequence[Pixels], snapshot: Snapshot, size: Size, number: int, fps: float) -> Pixels:
        """Draw one frame and return it, uint8 [H, W, 4].

        Args:
            pictures: the first deck's and, if there is one, the second's, uint8 [h, w, 4].
            snapshot: the parameters' values on this frame.
            size: (width, height) in pixels.
            number: of the frame.
            fps: frames a second; number / fps is the show's time.
        """
        decks = [self._upload(deck, picture) for deck, picture in enumerate(pictures)]
        moment = number / fps
        clock: Clock = {
            "time": moment,
            "dt": max(0, number - self._last) / fps if self._last >= 0 else 0.0,
            "frame": number,
            "date": datetime.datetime.now() if self.live else DAY + datetime.timedelta(seconds=moment),
        }
        self._last = number
        self.gl.error  # noqa: B018 reading it clears what is no look's fault
        shown = self._scaled(decks, snapshot, size, clock)
        for slot in self.chain.slots:
            shown = self._with_look(slot, shown, snapshot, size, clock)
        self._release_removed()
        grain, dither = snapshot["master/grain"], snapshot["master/dither"]
        if grain > 0 or dither > 0:
            self._finish = self._finish or Finish(self.gl)
            shown = self._finish.draw(shown, grain, dither, number)
        return self._fetch(shown, size)

    def release(self) -> None:
        """Free everything on the card."""
        self.gl.release()

    def _upload(self, deck: int, picture: Pixels) -> moderngl.Texture:
        height, width = picture.shape[:2]
        texture = self._decks.get(deck)
        if texture is None or texture.size != (width, height):
            if texture is not None:
                texture.release()
            texture = self._decks[deck] = self.gl.texture((width, height), 4)
        texture.write(np.ascontiguousarray(picture))
        return texture

    def _scaled(
        self, decks: Sequence[moderngl.Texture], snapshot: Snapshot, size: Size, clock: Clock
    ) -> moderngl.Texture:
        """Return the decks as one picture of `size`."""
        kind = UPSCALERS[snapshot["master/upscale"]]
        if kind == "off" or size == decks[0].size:
            return self._mix(decks, snapshot, size, clock)
        if self._upscaler is None or self._upscaler.kind != kind:
            if self._upscaler is not None:
                self._upscaler.release()
            self._upscaler = Upscaler(self.gl, kind, dtype="f2")
        self._upscaler.sharpness = snapshot["master/sharpness"]
        return self._upscaler.draw(self._mix(decks, snapshot, decks[0].size, clock), size)

    def _mix(self, decks: Sequence[moderngl.Texture], snapshot: Snapshot, size: Size, clock: Clock) -> moderngl.Texture:
        """Return the decks mixed, by blending or by a transition."""
        part, mode = (snapshot["mix/crossfade"], snapshot["mix/mode"]) if len(decks) > 1 else (0.0, 0)
        if mode < len(MODES):
            if 0 < part < 1 or (part and mode):
                return self._blend("mixed", decks[0], decks[1], part, size, mode=mode, top_first=True)
            return self._copy("mixed", decks[-1 if part else 0], size, top_first=True)
        ends = [self._copy(f"end {i}", each, size, top_first=True) for i, each in enumerate(decks)]
        look = self._look(slot := self.chain.transitions[mode - len(MODES)])
        if look is None or self._resting(slot):
            return ends[part > 0.5]
        try:
            given = {**values(slot, snapshot), "progress": part}
            drawn = look.draw(size, given, images={"startImage": ends[0], "endImage": ends[1]}, **clock)
            return self._checked(slot, drawn)
        except Exception as error:
            self._fault(slot, error)
            return ends[part > 0.5]

    def _blend(
        self,
        name: str,
        a: moderngl.Texture,
        b: moderngl.Texture,
        share: float,
        size: Size,
        mode: int = 0,
        top_first: bool = False,
    ) -> moderngl.Texture:
        """Draw `share` of b over a into the target of this name."""
        return self._pass(self._mixing, name, size, a=a, b=b, share=share, mode=mode, top_first=top_first)

    def _copy(self, name: str, texture: moderngl.Texture, size: Size, top_first: bool = False) -> moderngl.Texture:
        """Draw a texture in another size, or upside down, or in bytes, into the target of this name."""
        return self._pass(self._copying, name, size, a=texture, top_first=top_first)

    def _pass(self, shader: FullscreenPass, name: str, size: Size, **uniforms: object) -> moderngl.Texture:
        if name not in self._targets:
            self._targets[name] = RenderTarget(self.gl, "f1", 1)
        with drawing(self.gl):
            return shader.draw(self._targets[name], size, uniforms)

    def _with_look(
        self, slot: Slot, shown: moderngl.Texture, snapshot: Snapshot, size: Size, clock: Clock
    ) -> moderngl.Texture:
        """Return the picture after one look."""
        wet, look = wetness(slot, snapshot), self._look(slot)
        if look is None or wet <= 0 or self._resting(slot):
            return shown
        try:
            drawn = look.draw(size, values(slot, snapshot), images={"inputImage": shown}, **clock)
            drawn = self._checked(slot, drawn)
        except Exception as error:  # whatever is wrong with this look, the others are drawn
            self._fault(slot, error)
            return shown
        if wet >= 1:
            return drawn
        return self._blend(f"wet {slot.name}", shown, drawn, wet, size)

    def _look(self, slot: Slot) -> Look | None:
        """Return the slot's look as its file is now, or, while that does not compile, as it was last."""
        compiled, look = self._looks.get(slot, (None, None))
        if compiled is slot.source:
            return look
        try:
            fresh = Look(self.gl, slot.source, self.audio)
        except Exception as error:  # it does not compile or link, or the card takes no more
            what = str(error) if isinstance(error, UserError) else one_line(error)
            if what != slot.error:
                log.warning("look %s: %s; %s", slot.name, what, "its last version goes on" if look else BYPASSED)
            slot.error = what
        else:
            if look is not None:
                look.release()
            look, slot.error = fresh, None
        self._faults.pop(slot, None)  # another file is tried at once
        self._looks[slot] = slot.source, look
        return look

    def _resting(self, slot: Slot) -> bool:
        """Tell whether a look that failed is left out for now: it is tried again every AGAIN seconds."""
        return self.live and time.monotonic() < self._faults.get(slot, 0.0)

    def _checked(self, slot: Slot, drawn: moderngl.Texture) -> moderngl.Texture:
        """Return what a look has drawn, unless OpenGL found an error in it. Raises RuntimeError."""
        if (error := self.gl.error) != "GL_NO_ERROR":
            raise RuntimeError(f"draws with the OpenGL error {error}")
        if slot.fault is not None:
            log.info("look %s: is drawn again", slot.name)
            slot.fault = None
            self._faults.pop(slot, None)
        return drawn

    def _fault(self, slot: Slot, error: Exception) -> None:
        """Leave a look out that could not be drawn; the log names it once."""
        what = str(error) if isinstance(error, UserError) else f"cannot be drawn: {one_line(error)}"
        if what != slot.fault:
            log.warning("look %s: %s; %s", slot.name, what, BYPASSED)
        slot.fault = what
        self._faults[slot] = time.monotonic() + AGAIN

    def _release_removed(self) -> None:
        """Free the looks that are no longer in the chain."""
        kept = (*self.chain.slots, *self.chain.transitions)
        for slot in [each for each in self._looks if each not in kept]:
            _, look = self._looks.pop(slot)
            self._faults.pop(slot, None)
            if look is not None:
                look.release()
            target = self._targets.pop(f"wet {slot.name}", None)
            if target is not None:
                target.release()

    def _fetch(self, shown: moderngl.Texture, size: Size) -> Pixels:
        """Return the picture's pixels; on a card those of the frame before, which have arrived by now."""
        if not self.behind:  # the processor flips a picture faster than it draws one
            if shown.dtype != "f1":
                shown = self._copy("bytes", shown, size)
            return np.ascontiguousarray(_picture(shown.read(alignment=1), size)[::-1])
        self._copy("flipped", shown, size, top_first=True)
        buffer = self.gl.buffer(reserve=4 * size[0] * size[1])
        self._targets["flipped"].back.read_into(buffer, components=4, alignment=1)
        self._fetching.append((buffer, size))
        buffer, size = self._fetching[0]
        picture = _picture(buffer.read(), size)
        if len(self._fetching) > self.behind:  # else this is the first one, which is returned twice
            self._fetching.pop(0)
            buffer.release()
        return picture


def _picture(data: bytes, size: Size) -> Pixels:
    return np.frombuffer(data, np.uint8).reshape(size[1], size[0], 4)
