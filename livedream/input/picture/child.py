"""The process of a source, `python -m livedream.input.picture.child`: pictures out, by standard output.

The first line of its input is JSON: the module with `pictures`, and what was asked for. It ends with its input, also
when the show is killed.
"""

import gc
import importlib
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from livedream import UserError, one_line
from livedream.input.picture.process import HEADER
from livedream.input.picture.shot import Asked, Report, Shot
from livedream.system.secret import scrubbed

RETRY = 0.5  # seconds before a source that has ended is opened again


class Sender:
    """The Report of the process, and the way of its pictures to the show."""

    def __init__(self, fd: int, address: str):
        self._fd, self._address = fd, address
        self._lock = threading.Lock()  # keeps messages whole
        self._skipped = 0
        self._said: dict[str, Any] = {}

    def picture(self, shot: Shot) -> None:
        """Send a picture; waits until the show has taken it."""
        height, width = shot.pixels.shape[:2]
        pixels = shot.pixels if shot.pixels.flags.c_contiguous else shot.pixels.copy()
        self._said.pop("state", None)
        self._send(HEADER.pack(width, height, pixels.nbytes, shot.at, shot.place, self._skipped), pixels.data.cast("B"))

    def note(self, text: str) -> None:
        """Say what goes well."""
        self._say({"note": text})

    def trouble(self, text: str, state: str = "retrying") -> None:
        """Say why no pictures come."""
        self._say({"state": state, "error": scrubbed(text, self._address)})

    def skipped(self, count: int = 1) -> None:
        """Count pictures that were left out."""
        self._skipped += count

    def _say(self, words: dict[str, Any]) -> None:
        if words.items() <= self._said.items():
            return
        self._said |= words
        data = json.dumps(words).encode()
        self._send(HEADER.pack(0, 0, len(data), 0.0, 0.0, self._skipped), memoryview(data))

    def _send(self, head: bytes, body: memoryview) -> None:
        with self._lock:
            try:
                for part in (memoryview(head), body):
                    while part:
                        part = part[os.write(self._fd, part) :]
            except OSError:  # the show is gone
                os._exit(0)


def run(pictures: Callable[[Asked, Report], Iterator[Shot]], asked: Asked, sender: Sender) -> None:
    """Send pictures until only the user can mend what is wrong; open the source again whenever it has ended."""
    while True:
        try:
            for shot in pictures(asked, sender):
                sender.picture(shot)
            sender.trouble("it has ended")
        except UserError as error:
            sender.trouble(str(error), "failed")
            return
        except Exception as error:
            sender.trouble(str(getattr(error, "strerror", None) or one_line(error)))
        gc.collect()  # PyAV's containers and streams hold each other, with their buffers
        time.sleep(RETRY)


def main() -> None:
    """Run the source that the first line of standard input names."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the show decides when it ends
    answers = os.dup(1)
    os.dup2(2, 1)  # what libraries print must not be taken for pictures
    request = json.loads(sys.stdin.buffer.readline())
    threading.Thread(target=_end_with_the_show, daemon=True).start()
    asked = Asked.from_json(request["asked"])
    sender = Sender(answers, asked.address)
    try:
        import av.logging

        av.logging.set_level(None)
        av.logging.set_libav_level(-8)  # quiet: PyAV's errors say what matters
        run(importlib.import_module(request["module"]).pictures, asked, sender)
    except Exception as error:
        sender.trouble(one_line(error), "failed")
    os._exit(0)


def _end_with_the_show() -> None:
    sys.stdin.buffer.read()
    if os.name == "posix" and os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(0)


if __name__ == "__main__":
    main()
