"""Protect the machine from a stranger's file.

A file of 150 bytes can ask ONNX Runtime for gigabytes, so a first load runs in a child process with limited memory and
time. prove.py is the child's side; here are the parent's side and the record of files that passed.
"""

import json
import os
import subprocess
import sys

from livedream import UserError
from livedream.dream.messages import brief_line
from livedream.system import paths

SECONDS = 20.0  # for a small file; a second more for each 20 MB
REVISION = 1  # raise it when prove.py refuses more: files that passed an older one are then proven again


def prove(data: bytes, sha256: str) -> None:
    """Run the file in a child process unless it passed before. Raises UserError with what went wrong."""
    record = paths.cache_folder("checked") / f"{sha256}-{REVISION}"
    if record.exists():
        return
    run(data, SECONDS + len(data) / 20e6)
    try:
        record.parent.mkdir(parents=True, exist_ok=True)
        record.touch()
    except OSError:
        pass  # a read-only home: the file is proven again next time


def run(data: bytes, seconds: float) -> None:
    """Run the file in a child process for at most `seconds`. Raises UserError with what went wrong."""
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}  # stacks of idle threads count as memory
    command = [sys.executable, "-m", "livedream.dream.prove"]
    try:
        # A process group of its own: a Ctrl-C meant for the parent is not the child's failure.
        child = subprocess.run(
            command, input=data, timeout=seconds, capture_output=True, env=environment, process_group=0
        )
    except subprocess.TimeoutExpired:
        raise UserError(f"a first run took longer than {seconds:.0f} s") from None
    except OSError as error:
        raise UserError(f"a child process for its first run could not be started: {error.strerror}") from None
    if child.returncode != 0:
        raise UserError(f"a first run crashed (exit {child.returncode}); it may need too much memory")
    try:
        problem = json.loads(child.stdout.splitlines()[-1])["problem"]
    except (ValueError, LookupError, TypeError):
        raise UserError("a first run ended without an answer") from None
    if problem:
        raise UserError(brief_line(problem))
