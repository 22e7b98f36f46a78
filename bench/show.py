"""Figures show.*: python bench/show.py [--seconds 300] [--changes 2000] [DREAM [DREAM]]

A show of one dream or two is kept while everything that a hand can move is moved at random over OSC, and killed in the
middle (kill -9). Then it is drawn again from its file: every frame that was freshly drawn and handed out must be the
same to the last bit. A frame that went out late was drawn for an earlier number, so it may be any one since the last.
"""

import argparse
import random
import tempfile
import time
import zlib
from pathlib import Path

import numpy as np

from livedream.bench.figures import compared, figure, table
from livedream.bench.run_process import RunProcess, prepare
from livedream.dream import read
from livedream.parameters import Parameter
from livedream.play import dream_parameters as tables
from livedream.shows import replay, show_file


def figures(models: list[str], seconds: float, changes: int, fps: float = 30.0, seed: int = 1) -> list[dict]:
    """Play, kill, draw again, compare."""
    dreams = [read.load(each) for each in models]
    for each in dreams:
        prepare(each)
    chance = random.Random(seed)
    standing: list[str] = []
    movable = [each for each in tables.of(dreams).parameters.values() if _movable(each)]
    with tempfile.TemporaryDirectory(prefix="livedream-bench-") as folder:
        path = Path(folder, "kept.show")
        others = [each for model in models[1:] for each in ("--model", str(read.find(model)))]
        arguments = *others, "--size", "x".join(map(str, dreams[0].size)), "--record", str(path)
        with RunProcess(dreams[0].path, *arguments, fps=fps, whole=True) as show:
            begin = time.perf_counter()
            for number in range(changes):
                show.play(max(0.0, begin + (number + 1) * seconds / changes - time.perf_counter()))
                if standing:  # it is not to stand still for long
                    show.send(standing.pop(), 0)
                    continue
                each = chance.choice(movable)
                show.send(each.address, *_by_chance(each, chance))
                if each.address.rpartition("/")[2] in ("hold", "blackout", "freeze"):
                    standing.append(each.address)
            show.play(1.0)
            late = show.status()["late"]
            show.child.kill()
            show.child.wait()
            live = show.frames()
        kept = show_file.read(path)
        began = time.perf_counter()
        drawn = [zlib.crc32(frame.pixels.tobytes()) or 1 for frame in replay.frames(kept, replay.dreams(kept))]
        took, size = time.perf_counter() - began, path.stat().st_size
    fresh = live[(live["fresh"] > 0) & (live["look"] != 0)]
    lost = max(0, int(fresh["number"][-1]) - kept.last) / fps
    fresh = fresh[fresh["number"] <= kept.last]
    wrong, shifted = _compared(fresh["number"], fresh["look"], drawn)
    name = f"{kept.seconds:.0f} s of {' and '.join(each.title for each in dreams)}, {changes} changes"
    return [
        figure(
            "show.wrong",
            f"{name}: frames drawn again that differ",
            wrong,
            "",
            0,
            compared=len(fresh),
            shifted=shifted,
            late=late,
            drawn=len(drawn),
            render_s=round(took, 1),
        ),
        figure("show.lost", "what kill -9 took of it", lost, "s", 1.0),
        figure("show.size", "its file", size / kept.seconds / 1e3, "kB/s"),
    ]


def _movable(each: Parameter) -> bool:
    """Return whether the bench may move a parameter: not those that load dreams or files."""
    return each.type != "text" and not each.address.startswith("output/") and "dream/load" not in each.address


def _by_chance(each: Parameter, chance: random.Random) -> list:
    if each.type == "trigger":
        return []
    if each.type in ("bool", "choice", "int"):
        return [chance.randint(int(each.low), int(each.high))]
    if each.address == "player/glide":
        return [chance.choice([0.0, 0.05, 0.5])]
    return [chance.uniform(each.low, each.high) for _ in range(each.length)]


def _compared(numbers: np.ndarray, looks: np.ndarray, drawn: list[int]) -> tuple[int, int]:
    """(frames that are none of those that were due, frames that went out later than they were drawn for)."""
    before, wrong, shifted = -1, 0, 0
    for number, look in zip(map(int, numbers), map(int, looks), strict=True):
        same = [each for each in range(number, before, -1) if drawn[each] == look]
        wrong += not same
        shifted += bool(same) and same[0] != number
        before = same[0] if same else before
    return wrong, shifted


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("models", nargs="*", default=["rainbow.onnx"], metavar="DREAM")
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--changes", type=int, default=2000)
    options = parser.parse_args()
    found = figures(options.models[:2], options.seconds, options.changes)
    print("\n".join(table(compared(found, []))))
    for each in found:
        print(each["name"], each["detail"])


if __name__ == "__main__":
    main()
