"""Scale pictures from a dream's size to a projector's.

The kind "edge" follows the description of AMD FidelityFX Super Resolution 1.0 (Timothy Lottes, SIGGRAPH 2021, and the
GPUOpen documentation), in our own code: twelve pixels are weighted by a kernel that is stretched along the edge under
it and never leaves their range, then sharpening is as strong as it can be without passing black or white. Two things
differ, since dreams are enlarged four times and FSR stops at two:
- An edge's direction is that of the structure tensor (Förstner and Gülch, 1987), found once per pixel of the dream
  instead of once per pixel of the screen, and the kernel keeps its width across the edge: narrowed as in FSR it draws
  stairs into slopes. For the same reason the kernel's offset from its centre is corrected along the slope.
- Sharpening reaches as far as the picture was enlarged, and stays within the range of the pixels that it reads: in a
  dark sky every halo shows.

All of it works on sRGB values as they are, as FSR recommends: equal steps look alike there, so dark edges are treated
as bright ones are. Colours are weighted by alpha, so transparent pixels leave no fringe. As with all looks, textures
have their bottom row first and straight alpha.
"""

import moderngl

from livedream import UserError
from livedream.look.fullscreen_pass import ALPHA, COPY, FullscreenPass, drawing
from livedream.look.isf import Size
from livedream.look.render_target import RenderTarget

KINDS = ("edge", "lanczos", "bilinear", "nearest")
SHARPNESS = 0.5
REACH = 0.75  # pixels of the dream that sharpening reads to each side

# At every pixel of the dream the direction in which its surroundings change, as the doubled angle (so that opposite
# gradients agree and directions can be interpolated). Its length is 0 for a point or a plane and 1 for a straight edge.
# Gradients are Scharr's.
DIRECTION = """
uniform sampler2D image;
out vec4 found;
float light(ivec2 at) {
    vec4 c = texelFetch(image, clamp(at, ivec2(0), textureSize(image, 0) - 1), 0);
    return dot(c.rgb, vec3(0.25, 0.5, 0.25)) * c.a;
}
void main() {
    ivec2 here = ivec2(gl_FragCoord.xy);
    float l[25];
    for (int y = 0; y < 5; y++)
        for (int x = 0; x < 5; x++) l[y * 5 + x] = light(here + ivec2(x - 2, y - 2));
    vec3 tensor = vec3(0.0);
    for (int y = 1; y < 4; y++)
        for (int x = 1; x < 4; x++) {
            int k = y * 5 + x;
            vec2 slope = vec2(
                3.0 * (l[k - 4] - l[k - 6] + l[k + 6] - l[k + 4]) + 10.0 * (l[k + 1] - l[k - 1]),
                3.0 * (l[k + 4] - l[k - 6] + l[k + 6] - l[k - 4]) + 10.0 * (l[k + 5] - l[k - 5])) / 32.0;
            tensor += (x == 2 ? 1.0 : 0.5) * (y == 2 ? 1.0 : 0.5) * vec3(slope * slope, slope.x * slope.y);
        }
    // The last number is a slope of a hundredth: fainter ones are noise, whose direction means little.
    found = vec4(vec2(tensor.x - tensor.y, 2.0 * tensor.z) / (tensor.x + tensor.y + 1e-4), 0.0, 1.0);
}
"""

ENLARGE = (
    ALPHA
    + """
uniform sampler2D image;
uniform sampler2D directions;
in vec2 at;
out vec4 colour;
float weight(vec2 turned) {
    float d = min(dot(turned, turned), 4.0);
    float body = 0.4 * d - 1.0, window = 0.25 * d - 1.0;  // FSR's polynomial for Lanczos with two lobes
    return (1.5625 * body * body - 0.5625) * window * window;
}
// Written out: a loop, and an array for the inner four, cost software drivers dearly.
#define TAP(x, y) { \\
    c = weighed(texelFetch(image, clamp(first + ivec2(x, y), ivec2(0), last), 0)); \\
    vec2 away = vec2(x, y) - part; \\
    float w = weight(vec2(dot(away, across), dot(away, along))); \\
    sum += w * c; total += w; centre += w * away; \\
    low = min(low, c); high = max(high, c); }
void main() {
    ivec2 last = textureSize(image, 0) - 1;
    vec2 place = at * vec2(last + 1) - 0.5;
    vec2 part = fract(place);
    ivec2 first = ivec2(floor(place));

    vec2 twice = texture(directions, at).xy;
    float edge = min(length(twice), 1.0);
    float cosine = edge > 0.0 ? clamp(twice.x / edge, -1.0, 1.0) : 1.0;
    vec2 across = sqrt(vec2(0.5 + 0.5 * cosine, 0.5 - 0.5 * cosine)) * vec2(1.0, twice.y < 0.0 ? -1.0 : 1.0);
    vec2 along = vec2(-across.y, across.x) * (1.0 - 0.5 * edge);

    vec4 sum = vec4(0.0), low = vec4(1e9), high = vec4(-1e9), c;
    vec2 centre = vec2(0.0);
    float total = 0.0;
    TAP(0, 2) TAP(1, 2) TAP(-1, 1) TAP(2, 1) TAP(-1, 0) TAP(2, 0) TAP(0, -1) TAP(1, -1)
    TAP(0, 0) vec4 a = c;
    TAP(1, 0) vec4 b = c;
    TAP(0, 1) vec4 d = c;
    TAP(1, 1) vec4 e = c;
    vec4 to_right = mix(b - a, e - d, part.y), upwards = mix(d - a, e - b, part.x);
    centre = mix(centre, across * dot(across, centre), edge);
    sum -= to_right * centre.x + upwards * centre.y;
    colour = straight(clamp(sum / total, low, high));
}
"""
)

SHARPEN = """
uniform sampler2D image;
uniform vec2 reach;
uniform float sharpness;
in vec2 at;
out vec4 colour;
void main() {
    colour = texture(image, at);
    vec4 n = texture(image, at + vec2(0.0, reach.y)), s = texture(image, at - vec2(0.0, reach.y));
    vec4 e = texture(image, at + vec2(reach.x, 0.0)), w = texture(image, at - vec2(reach.x, 0.0));
    vec3 c = colour.rgb;
    n.rgb = mix(c, n.rgb, n.a); s.rgb = mix(c, s.rgb, s.a);  // what is transparent has no colour to differ in
    e.rgb = mix(c, e.rgb, e.a); w.rgb = mix(c, w.rgb, w.a);
    vec3 low = min(min(min(n.rgb, s.rgb), min(e.rgb, w.rgb)), c);
    vec3 high = max(max(max(n.rgb, s.rgb), max(e.rgb, w.rgb)), c);
    // As much of the neighbours can be taken away as leaves the darkest above 0 and the brightest below 1.
    vec3 room = min(low / (4.0 * high + 1e-5), (1.0 - high) / (4.0 - 4.0 * low + 1e-5));
    float taken = clamp(min(room.r, min(room.g, room.b)), 0.0, 0.1875) * sharpness;
    colour.rgb = clamp((c - taken * (n + s + e + w).rgb) / (1.0 - 4.0 * taken), low, high);
}
"""

# One axis at a time. If the picture becomes smaller, the kernel becomes wider by `shrunk`, so that nothing flickers.
LANCZOS = (
    ALPHA
    + """
uniform sampler2D image;
uniform ivec2 axis;
uniform float shrunk;
in vec2 at;
out vec4 colour;
float sinc(float x) { x *= 3.14159265; return abs(x) < 1e-4 ? 1.0 : sin(x) / x; }
void main() {
    ivec2 size = textureSize(image, 0), here = ivec2(at * vec2(size));
    float place = dot(at * vec2(size), vec2(axis)) - 0.5;
    int first = int(floor(place)), taps = int(ceil(3.0 * shrunk));
    vec4 sum = vec4(0.0);
    float total = 0.0;
    for (int k = 1 - taps; k <= taps; k++) {
        float x = (float(first + k) - place) / shrunk;
        if (abs(x) >= 3.0) continue;
        float weight = sinc(x) * sinc(x / 3.0);
        ivec2 one = here * (1 - axis) + (first + k) * axis;
        sum += weight * weighed(texelFetch(image, clamp(one, ivec2(0), size - 1), 0));
        total += weight;
    }
    colour = clamp(straight(sum / total), 0.0, 1.0);
}
"""
)

# Integers are exact: at integer ratios all pixels become squares of one size, and at other ratios none moves.
NEAREST = """
uniform sampler2D image;
uniform ivec2 wanted;
out vec4 colour;
void main() {
    colour = texelFetch(image, (2 * ivec2(gl_FragCoord.xy) + 1) * textureSize(image, 0) / (2 * wanted), 0);
}
"""


class Upscaler:
    """Scales pictures; it belongs to one context and its thread.

    Args:
        context: the OpenGL context, current in the calling thread.
        kind: one of KINDS.
        sharpness: 0..1, for "edge" only; 0 adds none to the kernel's own.
        dtype: of the pictures returned: "f1", or "f2", which keeps values between two levels for a dither.

    Raises:
        UserError: the kind is unknown.
    """

    def __init__(
        self, context: moderngl.Context, kind: str = "edge", sharpness: float = SHARPNESS, dtype: str = "f1"
    ) -> None:
        if kind not in KINDS:
            raise UserError(f"no upscaler called {kind!r}: one of {', '.join(KINDS)}")
        self.context, self.kind, self.sharpness = context, kind, sharpness
        sources = {"bilinear": (COPY,), "nearest": (NEAREST,), "lanczos": (LANCZOS,)}
        self._passes = [
            FullscreenPass(context, each) for each in sources.get(kind, (DIRECTION, ENLARGE, SHARPEN, LANCZOS))
        ]
        self._between = RenderTarget(context, "f2", 1)
        self._enlarged = RenderTarget(context, dtype, 1)
        self._drawn = RenderTarget(context, dtype, 1)

    def draw(self, texture: moderngl.Texture, size: Size) -> moderngl.Texture:
        """Return the picture at `size` (width, height), valid until the next draw, or `texture` if nothing is to do.

        A picture that becomes smaller in one direction is drawn by Lanczos instead of "edge".
        """
        size = max(int(size[0]), 1), max(int(size[1]), 1)
        larger = size[0] >= texture.width and size[1] >= texture.height
        if size == texture.size and not (self.kind == "edge" and self.sharpness > 0):
            return texture
        with drawing(self.context):
            if self.kind == "lanczos" or (self.kind == "edge" and not larger):
                return self._lanczos(texture, size)
            if self.kind == "edge":
                return self._edge(texture, size)
            return self._passes[0].draw(self._drawn, size, {"image": texture, "wanted": size})

    def _edge(self, texture: moderngl.Texture, size: Size) -> moderngl.Texture:
        direction, enlarge, sharpen, _ = self._passes
        if size != texture.size:
            directions = direction.draw(self._between, texture.size, {"image": texture})
            drawn = enlarge.draw(self._enlarged, size, {"image": texture, "directions": directions})
        else:
            drawn = texture
        sharpness = min(max(self.sharpness, 0.0), 1.0)
        if not sharpness:
            return drawn
        reach = tuple(max(REACH / old, 1 / new) for old, new in zip(texture.size, size, strict=True))
        return sharpen.draw(self._drawn, size, {"image": drawn, "reach": reach, "sharpness": sharpness})

    def _lanczos(self, texture: moderngl.Texture, size: Size) -> moderngl.Texture:
        lanczos = self._passes[-1]
        for axis, target in ((0, self._between), (1, self._drawn)):
            part = (size[0], texture.height) if axis == 0 else size
            shrunk = max(1.0, texture.size[axis] / size[axis])
            uniforms = {"image": texture, "axis": (1 - axis, axis), "shrunk": shrunk}
            texture = lanczos.draw(target, part, uniforms)
        return texture

    def release(self) -> None:
        """Free everything on the card."""
        for shader in self._passes:
            shader.release()
        for target in (self._between, self._enlarged, self._drawn):
            target.release()
