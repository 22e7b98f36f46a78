"""The bare model, and the time that the live loop adds to it, measured by turns in one process."""

import time
from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from livedream.backend import Runner, choose
from livedream.bench.figures import Figure, figure, missing
from livedream.bench.watch import Watch, playing
from livedream.dream import read
from livedream.dream.dream import Component, Dream
from livedream.loop.deck import Deck
from livedream.loop.live import Stage, percentile
from livedream.output.kinds import parse
from livedream.parameters import Table
from livedream.picture.frame import Frame
from livedream.play import dream_parameters as tables
from livedream.play.player import Player

WARM = 5  # frames that do not count
ADDED_MS, ADDED_SHARE = 0.3, 0.03  # budgets; the larger one counts
FRESH_SHARE = 0.97
SLICE = 0.5  # seconds of playing flat out before the sessions have their turn; short, as busy moments come and go
BEYOND = 1.2  # the frame rate that the stage is asked for, over the one that the bare model can draw
FASTEST = 1000.0  # the highest frame rate that its clock may be asked for
Mark = tuple[float, tuple[int, ...]]  # perf_counter seconds, and the calls of each session so far


class Tap:
    """Replaces a runner's session, and notes its calls so that they can be repeated on the bare session.

    Attributes:
        name: The component.
        session: The bare session.
        asked: The arguments of each call since the last repetition.
        took: The seconds of each of these calls.
        seconds: The seconds of each repeated call.
    """

    def __init__(self, name: str, session: Any):
        self.name, self.session = name, session
        self.asked: list[tuple[Any, Any]] = []
        self.took: list[float] = []
        self.seconds: list[float] = []

    def run(self, names: Any, feeds: Any) -> Any:
        """Call the session and note the call."""
        begin = time.perf_counter()
        outputs = self.session.run(names, feeds)
        self.took.append(time.perf_counter() - begin)
        self.asked.append((names, feeds))
        return outputs

    def forget(self) -> None:
        """Forget all calls."""
        self.asked, self.took, self.seconds = [], [], []

    def again(self) -> float:
        """Repeat the calls on the bare session. Returns the seconds."""
        asked, self.asked, self.took = self.asked, [], []
        whole = 0.0
        for names, feeds in asked:
            begin = time.perf_counter()
            self.session.run(names, feeds)
            self.seconds.append(time.perf_counter() - begin)
            whole += self.seconds[-1]
        return whole


def tapped(dream: Dream) -> tuple[Player, list[Tap]]:
    """Return a player on the CPU, as `livedream run` makes it, and the taps on its sessions. Raises UserError."""
    taps: list[Tap] = []
    choice = choose.quick(dream, "cpu")

    def load(component: Component) -> Runner:
        runner: Any = choice.load(component)  # on the CPU it has a session of ONNX Runtime
        tap = Tap(component.name, runner.session)
        runner.session = tap
        taps.append(tap)
        return cast(Runner, runner)

    return Player(dream, load), taps


def figures(model: str, seconds: float) -> list[Figure]:
    """Measure loop.added and loop.fresh."""
    dream = read.load(model)
    table = tables.of(dream)
    player, taps = tapped(dream)
    measured = paired(player, table, taps, 30.0, 0.4 * seconds)
    model_s = measured["loop"]["bare_p50_ms"] / 1e3
    return [added(measured), flat_out(player, table, taps, 0.6 * seconds, model_s)]


def paired(player: Player, table: Table, taps: list[Tap], fps: float, seconds: float) -> dict[str, Any]:
    """Measure the live loop and the bare model frame by frame.

    By turns, a frame is made by the live loop's own two halves (draw, hand out to an output), and its sessions are run
    bare on the same inputs, so that other work of the machine falls on both alike. At least two frames are made.

    Returns:
        model: The bare milliseconds of each component.
        loop: The milliseconds of a frame with the loop and without it; added_ms is the median of the differences.
    """
    sink = parse("none")
    stage = Stage([Deck(0, player)], table, fps, [sink])
    sink.start(*player.dream.size, fps)
    whole, bare = list[float](), list[float]()
    shown: Frame | None = None
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
    whole, bare = whole[warm:], bare[warm:]
    differences = (np.array(whole) - np.array(bare)) * 1e3
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


def added(measured: dict[str, Any]) -> Figure:
    """Return loop.added from the result of `paired`."""
    loop = measured["loop"]
    return figure(
        "loop.added",
        "the loop on top of the bare model, a frame",
        loop["added_ms"],
        "ms",
        max(ADDED_SHARE * loop["bare_p50_ms"], ADDED_MS),
        **loop,
    )


def flat_out(player: Player, table: Table, taps: list[Tap], seconds: float, model_s: float) -> Figure:
    """Measure loop.fresh: new pictures per second of the live stage, as a share of the bare sessions'.

    By turns, the stage with both its threads is asked for more frames than it can draw for half a second, and its
    sessions repeat all calls of these frames bare. detail.inside is the share of that time in which its sessions ran.

    Args:
        player: A player whose sessions are tapped.
        table: Its parameters.
        taps: The taps.
        seconds: How long to measure.
        model_s: About the seconds that the model takes for one frame.
    """
    what = "fresh frames a second, of the bare sessions'"
    if model_s < BEYOND / FASTEST:
        return missing("loop.fresh", what, f"this dream takes {model_s * 1e3:.2f} ms: no clock can ask for more", "")
    fps = BEYOND / model_s
    shares, fresh, bare, insides = list[float](), list[float](), list[float](), list[float]()
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


def _turn(player: Player, table: Table, taps: list[Tap], fps: float, seconds: float) -> tuple[int, float, float, float]:
    """Play one slice.

    Returns:
        The number of new pictures; the seconds that they took the stage; those of its sessions; those of bare runs.
    """
    marks: list[Mark] = []
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
    """Notes when each new picture went out, and how many calls each session had had by then."""

    def __init__(self, taps: list[Tap], marks: list[Mark]):
        super().__init__()
        self._taps, self._marks = taps, marks

    def show(self, frame: Frame) -> None:
        if frame.fresh:
            self._marks.append((time.perf_counter(), tuple(len(tap.asked) for tap in self._taps)))


def median_error(values: Sequence[float] | npt.NDArray[np.float64]) -> float:
    """Return the standard error of the median, from the spread of the middle half."""
    values = np.asarray(values, float)
    if len(values) < 2:
        return float(abs(values[0])) if len(values) else 0.0
    spread = float(np.subtract(*np.percentile(values, [75, 25]))) / 1.349
    return float(1.2533 * spread / len(values) ** 0.5)
