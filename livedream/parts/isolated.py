"""Loads a dream in a process of its own, beside a show.

Parsing, checking and rewriting models blocks an interpreter for tenths of a second, and the show has to hand out a
frame every few milliseconds. `python -m livedream.parts.isolated PATH` does it and writes the dream to standard output:
a length, the pickled Dream without its models and memories, the models, the memories. The show reads them from a file
straight into memory, which does not block it. Models as the processor runs them go through the cache, or along with the
dream where the cache does not take them.
"""

import os
import pickle
import signal
import struct
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from livedream import UserError
from livedream.backend import cpu
from livedream.dream.dream import Dream

HEAD = struct.Struct("<q")
NICE = 3  # the show goes first
REFUSED = 2  # the exit code when the reason is on standard error


class LoadProcess:
    """Loads the dream at `path` with all checks of `read.load`; begins at once. Raises UserError."""

    def __init__(self, path: Path):
        self.path = path.absolute()
        # `dream` closes both files.
        self._answer = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115
        self._reason = tempfile.TemporaryFile()  # noqa: SIM115
        command = [sys.executable, "-m", "livedream.parts.isolated", str(self.path)]
        try:
            # A group of its own: a Ctrl-C is for the show, which ends this process itself. No session of its own:
            # Linux would give that as much processor time as the show, however nice it is.
            self._child = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=self._answer, stderr=self._reason, process_group=0
            )
        except OSError as error:
            raise UserError(f"{self.path}: a process to read it could not be started: {error.strerror}") from None

    def stop(self) -> None:
        """Abandon it; `dream` then raises. Any thread."""
        self._child.terminate()

    def dream(self) -> Dream:
        """Wait for the dream and return it. Raises UserError, one line."""
        with self._answer, self._reason:
            code = self._child.wait()
            if code == 0:
                self._answer.seek(0)
                dream: Dream
                lengths: list[int]
                rewritten: list[tuple[str, int]]
                dream, lengths, rewritten = pickle.loads(self._read(*HEAD.unpack(self._read(HEAD.size))))
                parts = [
                    replace(part, model=self._read(length))
                    for part, length in zip(dream.components.values(), lengths, strict=True)
                ]
                memories = dream.memories
                if memories:
                    memories = replace(memories, pictures=self._read(int(memories.ends[-1])))
                cpu.hand_over({digest: self._read(length) for digest, length in rewritten})
                return replace(dream, components={part.name: part for part in parts}, memories=memories)
            self._reason.seek(0)
            lines = self._reason.read().decode("utf-8", "replace").splitlines()
        if code == REFUSED and lines:
            raise UserError(lines[-1])
        raise UserError(f"{self.path}: reading it crashed (exit {code}); it may need too much memory")

    def _read(self, count: int) -> bytes:
        parts = [self._answer.read(count)]
        while parts[-1] and (left := count - sum(map(len, parts))):  # the system may give less than was asked for
            parts.append(self._answer.read(left))
        return parts[0] if len(parts) == 1 else b"".join(parts)


def main() -> int:
    """Load the dream that the command line names and write it to standard output; returns the exit code."""
    if hasattr(os, "nice"):
        os.nice(NICE)
    from livedream.dream import read

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that a first run in progress is ended, too
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # other output must not be taken for the answer
    try:
        dream = read.load(sys.argv[1])
    except UserError as error:
        print(error, file=sys.stderr)
        return REFUSED
    parts = dream.components
    bare = {name: replace(part, model=b"") for name, part in parts.items()}
    models = [part.model for part in parts.values()]
    for part in parts.values():
        if cpu.draws(part):
            cpu.rewritten(part)  # is in the cache from now on, where the show finds it
    memories = dream.memories and replace(dream.memories, pictures=b"")
    without = replace(dream, components=bare, memories=memories)
    rewritten = cpu.uncached()
    sizes = [(digest, len(model)) for digest, model in rewritten.items()]
    head = pickle.dumps((without, [len(model) for model in models], sizes))
    pictures = [dream.memories.pictures] if dream.memories else []
    with out:
        for data in (HEAD.pack(len(head)), head, *models, *pictures, *rewritten.values()):
            out.write(data)
    return 0


if __name__ == "__main__":
    sys.exit(main())
