"""Reads the lines of SVG drawings: paths, lines, polygons, rectangles, circles and ellipses, with their transforms.

Scripts, style sheets, pictures and links are never followed. A file that declares entities is refused before it is
parsed, for a few bytes of them can stand for gigabytes or for other files.
"""

import io
import re
from pathlib import Path
from typing import Any

import numpy as np

from livedream import UserError

from .drawing import Drawing

LARGEST = 4 << 20  # bytes
MOST_POINTS = 20_000
PIECES = 12  # of a curve
_ENTITY = re.compile(rb"<!ENTITY", re.IGNORECASE)
_NUMBER = re.compile(rb"\d+")


def read(path: Path) -> Drawing:
    """Return the strokes of an SVG file in its order. Raises UserError when it cannot be used."""
    try:
        if path.stat().st_size > LARGEST:
            raise UserError(f"{path}: larger than {LARGEST >> 20} MB; a drawing is lines, not pictures")
        data = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None
    return parse(data, path)


def parse(data: bytes, path: Path) -> Drawing:
    """Return the strokes of an SVG document; path: for messages. Raises UserError when it cannot be used."""
    try:
        import svgelements as svg
    except ImportError:
        raise UserError("drawings as SVG: pip install 'livedream[train]'") from None
    if _ENTITY.search(data):
        raise UserError(f"{path}: declares entities, which a drawing needs none of; save it as plain SVG")
    if sum(1 for _ in _NUMBER.finditer(data)) > 6 * MOST_POINTS:  # parsing them would take minutes
        raise UserError(f"{path}: more than {MOST_POINTS} points; simplify it")
    try:
        document = svg.SVG.parse(io.BytesIO(data), reify=True)
        found: Drawing = []
        for shape in document.elements():
            if isinstance(shape, svg.Shape) and _seen(shape):
                found += _lines(svg.Path(shape))
            if sum(map(len, found)) > MOST_POINTS:
                raise UserError(f"{path}: more than {MOST_POINTS} points; simplify it")
    except UserError:
        raise
    except Exception as error:  # whatever a damaged file makes the parser raise
        raise UserError(f"{path}: no SVG drawing ({type(error).__name__})") from None
    if not found:
        raise UserError(f"{path}: draws no lines")
    return found


def _seen(shape: Any) -> bool:
    """Whether a shape has a line or is filled; tools put empty squares under their drawings."""
    return any(paint is not None and paint.value is not None for paint in (shape.stroke, shape.fill))


def _lines(shape: Any) -> Drawing:
    """Return the subpaths of a path as points."""
    import svgelements as svg

    found: Drawing = []
    points: list[tuple[float, float]] = []

    def close() -> None:
        stroke = np.array(points, float).reshape(-1, 2)
        if len(stroke) > 1 and np.isfinite(stroke).all():
            found.append(stroke)

    for segment in shape:
        if isinstance(segment, svg.Move):
            close()
            points = [(segment.end.x, segment.end.y)]
        elif segment.end is None:
            continue
        elif isinstance(segment, svg.Line | svg.Close):
            points.append((segment.end.x, segment.end.y))
        else:
            curve = (segment.point(k / PIECES) for k in range(1, PIECES + 1))
            points += [(each.x, each.y) for each in curve]
        if len(points) > MOST_POINTS:
            break
    close()
    return found
