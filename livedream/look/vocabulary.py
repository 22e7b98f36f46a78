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
    "mm_FragNormCoord": "isf_FragNormCoord",
    "CLOCK_TIME": "TIME",
    "sampler2DRect": "sampler2D",
    "texture2D": "isf_texture2D",
    "texture2DRect": "isf_texture2DRect",
    "texture2DLod": "isf_texture2DLod",
    "texture2DLodEXT": "isf_texture2DLod",
    "texture2DProj": "isf_texture2DProj",
    "texture2DGradEXT": "isf_texture2DGrad",
    "texture2DGradARB": "isf_texture2DGrad",
    "texture2DGrad": "isf_texture2DGrad",
    "textureCube": "isf_textureCube",
    "textureCubeLod": "isf_textureCubeLod",
    "textureCubeLodEXT": "isf_textureCubeLod",
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
# Words of the language that are words only where something follows that tells so; elsewhere they can be names.
SOMETIMES = _names("switch case default layout uint")
# Functions that a shader can call although one of its inputs has their name.
FUNCTIONS = builtin_functions.NAMES | _names(
    "IMG_PIXEL IMG_NORM_PIXEL IMG_THIS_PIXEL IMG_THIS_NORM_PIXEL IMG_NORM_THIS_PIXEL IMG_SIZE texture2D texture2DRect "
    "texture2DLod texture2DLodEXT texture2DProj texture2DGradEXT texture2DGradARB texture2DGrad textureCube "
    "textureCubeLod textureCubeLodEXT ftransform vv_vertShaderInit isf_vertShaderInit FX_NORM_PIXEL FX_PIXEL "
    "FX_IMG_SIZE textureSize textureProj textureLod textureOffset texelFetch texelFetchOffset textureGrad dFdx dFdy "
    "fwidth cross transpose inverse determinant outerProduct matrixCompMult roundEven modf isnan isinf lessThan "
    "lessThanEqual greaterThan greaterThanEqual equal notEqual any all not floatBitsToInt floatBitsToUint "
    "intBitsToFloat uintBitsToFloat asinh acosh atanh noise1 noise2 noise3 noise4 main"
)
VARIABLES = DECLARED | {"mm_SurfaceCoord", "VERTEXDATA"}

# GLSL types by ISF type, for inputs that are numbers.
TYPES = {
    "event": "bool",
    "bool": "bool",
    "long": "int",
    "float": "float",
    "point2D": "vec2",
    "point3D": "vec3",
    "color": "vec4",
}


def readable(name: str) -> bool:
    """Tell whether a shader can read an input of this name at all: a word of the language cannot be one."""
    return not name.startswith("gl_") and name not in KEYWORDS - SOMETIMES - {"main"}


def shader_name(name: str) -> str:
    """Return the name that an input or buffer has in the translated shader: one that means nothing else there."""
    own = RESERVED | INTERPOLATION | FUNCTIONS | VARIABLES | SOMETIMES | SAME.keys()
    return f"isf_name_{name}" if name in own or name.startswith("isf_") or "__" in name else name
