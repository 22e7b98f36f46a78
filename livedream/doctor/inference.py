"""Checks of inference: ONNX Runtime, its execution providers, and NVIDIA's driver."""

import sys

from livedream.backend import providers as table
from livedream.backend.run_settings import RunSettings
from livedream.doctor.finding import Finding
from livedream.doctor.probe import Answer
from livedream.system import machine

SHIPPED = "rainbow.onnx"
RUNTIMES = ("onnxruntime", "onnxruntime-gpu", "onnxruntime-directml", "onnxruntime-openvino", "onnxruntime-qnn")


def wheels() -> list[Finding]:
    """Report the wheel of ONNX Runtime, and whether several wheels overwrote each other."""
    there = {name: version for name in RUNTIMES if (version := machine.version_of(name))}
    listed = ", ".join(f"{name} {version}" for name, version in there.items())
    if len(there) > 1:
        mend = f"keep one: pip uninstall -y {' '.join(there)}; then pip install {list(there)[-1]}"
        says = f"{listed}: these install into one folder and overwrite each other"
        return [Finding("inference", "onnxruntime", False, says, mend)]
    mend = "" if there else "pip install onnxruntime"
    return [Finding("inference", "onnxruntime", bool(there), listed or "not installed", mend)]


def providers(found: dict[str, Answer]) -> list[Finding]:
    """Report which execution providers run a model, and which of them plays the dream that ships.

    Providers for other operating systems are left out.

    Args:
        found: the answer of the probe, by the provider's name.
    """
    from livedream.backend import choose
    from livedream.dream import read

    choice = choose.quick(read.load(SHIPPED))
    findings = []
    for name, answer in found.items():
        provider = table.by_name(name)
        if provider.systems and sys.platform not in provider.systems:
            continue
        if answer.get("ran") == "":
            parts = [f"{each} {_performance(part)}" for each, part in choice.settings.items() if part.provider == name]
            says = f"{SHIPPED}: {', '.join(parts) or choice.why[name]}"
            findings.append(Finding("inference", name, True, f"runs a model; {says}"))
        elif "missing" in answer:
            wanted = name in ("rtx", "cuda") and machine.has_nvidia()
            findings.append(Finding("inference", name, False if wanted else None, "not installed", provider.install))
        else:
            says = f"installed, but does not run: {answer.get('ran') or answer['problem']}"
            mend = provider.install if name == "cpu" else ""
            findings.append(Finding("inference", name, False if name == "cpu" else None, says, mend))
    return findings


def _performance(part: RunSettings) -> str:
    """Describe how a component runs: its time a call and its precision."""
    took = f"{part.ms:.1f} ms" if part.ms else "not measured yet"
    return f"{took}{' in half precision' * part.half}"


def cuda(found: Answer) -> list[Finding]:
    """Report the NVIDIA driver, which training uses too."""
    if "problem" in found:
        return [Finding("inference", "nvidia", None, "no NVIDIA driver here")]
    says = f"{', '.join(found['devices']) or 'no device'}; driver for CUDA {found['driver']}"
    return [Finding("inference", "nvidia", bool(found["devices"]), says)]
