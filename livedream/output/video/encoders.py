"""Which video encoder takes the pictures: a table, and what of it really works on this machine.

`choices("h264")` is what may be used, best first: try one after the other, the last always opens.
`python -m livedream.output.video.encoders NAME …` tries encoders, one line of JSON each. Imports no PyAV before it
tries one.
"""

import contextlib
import faulthandler
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from livedream import UserError
from livedream.system import paths
from livedream.system.atomic import atomic_write

WEEK = 7 * 24 * 3600.0  # seconds that an answer is believed: drivers come and go
SECONDS = 20.0  # for one child that tries encoders


@dataclass(frozen=True)
class Spec:
    """One encoder of FFmpeg's and how it is set up. Options are FFmpeg's names and values.

    codec: what it makes.  pixels: the pixel format that it is fed.  hardware: needs a device and its driver.
    live: while a show runs: no B-frames, no look-ahead, one thread.  offline: the picture counts.
    quality: constant quality, (live, offline).  rated: instead of it, when a bit rate is asked for.
    least: pixels of the shorter side.
    """

    name: str
    codec: str
    live: Mapping[str, str]
    offline: Mapping[str, str]
    quality: tuple[Mapping[str, str], Mapping[str, str]] = ({}, {})
    rated: Mapping[str, str] = field(default_factory=dict)
    pixels: str = "yuv420p"
    hardware: bool = False
    least: int = 16

    @property
    def intra(self) -> bool:
        """Whether every picture stands alone."""
        return self.codec in ("prores", "ffv1")

    @property
    def alpha(self) -> bool:
        """Whether it keeps the picture's alpha."""
        return self.pixels in ("bgra", "yuva444p10le")


def _nvenc(codec: str, live: int, offline: int) -> Spec:
    return Spec(
        f"{codec}_nvenc",
        codec,
        {"preset": "p3", "tune": "ull", "zerolatency": "1", "delay": "0", "rc-lookahead": "0", "forced-idr": "1"},
        {"preset": "p7", "tune": "hq", "forced-idr": "1"},
        ({"rc": "vbr", "cq": str(live), "b": "0"}, {"rc": "vbr", "cq": str(offline), "b": "0"}),
        {"rc": "cbr"},
        hardware=True,
    )


def _qsv(codec: str, live: int, offline: int) -> Spec:
    return Spec(
        f"{codec}_qsv",
        codec,
        {"preset": "veryfast", "async_depth": "1", "forced_idr": "1"},
        {"preset": "veryslow", "forced_idr": "1"},
        ({"global_quality": str(live)}, {"global_quality": str(offline)}),
        pixels="nv12",
        hardware=True,
    )


def _amf(codec: str, live: int, offline: int) -> Spec:
    def constant(level):
        return {"rc": "cqp", "qp_i": str(level), "qp_p": str(level)}

    return Spec(
        f"{codec}_amf",
        codec,
        {"usage": "ultralowlatency", "quality": "speed", "forced_idr": "1"},
        {"usage": "transcoding", "quality": "quality", "forced_idr": "1"},
        (constant(live), constant(offline)),
        {"rc": "cbr"},
        pixels="nv12",
        hardware=True,
    )


def _videotoolbox(codec: str) -> Spec:
    # Constant quality is there on Apple's own processors only: `Encoder` gives a bit rate where there is no quality.
    return Spec(
        f"{codec}_videotoolbox",
        codec,
        {"realtime": "1", "prio_speed": "1"},
        {"realtime": "0"},
        pixels="nv12",
        hardware=True,
    )


# The best for a show first; offline the last of a codec is the first choice: its result is the same everywhere.
# The result depends on the number of threads, so that is fixed. Offline there are no B-frames either: they would
# put the first frame later than 0 s. The hardware's rows follow FFmpeg's documentation and were never run.
TABLE = (
    _nvenc("h264", 20, 17),
    _videotoolbox("h264"),
    _qsv("h264", 20, 17),
    _amf("h264", 20, 17),
    Spec(
        "libx264",
        "h264",
        {"preset": "ultrafast", "tune": "zerolatency", "threads": "1"},
        {"preset": "medium", "threads": "4"},
        ({"crf": "18"}, {"crf": "16"}),
    ),
    _nvenc("hevc", 23, 19),
    _videotoolbox("hevc"),
    _qsv("hevc", 23, 19),
    _amf("hevc", 23, 19),
    Spec(
        "libx265",
        "hevc",
        {
            "preset": "ultrafast",
            "tune": "zerolatency",
            "forced-idr": "1",
            "x265-params": "pools=none:frame-threads=1:log-level=error",
        },
        {"preset": "medium", "x265-params": "pools=4:frame-threads=2:log-level=error"},
        ({"crf": "20"}, {"crf": "18"}),
    ),
    _nvenc("av1", 27, 22),
    _qsv("av1", 27, 22),
    _amf("av1", 90, 70),
    Spec(
        "libsvtav1",
        "av1",
        {"preset": "12", "svtav1-params": "pred-struct=1:lp=1"},
        {"preset": "6", "svtav1-params": "pred-struct=1:lp=4"},
        ({"crf": "27"}, {"crf": "20"}),
        least=64,  # 16x64 hangs for ever
    ),
    # Live with a fixed quantizer, 4: a quarter of the time that keeping to Apple's bit rates takes.
    Spec(
        "prores_ks",
        "prores",
        {"profile": "4444", "threads": "1", "flags": "+qscale", "global_quality": "472"},
        {"profile": "4444", "threads": "4"},
        pixels="yuva444p10le",
    ),
    Spec(
        "ffv1",
        "ffv1",
        {"level": "3", "slices": "4", "slicecrc": "1", "threads": "1", "g": "1"},
        {"level": "3", "slices": "4", "slicecrc": "1", "g": "1"},
        pixels="bgra",
    ),
)
CODECS = tuple(dict.fromkeys(each.codec for each in TABLE))


def choices(name: str | None, live: bool, known: Iterable[str] = CODECS, trying: bool = False) -> list[Spec]:
    """The encoders for a `codec` key's value, the one to try first first. Never empty; raises UserError.

    name: a codec ("hevc"), one encoder ("hevc_nvenc"; then there is only that), or None for the first of `known`.
    live: while a show runs hardware goes first, if it is known to work: a driver that hangs or crashes must not hurt
    the show, so children of this process try them, by and by, and a file remembers the answer. Offline the result
    shall be the same on every machine, and hardware is never chosen.
    trying: try them here and now, in this process. For a child process that may crash.
    """
    known = tuple(known)
    name = name or known[0]
    named = [each for each in TABLE if each.name == name and each.codec in known]
    if named:
        return named
    if name not in known:
        raise UserError(f"no codec {name!r}; there is: {', '.join(known)}, or one encoder, such as libx264")
    rows = [each for each in TABLE if each.codec == name]
    software = [each for each in rows if not each.hardware]
    if not live or len(rows) == len(software):
        return software
    if trying:
        return [each for each in rows if not each.hardware or fault(each) == ""]
    found = remembered()
    if found is None:
        learn()
    return [each for each in rows if not each.hardware or (found or {}).get(each.name) == ""]


def find(codec: str | None, live: bool, known: Iterable[str] = CODECS, trying: bool = False) -> Spec:
    """The first of `choices`."""
    return choices(codec, live, known, trying)[0]


def by_name(name: str) -> Spec:
    """The row of an encoder, such as "libx264". Raises KeyError."""
    return {each.name: each for each in TABLE}[name]


def settings(
    spec: Spec, live: bool, rate: float, bitrate: int | None = None, key_seconds: float = 1.0
) -> dict[str, str]:
    """The options to open it with. rate: frames a second.  bitrate: bits a second, None for constant quality.

    key_seconds: from one key frame to the next.
    """
    options = dict(spec.live if live else spec.offline)
    if not spec.intra:
        options |= {"bf": "0", "g": str(max(round(rate * key_seconds), 1)), "chroma_sample_location": "left"}
    if not bitrate:
        return options | spec.quality[0 if live else 1]
    options |= spec.rated
    if live and not spec.intra:
        options |= {"maxrate": str(bitrate), "bufsize": str(bitrate)}
    return options


_faults: dict[str, str | None] = {}


def fault(spec: Spec) -> str | None:
    """What keeps it from encoding one picture in this process: "" nothing, None: not built in. Tried once."""
    if spec.name not in _faults:
        _faults[spec.name] = _tried(spec)
    return _faults[spec.name]


def _tried(spec: Spec) -> str | None:
    from fractions import Fraction

    import av

    quiet()
    try:
        av.Codec(spec.name, "w")
    except Exception:
        return None
    try:
        context = av.CodecContext.create(spec.name, "w")
        context.width, context.height, context.pix_fmt, context.time_base = 256, 256, spec.pixels, Fraction(1, 30)
        context.options = settings(spec, True, 30, None if any(spec.quality) or spec.intra else 1_000_000)
        picture = av.VideoFrame(256, 256, spec.pixels)
        picture.pts, picture.time_base = 0, Fraction(1, 30)
        return "" if context.encode(picture) + context.encode(None) else "gave nothing back"
    except Exception as error:
        return getattr(error, "strerror", None) or str(error) or type(error).__name__


def quiet() -> None:
    """Keep SVT-AV1 from writing about itself to stderr, which it does unless its environment says no."""
    os.environ.setdefault("SVT_LOG", "1")


def remembered() -> dict[str, str | None] | None:
    """What `learn` found: {encoder: what is wrong, "" nothing, None not built in}; None: it is to be found out."""
    try:
        told = json.loads(_file().read_text("utf-8"))
        if told["version"] == _version() and 0 <= time.time() - told["at"] < WEEK:
            return dict(told["faults"])
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return None


_learning = threading.Lock()


def learn() -> None:
    """Begin to find out, in the background, which hardware encoders work here. Returns at once."""

    def work():
        try:
            remember(tried([each.name for each in TABLE if each.hardware]))
        finally:
            _learning.release()

    if _learning.acquire(blocking=False):
        threading.Thread(target=work, name="encoders", daemon=True).start()


def tried(names: Iterable[str]) -> dict[str, str | None]:
    """Each encoder tried in a child process, as `fault` says it; one that hangs or crashes has that as its fault."""
    left, faults = list(names), {}
    while left:
        out = _child(left)
        for line in out:
            faults |= line
        left = [each for each in left if each not in faults]
        if left:  # the child ended while it tried the first of these
            faults[left.pop(0)] = "crashed or gave no answer"
    return faults


def _child(names: list[str]) -> list[dict]:
    command = [sys.executable, "-m", "livedream.output.video.encoders", *names]
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    child = subprocess.Popen(command, cwd=Path(__file__).parents[3], text=True, **pipes)
    try:
        out, _ = child.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        out, _ = child.communicate()
    lines = []
    for line in out.splitlines():
        try:
            lines.append(json.loads(line))
        except ValueError:  # a driver may print what it likes
            continue
    return [line for line in lines if isinstance(line, dict)]


def remember(faults: Mapping[str, str | None]) -> None:
    """Keep it for a week; a folder that cannot be written is no reason to stop."""
    told = {"version": _version(), "at": time.time(), "faults": dict(faults)}
    try:
        _file().parent.mkdir(parents=True, exist_ok=True)
        atomic_write(_file(), json.dumps(told, indent=1).encode())
    except (OSError, UserError):
        return


def forget() -> None:
    """What was said to work did not open: all are tried anew before one is chosen again."""
    with contextlib.suppress(OSError):
        _file().unlink(missing_ok=True)


def _file() -> Path:
    return paths.cache_folder() / "encoders.json"


def _version() -> str:
    import platform
    from importlib.metadata import version

    return f"av {version('av')} on {platform.node()}"


if __name__ == "__main__":
    if hasattr(os, "nice"):
        os.nice(10)  # a show may be running
    # A driver that hangs must not outlive a parent that is gone; this needs no interpreter lock.
    faulthandler.dump_traceback_later(SECONDS + 5, exit=True)
    for each in sys.argv[1:]:
        print(json.dumps({each: fault(by_name(each))}), flush=True)
    os._exit(0)  # a driver's own farewell may crash
