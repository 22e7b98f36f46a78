"""How many of the processor's threads draw a dream fastest here; measured, as more of them can be slower."""

import time

from livedream.backend import cpu
from livedream.backend.part import Part
from livedream.backend.trial import inputs, latent_near
from livedream.dream.dream import Dream

SECONDS = 0.15  # for all counts together, once they are warm
ROUNDS = 2, 8  # at least, at most


def measure(dream: Dream) -> list[tuple[str, Part]]:
    """(component, Part with its ms) for each way to run the dream on the CPU; half a second the first time.

    All threads and half of them take turns, so that what else the machine does falls on both alike, and the best run
    of each counts. What draws no picture runs on one thread: the others would cost more than they bring.
    """
    found = []
    for component in dream.components.values():
        if not cpu.draws(component):
            found.append((component.name, Part()))
            continue
        most = min(cpu.cores(), cpu.MOST)
        runners = {count: cpu.load(component, count) for count in sorted({most, max(1, most // 2)})}
        given = inputs(component, dream, 0, latent_near(dream, 0))
        took = {count: [] for count in runners}
        for runner in runners.values():
            runner(given)  # the first run takes longer than the others
        end = time.perf_counter() + SECONDS
        for done in range(ROUNDS[1]):
            if done >= ROUNDS[0] and time.perf_counter() > end:
                break
            for count, runner in runners.items():
                begun = time.perf_counter()
                runner(given)
                took[count].append(time.perf_counter() - begun)
        best = {count: round(min(seconds) * 1000, 3) for count, seconds in took.items()}
        found += [(component.name, Part(threads=n, ms=ms, cpu_ms=min(best.values()))) for n, ms in best.items()]
    return found
