"""RGBA pictures to coded video, shared by the file and the streams. Imports PyAV: load it late.

Every YUV picture is converted to BT.709, limited range, 4:2:0 chroma sited left, and tagged so. How a stream uses it:

    for spec in encoders.choices(settings["codec"], live=True, known=("h264", "hevc"), trying=True):
        container = av.open(url, "w", format="fifo", …)
        encoder = Encoder(container, spec, size, rate, fit, encoders.settings(spec, True, rate, bitrate, 2.0), bitrate)
        if fault := encoder.open():
            continue
        break
    container.mux(encoder.encode(pixels, pts))
"""

import av
import numpy as np
from av.codec.context import Flags
from av.filter import Graph

from livedream import UserError
from livedream.output.programs.rate import fraction
from livedream.output.video import encoders
from livedream.picture.fit import placed

BT709 = 1  # of primaries, transfer and matrix (ISO/IEC 23091-2)
SRGB, IDENTITY = 13, 0  # transfer and matrix of pictures that stay RGB
LIMITED, FULL = 1, 2  # AVCOL_RANGE_MPEG, AVCOL_RANGE_JPEG
BITS = 0.3  # a pixel, for an encoder that knows no constant quality


def codec_named(name: str | None, kind: str, known: tuple[str, ...] = ("h264", "hevc")) -> str:
    """FFmpeg's name of the encoder for a `codec` key's value, the first of `known` for None. Raises UserError."""
    try:
        return encoders.find(name, True, known).name
    except UserError as error:
        raise UserError(f"{kind}: {error}") from None


class Encoder:
    """One video stream of a container. Pictures are placed in `size`; bars are black, with alpha transparent.

    spec: a row of `encoders.TABLE`, or its name.  size: (width, height) pixels, odd ones are made even, but for
    FFV1.  rate: frames a second; `pts` counts in 1/rate s.  options: `encoders.settings`.
    bitrate: bits per second, None for constant quality by `options`.
    """

    def __init__(self, container, spec, size, rate, fit, options, bitrate=None):
        self.spec = spec = encoders.by_name(spec) if isinstance(spec, str) else spec
        encoders.quiet()
        self._even = 1 if spec.pixels == "bgra" else 2
        self.size = tuple(max(side - side % self._even, 16) for side in size)
        self._fit = fit
        self._graph = self._shape = None
        rate = fraction(rate)
        self.stream = container.add_stream(spec.name, rate=rate, options=options)
        context = self.stream.codec_context
        context.width, context.height = self.size
        context.pix_fmt = spec.pixels
        context.time_base = self._time_base = 1 / rate
        context.color_primaries = BT709
        context.color_trc, context.colorspace, context.color_range = self._colours()
        if spec.codec == "hevc" and container.format.name in ("mp4", "mov"):
            context.codec_tag = "hvc1"  # what Apple's players ask for
        if not (bitrate or spec.intra or any(spec.quality)):
            bitrate = round(BITS * self.size[0] * self.size[1] * rate)
        if bitrate:
            context.bit_rate = bitrate
        if container.format.flags & _GLOBAL_HEADER or container.format.name == "fifo":
            context.flags |= int(Flags.global_header)  # without it flv cannot connect a second time

    def open(self) -> str:
        """Open the codec now rather than at the first picture. Returns what keeps it from that, "" nothing."""
        if min(self.size) < self.spec.least:
            return f"{self.size[0]}x{self.size[1]} is too small for it"
        try:
            self.stream.codec_context.open(strict=False)
        except (av.error.FFmpegError, OSError) as error:
            return getattr(error, "strerror", None) or str(error) or type(error).__name__
        return ""

    def encode(self, pixels: np.ndarray, pts: int, key: bool = False) -> list:
        """Packets for one uint8 [H, W, 4] picture; there may be none yet. `pts` must rise. key: make it a key frame."""
        if pixels.shape != self._shape:
            self._graph, self._shape = self._converter(*pixels.shape[1::-1]), pixels.shape
        picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgba")
        picture.pts, picture.time_base = pts, self._time_base
        self._graph.push(picture)
        coded = self._graph.pull()
        if key:
            coded.pict_type = av.video.frame.PictureType.I
        coded.color_primaries = BT709  # ProRes takes these from the picture
        coded.color_trc, coded.colorspace, coded.color_range = self._colours()
        return self.stream.encode(coded)

    def flush(self) -> list:
        """The packets that the codec still held back."""
        return self.stream.encode(None)

    def _colours(self) -> tuple[int, int, int]:
        """Transfer, matrix and range."""
        return (SRGB, IDENTITY, FULL) if self.spec.pixels == "bgra" else (BT709, BT709, LIMITED)

    def _converter(self, width, height) -> Graph:
        across, down = self.size
        steps = []
        wide, high = width, height
        if (width - across, height - down) in ((0, 1), (1, 0), (1, 1)):  # made even: the odd line goes, unscaled
            steps.append(("crop", f"{across}:{down}:0:0"))
            wide, high = across, down
        x, y, w, h = placed(wide, high, across, down, self._fit)
        w, h, x, y = (each - each % self._even for each in (w, h, x, y))
        w, h = max(w, self._even), max(h, self._even)
        flags = "bicubic+accurate_rnd+full_chroma_int+full_chroma_inp"
        colours = "" if self.spec.pixels == "bgra" else ":out_color_matrix=bt709:out_range=tv"
        steps += [("scale", f"{w}:{h}:flags={flags}{colours}"), ("format", self.spec.pixels)]
        if x < 0 or y < 0:
            steps.append(("crop", f"{across}:{down}:{max(-x, 0)}:{max(-y, 0)}"))
        elif (w, h) != self.size:
            steps.append(("pad", f"{across}:{down}:{x}:{y}:black{'@0' if self.spec.alpha else ''}"))
        steps.append(("setsar", "1"))
        graph = Graph()
        graph.threads = 1
        source = graph.add_buffer(width=width, height=height, format="rgba", time_base=self._time_base)
        graph.link_nodes(source, *(graph.add(name, args) for name, args in steps), graph.add("buffersink")).configure()
        return graph


_GLOBAL_HEADER = 0x40  # AVFMT_GLOBALHEADER
