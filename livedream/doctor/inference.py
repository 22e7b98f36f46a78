"""What runs a model here: ONNX Runtime, its providers, and NVIDIA's driver."""

import sys

from livedream.backend import providers as table
from livedream.doctor.finding import Finding
from livedream.system import machine

SHIPS = "rainbow.onnx"
RUNTIMES = ("onnxruntime", "onnxruntime-gpu", "onnxruntime-directml", "onnxruntime-openvino", "onnxruntime-qnn")


def wheels() -> list[Finding]:
    """ONNX Runtime, and whether two of its wheels overwrote each other."""
    there = {name: version for name in RUNTIMES if (version := machine.version_of(name))}
    listed = ", ".join(f"{name} {version}" for name, version in there.items())
    if len(there) > 1:
        mend = f"keep one: pip uninstall -y {' '.join(there)}; then pip install {list(there)[-1]}"
        says = f"{listed}: these share one folder, and what is in it is a mixture"
        return [Finding("inference", "onnxruntime", False, says, mend)]
    mend = "" if there else "pip install onnxruntime"
    return [Finding("inference", "onnxruntime", bool(there), listed or "not installed", mend)]


def providers(found: dict[str, dict]) -> list[Finding]:
    """What runs a model, of all that could, and what it is to the dream that ships. Those for other systems are left
    out."""
    from livedream.backend import choose
    from livedream.dream import read

    choice = choose.quick(read.load(SHIPS))
    findings = []
    for name, told in found.items():
        provider = table.by_name(name)
        if provider.systems and sys.platform not in provider.systems:
            continue
        if told.get("ran") == "":
            parts = [f"{each} {_way(part)}" for each, part in choice.parts.items() if part.provider == name]
            says = f"{SHIPS}: {', '.join(parts) or choice.why[name]}"
            findings.append(Finding("inference", name, True, f"runs a model; {says}"))
        elif "missing" in told:
            wanted = name in ("rtx", "cuda") and machine.has_nvidia()
            findings.append(Finding("inference", name, False if wanted else None, "not installed", provider.install))
        else:
            says = f"installed, but does not run: {told.get('ran') or told['problem']}"
            mend = provider.install if name == "cpu" else ""
            findings.append(Finding("inference", name, False if name == "cpu" else None, says, mend))
    return findings


def _way(part) -> str:
    """How a component runs, in words."""
    took = f"{part.ms:.1f} ms" if part.ms else "not measured yet"
    return f"{took}{' in half precision' * part.half}"


def cuda(found: dict) -> list[Finding]:
    """The NVIDIA driver, which training would use too."""
    if "problem" in found:
        return [Finding("inference", "nvidia", None, "no NVIDIA driver here")]
    says = f"{', '.join(found['devices']) or 'no device'}; driver for CUDA {found['driver']}"
    return [Finding("inference", "nvidia", bool(found["devices"]), says)]
