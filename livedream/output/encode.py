"""RGBA pictures to H.264 or HEVC, shared by the file and the streams. Imports PyAV: load it late."""

from fractions import Fraction

import av
import numpy as np
from av.codec.context import Flags
from av.filter import Graph

from livedream import UserError
from livedream.output.fit import placed

CODECS = {"h264": "libx264", "hevc": "libx265"}
BT709 = 1  # of primaries, transfer and matrix (ISO/IEC 23091-2)
LIMITED = 1  # AVCOL_RANGE_MPEG


def codec_named(name: str | None, kind: str, known: tuple[str, ...] = tuple(CODECS)) -> str:
    """FFmpeg's name of a `codec` key's value, the first of `known` for None. Raises UserError."""
    name = name or known[0]
    if name not in known:
        raise UserError(f"{kind}: no codec {name!r}; there is: {', '.join(known)}")
    return CODECS[name]


class Encoder:
    """One video stream of a container. Pictures are placed in `size` and coded as yuv420p, tagged BT.709.

    size: (width, height) pixels, odd ones are made even.  rate: frames a second; `pts` counts in 1/rate s.
    options: of the codec, x264's names.  bitrate: bits per second, None for constant quality by `options`.
    """

    def __init__(self, container, codec, size, rate, fit, options, bitrate=None):
        self.size = tuple(max(side & ~1, 16) for side in size)
        self._fit = fit
        self._graph = self._shape = None
        rate = Fraction(rate).limit_denominator(1001)
        self.stream = container.add_stream(codec, rate=rate, options=options)
        context = self.stream.codec_context
        context.width, context.height = self.size
        context.pix_fmt = "yuv420p"
        context.time_base = self._time_base = 1 / rate
        context.color_primaries = context.color_trc = context.colorspace = BT709
        context.color_range = LIMITED
        if bitrate:
            context.bit_rate = bitrate
        if container.format.flags & _GLOBAL_HEADER or container.format.name == "fifo":
            context.flags |= int(Flags.global_header)  # without it flv cannot connect a second time

    def encode(self, pixels: np.ndarray, pts: int) -> list:
        """Packets for one uint8 [H, W, 4] picture; there may be none yet. `pts` must rise."""
        if pixels.shape != self._shape:
            self._graph, self._shape = self._converter(*pixels.shape[1::-1]), pixels.shape
        picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgba")
        picture.pts, picture.time_base = pts, self._time_base
        self._graph.push(picture)
        return self.stream.encode(self._graph.pull())

    def flush(self) -> list:
        """The packets that the codec still held back."""
        return self.stream.encode(None)

    def _converter(self, width, height) -> Graph:
        x, y, w, h = placed(width, height, *self.size, self._fit)
        w, h = max(w & ~1, 2), max(h & ~1, 2)
        steps = [
            ("scale", f"{w}:{h}:flags=bicubic+accurate_rnd:out_color_matrix=bt709:out_range=tv"),
            ("format", "yuv420p"),
        ]
        across, down = self.size
        if x < 0 or y < 0:
            steps.append(("crop", f"{across}:{down}:{max(-x, 0)}:{max(-y, 0)}"))
        elif (w, h) != self.size:
            steps.append(("pad", f"{across}:{down}:{x}:{y}:black"))
        steps.append(("setsar", "1"))
        graph = Graph()
        graph.threads = 1
        source = graph.add_buffer(width=width, height=height, format="rgba", time_base=self._time_base)
        graph.link_nodes(source, *(graph.add(name, args) for name, args in steps), graph.add("buffersink")).configure()
        return graph


_GLOBAL_HEADER = 0x40  # AVFMT_GLOBALHEADER
