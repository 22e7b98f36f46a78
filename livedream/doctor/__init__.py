"""Checks of what this machine offers to livedream, by trying it, and of how to get what is missing.

Each topic has a file of its own, whose functions return Findings.
"""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import livedream
from livedream.backend import providers
from livedream.doctor import base, files, inference, inputs, ports, power, probe, programs, screen, training
from livedream.doctor.finding import Finding

Check = Callable[..., list[Finding]]

# The checks in the order of their report: topic, function, and the probe whose answer it is called with.
CHECKS: tuple[tuple[str, Check, str | None], ...] = (
    ("machine", base.base, None),
    ("inference", inference.wheels, None),
    ("inference", inference.providers, "providers"),
    ("inference", inference.cuda, "cuda"),
    ("screen", screen.screen, "gl"),
    ("screen", screen.monitors, "gl"),
    ("power", power.sleep, "awake"),
    ("power", power.plugged, None),
    ("encoders", programs.encoders, "encoders"),
    ("inputs", inputs.cameras, "cameras"),
    ("inputs", inputs.screen, "cameras"),
    ("outputs", programs.extras, None),
    ("outputs", programs.carried, None),
    ("ports", ports.ports, None),
    ("ports", ports.announced, None),
    ("training", training.training, None),
    ("files", files.dreams, None),
    ("files", files.cached, None),
    ("files", files.room, None),
)


def examine() -> list[Finding]:
    """Run all checks; takes about two seconds. Raises nothing: a check that fails is a finding."""
    running = {name: probe.start(name) for _, _, name in CHECKS if name and name != "providers"}
    tried = {each.name: probe.start("provider", each.name) for each in providers.TABLE}
    # The checks without a probe run while the probes do.
    found = {check: run(topic, check) for topic, check, name in CHECKS if name is None}
    answers = {name: probe.answer(child) for name, child in running.items()}
    answers["providers"] = {name: probe.answer(child) for name, child in tried.items()}
    found |= {check: run(topic, check, answers[name]) for topic, check, name in CHECKS if name}
    return [finding for _, check, _ in CHECKS for finding in found[check]]


def run(topic: str, check: Check, *answers: probe.Answer) -> list[Finding]:
    """Run one check; an exception in it becomes a finding."""
    try:
        return check(*answers)
    except Exception as error:  # one broken check must not hide the others
        says = f"could not be checked: {type(error).__name__}: {error}"
        return [Finding(topic, getattr(check, "__name__", topic), False, says)]


def text(findings: list[Finding]) -> str:
    """Return the findings as aligned lines, one topic after the other."""
    width = max(len(each.name) for each in findings)
    lines: list[str] = []
    topic: str | None = None
    for each in findings:
        if each.topic != topic:
            lines += ["", each.topic] if lines else [each.topic]
            topic = each.topic
        mark = {True: "ok", False: "no", None: "--"}[each.ok]
        lines.append(f"  {mark}  {each.name:{width}}  {each.says}")
        if each.mend:
            lines.append(f"      {'':{width}}  -> {each.mend}")
    return "\n".join(lines)


def to_json(findings: list[Finding]) -> dict[str, Any]:
    """Return the findings as JSON values."""
    return {"version": livedream.__version__, "findings": [asdict(each) for each in findings]}
