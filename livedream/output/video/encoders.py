"""The video encoders: a table, and a probe of which of them work on this machine.

`choices("h264", live)` lists the encoders to try, best first; the last one always opens.
`python -m livedream.output.video.encoders NAME …` probes encoders and prints one line of JSON for each. PyAV is
imported when the first encoder is probed.
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
from livedream.output.video import svt
from livedream.system import paths
from livedream.system.atomic import atomic_write

WEEK = 7 * 24 * 3600.0  # seconds that a probe's result is used: drivers come and go
SECONDS = 20.0  # time limit of one child process that probes encoders


@dataclass(frozen=True)
class Spec:
    """One of FFmpeg's encoders and its options, by FFmpeg's names and values.

    Attributes:
        name: FFmpeg's name of the encoder.
        codec: The codec: "h264", "hevc", "av1", "prores" or "ffv1".
        live: Options while a show runs: no B-frames, no look-ahead, one thread.
        offline: Options for rendering, where the quality counts.
        quality: Options for constant quality, (live, offline).
        rated: Options instead of `quality` when a bitrate is given.
        pixels: The pixel format of its input.
        hardware: Whether it needs a device and its driver.
        min_side: The fewest pixels that the shorter side may have.
    """

    name: str
    codec: str
    live: Mapping[str, str]
    offline: Mapping[str, str]
    quality: tuple[Mapping[str, str], Mapping[str, str]] = ({}, {})
    rated: Mapping[str, str] = field(default_factory=dict)
    pixels: str = "yuv420p"
    hardware: bool = False
    min_side: int = 16

    @property
    def intra(self) -> bool:
        """Whether every picture is coded by itself."""
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
    def constant(level: int) -> dict[str, str]:
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
    # Only Apple's own processors have constant quality: `Encoder` sets a bitrate where `quality` is empty.
    return Spec(
        f"{codec}_videotoolbox",
        codec,
        {"realtime": "1", "prio_speed": "1"},
        {"realtime": "0"},
        pixels="nv12",
        hardware=True,
    )


# The best for a show comes first. Offline only software is used, for the same result on every machine; the result
# depends on the number of threads, so that is fixed. Offline has no B-frames either: they would put the first frame
# later than 0 s. The rows for hardware follow FFmpeg's documentation and were never run.
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
        min_side=64,  # 16x64 hangs for ever
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


def choices(name: str | None, live: bool, allowed: Iterable[str] = CODECS, probe_here: bool = False) -> list[Spec]:
    """The encoders for a `codec` key's value, in the order to try them; never empty.

    While a show runs, hardware comes first if it is known to work. A driver that hangs or crashes must not hurt the
    show, so child processes probe the hardware in the background, and a file caches the result. Offline, hardware is
    never chosen: the result is to be the same on every machine.

    Args:
        name: A codec ("hevc"), one encoder ("hevc_nvenc", which is then the only choice), or None for the first of
            `allowed`.
        live: Whether a show runs.
        allowed: The codecs that the container or the far end takes.
        probe_here: Probe hardware now, in this process: for a child process that may crash.

    Raises:
        UserError: There is no such codec here.
    """
    allowed = tuple(allowed)
    name = name or allowed[0]
    named = [each for each in TABLE if each.name == name and each.codec in allowed]
    if named:
        return named
    if name not in allowed:
        raise UserError(f"no codec {name!r}; there is: {', '.join(allowed)}, or one encoder, such as libx264")
    rows = [each for each in TABLE if each.codec == name]
    software = [each for each in rows if not each.hardware]
    if not live or len(rows) == len(software):
        return software
    if probe_here:
        return [each for each in rows if not each.hardware or fault(each) == ""]
    faults = cached_faults()
    if faults is None:
        probe_in_background()
    return [each for each in rows if not each.hardware or (faults or {}).get(each.name) == ""]


def by_name(name: str) -> Spec:
    """The row of an encoder, such as "libx264". Raises KeyError."""
    return {each.name: each for each in TABLE}[name]


def settings(
    spec: Spec, live: bool, rate: float, bitrate: int | None = None, key_seconds: float = 1.0
) -> dict[str, str]:
    """The options to open an encoder with.

    Args:
        spec: The encoder.
        live: Whether a show runs.
        rate: Frames per second.
        bitrate: Bits per second; None for constant quality.
        key_seconds: Seconds between key frames.
    """
    options = dict(spec.live if live else spec.offline)
    if not spec.intra:
        options |= {"bf": "0", "g": str(max(round(rate * key_seconds), 1)), "chroma_sample_location": "left"}
    if not bitrate:
        return options | dict(spec.quality[0 if live else 1])
    options |= spec.rated
    if live and not spec.intra:
        options |= {"maxrate": str(bitrate), "bufsize": str(bitrate)}
    return options


_faults: dict[str, str | None] = {}


def fault(spec: Spec) -> str | None:
    """Why the encoder cannot encode a picture in this process: "" if it can, None if FFmpeg lacks it. Probed once."""
    if spec.name not in _faults:
        _faults[spec.name] = _probe(spec)
    return _faults[spec.name]


def _probe(spec: Spec) -> str | None:
    from fractions import Fraction

    import av

    svt.silence()
    try:
        av.Codec(spec.name, "w")
    except Exception:
        return None
    try:
        context = av.CodecContext.create(spec.name, "w")
        assert isinstance(context, av.VideoCodecContext)
        context.width, context.height, context.pix_fmt, context.time_base = 256, 256, spec.pixels, Fraction(1, 30)
        context.options = settings(spec, True, 30, None if any(spec.quality) or spec.intra else 1_000_000)
        picture = av.VideoFrame(256, 256, spec.pixels)
        picture.pts, picture.time_base = 0, Fraction(1, 30)
        with svt.ordinary_priority():
            return "" if context.encode(picture) + context.encode(None) else "returned no data"
    except Exception as error:
        return getattr(error, "strerror", None) or str(error) or type(error).__name__


def cached_faults() -> dict[str, str | None] | None:
    """The result of the last probe: {encoder: its fault, see `fault`}. None: there is no valid one."""
    try:
        data = json.loads(_file().read_text("utf-8"))
        if data["version"] == _version() and 0 <= time.time() - data["at"] < WEEK:
            return dict(data["faults"])
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return None


_probing = threading.Lock()  # held while a thread probes


def probe_in_background() -> None:
    """Begin to find out which hardware encoders work here, unless that has begun already. Returns at once."""

    def run() -> None:
        try:
            cache_faults(probe([each.name for each in TABLE if each.hardware]))
        finally:
            _probing.release()

    if _probing.acquire(blocking=False):
        threading.Thread(target=run, name="encoders", daemon=True).start()


def probe(names: Iterable[str]) -> dict[str, str | None]:
    """Probe encoders in child processes and return the fault of each; to hang or to crash is a fault too."""
    left = list(names)
    faults: dict[str, str | None] = {}
    while left:
        for line in _probe_in_child(left):
            faults |= line
        left = [each for each in left if each not in faults]
        if left:  # the child process ended while it probed the first of these
            faults[left.pop(0)] = "crashed or gave no answer"
    return faults


def _probe_in_child(names: list[str]) -> list[dict[str, str | None]]:
    child = subprocess.Popen(
        [sys.executable, "-m", "livedream.output.video.encoders", *names],
        cwd=Path(__file__).parents[3],
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        out, _ = child.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        out, _ = child.communicate()
    lines = []
    for line in out.splitlines():
        try:
            lines.append(json.loads(line))
        except ValueError:  # drivers print lines of their own
            continue
    return [line for line in lines if isinstance(line, dict)]


def cache_faults(faults: Mapping[str, str | None]) -> None:
    """Cache the result of a probe for a week; a folder that cannot be written is no reason to stop."""
    data = {"version": _version(), "at": time.time(), "faults": dict(faults)}
    try:
        _file().parent.mkdir(parents=True, exist_ok=True)
        atomic_write(_file(), json.dumps(data, indent=1).encode())
    except (OSError, UserError):
        return


def forget() -> None:
    """Delete the cached result, because an encoder that worked in the probe did not open: all are probed again."""
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
    os._exit(0)  # a driver may crash when it is unloaded
