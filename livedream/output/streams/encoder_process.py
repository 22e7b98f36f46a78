"""The child process of a stream, `python -m livedream.output.streams.encoder_process`: pictures in, encoded video out.

The first line of its input is JSON: sink, codec, size, rate, bitrate, fit, key_seconds, audio. Each picture follows as
`stream.HEADER` and its bytes. The process ends at the end of its input, also when the parent dies, without closing
anything: closing can hang for ever. FFmpeg's `fifo` muxer has a thread of its own: it never makes us wait, drops
packets while the far end is gone, and reconnects. FFmpeg logs to stderr, which the parent reads.
"""

import io
import json
import os
import signal
import sys
import threading
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from av.container import OutputContainer

    from livedream.output.streams.protocols import Route
    from livedream.output.video.encode import Encoder

VERBOSE = 40  # AV_LOG_VERBOSE: includes a line when a connection is established


def main() -> None:
    """Encode and send pictures until the end of the input."""
    # A Ctrl-C in the terminal reaches the whole group; the parent decides when the stream ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    source = sys.stdin.buffer
    assert isinstance(source, io.BufferedReader)
    settings = json.loads(source.readline())

    import av.logging

    from livedream.output.streams import protocols
    from livedream.output.streams.stream import BEGUN, HEADER

    # FFmpeg's own logger, in C. PyAV's takes the interpreter lock in the fifo's thread, and hangs.
    av.logging.set_level(None)
    av.logging.restore_default_callback()
    av.logging.set_libav_level(VERBOSE)
    route = protocols.route(settings["sink"])
    container, encoder = open_encoder(settings, route)
    lock = threading.Lock()  # guards `container`, which the sound's thread uses too
    sound = None
    if settings["audio"]:
        from livedream.output.streams.sound import Sound

        sound = Sound(container, lock, route.protocol.sound, settings["audio"])
    picture, begun = np.empty((0, 0, 4), np.uint8), False
    while len(header := source.read(HEADER.size)) == HEADER.size:
        width, height, pts, key, at = HEADER.unpack(header)
        if picture.shape[:2] != (height, width):
            picture = np.empty((height, width, 4), np.uint8)
        if source.readinto(picture.data) < picture.nbytes:
            break
        packets = encoder.encode(picture, pts, key)
        if sound:
            sound.on_picture(pts / settings["rate"], at)
        with lock:
            container.mux(packets)
        if not begun:
            begun = True
            print(BEGUN, file=sys.stderr, flush=True)


def open_encoder(settings: dict[str, Any], route: "Route") -> "tuple[OutputContainer, Encoder]":
    """Open a container that leads to `route`, and the first encoder that opens in it."""
    from livedream.output.video import encoders
    from livedream.output.video.encode import Encoder

    rate, bitrate = settings["rate"], settings["bitrate"]
    for spec in encoders.choices(settings["codec"], True, route.protocol.codecs, probe_here=True):
        options = encoders.settings(spec, True, rate, bitrate, settings["key_seconds"])
        container = open_container(route)
        encoder = Encoder(container, spec, settings["size"], rate, settings["fit"], options, bitrate)
        if not (fault := encoder.open()):
            return container, encoder
    raise RuntimeError(f"{spec.name} does not open: {fault}")


def open_container(route: "Route") -> "OutputContainer":
    """Open a container whose packets go to `route`."""
    import av

    from livedream.output.streams import protocols

    if route.protocol.carrier == "av":
        return av.open(route.url, "w", format="fifo", options=protocols.fifo(route))
    from livedream.output.streams import carrier

    # NUT: with MPEG-TS, ffmpeg would wait for the next picture to know where one ends.
    return av.open(carrier.start(route), "w", format="nut", options={"flush_packets": "1"})


if __name__ == "__main__":
    try:
        main()
    except Exception as error:  # one line for the parent, which starts another child process
        print(f"livedream: {error}", file=sys.stderr, flush=True)
        code = 1
    else:
        code = 0
    if os.name == "posix" and os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)  # end the processes that it has started, too
    os._exit(code)
