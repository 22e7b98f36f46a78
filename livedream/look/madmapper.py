"""MadMapper's dialect of ISF: shaders with a colour for a place instead of main(), and generators of numbers.

A surface of MadMapper is the whole picture here. Its libraries (`#include "MadNoise.glsl"`) are not part of livedream.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from livedream.look.header_values import Json, Lines, as_bool, as_list, as_name
from livedream.look.tokens import Token, next_significant, significant, tokenize

MATERIAL, EFFECT = "materialColorForPixel", "fxColorForPixel"  # functions that MadMapper's own main() calls
GENERATORS = 64
EFFECT_MACROS = """\
#define FX_NORM_PIXEL(at) IMG_NORM_PIXEL(inputImage, at)
#define FX_PIXEL(at) IMG_PIXEL(inputImage, at)
#define FX_IMG_SIZE() IMG_SIZE(inputImage)
"""


@dataclass(frozen=True)
class Generator:
    """A number that the host makes for every frame.

    Attributes:
        name: In the shader.
        kind: "time_base", "animator", "multiplier", "pass_thru" …
        settings: Numbers, or names of inputs, by what they are for.
    """

    name: str
    kind: str
    settings: Mapping[str, object] = field(default_factory=dict)

    def next(self, last: float, values: Mapping[str, object], dt: float) -> float:
        """Return the value `dt` seconds after `last`; `values` are those of inputs and other generators."""
        if self.kind in ("multiplier", "pass_thru"):
            factors = [self._number(each, values) for each in self.settings if each.startswith("value")]
            return math.prod(factors) if factors else 0.0
        speed = self._number("speed", values)
        curve = self._number("speed_curve", values)
        speed = math.copysign(abs(speed) ** min(max(curve, 0.0), 8.0), speed)
        if as_bool(self._value("reverse", values)):
            speed = -speed
        moved = last + speed * dt
        return moved % 1.0 if self.kind == "animator" else moved

    def _value(self, key: str, values: Mapping[str, object]) -> object:
        given = self.settings.get(key)
        return values.get(given) if isinstance(given, str) else given

    def _number(self, key: str, values: Mapping[str, object]) -> float:
        given = self._value(key, values)
        number = float(given) if isinstance(given, (bool, int, float)) else 1.0
        return number if abs(number) < 1e9 else 1.0


def generators(header: Json, lines: Lines) -> tuple[Generator, ...]:
    """Return the generators of a header. Raises UserError."""
    listed = as_list(header, "GENERATORS", lines)
    if len(listed) > GENERATORS:
        raise lines.error(f"{len(listed)} generators; at most {GENERATORS}", "GENERATORS")
    found = []
    for number, item in enumerate(listed):
        if not isinstance(item, dict):
            raise lines.error(f"generator {number} must be an object", "GENERATORS")
        name = as_name(item.get("NAME"), f"the NAME of generator {number}", lines)
        settings = item.get("PARAMS")
        found.append(Generator(name, str(item.get("TYPE")), settings if isinstance(settings, dict) else {}))
    return tuple(found)


def entry(tokens: list[Token]) -> list[Token]:
    """Return the tokens of a main() that calls MadMapper's function; none where the shader has its own main()."""
    if not _defines(tokens, "main"):
        for name in (MATERIAL, EFFECT):
            if _defines(tokens, name):
                return tokenize(f"\nvoid main() {{ gl_FragColor = {name}(isf_FragNormCoord); }}\n")
    return []


def prelude(tokens: list[Token]) -> str:
    """Return GLSL that declares those of MadMapper's names that the shader uses."""
    used = {each.text for each in tokens if each.kind == "name"}
    text = EFFECT_MACROS if EFFECT in used else ""
    return text + "#define mm_SurfaceCoord vec3(isf_FragNormCoord, 0.0)\n" * ("mm_SurfaceCoord" in used)


def _defines(tokens: list[Token], name: str) -> bool:
    """Tell whether the shader defines a function of this name."""
    for at, token in enumerate(tokens):
        if token.text == name and not token.depth:
            before, after = significant(tokens, at - 1, -1), next_significant(tokens, at, 1)
            if before >= 0 and tokens[before].kind == "name" and after and tokens[after[0]].text == "(":
                return True
    return False
