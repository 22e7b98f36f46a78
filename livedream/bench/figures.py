"""Figures: measured values, each beside its budget and the value of an earlier run.

A figure is a dict of JSON values:
    name: such as "stall.interval".
    what: the same in words.
    measured: the value, or None if it could not be measured.
    unit: of the value, the budget and the error.
    budget: the worst value that is accepted, or None.
    better: "less" or "more".
    ok: whether the budget is kept; None without a budget or a value.
    ratio: whether it was measured side by side with what it is compared to, so that two runs can be compared.
    error: standard error of the measured value.
    why: the reason why it was not measured, or "".
    detail: further values.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from livedream import UserError

Figure = dict[str, Any]
FLOOR = 0.01  # a ratio that is worse by less than this share is no worse, however sure both are
SURE = 3.0  # standard errors between two ratios that differ


def figure(
    name: str,
    what: str,
    measured: float | None,
    unit: str,
    budget: float | None = None,
    better: str = "less",
    ratio: bool = False,
    error: float = 0.0,
    why: str = "",
    **detail: Any,
) -> Figure:
    """Return a figure; `ok` follows from the rest."""
    kept = None
    if measured is not None and budget is not None:
        kept = bool(measured <= budget if better == "less" else measured >= budget)
    return {
        "name": name,
        "what": what,
        "measured": None if measured is None else _rounded(measured),
        "unit": unit,
        "budget": None if budget is None else _rounded(budget),
        "better": better,
        "ok": kept,
        "ratio": ratio,
        "error": _rounded(error),
        "why": why if measured is None else "",
        "detail": detail,
    }


def missing(name: str, what: str, why: str, unit: str = "") -> Figure:
    """Return a figure that could not be measured here."""
    return figure(name, what, None, unit, why=why)


def _rounded(value: float) -> float:
    return float(f"{value:.5g}")


def compared(now: list[Figure], then: list[Figure]) -> list[Figure]:
    """Return the figures of `now`, each with `baseline` (or None), `verdict` and `regressed` from the earlier `then`.

    A figure has regressed when a budget that was kept is missed now, when a ratio is worse beyond the noise of both
    runs, or when it could be measured then and cannot now. A budget that was missed before is no regression.
    """
    before = {each["name"]: each for each in then}
    return [each | _beside(each, before.get(each["name"])) for each in now]


def _beside(now: Figure, then: Figure | None) -> Figure:
    baseline: float | None = then["measured"] if then else None
    if now["measured"] is None:
        lost = baseline is not None
        return _verdict(baseline, f"{'LOST, was measured: ' if lost else 'not measured: '}{now['why']}", lost)
    if then is not None and baseline is not None and now["ratio"] and then["ratio"]:
        worse = (now["measured"] - baseline) * (1 if now["better"] == "less" else -1)
        noise = max(FLOOR * abs(baseline), SURE * (now["error"] ** 2 + then["error"] ** 2) ** 0.5)
        if worse > noise:
            return _verdict(baseline, f"WORSE than before by {worse:.3g}, noise is {noise:.2g}", True)
    if now["ok"] is False:
        kept = then is not None and then["ok"]
        return _verdict(baseline, "MISSED, was kept before" if kept else "MISS", bool(kept))
    return _verdict(baseline, "ok" if now["ok"] else "", False)


def _verdict(baseline: float | None, verdict: str, regressed: bool) -> Figure:
    return {"baseline": baseline, "verdict": verdict, "regressed": regressed}


def table(figures: list[Figure]) -> list[str]:
    """Return lines to print: figure, budget, measured, baseline, verdict. figures: from `compared`."""
    rows = [("figure", "budget", "measured", "baseline", "", "verdict")]
    for each in figures:
        sign = "<= " if each["better"] == "less" else ">= "
        budget = "" if each["budget"] is None else sign + _short(each["budget"])
        rows.append(
            (each["what"], budget, _short(each["measured"]), _short(each["baseline"]), each["unit"], each["verdict"])
        )
    return columns(rows)


def _short(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"


def columns(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Align columns: the first one left, numbers right, the last one as it is."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]) - 1)]
    lines = []
    for first, *numbers, last in rows:
        cells = [f"{first:{widths[0]}}", *(f"{each:>{width}}" for each, width in zip(numbers, widths[1:], strict=True))]
        lines.append("  ".join([*cells, last]).rstrip())
    return lines


def read_baseline(path: str | Path, machine: Mapping[str, object]) -> list[Figure]:
    """Read the figures that an earlier run wrote.

    Raises:
        UserError: It is no such file, or was measured on another machine.
    """
    try:
        then = json.loads(Path(path).read_text("utf-8"))
        figures: list[Figure] = then["figures"]
        there = then["machine"]
        named = all({"name", "measured", "ok", "ratio", "error"} <= set(each) for each in figures)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"{path}: not a baseline ({error}); write one with --json") from None
    if not named:
        raise UserError(f"{path}: not a baseline of this version; write a new one with --json")
    if others := differences(machine, there):
        raise UserError(f"{path}: measured on another machine ({'; '.join(others)}); measure a baseline on this one")
    return figures


SAME = ("processor", "cores", "cores_usable", "memory_mb", "gpus")  # equal in two descriptions of one machine


def differences(here: Mapping[str, object], there: Mapping[str, object]) -> list[str]:
    """Return a line for each difference of two machines' hardware. Software may differ; it is what is compared."""
    return [
        f"{name}: {there.get(name)} there, {here.get(name)} here"
        for name in SAME
        if not _alike(here.get(name), there.get(name))
    ]


def _alike(a: object, b: object) -> bool:
    if isinstance(a, int) and isinstance(b, int):  # memory differs a little from boot to boot
        return abs(a - b) <= 0.03 * max(a, b)
    return (a or None) == (b or None)
