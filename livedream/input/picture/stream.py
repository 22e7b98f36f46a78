"""Streams that come in by the network: fetched from a server, or sent to an address on which we listen."""

import errno
import gc
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import av
from av.container import InputContainer

from livedream import UserError
from livedream.input.picture.convert import Converter
from livedream.input.picture.decoding import described, film, largest, live
from livedream.input.picture.paced import Timed, play
from livedream.input.picture.shot import Asked, Report, Shot
from livedream.system.secret import masked

# By default FFmpeg looks for more tracks for five seconds, and holds what it has read meanwhile. Of a film it must.
QUICK = {"fflags": "nobuffer", "probesize": "300000", "analyzeduration": "500000"}
OPEN, READ = 5.0, 6.0  # seconds without an answer, or without data; then the connection is made anew
AGAIN = 0.05  # seconds until a listener listens again


@dataclass(frozen=True)
class Protocol:
    """One kind of address.

    Attributes:
        scheme: The beginning of the address.
        url: The beginning that FFmpeg takes instead.
        options: FFmpeg's options of connection and format.
        listens: Whether the sender connects to us.
        format: FFmpeg's name of the container format, or None to find it out.
        films: Whether it may be a film, which comes faster than it is to be shown. RTMP's lengths are inventions.
    """

    scheme: str
    url: str
    options: Mapping[str, str] = field(default_factory=dict)
    listens: bool = False
    format: str | None = None
    films: bool = False


TABLE = (
    Protocol("rtmp://", "rtmp://", {"rtmp_live": "live", "tcp_nodelay": "1"}),
    Protocol("rtmps://", "rtmps://", {"rtmp_live": "live"}),
    Protocol("listen-rtmp://", "rtmp://", {"listen": "1", "tcp_nodelay": "1"}, listens=True, format="flv"),
    Protocol("listen-http://", "http://", {"listen": "1"}, listens=True, format="mpegts"),
    Protocol("http://", "http://", films=True),
    Protocol("https://", "https://", films=True),
    Protocol("rtsp://", "rtsp://", {"rtsp_flags": "prefer_tcp"}),
    Protocol("rtsps://", "rtsps://"),
    Protocol("udp://", "udp://", {"overrun_nonfatal": "1"}, format="mpegts"),
    Protocol("srt://", "srt://", format="mpegts"),
)


def protocol_of(address: str) -> Protocol:
    """The row of an address. Raises KeyError."""
    scheme = address[: address.index("://") + 3].lower()
    return {each.scheme: each for each in TABLE}[scheme]


def check(asked: Asked) -> str:
    """Return the source's name, without secrets. Raises UserError for an address that is incomplete."""
    shown, protocol = masked(asked.address), protocol_of(asked.address)
    rest = asked.address[len(protocol.scheme) :]
    place = rest.split("/")[0].split("?")[0].rpartition("@")[2]
    if not rest or (not place and protocol.scheme != "srt://"):
        raise UserError(f"--in {shown}: names no host")
    if (protocol.listens or protocol.scheme in ("udp://", "srt://")) and not re.search(r":\d{1,5}$", place):
        raise UserError(f"--in {shown}: needs a port, such as {protocol.scheme}127.0.0.1:9000")
    return shown


def pictures(asked: Asked, report: Report) -> Iterator[Shot]:
    """Yield the stream's pictures as they come; connect or listen again and again."""
    protocol = protocol_of(asked.address)
    if protocol.scheme == "srt://":
        from livedream.input.picture import carried

        yield from carried.pictures(asked.address, report)
        return
    while True:
        if protocol.listens:
            report.trouble(f"waits for somebody to send to {masked(asked.address)}")
        try:
            with _open(asked.address, protocol) as container:
                yield from _shots(container, protocol, report)
        except av.ExitError:
            raise TimeoutError(f"nothing has come for {READ:g} s") from None
        except (OSError, RuntimeError, ValueError) as error:
            if not protocol.listens or (isinstance(error, OSError) and error.errno == errno.EADDRINUSE):
                raise
        if not protocol.listens:
            return
        gc.collect()  # PyAV's containers and streams hold each other, with their buffers
        time.sleep(AGAIN)


def _open(address: str, protocol: Protocol) -> InputContainer:
    url = protocol.url + address[len(protocol.scheme) :]
    options = ({} if protocol.films else QUICK) | dict(protocol.options)
    timeout = (None, READ) if protocol.listens else (OPEN, READ)
    return av.open(url, format=protocol.format, options=options, timeout=timeout)


def _shots(container: InputContainer, protocol: Protocol, report: Report) -> Iterator[Shot]:
    """Yield pictures as they come; those of a film, or of a list of short films (HLS), when they are due."""
    if protocol.films and ((container.duration or 0) > 0 or container.format.name in ("hls", "dash")):
        yield from play(_passes(container, report), report)
    else:
        yield from live(container, report)


def _passes(container: InputContainer, report: Report) -> Iterator[Iterator[Timed]]:
    stream = largest(container)
    decoder, convert = stream.codec_context, Converter()
    report.note(described(stream))
    while True:
        yield film(container, stream, decoder, convert, report)
        if not container.duration:
            return
        try:
            container.seek(container.start_time or 0)
        except av.FFmpegError:  # this server only sends it from the beginning
            return
        decoder.flush_buffers()
