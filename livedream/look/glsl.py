"""Shaders of ISF files, written for GLSL 1.10 to 3.30 and WebGL, put into GLSL 3.30 core.

The text is cut into tokens once; comments and line breaks stay where they are, so that the compiler's line numbers are
the file's own. In front of it goes a prelude with the uniforms of the look and ISF's functions. ISF's macros are
functions here, overloaded on sampler2D: they can then be called with a sampler that a shader's own function was given,
inside its own macros, and before or after it redefines texture().
"""

import re
from collections.abc import Iterable, Iterator

from livedream import UserError
from livedream.look import bounds, builtins, loops

PRELUDE = 100001  # line number at which the prelude starts, so that a message from it is not taken for the file's
NEAR = 300  # tokens looked through for the end of a list of parameters

TOKEN = re.compile(
    r"(?P<comment>//[^\n]*|/\*[\s\S]*?(?:\*/|\Z))"
    r"|(?P<gone>^[ \t]*\#[ \t]*(?:version|extension|line|include|pragma)\b[^\n]*)"
    r"|(?P<number>(?:0[xX][0-9a-fA-F]+|\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)(?:lf|LF|[fFuUlL])?)"
    r"|(?P<name>[A-Za-z_]\w*)"
    r"|(?P<space>\n|[^\S\n]+|\\\n)"
    r"|(?P<other>[^\n])",
    re.MULTILINE,
)


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Names that the shaders may use and their counterparts here.
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
# What an input or a buffer cannot be called.
TAKEN = KEYWORDS | DECLARED | (SAME.keys() - RESERVED) | {"IMG_PIXEL", "IMG_NORM_PIXEL", "IMG_THIS_PIXEL", "IMG_SIZE"}

TYPES = {"event": "bool", "bool": "bool", "long": "int", "float": "float", "point2D": "vec2", "color": "vec4"}

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
"""
BIASED = """\
vec4 IMG_NORM_PIXEL(sampler2D image, vec2 at, float bias) { return texture(image, at, bias); }
vec4 IMG_PIXEL(sampler2D image, vec2 at, float bias) { return texture(image, at / vec2(textureSize(image, 0)), bias); }
vec4 isf_texture2D(sampler2D image, vec2 at, float bias) { return texture(image, at, bias); }
"""
# gl_FragCoord over RENDERSIZE rather than isf_FragNormCoord: right also where a vertex shader moves the corners. For an
# image as large as the picture this is the pixel itself, as the specification has it; others are read as a whole.
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
# What is no number, or infinite, would stay in a persistent buffer for ever and spread.
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


class Token:
    """A piece of the text. `kind` is a group of TOKEN; `depth` counts the braces around it."""

    __slots__ = ("depth", "kind", "text")

    def __init__(self, kind: str, text: str):
        self.kind, self.text, self.depth = kind, text, 0


def tokens(text: str) -> list[Token]:
    """The text in pieces, none left out; characters beyond ASCII, which compilers refuse, become question marks."""
    text = re.sub(r"[^\x09\x0a\x20-\x7e]", "?", text.replace("\x0c", " ").replace("\x0b", " "))
    made = []
    depth = 0
    for match in TOKEN.finditer(text):
        token = Token(match.lastgroup, match.group())
        if token.kind == "gone":
            token.kind, token.text = "space", ""
        elif token.kind == "number":
            token.text = _literal(token.text)
        elif token.text == "}":
            depth = max(depth - 1, 0)
        token.depth = depth
        if token.text == "{":
            depth += 1
        made.append(token)
    return made


def _literal(text: str) -> str:
    """1f, which some compilers took, as 1.0; suffixes that 3.30 has not are dropped."""
    if text[:2].lower() == "0x":
        return text.rstrip("lL")
    if text[-1] in "fF":
        body = text.rstrip("lLfF")
        return body if any(each in body for each in ".eE") else body + ".0"
    return text.rstrip("lL")


def shader_name(name: str) -> str:
    """What an input or buffer of this name is called in the translated shader."""
    return f"isf_name_{name}" if name in RESERVED | INTERPOLATION | builtins.NAMES else name


def programs(source) -> tuple[str, str]:
    """The vertex and the fragment shader of a header.Source, ready to compile. UserError when one is beyond bounds."""
    images = [each.name for each in source.inputs if each.type not in TYPES]
    images += sorted({each.target for each in source.passes + source.idle if each.target})
    images += list(source.imported)
    scalars = {each.name: TYPES[each.type] for each in source.inputs if each.type in TYPES}
    fragment = tokens(source.fragment)
    vertex = tokens(source.vertex if source.vertex is not None else "void main() { isf_vertShaderInit(); }\n")
    for made, path in ((fragment, source.path), (vertex, source.vertex_path)):
        try:
            bounds.check(made)
        except bounds.TooMuch as error:
            line = sum(each.text.count("\n") for each in made[: error.token]) + 1
            raise UserError(f"{path}:{line}: {error}") from None

    missing = _varyings(fragment, ("varying", "in"))
    for name in _varyings(vertex, ("varying", "out")):
        missing.pop(name, None)
    declared = _uniforms(images, scalars, fragment + vertex)
    hidden = (scalars.keys() | set(images)) & builtins.NAMES
    texcoord = "vec4 isf_TexCoord[8];\n"
    uses_texcoord = any(each.text == "gl_TexCoord" for each in fragment + vertex)
    known = DECLARED | scalars.keys() | set(images)

    # Our functions first, where built-in names still mean what they should; then the inputs, which may hide some.
    front = "#version 330\n#extension GL_ARB_shading_language_420pack : enable\n"
    before, after = builtins.kept(_functions(vertex))
    vertex_text = front + f"#line {PRELUDE}\n" + UNIFORMS + before + SAMPLING + VERTEX + loops.COUNTER
    vertex_text += f"out {texcoord}" * uses_texcoord + "".join(f"out {t} {n}{a};\n" for n, (t, a) in missing.items())
    vertex_text += "void main() {\n    isf_frontColor = vec4(1.0);\n"
    vertex_text += "    isf_TexCoord[0] = isf_MultiTexCoord0;\n" * uses_texcoord
    vertex_text += "".join(map(_filled, missing, missing.values())) + "    isf_main();\n}\n" + after + declared
    vertex_text += "#line 1\n" + _translated(vertex, "vertex", known, hidden)

    before, after = builtins.kept(_functions(fragment))
    fragment_text = front + f"#line {PRELUDE}\n" + UNIFORMS + before + SAMPLING + BIASED + FRAGMENT + FRAGMENT_MAIN
    fragment_text += loops.COUNTER + f"in {texcoord}" * uses_texcoord + after + declared
    fragment_text += "#line 1\n" + _translated(fragment, "fragment", known, hidden)
    return vertex_text, fragment_text


def _uniforms(images: Iterable[str], scalars: dict[str, str], used: list[Token]) -> str:
    text = "".join(f"uniform {kind} {shader_name(name)};\n" for name, kind in scalars.items())
    words = {each.text for each in used if each.kind == "name"}
    for image in images:
        name = shader_name(image)
        text += f"uniform sampler2D {name};\n"
        for part, value in (  # names that other hosts declare, and a few shaders use
            ("imgSize", f"vec2(textureSize({name}, 0))"),
            ("imgRect", f"vec4(0.0, 0.0, textureSize({name}, 0))"),
            ("flip", "false"),
            ("texCoord", "isf_FragNormCoord"),
            ("normTexCoord", "isf_FragNormCoord"),
        ):
            if f"_{image}_{part}" in words:
                text += f"#define _{image}_{part} {value}\n"
    return text


def _filled(name: str, kind: tuple[str, str]) -> str:
    """A varying that no vertex shader writes: the fragment's own place, or nothing."""
    type_, array = kind
    value = "isf_corner" if type_ == "vec2" else f"{type_}(0)"
    if not array:
        return f"    {name} = {value};\n"
    count = re.search(r"\d+", array)
    return f"    for (int i = 0; i < {count.group()}; ++i) {name}[i] = {value};\n" if count else ""


def significant(made: list[Token], start: int, step: int = 1) -> int:
    """Index of the next token from `start` on that is neither space nor comment; len(made) or -1 when there is none."""
    while 0 <= start < len(made) and made[start].kind in ("space", "comment"):
        start += step
    return start


def _declarations(made: list[Token], words: tuple[str, ...]) -> Iterator[tuple[int, int]]:
    """Declarations outside of functions that begin with one of these qualifiers, from there to their semicolon."""
    at = 0
    while at < len(made):
        start = at
        at += 1
        if made[start].text not in words or not _declares(made, start):
            continue
        while at < len(made) and made[at].text not in (";", "{", "}"):
            at += 1
        if at < len(made) and made[at].text == ";":
            yield start, at


def _varyings(made: list[Token], words: tuple[str, ...]) -> dict[str, tuple[str, str]]:
    """Names of the varyings declared outside of functions, each with its type and array part."""
    found = {}
    for start, end in _declarations(made, words):
        parts = [each.text for each in made[start + 1 : end] if each.kind not in ("space", "comment")]
        parts = [each for each in parts if each not in QUALIFIERS]
        if not parts or "(" in parts:
            continue
        type_, rest = parts[0], "".join(parts[1:])
        for declarator in rest.split(","):
            name = re.match(r"([A-Za-z_]\w*)((?:\[[^\]]*\])?)$", declarator)
            if name and name.group(1) not in DECLARED:
                found[name.group(1)] = (SAME.get(type_, type_), name.group(2))
    return found


def _declares(made: list[Token], at: int) -> bool:
    """Whether the qualifier here belongs to a declaration outside of functions, not to a parameter."""
    if made[at].depth:
        return False
    before = significant(made, at - 1, -1)
    for _ in range(8):
        if before < 0 or made[before].text not in QUALIFIERS | INTERPOLATION:
            break
        before = significant(made, before - 1, -1)
    return before < 0 or made[before].text not in ("(", ",")


def _functions(made: list[Token]) -> dict[str, set[tuple[str, ...]]]:
    """Functions that the shader declares or defines itself, each with the types of its parameters."""
    found: dict[str, set[tuple[str, ...]]] = {}
    for at, token in enumerate(made):
        if token.kind != "name" or token.depth or token.text not in builtins.NAMES:
            continue
        before, opening = significant(made, at - 1, -1), significant(made, at + 1)
        if before < 0 or made[before].kind != "name" or opening == len(made) or made[opening].text != "(":
            continue
        if made[before].text in ("return", "else", "define"):
            continue
        stop = min(opening + NEAR, len(made))
        closing = next((i for i in range(opening, stop) if made[i].text == ")"), stop)
        types: list[str] = []
        fresh = True
        for each in made[opening + 1 : closing]:
            if each.text == ",":
                fresh = True
            elif each.kind == "name" and fresh and each.text not in QUALIFIERS:
                types.append(each.text)
                fresh = False
        found.setdefault(token.text, set()).add(tuple(types))
    return found


def _translated(made: list[Token], stage: str, known: set[str] | frozenset[str], hidden: set[str]) -> str:
    """The text of one stage in GLSL 3.30; every line break is where it was."""
    loops.guard(made)
    _drop_known_uniforms(made, known)
    if stage == "fragment":
        _own_output(made)
    _drop_const(made, known)
    for at, token in enumerate(made):
        if token.kind == "name":
            token.text = _renamed(made, at, stage, hidden)
    return "".join(each.text for each in made) + "\n"


def _renamed(made: list[Token], at: int, stage: str, hidden: set[str]) -> str:
    text = made[at].text
    if text == "varying":
        return "in" if stage == "fragment" else "out"
    if text == "gl_FragData":
        following = [made[each] for each in _next_significant(made, at, 3)]
        if [each.text for each in following] == ["[", "0", "]"]:
            for each in following:
                each.text = ""
            return "isf_FragColor"
    if text in SAME:
        return SAME[text]
    if text in RESERVED:
        return f"isf_name_{text}"
    following = significant(made, at + 1)
    after = made[following].text if following < len(made) else ""
    if text in INTERPOLATION:
        return text if after in STORAGE else f"isf_name_{text}"
    if text in hidden and after != "(":
        return f"isf_name_{text}"
    if text in ("switch", "layout") and after != "(":
        return f"isf_name_{text}"
    if text in ("case", "default", "uint") and after in tuple("=;,)+-*/."):
        return f"isf_name_{text}"
    return text


def _next_significant(made: list[Token], at: int, count: int) -> list[int]:
    found = []
    while len(found) < count:
        at = significant(made, at + 1)
        if at >= len(made):
            break
        found.append(at)
    return found


def _blank(made: list[Token], start: int, stop: int) -> None:
    for token in made[start:stop]:
        token.text = "\n" * token.text.count("\n")
        token.kind = "space"


def _drop_known_uniforms(made: list[Token], known: Iterable[str]) -> None:
    """`uniform float TIME;` of a shader that declares what is declared already."""
    for start, end in _declarations(made, ("uniform", "varying", "in", "out")):
        names = [each.text for each in made[start + 1 : end] if each.kind == "name" and each.text not in QUALIFIERS][1:]
        if names and all(SAME.get(each, each) in known for each in names):
            _blank(made, start, end + 1)


def _own_output(made: list[Token]) -> None:
    """`out vec4 colour;` of a shader written for newer GLSL: that name is the output's."""
    for start, end in _declarations(made, ("out",)):
        names = [each.text for each in made[start + 1 : end] if each.kind == "name" and each.text not in QUALIFIERS]
        if len(names) != 2 or names[0] != "vec4":
            continue
        before = significant(made, start - 1, -1)
        if before >= 0 and made[before].text == ")":  # layout(location = 0)
            while before > 0 and made[before].text != "layout":
                before -= 1
            start = before
        _blank(made, start, end + 1)
        for each in made:
            if each.kind == "name" and each.text == names[1]:
                each.text = "isf_FragColor"
        return


def _drop_const(made: list[Token], known: Iterable[str]) -> None:
    """`const float x = TIME * 2.0;` outside of functions, which lenient compilers took: not const then."""
    changing = set(known)
    for start, end in _declarations(made, ("const",)):
        words = [each for each in made[start + 1 : end] if each.kind == "name"]
        if any(each.text in changing for each in words[2:]):
            made[start].text = ""
            changing.add(words[1].text)  # what is computed from it is no constant either


def complaint(log: str) -> tuple[int | None, str]:
    """The first error of a compiler's or linker's log: the line of the file, if it has one, and what it says, in the
    file's own words. Written as Mesa, NVIDIA, and AMD, Intel and Apple write."""
    first = ""
    for line in log.splitlines():
        found = re.match(r"\s*(?:ERROR:\s*)?\d+[:(](\d+)\)?(?:\(\d+\))?\s*:\s*(.*)", line)
        message = found.group(2) if found else line
        if "error" not in line.lower() or not message.strip() or line.strip().lower().startswith("glsl "):
            continue
        message = re.sub(r"^(?:fatal )?error\s*(?:[CX]\d+)?\s*:\s*", "", message.strip(), flags=re.IGNORECASE)
        if found and int(found.group(1)) < PRELUDE:
            return int(found.group(1)), _own_words(message)
        first = first or message
    return None, _own_words(first or " ".join(log.split())[:300])


BACK = {ours: theirs for theirs, ours in SAME.items() if ours[:4] == "isf_" and theirs[:3] in ("gl_", "tex", "mai")}


def _own_words(message: str) -> str:
    message = re.sub(r"isf_name_(\w+)", r"\1", message)
    return re.sub(r"isf_\w+", lambda found: BACK.get(found.group(), found.group()), message).strip()[:300]
