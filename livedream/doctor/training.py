"""Checks of the libraries that `livedream train` and `evaluate` need."""

import importlib.util
from pathlib import Path

from livedream.doctor.finding import Finding
from livedream.system import machine


def training() -> list[Finding]:
    """Report the libraries of `livedream train` and `evaluate`, without importing them: torch takes seconds."""
    if importlib.util.find_spec("livedream_export") is None:
        return [Finding("training", "livedream_export", False, "not installed", "pip install 'livedream[train]'")]
    findings = []
    for name, extra in (("torch", "train"), ("onnxscript", "train"), ("efficientnet_lite_pytorch", "evaluate")):
        version = machine.version_of(name)
        mend = "" if version else f"pip install 'livedream[{extra}]' (to {'train' if extra == 'train' else 'evaluate'})"
        says = f"{version}{_torch_build() if name == 'torch' else ''}" if version else "not installed"
        findings.append(Finding("training", name, bool(version), says, mend))
    return findings


def _torch_build() -> str:
    """Return which CUDA torch was built for, as its version.py has it."""
    spec = importlib.util.find_spec("torch")
    if spec is None or spec.origin is None:
        return ""
    try:
        about = Path(spec.origin).with_name("version.py").read_text()
        built = next(line for line in about.splitlines() if line.startswith("cuda"))
        version = built.rpartition("=")[2].strip().strip("'\"")
    except (OSError, StopIteration):
        return ""
    return "; built without CUDA, trains on the processor" if version == "None" else f"; built for CUDA {version}"
