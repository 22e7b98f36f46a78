"""Reads drawings: folders of SVG files, `.npz` stroke files of the published data sets, and QuickDraw's `.ndjson`."""

import hashlib
import io
import json
import pickle
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from livedream import UserError
from livedream.picture.video_file import shown

from ..arrays import Floats
from ..cache import Source
from . import svg
from .drawing import Drawing, prepared, sequence

SUFFIXES = (".svg", ".npz", ".ndjson")
FEWEST = 16  # drawings without which there is nothing to learn but the drawings themselves
MOST = 20_000  # drawings that are read
LARGEST_STROKES = 64 << 20  # bytes of a file of strokes
_ALLOWED = {
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "_reconstruct"),
    ("numpy.core.multiarray", "scalar"),
    ("numpy._core.multiarray", "scalar"),
    ("numpy.core.numeric", "_frombuffer"),
    ("numpy._core.numeric", "_frombuffer"),
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
}


@dataclass(frozen=True)
class Drawings:
    """Drawings to learn from.

    Attributes:
        names: of each.
        rows: each as drawing.sequence makes it.
        sources: the files.
        sha256: digest of all rows.
        notes: lines for the user, about what is left out.
    """

    names: list[str]
    rows: list[Floats]
    sources: tuple[Source, ...]
    sha256: str
    notes: tuple[str, ...]


def read(
    paths: Sequence[str | Path], longest: int, progress: Callable[[float, str], None] = lambda share, text: None
) -> Drawings:
    """Read drawings.

    Args:
        paths: files, and folders whose files are read, subfolders too.
        longest: points of a drawing at most; longer ones are left out, and counted.
        progress: called with share (0 to 1) and text now and then.

    Raises:
        UserError: fewer than FEWEST drawings can be used.
    """
    files = _files(paths)
    names: list[str] = []
    rows: list[Floats] = []
    sources: list[Source] = []
    notes: list[str] = []
    long, why = 0, ""
    for number, path in enumerate(files):
        if number % 50 == 0:
            progress(number / len(files), f"{len(rows)} drawings read")
        try:
            found = list(_drawings(path))
        except UserError as error:
            notes.append(f"skipped: {error}")
            continue
        used = 0
        for name, drawing in found:
            made = prepared(drawing) if drawing else []
            if not made:
                continue
            row = sequence(made)
            if len(row) > longest:
                long, why = long + 1, f"{name}: {len(row)} points"
                continue
            names.append(name)
            rows.append(row)
            used += 1
        if used:
            sources.append(Source(str(path), hashlib.sha256(path.read_bytes()).hexdigest(), 0.0))
        if len(rows) >= MOST:
            notes.append(f"only the first {MOST} drawings are used")
            break
    if long:
        notes.append(f"{long} drawings have more than {longest} points and are left out, as {why}")
    if len(rows) < FEWEST:
        where = ", ".join(shown(Path(each)) for each in paths) or "FOOTAGE"
        reason = f" ({notes[0]})" if notes else ""
        raise UserError(
            f"{where}: {len(rows)} drawings that can be used; a sketch dream needs {FEWEST} at least, better some "
            f"hundred, as .svg, .npz or .ndjson{reason}"
        )
    digest = hashlib.sha256()
    for row in rows:
        digest.update(row.tobytes())
    more = [f"{len(notes) - 5} more files are skipped"] if len(notes) > 6 else []
    return Drawings(names, rows, tuple(sources), digest.hexdigest(), (*notes[: 5 if more else 6], *more))


def _files(paths: Sequence[str | Path]) -> list[Path]:
    found: list[Path] = []
    for path in map(Path, paths):
        if path.is_dir():
            found += sorted(each for each in path.rglob("*") if each.suffix.lower() in SUFFIXES)
        elif not path.exists():
            raise UserError(f"{path}: there is no such file or folder")
        elif path.suffix.lower() not in SUFFIXES:
            raise UserError(f"{path}: not a drawing; drawings are {', '.join(SUFFIXES)}")
        else:
            found.append(path)
    return found


def _drawings(path: Path) -> Iterator[tuple[str, Drawing]]:
    """Yield the drawings of a file, with names. Raises UserError when it cannot be used."""
    if path.suffix.lower() == ".svg":
        yield path.stem, svg.read(path)
        return
    if path.stat().st_size > LARGEST_STROKES:
        raise UserError(f"{path}: larger than {LARGEST_STROKES >> 20} MB; use a part of it")
    try:
        found = _ndjson(path) if path.suffix.lower() == ".ndjson" else _npz(path)
        for number, drawing in enumerate(found):
            if number >= MOST:
                return
            yield f"{path.stem} {number + 1}", drawing
    except UserError:
        raise
    except Exception as error:  # whatever a damaged file raises
        raise UserError(f"{path}: no file of strokes ({type(error).__name__})") from None


def _ndjson(path: Path) -> Iterator[Drawing]:
    """Yield drawings of QuickDraw: a line each, with strokes as lists of x and y."""
    with path.open(encoding="utf-8") as file:
        for line in file:
            if line.strip():
                strokes = json.loads(line)["drawing"]
                yield _finite([np.array(stroke[:2], float).T for stroke in strokes])


def _npz(path: Path) -> Iterator[Drawing]:
    """Yield drawings of sketch-rnn's data sets: ways and whether the pen is lifted, [N, 3] each."""
    with zipfile.ZipFile(path) as archive:
        for name in sorted(archive.namelist()):
            info = archive.getinfo(name)
            if not name.endswith(".npy") or info.file_size > LARGEST_STROKES:
                continue
            for rows in _array(archive.read(name)):
                yield _finite(_of_ways(np.asarray(rows, float)))


def _array(data: bytes) -> Any:
    """Return the objects of a .npy file of pickled arrays, without running any code of it."""
    file = io.BytesIO(data)
    version = np.lib.format.read_magic(file)
    reader = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = reader(file)
    if not dtype.hasobject:
        count = int(np.prod(shape))
        return np.frombuffer(file.read(), dtype, count).reshape(shape)
    return _Arrays(file, encoding="latin1").load()


class _Arrays(pickle.Unpickler):
    """Reads numpy's arrays and nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(f"{module}.{name}")
        return super().find_class(module, name)


def _of_ways(rows: Floats) -> Drawing:
    points = np.cumsum(rows[:, :2], axis=0)
    cuts = np.flatnonzero(rows[:-1, 2] > 0.5) + 1
    return [each.astype(float) for each in np.split(points, cuts)]


def _finite(drawing: Drawing) -> Drawing:
    if sum(map(len, drawing)) > svg.MOST_POINTS:
        raise UserError(f"a drawing of more than {svg.MOST_POINTS} points")
    return [each for each in drawing if len(each) > 1 and np.isfinite(each).all()]
