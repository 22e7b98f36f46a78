"""The bare model, and what the loop adds to it: both measured side by side in one process, turn by turn."""

import time

import numpy as np

from livedream.backend import Runner, choose
from livedream.bench.figures import figure, missing
from livedream.bench.watch import Watch, playing
from livedream.dream import read
from livedream.dream.dream import Component, Dream
from livedream.loop.deck import Deck
from livedream.loop.live import Stage, percentile
from livedream.output.kinds import parse
from livedream.parameters import Table
from livedream.play import dream_parameters as tables
from livedream.play.player import Player

WARM = 5  # frames that do not count
ADDED_MS, ADDED_SHARE = 0.3, 0.03  # budgets, of which the larger counts
FRESH_SHARE = 0.97
SLICE = 0.5  # seconds of playing flat out before the sessions have their turn; short, as busy moments come and go
BEYOND = 1.2  # times the frames a second that the bare model can draw: what the stage is asked for
FASTEST = 1000.0  # frames a second that its clock may be asked for


class Tap:
    """Stands in for a runner's session and notes what it is asked, so that it can be asked the same again."""

    def __init__(self, name: str, session):
        self.name, self.session = name, session
        self.asked: list[tuple] = []  # since they were last run again
        self.took: list[float] = []  # seconds, beside `asked`
        self.seconds: list[float] = []  # each bare run

    def run(self, names, feeds):
        begin = time.perf_counter()
        outputs = self.session.run(names, feeds)
        self.took.append(time.perf_counter() - begin)
        self.asked.append((names, feeds))
        return outputs

    def forget(self) -> None:
        """Start anew."""
        self.asked, self.took, self.seconds = [], [], []

    def again(self) -> float:
        """Run the bare session on what it was asked; returns the seconds."""
        asked, self.asked, self.took = self.asked, [], []
        whole = 0.0
        for names, feeds in asked:
            begin = time.perf_counter()
            self.session.run(names, feeds)
            self.seconds.append(time.perf_counter() - begin)
            whole += self.seconds[-1]
        return whole


def tapped(dream: Dream) -> tuple[Player, list[Tap]]:
    """A player on the CPU, as a show has it, whose sessions are tapped. Raises UserError."""
    taps, choice = [], choose.quick(dream, "cpu")

    def load(component: Component) -> Runner:
        runner = choice.load(component)
        runner.session = Tap(component.name, runner.session)
        taps.append(runner.session)
        return runner

    return Player(dream, load), taps


def figures(model: str, seconds: float) -> list[dict]:
    """Figures loop.added and loop.fresh."""
    dream = read.load(model)
    table = tables.of(dream)
    player, taps = tapped(dream)
    told = paired(player, table, taps, 30.0, 0.4 * seconds)
    model_s = told["loop"]["bare_p50_ms"] / 1e3
    return [added(told), flat_out(player, table, taps, 0.6 * seconds, model_s)]


def paired(player: Player, table: Table, taps: list[Tap], fps: float, seconds: float) -> dict:
    """{"model": each component's bare milliseconds, "loop": a frame's with the loop, without it, and between}.

    Turn by turn a frame is made by the live loop's own two halves (draw, hand out to an output) and then its
    sessions are run bare on the same inputs, so that whatever else the machine does falls on both alike. added_ms
    is the median of the differences, pair by pair. At least two frames, however slow.
    """
    sink = parse("none")
    stage = Stage([Deck(0, player)], table, fps, [sink])
    sink.start(*player.dream.size, fps)
    whole, bare, shown = [], [], None
    for tap in taps:
        tap.forget()
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
    differences = (whole - bare) * 1e3
    added = float(np.median(differences))
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
            "added_error_ms": round(median_error(differences), 4),
            "added_share": round(added / max(float(np.median(bare)) * 1e3, 1e-6), 5),
            "frames": len(whole),
        },
    }


def added(told: dict) -> dict:
    """Figure loop.added, of what `paired` told."""
    loop = told["loop"]
    return figure(
        "loop.added",
        "the loop on top of the bare model, a frame",
        loop["added_ms"],
        "ms",
        max(ADDED_SHARE * loop["bare_p50_ms"], ADDED_MS),
        **loop,
    )


def flat_out(player: Player, table: Table, taps: list[Tap], seconds: float, model_s: float) -> dict:
    """Figure loop.fresh: fresh frames a second of the live stage, as a share of what its bare sessions can do.

    The stage, both threads of it, is asked for more frames than it can draw, for half a second; then its
    sessions run bare, over all that they were asked for these frames; and so on by turns. model_s: about one frame's
    model. detail.inside: of the stage's time, the share that its sessions ran.
    """
    what = "fresh frames a second, of the bare sessions'"
    if model_s < BEYOND / FASTEST:
        return missing("loop.fresh", what, f"this dream takes {model_s * 1e3:.2f} ms: no clock can ask for more", "")
    fps = BEYOND / model_s
    shares, fresh, bare, insides = [], [], [], []
    end = time.perf_counter() + seconds
    while len(shares) < 4 or time.perf_counter() < end:
        frames, looped, inside, alone = _turn(player, table, taps, fps, max(SLICE, 12 * model_s))
        shares.append(alone / looped)
        insides.append(inside / looped)
        fresh.append(frames / looped)
        bare.append(frames / alone)
    return figure(
        "loop.fresh",
        what,
        float(np.median(shares)),
        "share",
        FRESH_SHARE,
        "more",
        ratio=True,
        error=median_error(shares),
        slices=len(shares),
        inside=round(float(np.median(insides)), 4),
        stage_fps=round(float(np.median(fresh)), 2),
        bare_fps=round(float(np.median(bare)), 2),
    )


def _turn(player, table, taps, fps, seconds) -> tuple[int, float, float, float]:
    """One slice: fresh frames; the seconds they took the stage, and its sessions; the seconds of their bare runs."""
    marks: list[tuple] = []
    for tap in taps:
        tap.forget()
    with playing(player, table, fps, [_Marks(taps, marks)]):
        time.sleep(seconds)
    if len(marks) < 4:
        raise RuntimeError(f"only {len(marks)} frames were drawn in {seconds:.1f} s")
    (begin, first), (end, last) = marks[1], marks[-1]
    inside = 0.0
    for tap, a, b in zip(taps, first, last, strict=True):
        inside += sum(tap.took[a:b])
        tap.asked = tap.asked[a:b]
    return len(marks) - 2, end - begin, inside, sum(tap.again() for tap in taps)


class _Marks(Watch):
    """Notes when each fresh frame went out, and how often each session had been asked by then."""

    def __init__(self, taps: list[Tap], marks: list[tuple]):
        super().__init__()
        self._taps, self._marks = taps, marks

    def show(self, frame) -> None:
        if frame.fresh:
            self._marks.append((time.perf_counter(), tuple(len(tap.asked) for tap in self._taps)))


def median_error(values) -> float:
    """Standard error of the median, from the spread of the middle half; of few values a wide one."""
    values = np.asarray(values, float)
    if len(values) < 2:
        return float(abs(values[0])) if len(values) else 0.0
    spread = float(np.subtract(*np.percentile(values, [75, 25]))) / 1.349
    return 1.2533 * spread / len(values) ** 0.5
