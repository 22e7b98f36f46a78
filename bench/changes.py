"""Figures changes.interval and changes.wrong: python bench/changes.py [DREAM]

A show changes its dream 20 times while it plays, over OSC, every other time to a broken file: no output interval may
be longer than 1.5 periods, and the picture is held.
"""

import json
import sys
import tempfile
import time
import zlib
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper

from livedream.bench import intervals
from livedream.bench.child import GRID
from livedream.bench.figures import compared, figure, table
from livedream.bench.run_process import RunProcess
from livedream.dream import read

BETWEEN = 1.0  # seconds after each change, for what comes late
PATIENCE = 30.0  # for one change


def figures(model: str, changes: float, fps: float = 30.0) -> list[dict]:
    """Wait for every change; wrong counts those that did not happen, refusals that were not reported, and black
    frames."""
    dream = read.load(model)
    with tempfile.TemporaryDirectory(prefix="livedream-bench-") as folder:
        titles = good(Path(folder), dream.path)
        bad = broken(Path(folder), dream.path)
        with RunProcess(dream.path, "--dreams", folder, fps=fps) as show:
            show.play(intervals.WARM)
            begin, wrong, took = time.perf_counter(), 0, []
            for turn in range(round(changes)):
                names = bad if turn % 2 else list(titles)
                name = names[turn // 2 % len(names)]
                sent = show.send("dream/load", name)

                def done(name=name) -> bool:
                    deck = show.status()["decks"][0]
                    return deck["dream"] == titles[name] if name in titles else name in (deck["load_error"] or "")

                if show.until(done, PATIENCE, 0.2):
                    took.append(time.perf_counter() - sent)
                else:
                    wrong += 1
                show.play(BETWEEN)
            frames, status = show.frames(begin), show.status()
    black = int(np.isin(frames["look"], blacks(*dream.size)).sum())
    result = intervals.of(frames, fps)
    slowest = round(max(took, default=0.0), 2)
    return [
        figure(
            "changes.interval",
            f"{changes:g} changes of dream, half to broken files: longest interval",
            result["longest"],
            "periods",
            intervals.LONGEST,
            slowest_s=slowest,
            **result,
        ),
        figure(
            "changes.wrong",
            "changes that went wrong, black frames",
            wrong + black,
            "",
            0,
            black=black,
            late=status["late"],
        ),
    ]


def good(folder: Path, path: Path) -> dict[str, str]:
    """Two dreams like the one at `path`, which are other dreams; their titles by name."""
    titles = {}
    for name in ("one", "other"):
        model = onnx.load(path)
        entry = next(each for each in model.metadata_props if each.key == "livedream")
        metadata = json.loads(entry.value)
        titles[name] = metadata["title"] = f"{metadata['title']}, {name}"
        entry.value = json.dumps(metadata)
        onnx.save(model, folder / f"{name}.onnx")
    return titles


def broken(folder: Path, path: Path) -> list[str]:
    """Files of the names returned that are no dreams, in different ways."""
    data = path.read_bytes()
    for name, content in (("cut", data[: len(data) // 2]), ("text", b"not a dream\n" * 1000), ("empty", b"")):
        (folder / f"{name}.onnx").write_bytes(content)
    model = onnx.load_from_string(data)
    del model.metadata_props[:]
    onnx.save(model, folder / "nameless.onnx")
    model = onnx.load_from_string(data)
    model.graph.node.insert(0, helper.make_node("ConstantOfShape", ["decode/shape"], ["decode/huge"]))
    model.graph.initializer.append(helper.make_tensor("decode/shape", TensorProto.INT64, [1], [1 << 33]))
    onnx.save(model, folder / "huge.onnx")
    return ["cut", "text", "nameless", "huge", "empty"]


def blacks(width: int, height: int) -> list[int]:
    """Checksums of black pictures, as child.py makes them: opaque and clear."""
    clear = np.zeros((height, width, 4), np.uint8)[::GRID, ::GRID]
    opaque = clear.copy()
    opaque[..., 3] = 255
    return [zlib.crc32(each.tobytes()) for each in (clear, opaque)]


if __name__ == "__main__":
    print("\n".join(table(compared(figures((sys.argv[1:] or ["rainbow.onnx"])[0], 20), []))))
