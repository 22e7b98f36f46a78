"""How streams reach their far ends: a table with a row for each kind of address. Imports nothing of FFmpeg's."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from livedream.system.secret import masked

TS = {
    "omit_video_pes_length": "0",
    "flush_packets": "1",
}  # with the length no player waits for the next frame
FLV = {"flvflags": "no_duration_filesize"}


@dataclass(frozen=True)
class Protocol:
    """One kind of address.

    Attributes:
        scheme: The beginning of the address.
        url: The beginning that FFmpeg takes instead.
        muxer: FFmpeg's name of the container format.
        codecs: The codecs that the far end takes, the default first.
        options: FFmpeg's options of muxer and connection.
        listens: Whether the far end connects to us, one after another.
        connects: Whether there is a connection, so that FFmpeg reports when it is established.
        carrier: "av" if PyAV speaks the protocol, "ffmpeg" if a child process of that program must.
        sound: FFmpeg's name of the sound encoder.
        key_seconds: Default seconds between key frames; a player that joins in between waits for the next.
        queue: Packets that may wait for the far end; when there are more, all are dropped up to the next key frame.
        retry: Seconds between two attempts to connect.
    """

    scheme: str
    url: str
    muxer: str
    codecs: tuple[str, ...]
    options: Mapping[str, str] = field(default_factory=dict)
    listens: bool = False
    connects: bool = True
    carrier: str = "av"
    sound: str = "aac"
    key_seconds: float = 2.0
    queue: int = 30
    retry: str = "1"

    @property
    def kind(self) -> str:
        """The kind in the status: "rtmp" for "rtmp://"."""
        return self.scheme.rstrip(":/")


TABLE = (
    Protocol("rtmp://", "rtmp://", "flv", ("h264", "hevc", "av1"), FLV | {"rw_timeout": "5000000"}),
    Protocol("rtmps://", "rtmps://", "flv", ("h264", "hevc", "av1"), FLV | {"rw_timeout": "5000000"}),
    # A queue of a few frames only, or a player would begin with old frames and stay behind.
    Protocol(
        "listen-rtmp://",
        "rtmp://",
        "flv",
        ("h264", "hevc", "av1"),
        FLV | {"listen": "1", "tcp_nodelay": "1"},
        listens=True,
        queue=8,
        retry="0.1",
    ),
    Protocol(
        "listen-http://",
        "http://",
        "mpegts",
        ("h264", "hevc"),
        TS | {"listen": "1", "content_type": "video/mp2t"},
        listens=True,
        queue=8,
        retry="0.1",
    ),
    # A player joins without notice, so there are more key frames.
    Protocol("udp://", "udp://", "mpegts", ("h264", "hevc"), TS, connects=False, key_seconds=1.0),
    Protocol(
        "srt://",
        "srt://",
        "mpegts",
        ("h264", "hevc"),
        TS | {"pkt_size": "1316"},
        carrier="ffmpeg",
        queue=15,
        retry="0.5",
    ),
    # PyAV speaks WHIP too, but its GnuTLS and other programs' OpenSSL could not agree on a session. ffmpeg 9.0 crashes
    # when an endpoint comes back, and is started anew.
    Protocol("whip:", "", "whip", ("h264",), {"whip_flags": "dtls_active"}, carrier="ffmpeg", sound="libopus"),
)


@dataclass(frozen=True)
class Route:
    """One address, in the form that FFmpeg takes.

    Attributes:
        protocol: Its row in the table.
        url: The address; without secrets if `ffmpeg` carries it.
        options: Options of muxer and connection.
        listens: Whether the far end connects to us.
        shown: The address to show to the user; without secrets.
    """

    protocol: Protocol
    url: str
    options: Mapping[str, str]
    listens: bool
    shown: str


def protocol_of(sink: str) -> Protocol:
    """The row of an address. Raises KeyError."""
    match = re.match(r"whip:|[\w-]+://", sink.lower())
    return {each.scheme: each for each in TABLE}[match[0] if match else sink]


def route(sink: str) -> Route:
    """The route to an address such as `srt://:9000?latency=20000`. Raises ValueError for one that is incomplete."""
    protocol = protocol_of(sink)
    rest = sink[len(protocol.scheme) :]
    url, options, listens = protocol.url + rest, dict(protocol.options), protocol.listens
    place = rest.split("/")[0].split("?")[0].rpartition("@")[2]
    if (protocol.listens or protocol.muxer == "mpegts") and not re.search(r":\d{1,5}$", place):
        raise ValueError(f"needs a port, such as {protocol.scheme}127.0.0.1:9000")
    if protocol.scheme == "udp://":
        url += "" if "pkt_size=" in url else ("&" if "?" in url else "?") + "pkt_size=1316"
    if protocol.scheme == "srt://":
        address, _, query = rest.partition("?")
        options |= dict(pair.partition("=")[::2] for pair in query.split("&") if pair)
        options.setdefault("mode", "listener" if address.startswith(":") else "caller")
        options.setdefault("latency", "20000")  # microseconds; the longer one of both ends counts
        listens = options["mode"] == "listener"
        url = "srt://" + ("0.0.0.0" if address.startswith(":") else "") + address.rstrip("/")
    if protocol.scheme == "whip:" and not re.match(r"https?://.", url, re.IGNORECASE):
        raise ValueError("needs the address of a WHIP endpoint, such as whip:https://host/path")
    return Route(protocol, url, options, listens, masked(url) if "@" in url else url.split("?")[0])


def fifo(route: Route) -> dict[str, str]:
    """Options of FFmpeg's `fifo` muxer, whose thread never waits for the far end, drops packets, and reconnects."""
    return {
        "fifo_format": route.protocol.muxer,
        "queue_size": str(route.protocol.queue),
        "drop_pkts_on_overflow": "1",
        "attempt_recovery": "1",
        "recovery_wait_time": route.protocol.retry,
        "recover_any_error": "1",
        "restart_with_keyframe": "1",
        "format_opts": joined(route.options),
    }


def joined(options: Mapping[str, str]) -> str:
    """`a=1:b=2`, FFmpeg's form of options within an option."""
    return ":".join(f"{key}=" + re.sub(r"([\\':=])", r"\\\1", value) for key, value in options.items())
