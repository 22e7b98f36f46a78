"""Figures that need a graphics card, in less than 8 minutes, without a network or a display.

    python bench/gpu.py [--json] [--only SECTION …] [--device cpu]

Each section has a process of its own and a time limit; what could not be measured says why. --device cpu goes
the same ways on the processor, to rehearse; nothing of that says anything about a card.
"""

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import nvidia

from livedream.bench.figures import compared, missing, table
from livedream.system import machine

HERE = Path(__file__).parent
SECTIONS = {"choice": 110.0, "rainbow": 95.0, "1080p": 110.0, "interop": 35.0, "host": 40.0, "memory": 55.0}
# Seconds for each; 445 altogether.


def figures(model: str, seconds: float) -> list[dict]:
    """Measure all sections within `seconds`, for bench/all.py; `model` does not matter."""
    return measure(SECTIONS, "cuda", min(1.0, seconds / sum(SECTIONS.values())))


def measure(sections, device: str, share: float = 1.0) -> list[dict]:
    """Measure sections. share: the part of its time that each one gets."""
    if device == "cuda" and (why := no_card()):
        return [missing(f"gpu.{name}", f"on a card: {name}", why) for name in sections]
    with tempfile.TemporaryDirectory(prefix="livedream-gpu-") as folder:
        return [each for name in sections for each in run_section(name, device, Path(folder), share * SECTIONS[name])]


def no_card() -> str:
    """Return why there is nothing to measure here, or ""."""
    if machine.graphics() or nvidia.cards():
        return ""
    return "no graphics card here"


def run_section(name: str, device: str, folder: Path, limit: float) -> list[dict]:
    """Run a section in a process of its own, and return the figures that it printed before it ended or was killed."""
    print(f"{name}: at most {limit:.0f} s", file=sys.stderr, flush=True)
    command = [sys.executable, __file__, "--section", name, "--device", device, "--folder", str(folder)]
    child = subprocess.Popen(
        [*command, "--limit", f"{limit:g}"], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    timer = threading.Timer(limit, _end, [child])
    timer.start()
    found = []
    for line in child.stdout:
        with contextlib.suppress(ValueError):  # printed by a library
            found.append(json.loads(line))
    child.wait()
    ended_early = timer.finished.is_set()
    timer.cancel()
    _end(child)  # its own children may live on
    if ended_early or child.returncode:
        why = f"it took more than {limit:.0f} s" if ended_early else f"it ended with exit code {child.returncode}"
        found.append(missing(f"gpu.{name}.rest", f"the rest of {name}", why))
    return found


def _end(child: subprocess.Popen) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, 9)


def _measure_section(options) -> int:
    """Print the figures of a section, in its own process, as lines of JSON. Does not return."""
    import on_card

    out = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # whatever else speaks must not be taken for a figure
    try:
        for each in on_card.SECTION[options.section](options.device, Path(options.folder), options.limit):
            print(json.dumps(each), file=out)
    except Exception as error:
        print(json.dumps(missing(f"gpu.{options.section}.rest", options.section, on_card.one_line(error))), file=out)
    out.flush()
    os._exit(0)  # a driver may crash when it is unloaded


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--only", action="append", choices=SECTIONS, help="again for more")
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--share", type=float, default=1.0, help="of the time that each section has [1]")
    for hidden in ("--section", "--folder"):
        parser.add_argument(hidden, help=argparse.SUPPRESS)
    parser.add_argument("--limit", type=float, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.section:
        return _measure_section(options)
    begun = time.perf_counter()
    result = compared(measure(options.only or SECTIONS, options.device, options.share), [])
    here = machine.describe() | {"gpus": machine.graphics() or nvidia.cards()}
    if options.json:
        print(json.dumps({"machine": here, "device": options.device, "figures": result}, indent=1))
    else:
        print("\n".join([f"{here['processor']} · {', '.join(here['gpus']) or 'no graphics card'}", *table(result)]))
    print(f"{time.perf_counter() - begun:.0f} s", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
