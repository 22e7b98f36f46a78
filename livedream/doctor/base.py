"""livedream, Python and the machine."""

import platform
import sys
from pathlib import Path

import livedream
from livedream.doctor.finding import Finding
from livedream.system import machine


def base() -> list[Finding]:
    """Report versions, processor, cores and memory."""
    about = machine.describe()
    cores = f"{about['cores_usable']} of {about['cores']} cores may be used"
    memory = f"{about['memory_mb'] / 1024:.0f} GB of memory"
    return [
        Finding("machine", "livedream", None, f"{livedream.__version__} in {Path(livedream.__file__).parent}"),
        Finding("machine", "python", None, f"{platform.python_version()} at {sys.executable}"),
        Finding("machine", "system", None, about["system"]),
        Finding("machine", "processor", None, f"{about['processor']}, {cores}, {memory}"),
    ]
