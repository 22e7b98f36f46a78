"""Training in a process of its own, which is stopped and killed."""

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from livedream_export.vae_rnn import saved

from livedream import UserError
from livedream.dream import read
from tests.export import training
from tests.waiting import until

pytestmark = pytest.mark.timeout(600)  # seconds of work, but not on a machine that has other work

CHILD = """
import sys
from tests.export import training
from livedream_export import training_run
from livedream_export.vae_rnn import stages
training_run.CHECKPOINT_SECONDS = 0.2
stages.INTERRUPTED_SPELL = float(sys.argv[3])
made = training.train(sys.argv[1], sys.argv[2], resume=sys.argv[4] == "resume")
print("made", made)
"""


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return training.square(tmp_path_factory.mktemp("clip") / "square.mp4")


def start(clip, out: Path, spell=1.0, resume="") -> subprocess.Popen:
    environment = os.environ | {
        "XDG_CACHE_HOME": str(clip.parent / "cache"),
        "OMP_NUM_THREADS": "1",
    }
    command = [sys.executable, "-c", CHILD, clip, out, str(spell), resume]
    # As a shell starts it: in a group of its own, which Ctrl-C reaches whole.
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, env=environment, process_group=0, **pipes)


def wait_for_steps(child: subprocess.Popen, out: Path, more_than: int) -> dict:
    """The first checkpoint with more steps than that."""

    def newer() -> dict | None:
        assert child.poll() is None, child.communicate()
        with contextlib.suppress(UserError):
            found = saved.load(out.with_suffix(".run") / "checkpoint.pt")
            return found if found["steps"] > more_than else None
        return None

    return until(newer, 200, pause=0.05)


def test_stopped_at_once_killed_resumed_and_stopped(clip, tmp_path):
    out = tmp_path / "square.onnx"
    out.write_bytes(b"an earlier dream")

    child = start(clip, out, spell=1000.0)
    wait_for_steps(child, out, 3)
    os.killpg(child.pid, signal.SIGINT)
    line = child.stderr.readline()
    while line and "stopping" not in line:
        line = child.stderr.readline()
    assert "Ctrl-C again stops at once" in line
    os.killpg(child.pid, signal.SIGINT)
    said, complaints = child.communicate(timeout=200)
    assert child.returncode == 0
    assert said == "made None\n"
    assert "Traceback" not in complaints
    assert complaints.splitlines()[-1].startswith("stopped at once: no dream had been written yet")
    assert out.read_bytes() == b"an earlier dream"

    stopped = saved.load(out.with_suffix(".run") / "checkpoint.pt")
    child = start(clip, out, resume="resume")
    wait_for_steps(child, out, stopped["steps"])
    child.kill()
    child.communicate()
    killed = saved.load(out.with_suffix(".run") / "checkpoint.pt")
    assert killed["steps"] > stopped["steps"]
    assert killed["used"] > stopped["used"]
    assert out.read_bytes() == b"an earlier dream"

    child = start(clip, out, resume="resume")
    wait_for_steps(child, out, killed["steps"])
    os.killpg(child.pid, signal.SIGINT)
    said, complaints = child.communicate(timeout=300)
    assert child.returncode == 0, complaints
    assert said == f"made {out}\n"
    assert read.load(out).size == (32, 32)
    ended = saved.load(out.with_suffix(".run") / "checkpoint.pt")
    assert ended["steps"] >= killed["steps"]
    assert ended["latents"] is not None
