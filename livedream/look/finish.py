"""The last pass: film grain, dither and the master fade."""

import math

import moderngl
import numpy as np
from numpy.typing import NDArray

from livedream.look.fullscreen_pass import FullscreenPass, drawing
from livedream.look.render_target import RenderTarget
from livedream.picture import Pixels

TILE = 256  # pixels on a side of the grain and the dither; tiles lie side by side, shifted in every frame
GRAIN = 0.11  # standard deviation, of full scale, that grain = 1 has where it is strongest

Field = NDArray[np.float64]

# Grain is as in a print: silver and dyes lie in the dark and middle tones, clear film has none, and the three layers
# move mostly together. Dither of triangular density (Lipshitz, Wannamaker and Vanderkooy, 1992) makes the rounding's
# error the same at every level; it fades out within one level of black and white, so that black stays black.
FINISH = """
uniform sampler2D image;
uniform sampler2D grains;
uniform sampler2D blue;
uniform ivec4 moved;
uniform float grain;
uniform float dither;
uniform float fade;
in vec2 at;
out vec4 colour;
void main() {
    colour = texture(image, at);
    ivec2 here = ivec2(gl_FragCoord.xy), last = textureSize(blue, 0) - 1;  // of sides that are powers of two
    if (grain > 0.0) {
        float y = clamp(dot(colour.rgb, vec3(0.299, 0.587, 0.114)), 0.0, 1.0);
        vec3 one = texelFetch(grains, (here + moved.xy) & last, 0).rgb;
        vec3 other = texelFetch(grains, (here.yx * ivec2(1, -1) + moved.zw) & last, 0).rgb;
        colour.rgb += grain * sqrt(y) * (1.0 - 0.8 * y) * (one + other - 1.0);
    }
    colour.rgb = clamp(colour.rgb, 0.0, 1.0) * fade;
    if (dither > 0.0) {
        vec3 noise = dither * (texelFetch(blue, (here + moved.wx) & last, 0).rgb * 2.0 - 1.0);
        vec3 levels = colour.rgb * 255.0;
        colour.rgb = (levels + clamp(noise, -1.0, 1.0) * clamp(min(levels, 255.0 - levels), 0.0, 1.0)) / 255.0;
    }
}
"""


class Finish:
    """The last pass before 8 bits; it belongs to one context and its thread.

    Of pictures of more than 8 bits (Upscaler with dtype "f2") dither keeps values between two levels.
    """

    def __init__(self, context: moderngl.Context) -> None:
        self.context = context
        self._pass = FullscreenPass(context, FINISH)
        self._target = RenderTarget(context, "f1", 1)
        self._grains = context.texture((TILE, TILE), 4, grains().tobytes())
        self._blue = context.texture((TILE, TILE), 4, blue().tobytes())

    def draw(
        self, texture: moderngl.Texture, grain: float = 0.0, dither: float = 1.0, frame: int = 0, fade: float = 1.0
    ) -> moderngl.Texture:
        """Return the picture finished, a texture of 8 bits that is valid until the next draw; alpha stays as it is.

        Args:
            texture: the picture.
            grain: 0..1.
            dither: 0..1; 1 is triangular over two levels, as theory recommends.
            frame: the same number gives the same pixels.
            fade: 0 is black, 1 the whole picture.
        """
        grain, dither, fade = (min(max(each, 0.0), 1.0) for each in (grain, dither, fade))
        moved = np.random.Generator(np.random.Philox(key=int(frame) & 0xFFFFFFFF)).integers(0, TILE, 4)
        numbers = {"grain": 6 * GRAIN * grain / math.sqrt(2), "dither": dither, "fade": fade}
        with drawing(self.context):
            textures = {"image": texture, "grains": self._grains, "blue": self._blue}
            uniforms = {**textures, **numbers, "moved": tuple(moved.tolist())}
            return self._pass.draw(self._target, texture.size, uniforms, smooth=False)

    def release(self) -> None:
        """Free everything on the card."""
        for each in (self._pass, self._target, self._grains, self._blue):
            each.release()


def grains() -> Pixels:
    """Return a tile of grain, uint8 [TILE, TILE, 4]: each colour normal about 127.5, six standard deviations wide.

    It has clumps of about two pixels and little that is coarser or finer, as scanned film has; television noise is
    white.
    """
    random = np.random.Generator(np.random.Philox(key=1))
    waves = _waves()
    band = waves**0.5 * np.exp(-((waves / 0.22) ** 2))
    layers = _filtered(random.standard_normal((4, TILE, TILE)), band)
    mixed = 0.85 * layers[3] + 0.53 * layers[:3]  # noise common to the three layers, and noise of each layer
    return _rgba(np.clip(np.round(127.5 + mixed * 255 / 6), 0, 255))


def blue() -> Pixels:
    """Return a tile of blue noise of triangular density, uint8 [TILE, TILE, 4], shifted for each colour."""
    random = np.random.Generator(np.random.Philox(key=2))
    field = random.random((1, TILE, TILE))
    high = 1 - np.exp(-((_waves() / 0.3) ** 2))
    for _ in range(8):  # shapes the spectrum, then makes the density uniform again
        ranks = _filtered(field, high).ravel().argsort().argsort()
        field = ((ranks + 0.5) / ranks.size).reshape(field.shape)
    low = field < 0.5
    triangle = np.where(low, np.sqrt(field / 2), 1 - np.sqrt((1 - field) / 2))[0]
    return _rgba(np.round(255 * np.stack([np.roll(triangle, (k * 83, k * 139), (0, 1)) for k in range(3)])))


def _waves() -> Field:
    """Return the frequency, in cycles a pixel, of each term of rfft2."""
    waves: Field = np.hypot(np.fft.fftfreq(TILE)[:, None], np.fft.rfftfreq(TILE))
    return waves


def _filtered(fields: Field, gain: Field) -> Field:
    """Weight the spectrum of each field [TILE, TILE], and bring it to mean 0 and standard deviation 1."""
    filtered: Field = np.fft.irfft2(np.fft.rfft2(fields) * gain, (TILE, TILE))
    filtered -= filtered.mean((-2, -1), keepdims=True)
    filtered /= filtered.std((-2, -1), keepdims=True)
    return filtered


def _rgba(colours: Field) -> Pixels:
    return np.ascontiguousarray(np.dstack([*colours, np.full((TILE, TILE), 255)]).astype(np.uint8))
