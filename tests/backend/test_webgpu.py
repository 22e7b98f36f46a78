"""WebGPU plays the same dream as the CPU: on this machine's graphics card, or drawn by the processor.

For the latter: tests/backend/software_vulkan.sh FOLDER, then LIVEDREAM_TEST_VULKAN=FOLDER (as root: it makes a mount).
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import dreams

HERE = Path(__file__).parent
pytest.importorskip("onnxruntime_ep_webgpu", reason="needs the plug-in: pip install 'livedream[webgpu]'")


def on_webgpu(path, *ways) -> dict:
    """Return the answer of on_device.py."""
    command = [sys.executable, str(HERE / "on_device.py"), "webgpu", str(path), *ways]
    if folder := os.environ.get("LIVEDREAM_TEST_VULKAN"):
        command = [str(HERE / "software_vulkan.sh"), folder, *command]
    done = subprocess.run(command, capture_output=True, text=True, timeout=110)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    if "missing" in told and not folder:
        pytest.skip(f"{told['missing']}; see {Path(__file__).name} for one without a graphics card")
    return told


@pytest.mark.parametrize("ways", [(), ("graph",), ("half",)], ids=["plain", "recorded", "half"])
def test_frames_of_webgpu_are_those_of_the_cpu(tmp_path, ways):
    told = on_webgpu(dreams.tiny(tmp_path / "tiny.onnx", control=True), *ways)
    assert told["decode"] | {"max": 0, "mean": 0} == {
        "provider": "webgpu",
        "runs": 5,
        "moved": True,
        "max": 0,
        "mean": 0,
    }
    assert told["decode"]["max"] <= 1
    assert told["decode"]["mean"] <= 0.5
    assert told["step"]["runs"] == 20
    assert told["step"]["max"] < 1e-4
    assert told["spoilt"] == {"kept": False, "moved": False}
    assert told["good"] == {"kept": True, "moved": True}
