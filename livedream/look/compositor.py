"""The decks' pictures mixed and taken through the chain of looks, by OpenGL.

A Compositor belongs to the thread that made it. Pictures come with their top row first and leave so; in between, as in
OpenGL, the bottom row is the first.
"""

import datetime
import logging
from collections.abc import Sequence

import moderngl
import numpy as np

from livedream import UserError
from livedream.look import audio_texture as sound
from livedream.look import context
from livedream.look.chain import Chain, Slot, share, values
from livedream.look.finish import Finish
from livedream.look.isf import Look, Target
from livedream.look.passes import Pass, drawing
from livedream.look.upscale import Upscaler
from livedream.parameters import MODES, UPSCALERS, Snapshot

log = logging.getLogger("livedream.look")

DAY = datetime.datetime(2000, 1, 1)  # on which every rendering begins, so that it can be made again
SOFTWARE = ("llvmpipe", "softpipe", "swiftshader", "swrast")

COPY = """
uniform sampler2D a;
uniform bool top_first;
in vec2 at;
out vec4 colour;
void main() { colour = texture(a, top_first ? vec2(at.x, 1.0 - at.y) : at); }"""

# Modes as in the W3C's Compositing and Blending Level 1, on pictures that need not be opaque; share of b.
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


class Compositor:
    """Draws frames of a show.

    chain: what is drawn over the pictures. audio: what looks hear. live: dates are the clock's; else the show's.

    behind: frames that a picture comes later than it was drawn: 1 on a card, whose pixels are fetched while it goes
    on, 0 where the processor draws.
    """

    def __init__(self, chain: Chain, audio: sound.Audio | None = None, live: bool = True):
        self.chain, self.audio, self.live = chain, audio or sound.Silence(), live
        self.gl = context.create()
        self.behind = 0 if any(each in self.gl.info["GL_RENDERER"].lower() for each in SOFTWARE) else 1
        self._mixing, self._copying = Pass(self.gl, MIX), Pass(self.gl, COPY)
        self._sent: dict[int, moderngl.Texture] = {}  # the decks' pictures, by deck
        self._targets: dict[str, Target] = {}
        self._looks: dict[Slot, tuple[object, Look | None]] = {}  # what was compiled of each slot, and from what source
        self._coming: list[tuple[moderngl.Buffer, tuple[int, int]]] = []  # pixels on their way here, with their size
        self._upscaler: Upscaler | None = None
        self._finish: Finish | None = None
        self._last = -1  # number of the frame before

    def draw(
        self, pictures: Sequence[np.ndarray], snapshot: Snapshot, size: tuple[int, int], number: int, fps: float
    ) -> np.ndarray:
        """One frame: uint8 [H, W, 4] of `size` (width, height).

        pictures: the first deck's and, where there is one, the second's, uint8 [h, w, 4]. number, fps: the show's time.
        """
        decks = [self._send(deck, picture) for deck, picture in enumerate(pictures)]
        moment = number / fps
        clock = {
            "time": moment,
            "dt": max(0, number - self._last) / fps if self._last >= 0 else 0.0,
            "frame": number,
            "date": datetime.datetime.now() if self.live else DAY + datetime.timedelta(seconds=moment),
        }
        self._last = number
        shown = self._enlarged(decks, snapshot, size, clock)
        for slot in self.chain.slots:
            shown = self._through(slot, shown, snapshot, size, clock)
        self._forget()
        grain, dither = snapshot["master/grain"], snapshot["master/dither"]
        if grain > 0 or dither > 0:
            self._finish = self._finish or Finish(self.gl)
            shown = self._finish.draw(shown, grain, dither, number)
        return self._fetch(shown, size)

    def release(self) -> None:
        """Give everything back."""
        self.gl.release()

    def _send(self, deck: int, picture: np.ndarray) -> moderngl.Texture:
        height, width = picture.shape[:2]
        texture = self._sent.get(deck)
        if texture is None or texture.size != (width, height):
            if texture is not None:
                texture.release()
            texture = self._sent[deck] = self.gl.texture((width, height), 4)
        texture.write(np.ascontiguousarray(picture))
        return texture

    def _enlarged(self, decks: Sequence[moderngl.Texture], snapshot: Snapshot, size, clock) -> moderngl.Texture:
        """The decks as one picture of `size`."""
        kind = UPSCALERS[snapshot["master/upscale"]]
        if kind == "off" or size == decks[0].size:
            return self._mix(decks, snapshot, size, clock)
        if self._upscaler is None or self._upscaler.kind != kind:
            if self._upscaler is not None:
                self._upscaler.release()
            self._upscaler = Upscaler(self.gl, kind, dtype="f2")
        self._upscaler.sharpness = snapshot["master/sharpness"]
        return self._upscaler.draw(self._mix(decks, snapshot, decks[0].size, clock), size)

    def _mix(self, decks: Sequence[moderngl.Texture], snapshot: Snapshot, size, clock) -> moderngl.Texture:
        part, mode = (snapshot["mix/crossfade"], snapshot["mix/mode"]) if len(decks) > 1 else (0.0, 0)
        if mode < len(MODES):
            if 0 < part < 1 or (part and mode):
                return self._blend("mixed", *decks, part, size, mode=mode, top_first=True)
            return self._copy("mixed", decks[-1 if part else 0], size, top_first=True)
        ends = [self._copy(f"end {i}", each, size, top_first=True) for i, each in enumerate(decks)]
        look = self._look(slot := self.chain.transitions[mode - len(MODES)])
        if look is None:
            return ends[part > 0.5]
        given = {**values(slot, snapshot), "progress": part}
        return look.draw(size, given, images={"startImage": ends[0], "endImage": ends[1]}, **clock)

    def _blend(self, name: str, a, b, share: float, size, mode: int = 0, top_first: bool = False) -> moderngl.Texture:
        """`share` of b over a, into a texture of its own by `name`."""
        return self._drawn(self._mixing, name, size, a=a, b=b, share=share, mode=mode, top_first=top_first)

    def _copy(self, name: str, texture, size, top_first: bool = False) -> moderngl.Texture:
        """The same in another size, or turned, or in bytes."""
        return self._drawn(self._copying, name, size, a=texture, top_first=top_first)

    def _drawn(self, way: Pass, name: str, size, **given) -> moderngl.Texture:
        if name not in self._targets:
            self._targets[name] = Target(self.gl, "f1", 1)
        with drawing(self.gl):
            return way.draw(self._targets[name], size, **given)

    def _through(self, slot: Slot, shown: moderngl.Texture, snapshot: Snapshot, size, clock) -> moderngl.Texture:
        """The picture after one look."""
        wet, look = share(slot, snapshot), self._look(slot)
        if look is None or wet <= 0:
            return shown
        try:
            drawn = look.draw(size, values(slot, snapshot), images={"inputImage": shown}, **clock)
        except UserError as error:
            self._fault(slot, str(error))
            return shown
        if wet >= 1:
            return drawn
        return self._blend(f"wet {slot.name}", shown, drawn, wet, size)

    def _look(self, slot: Slot) -> Look | None:
        """The slot's look as its file is now; while that does not compile, as it was last."""
        compiled, look = self._looks.get(slot, (None, None))
        if compiled is slot.source:
            return look
        try:
            fresh = Look(self.gl, slot.source, self.audio)
        except UserError as error:
            self._fault(slot, str(error))
        else:
            if look is not None:
                look.release()
            look, slot.error = fresh, None
        self._looks[slot] = slot.source, look
        return look

    def _fault(self, slot: Slot, error: str) -> None:
        if error != slot.error:
            log.warning("look %s: %s", slot.name, error)
        slot.error = error

    def _forget(self) -> None:
        """Give back the looks that are in the chain no more."""
        kept = (*self.chain.slots, *self.chain.transitions)
        for slot in [each for each in self._looks if each not in kept]:
            _, look = self._looks.pop(slot)
            if look is not None:
                look.release()
            gone = self._targets.pop(f"wet {slot.name}", None)
            if gone is not None:
                gone.release()

    def _fetch(self, shown: moderngl.Texture, size: tuple[int, int]) -> np.ndarray:
        """The picture's pixels; on a card those of the frame before, which have arrived by now."""
        if not self.behind:  # the processor turns a picture faster than it draws one
            if shown.dtype != "f1":
                shown = self._copy("bytes", shown, size)
            return np.ascontiguousarray(_picture(shown.read(alignment=1), size)[::-1])
        self._copy("turned", shown, size, top_first=True)
        buffer = self.gl.buffer(reserve=4 * size[0] * size[1])
        self._targets["turned"].drawn.read_into(buffer, components=4, alignment=1)
        self._coming.append((buffer, size))
        buffer, size = self._coming[0]
        picture = _picture(buffer.read(), size)
        if len(self._coming) > self.behind:  # else this is the first one, which is shown twice
            self._coming.pop(0)
            buffer.release()
        return picture


def _picture(data: bytes, size: tuple[int, int]) -> np.ndarray:
    return np.frombuffer(data, np.uint8).reshape(size[1], size[0], 4)
