"""The results of `livedream bench` as a table to print."""

from typing import Any

from livedream.bench.figures import columns, table


def text(measured: dict[str, Any]) -> str:
    """Return the result of measure.measure in lines."""
    worse = [each["what"] for each in measured["figures"] if each["regressed"]]
    end = ["", f"worse than the baseline: {'; '.join(worse)}"] if worse else []
    return "\n".join(
        [*_head(measured), "", *_model(measured), "", *_outputs(measured), "", *table(measured["figures"]), *end]
    )


def _head(measured: dict[str, Any]) -> list[str]:
    dream, machine = measured["dream"], measured["machine"]
    runtime = next((f"{k} {v}" for k, v in machine["libraries"].items() if k.startswith("onnxruntime")), "")
    lines = [
        f"{dream['title']} · {'x'.join(map(str, dream['size']))} · {dream['fps']:g} steps a second",
        f"livedream {measured['livedream']} · Python {machine['python']} · {runtime} · {machine['system']}",
        *about(machine, measured["when"]),
    ]
    return lines


def about(machine: dict[str, Any], when: str) -> list[str]:
    """Describe the machine in a line, and in another one if it was busy."""
    cards = ", ".join(machine["gpus"]) or "no graphics card"
    lines = [f"{machine['processor']} · {machine['cores_usable']} of {machine['cores']} cores · {cards} · {when}"]
    if machine["load"] is not None and machine["load"] > 0.3 * machine["cores_usable"]:
        lines.append(f"The machine was busy when this began (load average {machine['load']:g}): it can do better.")
    return lines


def _model(measured: dict[str, Any]) -> list[str]:
    loop = measured["loop"]
    rows = [("milliseconds", "median", "p99", "")]
    for name, each in measured["model"].items():
        rows.append((f"{name}, bare", _ms(each["p50_ms"]), _ms(each["p99_ms"]), f"{each['runs']} runs"))
    rows.append(
        ("a frame's model, bare", _ms(loop["bare_p50_ms"]), _ms(loop["bare_p99_ms"]), f"{loop['frames']} frames")
    )
    added = f"adds {loop['added_ms']:.3f} ms, {loop['added_share']:.2%}"
    rows.append(("the same frame with the loop", _ms(loop["loop_p50_ms"]), _ms(loop["loop_p99_ms"]), added))
    return columns(rows)


def _outputs(measured: dict[str, Any]) -> list[str]:
    rows = [("output", "asked", "fresh", "delivered", "fps")]
    for each in measured["outputs"]:
        name, asked = each["output"], f"{each['asked_fps']:g}"
        if "skipped" in each:
            rows.append((name, asked, "-", "-", f"skipped: {each['skipped']}"))
        else:
            rows.append((name, asked, f"{each['fresh_fps']:.1f}", f"{each['delivered_fps']:.1f}", ""))
    return columns(rows)


def _ms(value: float) -> str:
    return f"{value:.2f}"
