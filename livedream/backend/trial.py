"""Try a provider on a dream in a process of its own, since a driver may crash, hang or print on stderr.

`python -m livedream.backend.trial PROVIDER DREAM SHA256 PARENT` prints a line of JSON for each way to run each
component: its time, or why its result is wrong. `attempt` starts it; `measure` is the child's side.
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
from typing import Any

import numpy as np

from livedream import UserError
from livedream.backend import Array, Floats, Runner, cpu, providers
from livedream.backend.run_settings import RunSettings
from livedream.dream import noise, read
from livedream.dream.dream import Component, Dream
from livedream.picture.frame import Picture

SECONDS = 180.0  # for one provider; those that compile for the card take a minute
MAX_LEVELS = 1.0  # mean difference of a picture, in grey levels
MAX_SPREAD = 0.05  # rms difference of a latent after each of the chained steps, in its standard deviations
STEPS, PICTURES = 20, 5
RUNS, LONGEST = 30, 3.0  # timed runs, and seconds for them


def attempt(provider: str, dream: Dream, seconds: float = SECONDS) -> tuple[list[tuple[str, RunSettings]], str]:
    """Return (component, settings with ms) for each way that ran correctly, and one line on those that did not."""
    command = [sys.executable, "-m", "livedream.backend.trial", provider, str(dream.path.absolute())]
    command += [dream.sha256, str(os.getpid())]
    why = ""
    # Not in a session of its own: Linux divides the processor among sessions, however nice they are.
    with subprocess.Popen(
        command,
        text=True,
        errors="replace",
        cwd=Path(__file__).parents[2],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as child:
        try:
            out, errors = child.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            child.kill()
            out, errors = child.communicate()
            why = f"gave no answer in {seconds:g} s"
    found, ended = [], False
    for line in out.splitlines():
        try:
            data = json.loads(line)
            ended |= "end" in data
            if "settings" in data:
                found.append((data["component"], RunSettings(**data["settings"])))
            why = why or data.get("problem", "")
        except (ValueError, TypeError, AttributeError):
            continue  # a driver printed it
    if not ended and not why:
        last = (errors.strip().splitlines() or ["it printed nothing"])[-1]
        why = f"crashed (exit code {child.returncode}): {last[:160]}"
    return found, why


def measure(provider: str, dream: Dream) -> Iterator[dict[str, Any]]:
    """Yield {"component", "settings"} for every way that is right, {"problem": one line} for every one that is not."""
    try:
        providers.ready(providers.by_name(provider))
    except UserError as error:
        yield {"problem": str(error).removeprefix(f"{provider}: ")}
        return
    for component in dream.components.values():
        if component.name == "recall":  # always runs on the processor, where the player looks up memories
            continue
        reference = cpu.load(component)
        expected = play(reference, component, dream)
        for ways in _ways(provider, component):
            problem = ""
            for settings in ways:  # each is the fallback of the one before
                try:
                    ms, cpu_ms = _milliseconds(settings, component, dream, expected, reference)
                except Exception as error:
                    problem = providers.one_line(error).removeprefix(f"{provider}: ")
                    continue
                times = {"ms": round(ms, 3), "cpu_ms": round(cpu_ms, 3)}
                yield {"component": component.name, "settings": asdict(settings) | times}
                break
            else:
                yield {"problem": problem}


def _ways(provider: str, component: Component) -> list[list[RunSettings]]:
    """Return every way to try; of the ways in an inner list, only the first that works."""
    graphs = (True, False) if providers.by_name(provider).graph else (False,)
    halves = (False, True) if cpu.draws(component) else (False,)
    return [[RunSettings(provider, half=half, graph=graph) for graph in graphs] for half in halves]


def play(runner: Runner, component: Component, dream: Dream) -> list[dict[str, Array]]:
    """Return the outputs of a few runs in a row, the state kept; a step continues from its own latent."""
    results: list[dict[str, Array]] = []
    latent = latent_near(dream, 0)
    for k in range(STEPS if component.name == "step" else PICTURES):
        outputs = runner(inputs(component, dream, k, latent if component.name == "step" else latent_near(dream, k)))
        results.append({name: _on_host(value) for name, value in outputs.items()})
        if not runner.keep():
            raise UserError(f"{component.name}: its state is not finite")
        if component.name == "step":
            latent = np.concatenate([np.ravel(results[-1]["next." + name]) for name in dream.latents])
    return results


def _on_host(value: Array | Picture) -> Array:
    return value if isinstance(value, np.ndarray) else value.pixels()[None]


def inputs(component: Component, dream: Dream, k: int, latent: Floats) -> dict[str, Array]:
    """Return the inputs of the k-th run, except the state. latent: f32 [Z]."""
    found: dict[str, Array] = {}
    recalled: dict[str, Array] = {}
    at = 0
    if component.name == "decode" and dream.memories:
        recall = dream.components["recall"]
        outputs = cpu.load(recall)(inputs(recall, dream, k, latent))
        recalled = {name: _on_host(value) for name, value in outputs.items()}
        recalled["memory"] = dream.memories.stack(recalled.pop("index"))
    for name, value in component.inputs.items():
        size = prod(value.shape)
        array: Array
        if name in recalled:
            array = recalled[name]
        elif name in dream.latents:
            array, at = latent[at : at + size], at + size
        elif name == "noise":
            array = noise.noise(0, 0, component.name, k, size)
        elif name == "uniform":
            array = noise.uniform(0, 0, component.name, k, size)
        elif name.startswith("control."):
            array = np.full(size, dream.controls[name.removeprefix("control.")].default)
        elif name.startswith("state."):
            continue
        else:  # a picture
            array = np.arange(size) * (k + 1) // 7 % 256
        found[name] = np.reshape(array, value.shape).astype(value.dtype)
    return found


def latent_near(dream: Dream, k: int) -> Floats:
    """Return a latent, f32 [Z], near one of the footage; k chooses it."""
    owner = "step" if "step" in dream.components else "decode"
    middle = dream.mean
    if dream.scenes:
        tensors = dream.scenes[k % len(dream.scenes)].tensors
        middle = np.concatenate([np.ravel(tensors[f"{owner}/{name}"]) for name in dream.latents])
    latent: Floats = (middle + 0.3 * dream.std * noise.noise(1, 0, "step", k, dream.mean.size)).astype(np.float32)
    return latent


def difference(expected: list[dict[str, Array]], got: list[dict[str, Array]], dream: Dream) -> str:
    """Return how outputs differ too much, in words, or ""."""
    levels = spread = 0.0
    for reference, here in zip(expected, got, strict=True):
        errors = {name: here[name].astype(np.float64) - reference[name] for name in reference}
        pictures = [value for name, value in errors.items() if reference[name].dtype == np.uint8]
        latents = [np.ravel(value) for name, value in errors.items() if reference[name].dtype != np.uint8]
        if pictures:
            levels = float(np.maximum(levels, max(np.abs(value).mean() for value in pictures)))  # NaN stays
        if latents:
            flat = np.concatenate(latents)
            scale = np.maximum(dream.std, 1e-3) if flat.size == dream.std.size else np.ones(1, np.float32)
            if dream.places is not None and flat.size == dream.std.size:
                scale[dream.places] = 1.0  # in memories
            spread = float(np.maximum(spread, np.sqrt(np.mean((flat / scale) ** 2))))
    if not levels <= MAX_LEVELS:
        return f"pictures are {levels:.1f} grey levels off those of the CPU"
    if not spread <= MAX_SPREAD:
        return f"latents are {spread:.2g} standard deviations off those of the CPU"
    return ""


def _milliseconds(
    settings: RunSettings, component: Component, dream: Dream, expected: list[dict[str, Array]], reference: Runner
) -> tuple[float, float]:
    """Return the median time of a run, and of the CPU's in between. Raises UserError if the outputs are wrong."""
    runner = settings.load(component, dream.path, dream.sha256)
    if problem := difference(expected, play(runner, component, dream), dream):
        raise UserError(f"{component.name}{', half precision' * settings.half}: {problem}")
    given, end = inputs(component, dream, 0, latent_near(dream, 0)), time.perf_counter() + LONGEST
    durations: list[Array] = []
    while len(durations) < RUNS and (len(durations) < 3 or time.perf_counter() < end):
        times = [time.perf_counter()]
        for each in (runner, reference):
            each(given)
            times.append(time.perf_counter())
        durations.append(np.diff(times))
    ms, cpu_ms = np.median(durations, axis=0) * 1000
    return float(ms), float(cpu_ms)


def _end_with(parent: int) -> None:
    """End this process when its parent has ended; Windows does not tell."""
    while os.getppid() == parent or sys.platform == "win32":
        time.sleep(1)
    os._exit(1)


def main() -> None:
    """Run as the child: print a line of JSON for each way."""
    provider, path, sha256, parent = sys.argv[1:]
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C for the show is not the provider's failure
    if hasattr(os, "nice"):
        os.nice(10)  # the show goes first
    threading.Thread(target=_end_with, args=[int(parent)], daemon=True).start()
    dream = read.load(path)
    if dream.sha256 != sha256:
        print(json.dumps({"problem": "the file has changed", "end": True}), flush=True)
        return
    for result in measure(provider, dream):
        print(json.dumps(result), flush=True)
    print(json.dumps({"end": True}), flush=True)


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    os._exit(0)  # a driver may crash at exit
