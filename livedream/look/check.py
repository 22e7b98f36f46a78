"""Compile and draw shaders to see whether they work, as `livedream looks FILE…` does.

A shader can keep a card busy for ever, and no thread can interrupt that, so files are checked by a child process that
is killed if one takes longer than PATIENCE.
"""

import math
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from livedream import UserError

if TYPE_CHECKING:
    import moderngl

    from livedream.look.source import Input

SIZE = (160, 90)
TIMES = (0.0, 0.7, 3.1, 12.0, 61.5)  # seconds at which each of the five settings begins
FRAMES = 4  # frames drawn at each setting: some looks show only movement
PATIENCE = 30.0  # seconds for one file, including its compilation
BATCH = 500  # files for one child process
BLACK = 2  # grey levels out of 255 up to which a picture counts as black


def check(path: str | Path, context: "moderngl.Context") -> str | None:
    """Compile the look in `path` and draw it at five settings and times, in the context current in this thread.

    Returns None if it works, else one line, "PATH:LINE: what".
    """
    from livedream.look import audio_texture, header, isf

    look: isf.Look | None = None
    pictures: list[moderngl.Texture] = []
    try:
        source = header.read(path)
        tone = audio_texture.Tone()
        look = isf.Look(context, source, tone)
        pictures = [context.texture(SIZE, 4, _picture(each)) for each in range(4)]
        context.error  # noqa: B018 reading it clears an earlier error
        brightest = 0.0
        frame = 0
        for setting, start in enumerate(TIMES):
            values: dict[str, object] = {
                each.name: _value(each, setting) for each in source.inputs if each.default is not None
            }
            for step in range(FRAMES):
                if step:  # an event fires once
                    values |= {each.name: False for each in source.inputs if each.type == "event"}
                tone.time = start + step / 30
                names = [each.name for each in source.inputs if each.type == "image"]
                given = {name: pictures[(step + order) % 4] for order, name in enumerate(names)}
                drawn = look.draw(SIZE, values, tone.time, 1 / 30 if frame else 0.0, frame, images=given)
                brightest = max(brightest, _brightest(drawn))
                frame += 1
        if (error := context.error) != "GL_NO_ERROR":
            return f"{path}:1: draws with the OpenGL error {error}"
        if brightest <= BLACK:
            return f"{path}:1: draws nothing but black, at five settings and times"
        return None
    except UserError as error:
        return str(error)
    finally:
        for each in (look, *pictures):
            if each is not None:
                each.release()


def check_all(paths: Sequence[str | Path], patience: float = PATIENCE) -> Iterator[tuple[str, str | None]]:
    """Yield each path with the answer of `check`, from a child process. Raises UserError if there is no OpenGL."""
    waiting = [str(each) for each in paths]
    while waiting:
        command = [sys.executable, "-m", "livedream.look.check", *waiting[:BATCH]]
        with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as stderr:
            child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr, text=True, encoding="utf-8")
            answered = 0
            try:
                for line in _lines(child, patience):
                    if line.startswith("none "):
                        raise UserError(line[5:])
                    if line.startswith(("good", "bad ")):
                        yield waiting[answered], line[4:].strip() or None
                        answered += 1
            finally:
                late = child.poll() is None
                child.kill()
                child.wait()
            if answered < len(waiting[:BATCH]):  # it hung or crashed at this one; a new child continues with the next
                stderr.seek(0)
                last = stderr.read().strip().splitlines()[-1:]
                what = f"took longer than {patience:.0f} s to compile and draw" if late else f"crashed OpenGL: {last}"
                yield waiting[answered], f"{waiting[answered]}:1: {what}"
                answered += 1
        waiting = waiting[answered:]


def _lines(child: subprocess.Popen[str], patience: float) -> Iterator[str]:
    """Yield lines of the child's standard output until it ends, or prints nothing for `patience` seconds."""
    lines: queue.Queue[str | None] = queue.Queue()

    def listen() -> None:
        for line in child.stdout or ():
            lines.put(line.rstrip("\n"))
        lines.put(None)

    threading.Thread(target=listen, daemon=True).start()
    while True:
        try:
            line = lines.get(timeout=patience)
        except queue.Empty:
            return
        if line is None:
            child.wait()
            return
        yield line


def _picture(number: int) -> bytes:
    """Return the bytes of a test picture with many colours, edges, and a square that moves with its number."""
    y, x = np.mgrid[0 : SIZE[1], 0 : SIZE[0]]
    pixels = np.empty((SIZE[1], SIZE[0], 4), np.uint8)
    pixels[..., 0] = 255 * x // SIZE[0]
    pixels[..., 1] = 255 * y // SIZE[1]
    pixels[..., 2] = 127 + 120 * np.sin(x / 9 + number)
    pixels[..., 3] = 255
    left = 20 + 25 * number
    pixels[30:60, left : left + 30, :3] = (255, 240, 220)
    return pixels.tobytes()


def _value(each: "Input", setting: int) -> object:
    """Return an input's value at a setting: first the default, then others across its range, another way for each."""
    from livedream.look.source import scalar, vector

    if setting == 0:
        return each.default
    if each.type in ("event", "bool"):
        return setting in (1, 3) if each.type == "event" else bool(setting & 1) != bool(each.default)
    part = (0.25, 0.5, 0.75, 0.9)[setting - 1]
    if each.type == "long" and each.values:
        return each.values[round(part * (len(each.values) - 1))]
    if each.type in ("long", "float"):
        number = scalar(each.low) + (scalar(each.high) - scalar(each.low)) * part
        return round(number) if each.type == "long" else number
    parts = [(part + 0.37 * index) % 1.0 for index in range(len(vector(each.default)))]
    if each.type == "color":
        parts[3] = 1.0
    spans = zip(vector(each.low), vector(each.high), parts, strict=True)
    return tuple(low + (high - low) * at for low, high, at in spans)


def _brightest(texture: "moderngl.Texture") -> float:
    """Return the largest of red, green and blue, 0..255."""
    kind = {"f1": "u1", "f2": "f2", "f4": "f4"}[texture.dtype]
    brightest = float(np.frombuffer(texture.read(), kind).reshape(-1, 4)[:, :3].max())
    if kind == "u1":
        return brightest
    return min(brightest, 1.0) * 255 if math.isfinite(brightest) else 0.0


def main(paths: Iterable[str]) -> None:
    """Run as the child: print one line for each path, "good" or "bad PATH:LINE: what"."""
    from livedream.look import context as gl

    try:
        context = gl.create()
    except UserError as error:
        print(f"none {error}", flush=True)
        return
    for path in paths:
        try:
            wrong = check(path, context)
        except Exception as error:  # our bug; the files after this one are still checked
            wrong = f"{path}:1: livedream's mistake: {type(error).__name__}: {error}"
        print("good" if wrong is None else "bad " + " ".join(wrong.split()), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
