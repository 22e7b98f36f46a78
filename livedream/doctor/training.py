"""What `livedream train` and `evaluate` need."""

import importlib.util
from pathlib import Path

from livedream.doctor.finding import Finding
from livedream.system import machine


def training() -> list[Finding]:
    """What `livedream train` and `evaluate` need. Importing torch takes seconds, so it is only looked at."""
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
    """What torch was built for, from its version.py."""
    try:
        about = Path(importlib.util.find_spec("torch").origin).with_name("version.py").read_text()
        built = next(line for line in about.splitlines() if line.startswith("cuda"))
        version = built.rpartition("=")[2].strip().strip("'\"")
    except (AttributeError, OSError, StopIteration):
        return ""
    return "; built without CUDA, trains on the processor" if version == "None" else f"; built for CUDA {version}"
