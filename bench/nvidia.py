"""NVIDIA's cards as the driver reports them, by nvidia-smi; nothing where there are none."""

import shutil
import subprocess


def cards() -> list[str]:
    """Return the name and driver of each card."""
    return _ask("--query-gpu=name,driver_version")


def used_mb(pid: int | None = None) -> float | None:
    """Return the memory in use on the cards in MB: of one process if the driver knows it, else all. None: no card."""
    rows = [row.split(", ") for row in _ask("--query-compute-apps=pid,used_memory")] if pid else []
    own = [float(memory) for owner, memory in rows if owner == str(pid) and memory.replace(".", "").isdigit()]
    if own:
        return sum(own)
    whole = [float(row) for row in _ask("--query-gpu=memory.used") if row.replace(".", "").isdigit()]
    return sum(whole) if whole else None


def _ask(query: str) -> list[str]:
    if shutil.which("nvidia-smi") is None:
        return []
    command = ["nvidia-smi", query, "--format=csv,noheader,nounits"]
    try:
        asked = subprocess.run(command, capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.SubprocessError):
        return []
    return [line.strip() for line in asked.stdout.splitlines() if line.strip()] if asked.returncode == 0 else []
