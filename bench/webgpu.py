"""Figures webgpu.levels and webgpu.latents: python bench/webgpu.py [DREAM]

How far WebGPU's pictures are off the CPU's: on this machine's graphics card, or drawn by the processor after
`tests/backend/software_vulkan.sh FOLDER` (as root) with LIVEDREAM_TEST_VULKAN=FOLDER.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

from livedream.bench.figures import compared, figure, missing, table
from livedream.dream import read

TESTS = Path(__file__).parents[1] / "tests" / "backend"
LEVELS = 1.0
WHAT = "WebGPU's pictures beside the CPU's, grey levels off at most"


def figures(model: str, amount: float) -> list[dict]:
    """Return the result of tests/backend/on_device.py; `amount` does not matter."""
    command = [sys.executable, str(TESTS / "on_device.py"), "webgpu", str(read.load(model).path)]
    folder = os.environ.get("LIVEDREAM_TEST_VULKAN")
    if folder:
        command = [str(TESTS / "software_vulkan.sh"), folder, *command]
    done = subprocess.run(command, capture_output=True, text=True)
    try:
        result = json.loads(done.stdout.splitlines()[-1])
    except (ValueError, IndexError):
        last = (done.stderr.strip().splitlines() or ["it printed nothing"])[-1]
        return [missing("webgpu.levels", WHAT, f"it ended with exit code {done.returncode}: {last[:200]}")]
    if "missing" in result:
        without = "without a card: tests/backend/software_vulkan.sh FOLDER, LIVEDREAM_TEST_VULKAN=FOLDER"
        why = f"{result['missing']}; {without}"
        return [missing("webgpu.levels", WHAT, why)]
    decode, step = result["decode"], result.get("step", {"max": 0.0})
    return [
        figure("webgpu.levels", WHAT, decode["max"], "levels", LEVELS, mean=decode["mean"], runs=decode["runs"]),
        figure("webgpu.latents", "WebGPU's latents beside the CPU's, 20 chained steps", step["max"], ""),
    ]


if __name__ == "__main__":
    print("\n".join(table(compared(figures((sys.argv[1:] or ["rainbow.onnx"])[0], 1), []))))
