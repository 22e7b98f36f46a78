"""A description of this machine: for `doctor`, and beside every figure of `bench`."""

import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

NVIDIA = "10de:"  # its PCI vendor number
LIBRARIES = (
    "onnxruntime",
    "onnxruntime-gpu",
    "onnxruntime-directml",
    "numpy",
    "onnx",
    "av",
    "pyglet",
    "aiohttp",
    "simplejpeg",
    "torch",
)


def describe() -> dict[str, Any]:
    """Return the machine and its libraries as JSON values. load: the load average of the last minute, or None."""
    return {
        "processor": processor(),
        "cores": os.cpu_count(),
        "cores_usable": usable_cores(),
        "memory_mb": memory_mb(),
        "load": load(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
        "libraries": {name: version for name in LIBRARIES if (version := version_of(name))},
    }


def processor() -> str:
    """Return the processor's name as the system reports it, or its architecture."""
    try:
        if sys.platform == "darwin":
            command = ["sysctl", "-n", "machdep.cpu.brand_string"]
            return subprocess.run(command, capture_output=True, text=True, timeout=2, check=True).stdout.strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            key, _, value = line.partition(":")
            if key.strip() in ("model name", "Model") and value.strip():
                return value.strip()
    except (OSError, subprocess.SubprocessError):
        pass
    return platform.processor() or platform.machine() or "unknown"


def graphics() -> list[str]:
    """Return the graphics cards by name where the system reports it, else as "10de:2684" (PCI vendor and device).

    No driver is loaded for it. On a Mac they belong to the processor: [].
    """
    try:
        if sys.platform == "win32":
            return _windows_graphics()
        if sys.platform == "darwin":
            return []
        named = [line for file in Path("/proc/driver/nvidia/gpus").glob("*/information") for line in _model(file)]
        cards = (card for card in Path("/sys/bus/pci/devices").glob("*") if _content(card / "class").startswith("0x03"))
        ids = sorted(f"{_content(card / 'vendor')[2:]}:{_content(card / 'device')[2:]}" for card in cards)
        return sorted(named) + [each for each in ids if not (named and each.startswith(NVIDIA))]
    except OSError:
        return []


def has_nvidia() -> bool:
    """Tell whether one of the graphics cards is NVIDIA's."""
    return any(each.startswith(NVIDIA) or "nvidia" in each.lower() for each in graphics())


def _content(file: Path) -> str:
    return file.read_text().strip()


def _model(file: Path) -> list[str]:
    return [line.partition(":")[2].strip() for line in file.read_text().splitlines() if line.startswith("Model:")]


def _windows_graphics() -> list[str]:
    if sys.platform != "win32":  # tells mypy where winreg exists
        return []
    import winreg

    place = r"SYSTEM\CurrentControlSet\Control\Class\{4d36e968-e325-11ce-bfc1-08002be10318}"
    found: list[str] = []
    with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, place) as displays:
        for i in range(winreg.QueryInfoKey(displays)[0]):
            try:
                with winreg.OpenKey(displays, winreg.EnumKey(displays, i)) as card:
                    found.append(winreg.QueryValueEx(card, "DriverDesc")[0])
            except OSError:  # the key "Properties" is not a card
                continue
    return sorted(found)


def usable_cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def memory_mb() -> int:
    """Return the machine's whole memory."""
    import psutil  # 11 ms, which a show that begins would rather not wait

    return int(psutil.virtual_memory().total >> 20)


def load() -> float | None:
    """Return the load average of the last minute; None on Windows."""
    try:
        return round(os.getloadavg()[0], 2)
    except (AttributeError, OSError):
        return None


def version_of(distribution: str) -> str | None:
    """Return the installed version of a distribution, or None."""
    from importlib import metadata  # takes 50 ms, which a show that begins would rather not wait

    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None
