"""Measure everything, each figure beside its budget and a baseline: python bench/all.py [--quick] [--only NAME …]

    python bench/all.py --save bench/baseline.json       # on a quiet machine; about 35 minutes
    python bench/all.py --against bench/baseline.json    # exit 1 when something has become worse

Each section runs in a process of its own and has a time limit; one that fails costs only its own figures. Ratios
are measured side by side and compared; of absolute times only whether they keep their budget.
"""

import argparse
import contextlib
import datetime
import importlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import livedream
from livedream import UserError
from livedream.bench.figures import compared, missing, read_baseline, table
from livedream.bench.measure import unmeasured
from livedream.bench.report import about
from livedream.bench.run_process import prepare
from livedream.dream import read
from livedream.system import machine
from livedream.system.atomic import atomic_write

HERE = Path(__file__).parent


class Section(NamedTuple):
    """Some figures, whose names begin with the section's. where: module, in this folder or livedream.bench.

    quick, long: what `figures(model, amount)` of that module is given: seconds for most. limit: seconds for all of it
    beside `amount`, after which it is ended.
    """

    name: str
    where: str
    quick: float
    long: float
    limit: float
    what: str


SECTIONS = (
    Section("start", "livedream.bench.start", 3, 20, 120, "the first frame and memory, three starts"),
    Section("loop", "livedream.bench.loop", 10, 60, 60, "the loop over the bare sessions"),
    Section("latency", "livedream.bench.latency", 15, 60, 90, "OSC packet to frame, with 60 Hz bundles of 64 channels"),
    Section("pacing.30", "livedream.bench.pacing", 8, 600, 60, "pacing and drops at 30 fps"),
    Section("pacing.60", "livedream.bench.pacing", 8, 600, 60, "pacing and drops at 60 fps"),
    Section("stall", "livedream.bench.stall", 11, 60, 60, "a model that hangs for 200 ms every 5 s"),
    Section("changes", "changes", 6, 20, 300, "changes of dream in play, half of them to broken files"),
    Section("window", "window", 1, 3, 240, "the window dragged, covered, minimised, closed and opened"),
    Section("memory", "memory", 20, 180, 120, "resident and GPU memory at full speed"),
    Section("engines", "engines", 1, 1, 900, "TensorRT engines of the dreams that ship"),
    Section("webgpu", "webgpu", 1, 1, 300, "WebGPU's pictures beside the CPU's"),
    Section("looks", "looks", 3, 15, 120, "what looks add to a frame"),
    Section("effects", "effects", 8, 30, 120, "learned effects, one of 200 ms among them"),
    Section("recording", "recording", 2, 20, 240, "recordings: their cost, and what kill -9 takes from them"),
    Section("obs", "obs", 1, 3, 400, "OBS: our frames in order, their age, their colours"),
    Section("gpu", "gpu", 120, 400, 120, "what only a graphics card can show"),
)


def main(arguments: list[str] | None = None) -> int:
    """Measure, print, write; 1 when something has regressed, 2 for wrong usage."""
    parser = argparse.ArgumentParser(description=__doc__.split(":")[0])
    parser.add_argument("--model", default="rainbow.onnx", metavar="DREAM")
    parser.add_argument("--quick", action="store_true", help="little time for each: about four minutes altogether")
    parser.add_argument("--only", action="append", metavar="SECTION", help=", ".join(each.name for each in SECTIONS))
    parser.add_argument("--save", metavar="FILE", help="write the figures as JSON")
    parser.add_argument("--against", metavar="FILE", help="compare with what --save wrote on this machine")
    parser.add_argument("--json", action="store_true", help="print JSON instead of the table")
    parser.add_argument("--section", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.section:
        print(json.dumps(_measure(options)))
        return 0
    try:
        report = _report(options)
        if options.save:
            atomic_write(Path(options.save), (json.dumps(report, indent=1) + "\n").encode())
    except UserError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    print(json.dumps(report, indent=1) if options.json else "\n".join(text(report)))
    return 1 if any(each["regressed"] for each in report["figures"]) else 0


def _report(options) -> dict:
    """Everything. Raises UserError for a baseline that cannot be compared with, before anything is measured."""
    here = machine.describe() | {"gpus": machine.graphics()}
    then = read_baseline(options.against, here) if options.against else []
    unknown = set(options.only or ()) - {each.name for each in SECTIONS}
    if unknown:
        raise UserError(f"--only {', '.join(unknown)}: there are {', '.join(each.name for each in SECTIONS)}")
    prepare(read.load(options.model))
    found = []
    for section in SECTIONS:
        if not options.only or section.name in options.only:
            print(f"{section.name}: {section.what}", file=sys.stderr, flush=True)
            found += run_section(section, options, then)
            found += _untold(section.name, found, then)
    return {
        "livedream": livedream.__version__,
        "when": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "quick": options.quick,
        "model": options.model,
        "machine": here,
        "load_after": machine.load(),
        "figures": compared(found, then),
    }


def run_section(section: Section, options, then: list[dict]) -> list[dict]:
    """A section's figures, from a process of its own; when it fails, what it would have measured and why not."""
    command = [sys.executable, str(HERE / "all.py"), "--section", section.name, "--model", options.model]
    limit = section.limit + (section.quick if options.quick else section.long)
    child = subprocess.Popen(
        [*command, *(["--quick"] if options.quick else [])], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        out, _ = child.communicate(timeout=limit)
        result = json.loads(out.splitlines()[-1])
        if isinstance(result, list):
            return result
        why = result["why"]
    except subprocess.TimeoutExpired:
        why = f"it took more than {limit:g} s"
    except (ValueError, IndexError):
        why = f"it ended with exit code {child.returncode} and no figures"
    finally:  # its own children too
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
    return unmeasured(section.name, section.what, why, then)


def _untold(name: str, found: list[dict], then: list[dict]) -> list[dict]:
    """Return the figures of a section that the baseline has and this run does not, as missing."""
    there = {each["name"] for each in found}
    before = [each for each in then if each["name"].startswith(f"{name}.") and each["measured"] is not None]
    return [
        missing(each["name"], each["what"], "not reported", each["unit"])
        for each in before
        if each["name"] not in there
    ]


def _measure(options) -> list[dict] | dict:
    """The figures of the section that is asked for, or why there are none."""
    section = next(each for each in SECTIONS if each.name == options.section)
    amount = section.quick if options.quick else section.long
    _, _, part = section.name.partition(".")
    try:
        measure = importlib.import_module(section.where).figures
        return measure(options.model, amount, *([float(part)] if part else []))
    except Exception as error:
        return {
            "why": str(error) if isinstance(error, UserError | RuntimeError) else f"{type(error).__name__}: {error}"
        }


def text(report: dict) -> list[str]:
    """The report as lines for people."""
    quick = " · quick" if report["quick"] else ""
    lines = [f"livedream {report['livedream']} · {report['model']}{quick}", *about(report["machine"], report["when"])]
    if (after := report["load_after"]) is not None:
        lines.append(f"load average {report['machine']['load']:g} before, {after:g} after")
    worse = [each["name"] for each in report["figures"] if each["regressed"]]
    end = f"worse than the baseline: {', '.join(worse)}" if worse else ""
    return [*lines, "", *table(report["figures"]), *(["", end] if end else [])]


if __name__ == "__main__":
    sys.exit(main())
