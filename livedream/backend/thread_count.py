"""The number of the processor's threads that draws a dream fastest here; measured, since more can be slower."""

import time

from livedream.backend import Array, Runner, cpu
from livedream.backend.run_settings import RunSettings
from livedream.backend.trial import inputs, latent_near
from livedream.dream.dream import Dream

SECONDS = 0.15  # for all counts together, once they are warm
MIN_ROUNDS, MAX_ROUNDS = 2, 8


def measure(dream: Dream) -> list[tuple[str, RunSettings]]:
    """Return (component, its settings with ms) for each way to run the dream on the CPU.

    The first time takes half a second. All threads and half of them take turns, so that other load on the machine
    affects both alike, and the best run of each counts. A component that draws no picture runs on one thread: more
    would cost more than they bring.
    """
    found = []
    for component in dream.components.values():
        if not cpu.draws(component):
            found.append((component.name, RunSettings()))
            continue
        most = min(cpu.cores(), cpu.MAX_THREADS)
        runners = {count: cpu.load(component, count) for count in sorted({most, max(1, most // 2)})}
        best = _fastest(runners, inputs(component, dream, 0, latent_near(dream, 0)))
        cpu_ms = min(best.values())
        found += [(component.name, RunSettings(threads=n, ms=ms, cpu_ms=cpu_ms)) for n, ms in best.items()]
    return found


def _fastest(runners: dict[int, cpu.CpuRunner], given: dict[str, Array]) -> dict[int, float]:
    """Return the milliseconds of each runner's fastest run."""
    seconds: dict[int, list[float]] = {count: [] for count in runners}
    runner: Runner
    for runner in runners.values():
        runner(given)  # the first run takes longer than the others
    end = time.perf_counter() + SECONDS
    for done in range(MAX_ROUNDS):
        if done >= MIN_ROUNDS and time.perf_counter() > end:
            break
        for count, runner in runners.items():
            start = time.perf_counter()
            runner(given)
            seconds[count].append(time.perf_counter() - start)
    return {count: round(min(each) * 1000, 3) for count, each in seconds.items()}
