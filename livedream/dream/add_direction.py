"""Write a dream once more, with one more knob: `python -m livedream.dream.add_direction SOURCE TARGET`.

A show runs it as a process of its own, for reading and proving a file would hold up its frames. Standard input is JSON:
`name`, `vector` (base64 of float32 [Z]), `places`, and `votes`, what is to stand in the file's provenance about it.
"""

import base64
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from livedream import UserError
from livedream.dream.dream import Dream, Floats
from livedream.system.atomic import atomic_write

KNOBS = 8  # directions that become knobs
REFUSED = 2  # the exit code when the reason is on standard error


@dataclass(frozen=True)
class Knob:
    """A knob to be.

    Attributes:
        name: Its title.
        vector: f32 [Z], what one standard deviation of it adds to the latents.
        places: The memories that it leads to above 0 and below 0 (-1: none), or ().
    """

    name: str
    vector: Floats
    places: tuple[float, ...] = ()

    def to_json(self) -> dict[str, object]:
        """Return it as a dream file's metadata has it."""
        text = base64.b64encode(np.ascontiguousarray(self.vector, "<f4").tobytes()).decode("ascii")
        return {"name": self.name, "vector": text} | ({"places": list(self.places)} if self.places else {})


def add(source: Path, target: Path, knob: Knob, votes: Mapping[str, object]) -> Dream:
    """Write the dream in `source` to `target` with a direction more; return it as it was read back.

    All else in the file stays as it is to the last bit. A dream that has all of its knobs already loses the last one,
    which is the weakest, so that the others keep their numbers.

    Args:
        source: A dream file, also an .engine.
        target: Where to; it is there whole, or not at all.
        knob: What it does.
        votes: What is to stand in the file's provenance about it.

    Raises:
        UserError: The rule that the file would break, or why the disk refuses.
    """
    import onnx

    from livedream.dream import guard, metadata, read

    model = onnx.load_model_from_string(read.contents(source))
    entry = next(each for each in model.metadata_props if each.key == "livedream")
    described = metadata.extract([entry.value])
    z = read.load(source).mean.size
    if knob.vector.size != z:
        raise UserError(f"{source}: its latent has {z} numbers, the direction {knob.vector.size}")
    told, there = described.get("provenance"), described.get("directions")
    told = told if isinstance(told, dict) else {}
    earlier = told.get("votes")
    votes = {**(earlier if isinstance(earlier, dict) else {}), knob.name: dict(votes)}
    described["provenance"] = {**told, "votes": votes}
    added = {**knob.to_json(), "low": -3.0, "high": 3.0, "effect": 0.0}
    described["directions"] = [*(there if isinstance(there, list) else [])[: KNOBS - 1], added]
    entry.value = json.dumps(described, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    data = model.SerializeToString(deterministic=True)
    try:
        dream = read.inspect(data, target)
        guard.prove(data, dream.sha256)
    except UserError as error:
        raise UserError(f"{target}: {error}") from None
    atomic_write(target, data)
    return dream


def beside(source: Path, target: Path, knob: Knob, votes: Mapping[str, object]) -> None:
    """Do the same as `add` in a process of its own, and wait for it. Raises UserError."""
    asked = json.dumps({**knob.to_json(), "votes": dict(votes)}).encode()
    command = [sys.executable, "-m", "livedream.dream.add_direction", str(source.absolute()), str(target.absolute())]
    try:
        child = subprocess.run(command, input=asked, capture_output=True, process_group=0)
    except OSError as error:
        raise UserError(f"{target}: a process to write it could not be started: {error.strerror}") from None
    lines = child.stderr.decode("utf-8", "replace").splitlines()
    if child.returncode == REFUSED and lines:
        raise UserError(lines[-1])
    if child.returncode:
        raise UserError(f"{target}: writing it crashed (exit {child.returncode}); it may need too much memory")


def main() -> int:
    """Do what the command line and standard input ask for; returns the exit code."""
    if hasattr(os, "nice"):
        os.nice(3)  # the show goes first
    asked = json.load(sys.stdin)
    vector = np.frombuffer(base64.b64decode(asked["vector"]), "<f4").astype(np.float32)
    try:
        knob = Knob(asked["name"], vector, tuple(asked.get("places", ())))
        add(Path(sys.argv[1]), Path(sys.argv[2]), knob, asked["votes"])
    except UserError as error:
        print(error, file=sys.stderr)
        return REFUSED
    return 0


if __name__ == "__main__":
    sys.exit(main())
