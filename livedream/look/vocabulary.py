"""Names of GLSL and ISF, and how those that mean something else in GLSL 3.30 are written there."""

from livedream.look import builtin_functions


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Names that shaders may use, and the translated shader's name for the same thing.
SAME = {
    "gl_FragColor": "isf_FragColor",
    "vv_FragNormCoord": "isf_FragNormCoord",
    "vv_vertShaderInit": "isf_vertShaderInit",
    "vv_fragCoord": "isf_fragCoord",
    "vv_FragCoord": "isf_fragCoord",
    "isf_FragCoord": "isf_fragCoord",
    "sampler2DRect": "sampler2D",
    "texture2D": "isf_texture2D",
    "texture2DRect": "isf_texture2DRect",
    "texture2DLod": "isf_texture2DLod",
    "texture2DLodEXT": "isf_texture2DLod",
    "texture2DProj": "isf_texture2DProj",
    "texture2DGradEXT": "isf_texture2DGrad",
    "texture2DGradARB": "isf_texture2DGrad",
    "texture2DGrad": "isf_texture2DGrad",
    "IMG_NORM_THIS_PIXEL": "IMG_THIS_NORM_PIXEL",
    "gl_Vertex": "VERTEXDATA",
    "gl_MultiTexCoord0": "isf_MultiTexCoord0",
    "gl_TexCoord": "isf_TexCoord",
    "gl_ModelViewProjectionMatrix": "isf_projection",
    "gl_ModelViewMatrix": "isf_identity",
    "gl_ProjectionMatrix": "isf_projection",
    "gl_Color": "isf_white",
    "gl_FrontColor": "isf_frontColor",
    "ftransform": "isf_ftransform",
    "main": "isf_main",
    "attribute": "in",
}
# Reserved by some GLSL from 1.30 to 4.60, and therefore renamed where a shader uses them as names.
RESERVED = _names(
    "common partition active asm class union enum typedef template this packed goto inline noinline volatile public "
    "static extern external interface long short half fixed unsigned superp input output hvec2 hvec3 hvec4 fvec2 fvec3 "
    "fvec4 dvec2 dvec3 dvec4 double sampler3DRect filter image1D image2D image3D imageCube iimage1D iimage2D sizeof "
    "cast namespace using row_major sample patch subroutine precise coherent restrict readonly writeonly resource "
    "atomic_uint shared buffer image2DRect imageBuffer samplerBuffer"
)
INTERPOLATION = frozenset(("smooth", "flat", "noperspective"))
STORAGE = frozenset(("in", "out", "varying", "centroid"))
QUALIFIERS = _names("const in out inout highp mediump lowp uniform varying attribute smooth flat centroid")
DECLARED = _names("PASSINDEX RENDERSIZE TIME TIMEDELTA DATE FRAMEINDEX isf_FragNormCoord isf_fragCoord isf_FragColor")
KEYWORDS = _names(
    "attribute const uniform varying break continue do for while if else in out inout float int void bool true false "
    "discard return mat2 mat3 mat4 vec2 vec3 vec4 ivec2 ivec3 ivec4 bvec2 bvec3 bvec4 sampler1D sampler2D sampler3D "
    "samplerCube struct lowp mediump highp precision main uint uvec2 uvec3 uvec4 layout switch case default"
)
# Names that an input or a buffer cannot have.
TAKEN = KEYWORDS | DECLARED | (SAME.keys() - RESERVED) | {"IMG_PIXEL", "IMG_NORM_PIXEL", "IMG_THIS_PIXEL", "IMG_SIZE"}

# GLSL types by ISF type, for inputs that are numbers.
TYPES = {"event": "bool", "bool": "bool", "long": "int", "float": "float", "point2D": "vec2", "color": "vec4"}


def shader_name(name: str) -> str:
    """Return the name that an input or buffer has in the translated shader."""
    return f"isf_name_{name}" if name in RESERVED | INTERPOLATION | builtin_functions.NAMES else name
