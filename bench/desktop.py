"""A screen of the bench's own: an X server with a window manager (apt: xvfb openbox xdotool wmctrl)."""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator

NEEDED = ("Xvfb", "openbox", "xdotool", "wmctrl")
SCREEN = (1600, 900)


def lacking() -> list[str]:
    """The programs that are not here."""
    return [each for each in NEEDED if not shutil.which(each)]


@contextlib.contextmanager
def desktop() -> Iterator[dict]:
    """An X server with a window manager; gives the environment for its clients."""
    read, write = os.pipe()
    size = f"{SCREEN[0]}x{SCREEN[1]}x24"
    command = ["Xvfb", "-displayfd", str(write), "-screen", "0", size, "-nolisten", "tcp"]
    with contextlib.ExitStack() as ending:
        server = subprocess.Popen(command, pass_fds=[write], stderr=subprocess.DEVNULL)
        ending.callback(server.wait)
        ending.callback(server.terminate)
        os.close(write)
        with os.fdopen(read) as pipe:
            number = pipe.readline().strip()
        environment = {**os.environ, "DISPLAY": f":{number}"}
        quiet = subprocess.DEVNULL
        manager = subprocess.Popen(["openbox", "--sm-disable"], env=environment, stdout=quiet, stderr=quiet)
        ending.callback(manager.wait)
        ending.callback(manager.terminate)
        yield environment
