"""A provider tried on a dream in a process of its own, since a driver may crash, hang or talk on stderr.

`python -m livedream.backend.trial PROVIDER DREAM SHA256 PARENT` prints a line of JSON for each way to run each
component: what it took, and how far it was from the CPU. `attempt` starts it. In the child: `measure`.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict
from math import prod
from pathlib import Path

import numpy as np

from livedream import UserError
from livedream.backend import Runner, cpu, providers
from livedream.backend.part import Part
from livedream.dream import noise, read
from livedream.dream.dream import Component, Dream

SECONDS = 180.0  # for one provider; those that compile for the card take a minute
LEVELS = 1.0  # grey levels, on average, that a picture may be off
SPREAD = 0.05  # of a latent's standard deviation, rms, that it may be off after each of the chained steps
STEPS, PICTURES = 20, 5
RUNS, LONGEST = 30, 3.0  # timed runs, and seconds for them


def attempt(provider: str, dream: Dream, seconds: float = SECONDS) -> tuple[list[tuple[str, Part]], str]:
    """What ran correctly: (component, Part with its ms); and why not, one line, for what did not."""
    command = [sys.executable, "-m", "livedream.backend.trial", provider, str(dream.path.absolute())]
    command += [dream.sha256, str(os.getpid())]
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    why = ""
    # Not in a session of its own: Linux shares the processor out among sessions, however nice they are.
    with subprocess.Popen(command, text=True, errors="replace", cwd=Path(__file__).parents[2], **pipes) as child:
        try:
            out, said = child.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            child.kill()
            out, said = child.communicate()
            why = f"gave no answer in {seconds:g} s"
    found, ended = [], False
    for line in out.splitlines():
        try:
            told = json.loads(line)
            ended |= "end" in told
            if "part" in told:
                found.append((told["component"], Part(**told["part"])))
            why = why or told.get("problem", "")
        except (ValueError, TypeError, AttributeError):
            continue  # a driver's word on stdout
    if not ended and not why:
        last = (said.strip().splitlines() or ["without a word"])[-1]
        why = f"crashed (exit code {child.returncode}): {last[:160]}"
    return found, why


def measure(provider: str, dream: Dream) -> Iterator[dict]:
    """{"component", "part"} for every way that is right, {"problem": one line} for every one that is not."""
    try:
        providers.ready(providers.by_name(provider))
    except UserError as error:
        yield {"problem": str(error).removeprefix(f"{provider}: ")}
        return
    for component in dream.components.values():
        if component.name == "recall":  # always the processor's: the player looks up memories there
            continue
        reference = cpu.load(component)
        expected = play(reference, component, dream)
        for ways in _ways(provider, component):
            problem = ""
            for part in ways:  # each the way back from the one before
                try:
                    ms, cpu_ms = _milliseconds(part, component, dream, expected, reference)
                except Exception as error:
                    problem = providers.one_line(error).removeprefix(f"{provider}: ")
                    continue
                yield {
                    "component": component.name,
                    "part": asdict(part) | {"ms": round(ms, 3), "cpu_ms": round(cpu_ms, 3)},
                }
                break
            else:
                yield {"problem": problem}


def _ways(provider: str, component: Component) -> list[list[Part]]:
    """Every way to try; in a list within it, only until one works."""
    graphs = (True, False) if providers.by_name(provider).graph else (False,)
    halves = (False, True) if cpu.draws(component) else (False,)
    return [[Part(provider, half=half, graph=graph) for graph in graphs] for half in halves]


def play(runner: Runner, component: Component, dream: Dream) -> list[dict[str, np.ndarray]]:
    """What it gives over a few runs, one after the other, its state kept; a step goes on from its own latent."""
    made, latent = [], latent_near(dream, 0)
    for k in range(STEPS if component.name == "step" else PICTURES):
        outputs = runner(inputs(component, dream, k, latent if component.name == "step" else latent_near(dream, k)))
        made.append({name: _host(value) for name, value in outputs.items()})
        if not runner.keep():
            raise UserError(f"{component.name}: its state is not finite")
        if component.name == "step":
            latent = np.concatenate([np.ravel(made[-1]["next." + name]) for name in dream.latents])
    return made


def _host(value) -> np.ndarray:
    return value if isinstance(value, np.ndarray) else value.pixels()[None]


def inputs(component: Component, dream: Dream, k: int, latent: np.ndarray) -> dict[str, np.ndarray]:
    """Those of the k-th run, all but the state. latent: f32 [Z]."""
    made, at, known = {}, 0, {}
    if component.name == "decode" and dream.memories:
        recall = dream.components["recall"]
        known = cpu.load(recall)(inputs(recall, dream, k, latent))
        known["memory"] = dream.memories.stack(known.pop("index"))
    for name, value in component.inputs.items():
        size = prod(value.shape)
        if name in known:
            array = known[name]
        elif name in dream.latents:
            array, at = latent[at : at + size], at + size
        elif name in ("noise", "uniform"):
            array = getattr(noise, name)(0, 0, component.name, k, size)
        elif name.startswith("control."):
            array = np.full(size, dream.controls[name.removeprefix("control.")].default)
        elif name.startswith("state."):
            continue
        else:  # a picture
            array = np.arange(size) * (k + 1) // 7 % 256
        made[name] = np.reshape(array, value.shape).astype(value.dtype)
    return made


def latent_near(dream: Dream, k: int) -> np.ndarray:
    """A latent near one that the footage had."""
    owner = "step" if "step" in dream.components else "decode"
    middle = dream.mean
    if dream.scenes:
        tensors = dream.scenes[k % len(dream.scenes)].tensors
        middle = np.concatenate([np.ravel(tensors[f"{owner}/{name}"]) for name in dream.latents])
    return (middle + 0.3 * dream.std * noise.noise(1, 0, "step", k, dream.mean.size)).astype(np.float32)


def _off(expected: list[dict], got: list[dict], dream: Dream) -> str:
    """How the numbers differ too much, in words, or ""."""
    levels = spread = 0.0
    for there, here in zip(expected, got, strict=True):
        off = {name: here[name].astype(np.float64) - there[name] for name in there}
        pictures = [value for name, value in off.items() if there[name].dtype == np.uint8]
        latents = [np.ravel(value) for name, value in off.items() if there[name].dtype != np.uint8]
        if pictures:
            levels = np.maximum(levels, max(np.abs(value).mean() for value in pictures))  # NaN stays
        if latents:
            flat = np.concatenate(latents)
            scale = np.maximum(dream.std, 1e-3) if flat.size == dream.std.size else np.ones(1)
            if dream.places is not None and flat.size == dream.std.size:
                scale[dream.places] = 1.0  # a memory
            spread = np.maximum(spread, np.sqrt(np.mean((flat / scale) ** 2)))
    if not levels <= LEVELS:
        return f"pictures are {levels:.1f} grey levels off those of the CPU"
    if not spread <= SPREAD:
        return f"latents are {spread:.2g} standard deviations off those of the CPU"
    return ""


def _milliseconds(
    part: Part, component: Component, dream: Dream, expected: list[dict], reference: Runner
) -> tuple[float, float]:
    """The median of one run, and of the CPU's between them, if the numbers are right. UserError if they are not."""
    runner = part.load(component, dream.path, dream.sha256)
    if off := _off(expected, play(runner, component, dream), dream):
        raise UserError(f"{component.name}{', half precision' * part.half}: {off}")
    given, took, end = inputs(component, dream, 0, latent_near(dream, 0)), [], time.perf_counter() + LONGEST
    while len(took) < RUNS and (len(took) < 3 or time.perf_counter() < end):
        times = [time.perf_counter()]
        for each in (runner, reference):
            each(given)
            times.append(time.perf_counter())
        took.append(np.diff(times))
    mine, its = np.median(took, axis=0) * 1000
    return float(mine), float(its)


def _end_with(parent: int) -> None:
    """Not to go on when nobody waits any more; Windows tells no other parent."""
    while os.getppid() == parent or sys.platform == "win32":
        time.sleep(1)
    os._exit(1)


def main() -> None:
    provider, path, sha256, parent = sys.argv[1:]
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C for the show is not the provider's failure
    if hasattr(os, "nice"):
        os.nice(10)  # the show goes on beside it
    threading.Thread(target=_end_with, args=[int(parent)], daemon=True).start()
    dream = read.load(path)
    if dream.sha256 != sha256:
        print(json.dumps({"problem": "the file has changed", "end": True}), flush=True)
        return
    for told in measure(provider, dream):
        print(json.dumps(told), flush=True)
    print(json.dumps({"end": True}), flush=True)


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    os._exit(0)  # a driver's own farewell may crash
