"""What this machine offers to livedream, tried rather than believed, and how to get what is missing.

Each topic has its file, whose functions give Findings.
"""

from dataclasses import asdict

import livedream
from livedream.backend import providers
from livedream.doctor import base, files, inference, ports, power, probe, programs, screen, training
from livedream.doctor.finding import Finding

# What is looked at, in the order in which it is told: topic, what looks, and the probe whose answer it reads.
LOOKS = (
    ("machine", base.base, None),
    ("inference", inference.wheels, None),
    ("inference", inference.providers, "providers"),
    ("inference", inference.cuda, "cuda"),
    ("screen", screen.screen, "gl"),
    ("screen", screen.monitors, "gl"),
    ("power", power.sleep, "awake"),
    ("power", power.plugged, None),
    ("encoders", programs.encoders, "encoders"),
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
    """Look at everything; takes about two seconds. Raises nothing: what fails is a finding."""
    running = {name: probe.start(name) for _, _, name in LOOKS if name and name != "providers"}
    tried = {each.name: probe.start("provider", each.name) for each in providers.TABLE}
    # What needs no probe is looked at while they run.
    found = {look: asked(topic, look) for topic, look, name in LOOKS if name is None}
    answers = {name: probe.answer(child) for name, child in running.items()}
    answers["providers"] = {name: probe.answer(child) for name, child in tried.items()}
    found |= {look: asked(topic, look, answers[name]) for topic, look, name in LOOKS if name}
    return [finding for _, look, _ in LOOKS for finding in found[look]]


def asked(topic: str, look, *answers) -> list[Finding]:
    """What `look` finds; a doctor that falls ill is a finding too."""
    try:
        return look(*answers)
    except Exception as error:
        says = f"could not be looked at: {type(error).__name__}: {error}"
        return [Finding(topic, look.__name__, False, says)]


def text(findings: list[Finding]) -> str:
    """The findings in aligned lines, one topic after the other."""
    width = max(len(each.name) for each in findings)
    lines, topic = [], None
    for each in findings:
        if each.topic != topic:
            lines += ["", each.topic] if lines else [each.topic]
            topic = each.topic
        mark = {True: "ok", False: "no", None: "--"}[each.ok]
        lines.append(f"  {mark}  {each.name:{width}}  {each.says}")
        if each.mend:
            lines.append(f"      {'':{width}}  -> {each.mend}")
    return "\n".join(lines)


def as_json(findings: list[Finding]) -> dict:
    """The findings as JSON can say them."""
    return {"version": livedream.__version__, "findings": [asdict(each) for each in findings]}
