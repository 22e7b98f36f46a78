"""A sender without livedream, for comparison: only stamped ramps, x264 and FFmpeg's `fifo` muxer.

python bare.py URL FORMAT WIDTHxHEIGHT FPS BITRATE [OPTION=VALUE of the protocol …]
"""

import sys
import time
from fractions import Fraction

import av
import numpy as np

from tests.obs import stamp

GLOBAL_HEADER = int(av.codec.context.Flags.global_header)


def main(url: str, form: str, size: str, fps: str, bitrate: str, *protocol: str) -> None:
    (width, height), fps = map(int, size.split("x")), int(fps)
    fifo = {"queue_size": "60", "drop_pkts_on_overflow": "1", "attempt_recovery": "1", "recovery_wait_time": "1"}
    fifo |= {"recover_any_error": "1", "restart_with_keyframe": "1", "fifo_format": form}
    if protocol:
        fifo["format_opts"] = ":".join(protocol)
    container = av.open(url, "w", format="fifo", options=fifo)
    options = {"preset": "ultrafast", "tune": "zerolatency", "threads": "1"}
    options |= {"g": str(2 * fps), "maxrate": bitrate, "bufsize": bitrate}
    stream = container.add_stream("libx264", rate=fps, options=options)
    stream.width, stream.height, stream.pix_fmt, stream.bit_rate = width, height, "yuv420p", int(bitrate)
    stream.codec_context.time_base = Fraction(1, fps)
    stream.codec_context.flags |= GLOBAL_HEADER
    picture = np.full((height, width, 3), 90, np.uint8)
    picture[..., 0], picture[..., 1] = np.linspace(0, 255, width), np.linspace(0, 255, height)[:, None]
    begin, number = time.perf_counter(), 0
    while True:
        stamp.write(picture, number, stamp.now_ms())
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
        frame.pts, frame.time_base = number, Fraction(1, fps)
        container.mux(stream.encode(frame))
        number += 1
        time.sleep(max(0.0, begin + number / fps - time.perf_counter()))


if __name__ == "__main__":
    main(*sys.argv[1:])
