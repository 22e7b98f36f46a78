"""The child process of a stream, `python -m livedream.output.stream_child`: pictures in, H.264 to a server.

The first line is JSON: url, codec, size, rate, bitrate, fit. Then, for each picture, `rtmp.HEADER` and its
bytes. It ends at the end of its input, by itself or because the parent died, without any farewell: closing
can hang for ever. FFmpeg's `fifo` muxer has its own thread: it never makes us wait, drops packets while a
server is gone and connects anew. What it says goes to stderr, where the parent reads it.
"""

import json
import os
import signal
import sys

import numpy as np

VERBOSE = 40  # AV_LOG_VERBOSE: with a line when a connection stands


def main() -> None:
    # A Ctrl-C in the terminal reaches the whole group; the parent decides when the stream ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    source = sys.stdin.buffer
    settings = json.loads(source.readline())

    import av
    import av.logging

    from livedream.output.encode import Encoder
    from livedream.output.rtmp import HEADER

    # FFmpeg's own printer, in C. PyAV's takes the interpreter lock from the fifo's thread, and then hangs.
    av.logging.set_level(None)
    av.logging.restore_default_callback()
    av.logging.set_libav_level(VERBOSE)
    container = av.open(
        settings["url"],
        "w",
        format="fifo",
        options={
            "fifo_format": "flv",
            "queue_size": "60",
            "drop_pkts_on_overflow": "1",
            "attempt_recovery": "1",
            "recovery_wait_time": "1",
            "recover_any_error": "1",
            "restart_with_keyframe": "1",
            "format_opts": "rw_timeout=5000000:flvflags=no_duration_filesize",
        },
    )
    rate, bitrate = settings["rate"], settings["bitrate"]
    options = {
        "preset": "ultrafast",
        "tune": "zerolatency",
        "threads": "1",  # the networks need the cores
        "g": str(round(2 * rate)),
        "maxrate": str(bitrate),
        "bufsize": str(bitrate),
    }
    encoder = Encoder(container, settings["codec"], settings["size"], rate, settings["fit"], options, bitrate)
    picture = np.empty((0, 0, 4), np.uint8)
    while len(header := source.read(HEADER.size)) == HEADER.size:
        width, height, pts = HEADER.unpack(header)
        if picture.shape[:2] != (height, width):
            picture = np.empty((height, width, 4), np.uint8)
        if source.readinto(picture) < picture.nbytes:
            break
        container.mux(encoder.encode(picture, pts))


if __name__ == "__main__":
    try:
        main()
    except Exception as error:  # one line for the parent, which starts another child
        print(f"livedream: {error}", file=sys.stderr, flush=True)
        os._exit(1)
    os._exit(0)
