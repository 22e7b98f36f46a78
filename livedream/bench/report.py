"""The figures in words, and beside each what it may cost."""

FRESH = 30.0  # frames a second that the default dream owes with the page or a stream open
ADDED_MS, ADDED_SHARE = 0.3, 0.03
PACING_MS, START_S, MEMORY_MB = 2.0, 1.5, 350.0


def budgets(figures: dict) -> list[dict]:
    """[{what, measured, budget, unit, ok}], at most `budget` but for frames a second. ok None: not measured."""
    loop, latency = figures["loop"], figures["latency"]
    period = 1e3 / latency["fps"]
    lines = [
        _most(
            "the loop on top of the bare model, a frame",
            loop["added_ms"],
            max(ADDED_SHARE * loop["bare_p50_ms"], ADDED_MS),
            "ms",
        ),
        _most("OSC packet to frame, median", latency.get("p50_ms"), period + loop["bare_p50_ms"], "ms"),
        _most("OSC packet to frame, p99", latency.get("p99_ms"), 2 * period, "ms"),
        _most("pacing, p99 of abs(interval - period)", figures["pacing"]["p99_ms"], PACING_MS, "ms"),
        _most("livedream run to the first frame", figures["start"].get("first_frame_s"), START_S, "s"),
        _most("resident memory", figures["memory"].get("rss_mb"), MEMORY_MB, "MB"),
    ]
    for kind in ("page", "rtmp"):
        fresh = [each["fresh_fps"] for each in figures["outputs"] if each["output"] == kind and "fresh_fps" in each]
        best = max(fresh, default=None)
        # Half a frame a second: what the edges of the measured time take or give.
        ok = None if best is None else best >= FRESH - 0.5
        lines.append(_line(f"fresh frames a second with {kind}", best, FRESH, "fps", ok))
    return lines


def _most(what: str, measured: float | None, budget: float, unit: str) -> dict:
    return _line(what, measured, round(budget, 3), unit, None if measured is None else measured <= budget)


def _line(what, measured, budget, unit, ok) -> dict:
    return {"what": what, "measured": measured, "budget": budget, "unit": unit, "ok": ok}


def text(figures: dict) -> str:
    """The figures as a table for people."""
    return "\n".join([*_head(figures), "", *_model(figures), "", *_outputs(figures), "", *_budgets(figures)])


def _head(figures: dict) -> list[str]:
    dream, machine = figures["dream"], figures["machine"]
    runtime = next((f"{k} {v}" for k, v in machine["libraries"].items() if k.startswith("onnxruntime")), "")
    lines = [
        f"{dream['title']} · {'x'.join(map(str, dream['size']))} · {dream['fps']:g} steps a second",
        f"livedream {figures['livedream']} · Python {machine['python']} · {runtime} · {machine['system']}",
        f"{machine['processor']} · {machine['cores_usable']} of {machine['cores']} cores · {figures['when']}",
    ]
    if machine["load"] is not None and machine["load"] > 0.3 * machine["cores_usable"]:
        lines.append(f"The machine was busy when this began (load average {machine['load']:g}): it can do better.")
    return lines


def _model(figures: dict) -> list[str]:
    loop, latency = figures["loop"], figures["latency"]
    rows = [("milliseconds", "median", "p99", "")]
    for name, each in figures["model"].items():
        rows.append((f"{name}, bare", _ms(each["p50_ms"]), _ms(each["p99_ms"]), f"{each['runs']} runs"))
    rows.append(
        ("a frame's model, bare", _ms(loop["bare_p50_ms"]), _ms(loop["bare_p99_ms"]), f"{loop['frames']} frames")
    )
    added = f"adds {loop['added_ms']:.3f} ms, {loop['added_share']:.2%}"
    rows.append(("the same frame with the loop", _ms(loop["loop_p50_ms"]), _ms(loop["loop_p99_ms"]), added))
    if "skipped" not in latency:
        told = f"{latency['p50_periods']:.2f} and {latency['p99_periods']:.2f} periods at {latency['fps']:g} fps"
        shown = f"{latency['shown']} of {latency['packets']} packets, {latency['seen']} seen in the picture"
        rows.append(("OSC packet to frame", _ms(latency["p50_ms"]), _ms(latency["p99_ms"]), f"{told}; {shown}"))
    return _table(rows)


def _outputs(figures: dict) -> list[str]:
    rows = [("output", "asked", "fresh", "delivered", "fps")]
    for each in figures["outputs"]:
        name, asked = each["output"], f"{each['asked_fps']:g}"
        if "skipped" in each:
            rows.append((name, asked, "-", "-", f"skipped: {each['skipped']}"))
        else:
            rows.append((name, asked, f"{each['fresh_fps']:.1f}", f"{each['delivered_fps']:.1f}", ""))
    return _table(rows)


def _budgets(figures: dict) -> list[str]:
    rows = [("figure", "measured", "budget", "", "")]
    for each in figures["budgets"]:
        verdict = {True: "ok", False: "MISS", None: "not measured"}[each["ok"]]
        measured = "-" if each["measured"] is None else f"{each['measured']:.4g}"
        rows.append((each["what"], measured, f"{each['budget']:.4g}", each["unit"], verdict))
    return _table(rows)


def _ms(value: float) -> str:
    return f"{value:.2f}"


def _table(rows: list[tuple[str, ...]]) -> list[str]:
    """Columns lined up: the first to the left, numbers to the right, the last as it is."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]) - 1)]
    lines = []
    for first, *numbers, last in rows:
        cells = [f"{first:{widths[0]}}", *(f"{each:>{width}}" for each, width in zip(numbers, widths[1:], strict=True))]
        lines.append("  ".join([*cells, last]).rstrip())
    return lines
