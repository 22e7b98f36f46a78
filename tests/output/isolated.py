"""An isolated Python process: a network namespace for libraries that listen on every address. Linux, as root only.

`Isolated(FILE)` starts FILE, which ends in `serve(globals())`; then `isolated(NAME, …)` calls its function NAME there.
"""

import fcntl
import json
import os
import shutil
import socket
import struct
import subprocess
import sys
import traceback
from pathlib import Path

import pytest

UNSHARE = ["unshare", "-n", "-m", "-p", "--fork", "--kill-child=KILL", "--mount-proc"]
SIOCSIFFLAGS, UP, LOOPBACK, RUNNING = 0x8914, 1, 8, 64


class Isolated:
    """The isolated process. It, and everything that it starts, has ended after `end`."""

    def __init__(self, file: str):
        if sys.platform != "linux" or os.geteuid() != 0 or not shutil.which("unshare"):
            pytest.skip("needs a network namespace: Linux, root, unshare")
        if subprocess.run([*UNSHARE, "true"], capture_output=True).returncode:
            pytest.skip("needs a network namespace: this kernel or container gives none")
        here = Path(__file__).parent
        self._process = subprocess.Popen(
            [*UNSHARE, sys.executable, here / file],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __call__(self, name: str, *arguments):
        self._process.stdin.write(json.dumps([name, arguments]) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, f"{name}: the isolated process has ended, exit code {self._process.wait()}"
        answer, fault = json.loads(line)
        assert not fault, fault
        return answer

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        self._process.stdin.close()
        self._process.stdout.close()


def serve(functions: dict) -> None:
    """In the isolated process: bring up the loopback, and answer calls until the input ends."""
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh", b"lo", UP | LOOPBACK | RUNNING))
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # libraries print lines of their own
    for line in sys.stdin:
        name, arguments = json.loads(line)
        try:
            answer = [functions[name](*arguments), None]
        except BaseException:
            answer = [None, traceback.format_exc()]
        print(json.dumps(answer), file=answers, flush=True)
    os._exit(0)
