"""Shaders of ISF files put into GLSL 3.30 core, ready to compile."""

import re

from livedream import UserError
from livedream.look import builtin_functions, limits, loop_guard, madmapper
from livedream.look.prelude import (
    BIASED,
    FRAGMENT,
    FRAGMENT_MAIN,
    LINE,
    SAMPLING,
    UNIFORMS,
    VERTEX,
)
from livedream.look.source import Source
from livedream.look.tokens import Token, tokenize
from livedream.look.translate import functions, translate, varyings
from livedream.look.vocabulary import DECLARED, TYPES, readable, shader_name


def programs(source: Source) -> tuple[str, str]:
    """Return the vertex and the fragment shader of a look. Raises UserError when one exceeds a limit."""
    images = _images(source)
    scalars = {each.name: TYPES[each.type] for each in source.inputs if each.type in TYPES and readable(each.name)}
    scalars |= {each.name: "float" for each in source.generators if readable(each.name)}
    fragment = tokenize(source.fragment)
    fragment += madmapper.entry(fragment)
    vertex = tokenize(source.vertex if source.vertex is not None else "void main() { isf_vertShaderInit(); }\n")
    for tokens, path in ((fragment, source.path), (vertex, source.vertex_path)):
        try:
            limits.check(tokens)
        except limits.LimitError as error:
            line = sum(each.text.count("\n") for each in tokens[: error.token]) + 1
            raise UserError(f"{path}:{line}: {error}") from None

    missing = varyings(fragment, ("varying", "in"))
    for name in varyings(vertex, ("varying", "out")):
        missing.pop(name, None)
    declared = _uniforms(images, scalars, fragment + vertex)
    hidden = {each for each in scalars.keys() | images.keys() if shader_name(each) != each}
    texcoord = "vec4 isf_TexCoord[8];\n"
    uses_texcoord = any(each.text == "gl_TexCoord" for each in fragment + vertex)
    known = DECLARED | {"mm_SurfaceCoord"} | scalars.keys() | images.keys()

    # The prelude first, where built-in names still have their meaning; then the inputs, which may hide some.
    front = "#version 330\n#extension GL_ARB_shading_language_420pack : enable\n"
    front += madmapper.prelude(fragment + vertex)
    before, after = builtin_functions.redeclared(functions(vertex))
    vertex_text = front + f"#line {LINE}\n" + UNIFORMS + before + SAMPLING + VERTEX + loop_guard.COUNTER
    vertex_text += f"out {texcoord}" * uses_texcoord + "".join(f"out {t} {n}{a};\n" for n, (t, a) in missing.items())
    vertex_text += "void main() {\n    isf_frontColor = vec4(1.0);\n"
    vertex_text += "    isf_TexCoord[0] = isf_MultiTexCoord0;\n" * uses_texcoord
    vertex_text += "".join(map(_initialised, missing, missing.values())) + "    isf_main();\n}\n" + after + declared
    vertex_text += "#line 1\n" + translate(vertex, "vertex", known, hidden)

    before, after = builtin_functions.redeclared(functions(fragment))
    fragment_text = front + f"#line {LINE}\n" + UNIFORMS + before + SAMPLING + BIASED + FRAGMENT + FRAGMENT_MAIN
    fragment_text += loop_guard.COUNTER + f"in {texcoord}" * uses_texcoord + after + declared
    fragment_text += "#line 1\n" + translate(fragment, "fragment", known, hidden)
    return vertex_text, fragment_text


def _images(source: Source) -> dict[str, str]:
    """Return the GLSL types of all pictures and sounds that the look may read, by name."""
    names = [each.name for each in source.inputs if each.type not in TYPES]
    names += sorted({each.target for each in source.passes + source.idle if each.target})
    found = dict.fromkeys([*names, *source.aliases], "sampler2D")
    found |= {name: "samplerCube" if each.cube else "sampler2D" for name, each in source.imported.items()}
    return {name: kind for name, kind in found.items() if readable(name)}


def _uniforms(images: dict[str, str], scalars: dict[str, str], used: list[Token]) -> str:
    """Return GLSL that declares the images and the inputs that are numbers."""
    text = "".join(f"uniform {kind} {shader_name(name)};\n" for name, kind in scalars.items())
    words = {each.text for each in used if each.kind == "name"}
    for image, sampler in images.items():
        name = shader_name(image)
        text += f"uniform {sampler} {name};\n"
        for part, value in (  # other hosts declare these names, and a few shaders use them
            ("imgSize", f"vec2(textureSize({name}, 0))"),
            ("imgRect", f"vec4(0.0, 0.0, textureSize({name}, 0))"),
            ("flip", "false"),
            ("texCoord", "isf_FragNormCoord"),
            ("normTexCoord", "isf_FragNormCoord"),
        ):
            if f"_{image}_{part}" in words:
                text += f"#define _{image}_{part} {value}\n"
    return text


def _initialised(name: str, kind: tuple[str, str]) -> str:
    """Return GLSL that sets a varying that no vertex shader writes: to the fragment's position, or to zero."""
    type_, array = kind
    value = "isf_corner" if type_ == "vec2" else f"{type_}(0)"
    if not array:
        return f"    {name} = {value};\n"
    count = re.search(r"\d+", array)
    return f"    for (int i = 0; i < {count.group()}; ++i) {name}[i] = {value};\n" if count else ""
