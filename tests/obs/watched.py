"""Senders, and what OBS shows of their pictures."""

import time
from pathlib import Path

import av

from tests.obs import stamp, ways
from tests.obs.studio import Studio
from tests.waiting import until

SHOT_EVERY = 0.2  # seconds


def sending(way: str, who: str, folder: Path, options, program=ways.STAMPED):
    """Start a sender: livedream or the bare one."""
    width, height = map(int, options.size.split("x"))
    if who == "bare":
        return ways.bare(way, (width, height), options.fps, options.bitrate, folder)
    out = f"{ways.WAYS[way].out}#fit=stretch&bitrate={options.bitrate}"  # to the edges, where the stamp is
    arguments = ["--size", options.size, "--fps", str(options.fps), "--osc", "127.0.0.1:9000", "--out", out]
    arguments += [each for out in getattr(options, "outs", ()) for each in ("--out", out)]
    return ways.livedream("--model", model(options.model, folder), *arguments, folder=folder, program=program)


def model(name: str, folder: Path) -> str:
    """A dream's name or path; "tiny" is one of tests/dreams.py, which costs next to nothing."""
    if name != "tiny":
        return name
    from tests import dreams

    path = folder / "tiny.onnx"
    return str(path if path.exists() else dreams.tiny(path, 640, 360))


def played(studio: Studio, way: str, **settings) -> float:
    """Let OBS show the stream of that way. Returns the seconds until it had a picture."""
    until(lambda: ways.listening(way), 20, pause=0.05)
    return studio.play(ways.WAYS[way].url, ways.WAYS[way].form, **settings)


def watched(studio: Studio, shots: int) -> list[dict]:
    """Take screenshots of OBS: number and age in ms of each; "took" is the ms until OBS had answered.

    The age is the one when OBS was asked, so it does not include the time that the screenshot takes.
    """
    seen = []
    for _ in range(shots):
        asked, picture = stamp.now_ms(), studio.shot()
        took = stamp.since_ms(asked, stamp.now_ms())
        if (read := stamp.read(picture)) is not None:
            seen.append({"number": read[0], "age": stamp.since_ms(read[1], asked), "took": took})
        time.sleep(SHOT_EVERY)
    return seen


def numbers(path: Path) -> list[int | None]:
    """The numbers in a recording's pictures; None for one without."""
    with av.open(str(path)) as container:
        container.streams.video[0].thread_type = "AUTO"
        read = [stamp.read(each.to_ndarray(format="rgb24")) for each in container.decode(video=0)]
    return [each and each[0] for each in read]
