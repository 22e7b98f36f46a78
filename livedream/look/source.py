"""A look as its file describes it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from livedream.look.expressions import Expression

if TYPE_CHECKING:
    from livedream.look.madmapper import Generator

Value = bool | int | float | tuple[float, ...]


@dataclass(frozen=True)
class Input:
    """An input of a look: a value that can be changed, or a picture or sound that the shader reads.

    Values are bool (event, bool), int (long), float, (x, y) (point2D), (x, y, z) (point3D) or (r, g, b, a) (color).

    Attributes:
        name: in the shader and in addresses.
        type: one of header_inputs.TYPES.
        label: its title.
        default, low, high: its values; None for images and sound, but for `high` of sound: how many columns the shader
            wants, None for as many as there are.
        values, labels: the choices of a long, in order.
        pixels: a point2D without a range in the file, whose shader reads it as pixels; here it is 0..1 of the picture
            like any other, and drawing multiplies by the size.
    """

    name: str
    type: str
    label: str
    default: Value | None = None
    low: Value | None = None
    high: Value | None = None
    values: tuple[int, ...] = ()
    labels: tuple[str, ...] = ()
    pixels: bool = False


@dataclass(frozen=True)
class Pass:
    """One drawing of the shader.

    Attributes:
        target: the buffer that it draws into; None for the look's picture.
        persistent: the buffer keeps its content from frame to frame.
        float: the buffer holds 32-bit floats.
        width, height: of the buffer; None for the picture's own.
    """

    target: str | None = None
    persistent: bool = False
    float: bool = False
    width: Expression | None = None
    height: Expression | None = None


@dataclass(frozen=True)
class Import:
    """Picture files that a look reads.

    Attributes:
        paths: one file, the six of a cube map (+x, -x, +y, -y, +z, -z), or none where the header names none.
        cube: whether they are a cube map.
        line: of the header that names them.
    """

    paths: tuple[Path, ...]
    cube: bool
    line: int


@dataclass(frozen=True)
class Source:
    """A look as its file describes it.

    Attributes:
        path: the file.
        title: its name without suffix.
        kind: "generator", "filter" (reads inputImage) or "transition" (reads startImage, endImage and progress).
        fragment: the shader, with the lines of the file.
        vertex: the shader in the file of the same name that ends in .vs, if there is one.
        vertex_path: that file.
        inputs: in the file's order.
        passes: at least one.
        imported: picture files by name.
        aliases: names of buffers that passes draw into, by the names under which the header imports them, too.
        generators: numbers that are made for every frame, of MadMapper's shaders.
        text: the whole file.
        idle: buffers that an ISF 1 file keeps but never draws into.
        description, credit, categories: as the file says.
        version: of the specification; "1" where the file names none.
        notes: what was ignored, one line each.
    """

    path: Path
    title: str
    kind: str
    fragment: str
    vertex: str | None
    vertex_path: Path
    inputs: tuple[Input, ...]
    passes: tuple[Pass, ...]
    imported: Mapping[str, Import]
    aliases: Mapping[str, str] = field(default_factory=dict)
    generators: "tuple[Generator, ...]" = ()
    text: str = ""
    idle: tuple[Pass, ...] = ()
    description: str = ""
    credit: str = ""
    categories: tuple[str, ...] = ()
    version: str = ""
    notes: tuple[str, ...] = ()


def scalar(value: Value | None) -> float:
    """Return a value that is one number."""
    return value if isinstance(value, (bool, int, float)) else 0.0


def vector(value: Value | None) -> tuple[float, ...]:
    """Return a value of several numbers."""
    return value if isinstance(value, tuple) else ()
