"""Frames on disk: one memory-mapped array and a small description beside it, written completely or not at all.

    CACHE/footage/<key>/frames.npy      uint8 [N, H, W, 3] sRGB
                       /footage.json    segments, fps, sources, digests, notes

A folder is made under a temporary name and renamed when both files are complete, so no reader sees a part of it.
"""

import errno
import hashlib
import json
import os
import shutil
import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from livedream import UserError
from livedream.system import paths
from livedream.system.disk_space import free_space

from .arrays import Rgb
from .clip_table import Row

Result = TypeVar("Result")

_FORMAT = 1
_PARTIAL = ".partial-"
_ABANDONED = 600  # seconds without a new byte, after which an unfinished folder is that of a killed run

Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class Source:
    """One file that footage was read from.

    Attributes:
        path: the file.
        sha256: its digest.
        seconds: how much of it was read; 0 if it could not be used.
        note: anything unusual about it, or why it could not be used.
    """

    path: str
    sha256: str
    seconds: float
    note: str = ""


@dataclass(frozen=True)
class Footage:
    """Frames ready to train on.

    Attributes:
        frames: [N, H, W, 3], memory-mapped, read-only.
        segments: the shots, runs of frames without a cut.
        fps: frames a second.
        sources: the files it was read from.
        sha256: digest of all the frames' bytes in order, the same for the same pictures.
        notes: lines for the user that are not about one clip, for example about files that are no video.
        clips: what becomes of each clip that was found, used or not.
    """

    frames: Rgb
    segments: tuple[tuple[int, int], ...]
    fps: float
    sources: tuple[Source, ...]
    sha256: str
    notes: tuple[str, ...]
    clips: tuple[Row, ...] = ()


@dataclass
class About:
    """Facts about frames, known once the last one has been made.

    Attributes:
        cuts: numbers of the frames that begin a new shot.
        sources: the files they come from.
        notes: lines for the user.
    """

    cuts: Sequence[int] = ()
    sources: Sequence[Source] = ()
    notes: Sequence[str] = ()


def folder() -> Path:
    """Return the folder of all cached footage."""
    return paths.cache_folder("footage")


def key(settings: Mapping[str, Any]) -> str:
    """Return a name for the footage that `settings` describe (JSON values: digests, size, fps, versions)."""
    text = json.dumps([_FORMAT, settings], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def open_cached(key: str) -> Footage | None:
    """Return the footage of that key, or None if there is none or it is damaged."""
    place = folder() / key
    try:
        about = json.loads((place / "footage.json").read_text())
        frames = np.load(place / "frames.npy", mmap_mode="r")
        if list(frames.shape) != about["shape"] or frames.dtype != np.uint8:
            return None
        return Footage(
            frames=frames,
            segments=tuple((int(a), int(b)) for a, b in about["segments"]),
            fps=float(about["fps"]),
            sources=tuple(Source(**s) for s in about["sources"]),
            sha256=about["sha256"],
            notes=tuple(about["notes"]),
        )
    except (OSError, ValueError, KeyError, TypeError, EOFError):
        return None


def write(
    key: str,
    frames: Iterable[Rgb],
    size: tuple[int, int],
    fps: float,
    about: Callable[[], About] = About,
    count_hint: int = 0,
    progress: Progress | None = None,
) -> Footage:
    """Write frames under `key` and open them. An exception while frames are made leaves nothing behind.

    Args:
        key: see `key`.
        frames: [H, W, 3], one by one; they are never all in memory.
        size: (width, height).
        fps: frames a second.
        about: called after the last frame.
        count_hint: about how many frames will come, for progress and to check beforehand that the disk has room.
        progress: called with share and text now and then.

    Raises:
        UserError: the disk is full, the cache cannot be written, or there was no frame.
    """
    width, height = size
    home = folder()
    try:
        home.mkdir(parents=True, exist_ok=True)
        _sweep(home)
        need, free = count_hint * width * height * 3, free_space(home)
        if free is not None and need > free:
            raise UserError(_full(home, f"it needs {need / 1e9:.1f} GB and has {free / 1e9:.1f} GB"))
        partial = home / f"{key}{_PARTIAL}{uuid.uuid4().hex[:8]}"
        partial.mkdir()
    except OSError as e:
        raise _cannot_write(home, e) from e
    try:
        count, digest = _write_frames(partial / "frames.npy", frames, (height, width, 3), count_hint, progress)
        if not count:
            raise UserError("the footage has no frames")
        known = about()
        starts = sorted({0, *known.cuts})
        runs = list(zip(starts, [*starts[1:], count], strict=True))
        description = {
            "shape": [count, height, width, 3],
            "segments": runs,
            "fps": fps,
            "sources": [asdict(s) for s in known.sources],
            "sha256": digest,
            "notes": list(known.notes),
        }
        _write(partial / "footage.json", json.dumps(description, indent=1).encode())
        _put_in_place(partial, home / key)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    made = open_cached(key)
    if made is None:
        raise UserError(f"the frame cache {home / key} cannot be read back; check the disk")
    return made


def _write_frames(
    path: Path,
    frames: Iterable[Rgb],
    shape: tuple[int, int, int],
    hint: int,
    progress: Progress | None,
) -> tuple[int, str]:
    digest, count, shown = hashlib.sha256(), 0, time.monotonic()
    file = _Disk(path)
    try:
        _header(file, 0, shape)
        for frame in frames:
            if frame.shape != shape or frame.dtype != np.uint8:
                raise ValueError(f"a frame is {frame.dtype} {frame.shape}, not uint8 {shape}")
            pixels = np.ascontiguousarray(frame)
            file.write(pixels.data)
            digest.update(pixels.data)
            count += 1
            if progress and time.monotonic() - shown > 0.5:
                shown = time.monotonic()
                progress(
                    min(0.99, count / hint) if hint else 0.0, f"{count} {'frame' if count == 1 else 'frames'} read"
                )
        file.seek(0)
        _header(file, count, shape)  # has the length of the first: numpy leaves room for the count to grow
    finally:
        file.close()
    return count, digest.hexdigest()


def of_digest(sha256: str, path: Path) -> Footage:
    """Return the footage with that digest from the cache of frames; path: the checkpoint, for the error's text."""
    for about in folder().glob("*/footage.json"):
        try:
            found = json.loads(about.read_text())["sha256"] == sha256
        except (OSError, ValueError, KeyError, TypeError):
            continue
        if found and (taken := open_cached(about.parent.name)):
            return taken
    raise UserError(
        f"{path}: the frames of its footage are no longer in {folder()}; `livedream train FOOTAGE --resume` "
        "reads them again"
    )


class _Disk:
    """A file whose errors become UserErrors; those of the footage being read do not."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = self._checked(lambda: open(path, "wb"))  # noqa: SIM115 - close() closes it

    def _checked(self, call: Callable[[], Result]) -> Result:
        try:
            return call()
        except OSError as e:
            raise _cannot_write(self.path.parent.parent, e) from e

    def write(self, data: bytes | memoryview) -> int:
        """Append bytes; return how many."""
        return self._checked(lambda: self._file.write(data))

    def seek(self, position: int) -> None:
        """Continue at a position."""
        self._checked(lambda: self._file.seek(position))

    def close(self) -> None:
        """Close the file once it is on the disk."""

        def finish() -> None:
            with self._file:
                self._file.flush()
                os.fsync(self._file.fileno())

        self._checked(finish)


def _header(file: _Disk, count: int, shape: tuple[int, int, int]) -> None:
    np.lib.format.write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": (count, *shape)})


def _write(path: Path, data: bytes) -> None:
    file = _Disk(path)
    try:
        file.write(data)
    finally:
        file.close()


def _put_in_place(partial: Path, place: Path) -> None:
    try:
        if open_cached(place.name) is None:  # else another run was first, with the same frames
            shutil.rmtree(place, ignore_errors=True)
            os.rename(partial, place)
    except OSError as e:
        if open_cached(place.name) is None:
            raise _cannot_write(place.parent, e) from e


def _sweep(home: Path) -> None:
    """Remove unfinished folders of killed runs."""
    for partial in home.glob(f"*{_PARTIAL}*"):
        try:
            newest = max(p.stat().st_mtime for p in (partial, *partial.iterdir()))
        except OSError:
            continue
        if time.time() - newest > _ABANDONED:
            shutil.rmtree(partial, ignore_errors=True)


def _full(home: Path, what: str) -> str:
    return f"no room for frames in {home}: {what}; free some space or set XDG_CACHE_HOME to another disk"


def _cannot_write(home: Path, error: OSError) -> UserError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return UserError(_full(home, "the disk is full"))
    return UserError(f"cannot write the frame cache in {home}: {error.strerror}; set XDG_CACHE_HOME to another folder")
