"""The bare model, and what the loop adds to it: both measured side by side in one process, turn by turn."""

import time

import numpy as np

from livedream.backend import cpu
from livedream.dream.dream import Component, Dream
from livedream.output import parse
from livedream.parameters import Table
from livedream.play.player import Player
from livedream.stage.deck import Deck
from livedream.stage.live import Stage, percentile

WARM = 5  # frames that do not count


class Tap:
    """Stands in for a runner's session and notes what it is asked, so that it can be asked the same again."""

    def __init__(self, name: str, session):
        self.name, self.session = name, session
        self.asked: tuple | None = None  # of the last call, until it is taken
        self.seconds: list[float] = []  # each bare run

    def run(self, names, feeds):
        self.asked = names, feeds
        return self.session.run(names, feeds)

    def again(self) -> float:
        """Run the bare session on what it was last asked, if it was; returns the seconds."""
        asked, self.asked = self.asked, None
        if asked is None:
            return 0.0
        begin = time.perf_counter()
        self.session.run(*asked)
        taken = time.perf_counter() - begin
        self.seconds.append(taken)
        return taken


def tapped(dream: Dream) -> tuple[Player, list[Tap]]:
    """A player whose sessions are tapped, as `livedream run` makes it otherwise. Raises UserError."""
    taps = []

    def load(component: Component) -> cpu.CpuRunner:
        runner = cpu.load(component)
        runner.session = Tap(component.name, runner.session)
        taps.append(runner.session)
        return runner

    return Player(dream, load), taps


def measure(player: Player, table: Table, taps: list[Tap], fps: float, seconds: float) -> dict:
    """{"model": each component's bare milliseconds, "loop": a frame's with the loop, without it, and between}.

    Turn by turn a frame is made by the live loop's own two halves (draw, hand out to an output) and then its
    sessions are run bare on the same inputs, so that whatever else the machine does falls on both alike. added_ms
    is the median of the differences, pair by pair. At least two frames, however slow.
    """
    sink = parse("none")
    stage = Stage([Deck(0, player)], table, fps, [sink])
    sink.start(*player.dream.size, fps)
    whole, bare, shown = [], [], None
    end = time.perf_counter() + seconds
    try:
        while len(whole) < WARM + 2 or time.perf_counter() < end:
            if len(whole) >= 2 and time.perf_counter() > end + seconds:  # a frame takes seconds
                break
            number = len(whole)
            begin = time.perf_counter()
            stage.draw(number, 1 if number else 0)
            shown = stage.hand_out(number, shown)
            whole.append(time.perf_counter() - begin)
            bare.append(sum(tap.again() for tap in taps))
    finally:
        sink.stop()
    warm = min(WARM, len(whole) - 2)
    whole, bare = np.array(whole[warm:]), np.array(bare[warm:])
    added = float(np.median(whole - bare)) * 1e3
    model = {}
    for tap in taps:
        kept = tap.seconds[1:] or tap.seconds or [0.0]
        model[tap.name] = {"p50_ms": percentile(kept, 50), "p99_ms": percentile(kept, 99), "runs": len(kept)}
    return {
        "model": model,
        "loop": {
            "bare_p50_ms": percentile(bare, 50),
            "bare_p99_ms": percentile(bare, 99),
            "loop_p50_ms": percentile(whole, 50),
            "loop_p99_ms": percentile(whole, 99),
            "added_ms": round(added, 4),
            "added_share": round(added / max(float(np.median(bare)) * 1e3, 1e-6), 5),
            "frames": len(whole),
        },
    }
