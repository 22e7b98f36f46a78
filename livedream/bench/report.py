"""What `livedream bench` has measured, as a table for people."""

from livedream.bench.figures import columns, table


def text(told: dict) -> str:
    """What measure.measure returned, in lines."""
    worse = [each["what"] for each in told["figures"] if each["regressed"]]
    end = ["", f"worse than the baseline: {'; '.join(worse)}"] if worse else []
    return "\n".join([*_head(told), "", *_model(told), "", *_outputs(told), "", *table(told["figures"]), *end])


def _head(told: dict) -> list[str]:
    dream, machine = told["dream"], told["machine"]
    runtime = next((f"{k} {v}" for k, v in machine["libraries"].items() if k.startswith("onnxruntime")), "")
    lines = [
        f"{dream['title']} · {'x'.join(map(str, dream['size']))} · {dream['fps']:g} steps a second",
        f"livedream {told['livedream']} · Python {machine['python']} · {runtime} · {machine['system']}",
        *about(machine, told["when"]),
    ]
    return lines


def about(machine: dict, when: str) -> list[str]:
    """The machine in a line; in two, if it was busy."""
    cards = ", ".join(machine["gpus"]) or "no graphics card"
    lines = [f"{machine['processor']} · {machine['cores_usable']} of {machine['cores']} cores · {cards} · {when}"]
    if machine["load"] is not None and machine["load"] > 0.3 * machine["cores_usable"]:
        lines.append(f"The machine was busy when this began (load average {machine['load']:g}): it can do better.")
    return lines


def _model(told: dict) -> list[str]:
    loop = told["loop"]
    rows = [("milliseconds", "median", "p99", "")]
    for name, each in told["model"].items():
        rows.append((f"{name}, bare", _ms(each["p50_ms"]), _ms(each["p99_ms"]), f"{each['runs']} runs"))
    rows.append(
        ("a frame's model, bare", _ms(loop["bare_p50_ms"]), _ms(loop["bare_p99_ms"]), f"{loop['frames']} frames")
    )
    added = f"adds {loop['added_ms']:.3f} ms, {loop['added_share']:.2%}"
    rows.append(("the same frame with the loop", _ms(loop["loop_p50_ms"]), _ms(loop["loop_p99_ms"]), added))
    return columns(rows)


def _outputs(told: dict) -> list[str]:
    rows = [("output", "asked", "fresh", "delivered", "fps")]
    for each in told["outputs"]:
        name, asked = each["output"], f"{each['asked_fps']:g}"
        if "skipped" in each:
            rows.append((name, asked, "-", "-", f"skipped: {each['skipped']}"))
        else:
            rows.append((name, asked, f"{each['fresh_fps']:.1f}", f"{each['delivered_fps']:.1f}", ""))
    return columns(rows)


def _ms(value: float) -> str:
    return f"{value:.2f}"
