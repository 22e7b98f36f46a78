"""What this machine is, in words: for `doctor`, and beside every figure of `bench`."""

import os
import platform
import subprocess
import sys
from pathlib import Path

PARTS = (
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


def describe() -> dict:
    """The machine and the libraries, of JSON values. load: the load average of the last minute, or None."""
    return {
        "processor": processor(),
        "cores": os.cpu_count(),
        "cores_usable": usable_cores(),
        "memory_mb": memory_mb(),
        "load": load(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
        "libraries": {name: version for name in PARTS if (version := version_of(name))},
    }


def processor() -> str:
    """The processor's name as the system tells it, or its architecture."""
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
    """The graphics cards, by name where the system tells it, else as "10de:2684" (PCI vendor and device); no driver
    is loaded for it. On a Mac they belong to the processor: []."""
    try:
        if sys.platform == "win32":
            return _windows_graphics()
        if sys.platform == "darwin":
            return []
        named = [line for file in Path("/proc/driver/nvidia/gpus").glob("*/information") for line in _model(file)]
        cards = (card for card in Path("/sys/bus/pci/devices").glob("*") if _word(card / "class").startswith("0x03"))
        ids = sorted(f"{_word(card / 'vendor')[2:]}:{_word(card / 'device')[2:]}" for card in cards)
        return sorted(named) + [each for each in ids if not (named and each.startswith(NVIDIA))]
    except OSError:
        return []


NVIDIA = "10de:"


def has_nvidia() -> bool:
    """Whether one of the graphics cards is NVIDIA's."""
    return any(each.startswith(NVIDIA) or "nvidia" in each.lower() for each in graphics())


def _word(file: Path) -> str:
    return file.read_text().strip()


def _model(file: Path) -> list[str]:
    return [line.partition(":")[2].strip() for line in file.read_text().splitlines() if line.startswith("Model:")]


def _windows_graphics() -> list[str]:
    import winreg

    place = r"SYSTEM\CurrentControlSet\Control\Class\{4d36e968-e325-11ce-bfc1-08002be10318}"
    found = []
    with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, place) as displays:
        for i in range(winreg.QueryInfoKey(displays)[0]):
            try:
                with winreg.OpenKey(displays, winreg.EnumKey(displays, i)) as card:
                    found.append(winreg.QueryValueEx(card, "DriverDesc")[0])
            except OSError:  # "Properties" is no card
                continue
    return sorted(found)


def usable_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def memory_mb() -> int | None:
    """All memory of the machine; None where it cannot be told."""
    try:
        return round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**20)
    except (AttributeError, ValueError, OSError):
        return None


def load() -> float | None:
    """Load average of the last minute; None on Windows."""
    try:
        return round(os.getloadavg()[0], 2)
    except (AttributeError, OSError):
        return None


def version_of(distribution: str) -> str | None:
    """The installed version, or None."""
    from importlib import metadata  # takes 50 ms, which a show that begins would rather not wait

    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None
