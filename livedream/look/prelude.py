"""GLSL put in front of every translated shader: uniforms, ISF's functions, and main().

ISF's macros are functions here, overloaded on sampler2D: a shader can call them with a sampler that its own function
was given, inside its own macros, and before or after it redefines texture().
"""

LINE = 100001  # line number at which the prelude starts, so that a message from it is not taken for the file's

UNIFORMS = """\
uniform int PASSINDEX;
uniform vec2 RENDERSIZE;
uniform float TIME;
uniform float TIMEDELTA;
uniform vec4 DATE;
uniform int FRAMEINDEX;
const mat4 isf_identity = mat4(1.0);
const vec4 isf_white = vec4(1.0);
"""
SAMPLING = """\
vec2 IMG_SIZE(sampler2D image) { return vec2(textureSize(image, 0)); }
vec4 IMG_NORM_PIXEL(sampler2D image, vec2 at) { return texture(image, at); }
vec4 IMG_PIXEL(sampler2D image, vec2 at) { return texture(image, at / vec2(textureSize(image, 0))); }
vec4 isf_texture2D(sampler2D image, vec2 at) { return texture(image, at); }
vec4 isf_texture2DRect(sampler2D image, vec2 at) { return texture(image, at / vec2(textureSize(image, 0))); }
vec4 isf_texture2DLod(sampler2D image, vec2 at, float lod) { return textureLod(image, at, lod); }
vec4 isf_texture2DProj(sampler2D image, vec3 at) { return textureProj(image, at); }
vec4 isf_texture2DProj(sampler2D image, vec4 at) { return textureProj(image, at); }
vec4 isf_texture2DGrad(sampler2D image, vec2 at, vec2 x, vec2 y) { return textureGrad(image, at, x, y); }
vec4 IMG_NORM_PIXEL(samplerCube image, vec3 at) { return texture(image, at); }
vec4 IMG_PIXEL(samplerCube image, vec3 at) { return texture(image, at); }
vec2 IMG_SIZE(samplerCube image) { return vec2(textureSize(image, 0)); }
vec4 isf_textureCube(samplerCube image, vec3 at) { return texture(image, at); }
vec4 isf_textureCubeLod(samplerCube image, vec3 at, float lod) { return textureLod(image, at, lod); }
"""
BIASED = """\
vec4 IMG_NORM_PIXEL(sampler2D image, vec2 at, float bias) { return texture(image, at, bias); }
vec4 IMG_PIXEL(sampler2D image, vec2 at, float bias) { return texture(image, at / vec2(textureSize(image, 0)), bias); }
vec4 isf_texture2D(sampler2D image, vec2 at, float bias) { return texture(image, at, bias); }
vec4 isf_textureCube(samplerCube image, vec3 at, float bias) { return texture(image, at, bias); }
"""
# gl_FragCoord over RENDERSIZE rather than isf_FragNormCoord is right also where a vertex shader moves the corners. In
# an image as large as the picture this is the pixel itself, as the specification has it; other images are stretched.
FRAGMENT = """\
in vec2 isf_FragNormCoord;
in vec4 isf_frontColor;
layout(location = 0) out vec4 isf_FragColor;
#define isf_fragCoord (isf_FragNormCoord * RENDERSIZE)
vec4 IMG_THIS_PIXEL(sampler2D image) { return texture(image, gl_FragCoord.xy / RENDERSIZE); }
vec4 IMG_THIS_NORM_PIXEL(sampler2D image) { return texture(image, gl_FragCoord.xy / RENDERSIZE); }
void isf_main();
float isf_number(float x) { return isnan(x) ? 0.0 : clamp(x, -1e9, 1e9); }
"""
# NaN or infinity would stay in a persistent buffer for ever and spread.
FRAGMENT_MAIN = """\
void main() {
    isf_FragColor = vec4(0.0);
    isf_main();
    vec4 c = isf_FragColor;
    isf_FragColor = vec4(isf_number(c.r), isf_number(c.g), isf_number(c.b), isf_number(c.a));
}
"""
VERTEX = """\
out vec2 isf_FragNormCoord;
out vec4 isf_frontColor;
#define isf_corner vec2(float(gl_VertexID & 1), float(gl_VertexID >> 1))
#define isf_fragCoord (isf_FragNormCoord * RENDERSIZE)
#define VERTEXDATA vec4(isf_corner * RENDERSIZE, 0.0, 1.0)
#define isf_projection mat4(2.0 / RENDERSIZE.x, 0, 0, 0, 0, 2.0 / RENDERSIZE.y, 0, 0, 0, 0, -1, 0, -1, -1, 0, 1)
#define isf_MultiTexCoord0 vec4(isf_corner, 0.0, 1.0)
vec4 IMG_THIS_PIXEL(sampler2D image) { return texture(image, isf_corner); }
vec4 IMG_THIS_NORM_PIXEL(sampler2D image) { return texture(image, isf_corner); }
vec4 isf_ftransform() { return vec4(isf_corner * 2.0 - 1.0, 0.0, 1.0); }
void isf_vertShaderInit() { gl_Position = isf_ftransform(); isf_FragNormCoord = isf_corner; }
void isf_main();
"""
