"""GLSL's built-in functions, for shaders that define one of their own under the same name.

In GLSL 3.30 such a function hides every built-in of that name: after `float round(float x)` there is no round(vec2).
The older compilers that those shaders were written for only added it. So the other forms are declared again, each
calling the built-in through a function made before the name was hidden.
"""

# Names by form, result:parameters; g is float, vec2, vec3 and vec4 in turn, s is always float.
FORMS = {
    "g:g": "radians degrees sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh exp log exp2 log2 sqrt"
    " inversesqrt abs sign floor ceil trunc round fract normalize",
    "g:gg": "atan pow mod min max step reflect",
    "g:gs": "mod min max",
    "g:sg": "step",
    "g:ggg": "clamp mix smoothstep faceforward",
    "g:gss": "clamp",
    "g:ggs": "mix refract",
    "g:ssg": "smoothstep",
    "s:g": "length",
    "s:gg": "distance dot",
}
VECTORS = ("float", "vec2", "vec3", "vec4")
NAMES = frozenset(name for names in FORMS.values() for name in names.split()) | {"texture"}


def signatures(name: str) -> dict[tuple[str, ...], str]:
    """Return the type of a built-in's result, by the types of its parameters."""
    found: dict[tuple[str, ...], str] = {}
    for form, names in FORMS.items():
        if name in names.split():
            result, parameters = form.split(":")
            for vector in VECTORS:
                type_ = {"g": vector, "s": "float"}
                found.setdefault(tuple(type_[each] for each in parameters), type_[result])
    if name == "texture":
        found = {("sampler2D", "vec2"): "vec4", ("samplerCube", "vec3"): "vec4"}
    return found


def redeclared(own: dict[str, set[tuple[str, ...]]]) -> tuple[str, str]:
    """Return GLSL that goes before everything else, and GLSL that declares the hidden forms again.

    Args:
        own: the built-ins that a shader defines itself, each with the types of its parameters.
    """
    before, after = "", ""
    for name, defined in sorted(own.items()):
        for types, result in signatures(name).items():
            letters = "abc"[: len(types)]
            parameters = ", ".join(f"{type_} {letter}" for type_, letter in zip(types, letters, strict=True))
            if types in defined:
                continue
            before += f"{result} isf_builtin_{name}({parameters}) {{ return {name}({', '.join(letters)}); }}\n"
            after += f"{result} {name}({parameters}) {{ return isf_builtin_{name}({', '.join(letters)}); }}\n"
    return before, after
