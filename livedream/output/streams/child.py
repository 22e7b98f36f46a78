"""The child process of a stream, `python -m livedream.output.streams.child`: pictures in, coded video out.

The first line is JSON: sink, codec, size, rate, bitrate, fit, key_seconds, audio. Then, for each picture,
`stream.HEADER` and its bytes. It ends at the end of its input, by itself or because the parent died, without any
farewell: closing can hang for ever. FFmpeg's `fifo` muxer has its own thread: it never makes us wait, drops packets
while the far end is gone and connects anew. What it says goes to stderr, where the parent reads it.
"""

import json
import os
import signal
import sys
import threading

import numpy as np

VERBOSE = 40  # AV_LOG_VERBOSE: with a line when a connection stands


def main() -> None:
    # A Ctrl-C in the terminal reaches the whole group; the parent decides when the stream ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    source = sys.stdin.buffer
    settings = json.loads(source.readline())

    import av.logging

    from livedream.output.streams import protocols
    from livedream.output.streams.stream import BEGUN, HEADER

    # FFmpeg's own printer, in C. PyAV's takes the interpreter lock from the fifo's thread, and then hangs.
    av.logging.set_level(None)
    av.logging.restore_default_callback()
    av.logging.set_libav_level(VERBOSE)
    route = protocols.route(settings["sink"])
    container, encoder = opened(settings, route)
    turn = threading.Lock()  # for `container`: the sound has a thread of its own
    sound = None
    if settings["audio"]:
        from livedream.output.streams.sound import Sound

        sound = Sound(container, turn, route.protocol.sound, settings["audio"])
    picture, begun = np.empty((0, 0, 4), np.uint8), False
    while len(header := source.read(HEADER.size)) == HEADER.size:
        width, height, pts, key, at = HEADER.unpack(header)
        if picture.shape[:2] != (height, width):
            picture = np.empty((height, width, 4), np.uint8)
        if source.readinto(picture) < picture.nbytes:
            break
        packets = encoder.encode(picture, pts, key)
        if sound:
            sound.see(pts / settings["rate"], at)
        with turn:
            container.mux(packets)
        if not begun:
            begun = True
            print(BEGUN, file=sys.stderr, flush=True)


def opened(settings: dict, route):
    """A container towards `route`, and an encoder in it that really opens: (container, Encoder)."""
    from livedream.output.video import encoders
    from livedream.output.video.encode import Encoder

    rate, bitrate = settings["rate"], settings["bitrate"]
    for spec in encoders.choices(settings["codec"], True, route.protocol.codecs, trying=True):
        options = encoders.settings(spec, True, rate, bitrate, settings["key_seconds"])
        container = towards(route)
        encoder = Encoder(container, spec, settings["size"], rate, settings["fit"], options, bitrate)
        if not (fault := encoder.open()):
            return container, encoder
    raise RuntimeError(f"{spec.name} does not open: {fault}")


def towards(route):
    """The container whose packets go there."""
    import av

    from livedream.output.streams import protocols

    if route.protocol.carrier == "av":
        return av.open(route.url, "w", format="fifo", options=protocols.fifo(route))
    from livedream.output.streams import carrier

    # NUT: a player of MPEG-TS must wait for the next picture to know where one ends, and so would ffmpeg.
    return av.open(carrier.started(route), "w", format="nut", options={"flush_packets": "1"})


if __name__ == "__main__":
    try:
        main()
    except Exception as error:  # one line for the parent, which starts another child
        print(f"livedream: {error}", file=sys.stderr, flush=True)
        code = 1
    else:
        code = 0
    if os.name == "posix" and os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)  # what it has started ends with it
    os._exit(code)
