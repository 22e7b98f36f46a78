"""RGBA pictures to encoded video, for files and streams. Imports PyAV: import this late.

Every YUV picture is converted to BT.709, limited range, with 4:2:0 chroma sited left, and tagged so. A stream uses it
like this:

    for spec in encoders.choices(settings["codec"], live=True, allowed=("h264", "hevc"), probe_here=True):
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
from av.container import OutputContainer
from av.filter import Graph
from av.packet import Packet
from av.video.format import VideoFormat
from av.video.stream import VideoStream

from livedream.output.programs.rate import fraction
from livedream.output.video import encoders, svt
from livedream.picture import Pixels
from livedream.picture.fit import placed

BT709 = 1  # primaries, transfer and matrix (ISO/IEC 23091-2)
SRGB, IDENTITY = 13, 0  # transfer and matrix for pictures that stay RGB
LIMITED, FULL = 1, 2  # AVCOL_RANGE_MPEG, AVCOL_RANGE_JPEG
BITS = 0.3  # per pixel, for an encoder without constant quality


class Encoder:
    """One video stream of a container. Pictures are placed in `size`; bars are black, or transparent with alpha.

    Args:
        container: The container that gets the stream.
        spec: A row of `encoders.TABLE`.
        size: (width, height) in pixels; odd ones are made even, except for FFV1.
        rate: Frames per second; `pts` counts in 1/rate s.
        fit: One of `picture.fit.FITS`.
        options: See `encoders.settings`.
        bitrate: Bits per second; None for constant quality by `options`.
    """

    def __init__(
        self,
        container: OutputContainer,
        spec: encoders.Spec,
        size: tuple[int, int],
        rate: float,
        fit: str,
        options: dict[str, str],
        bitrate: int | None = None,
    ):
        self.spec = spec
        svt.silence()
        self._even = 1 if spec.pixels == "bgra" else 2
        width, height = (max(side - side % self._even, 16) for side in size)
        self.size = width, height
        self._fit = fit
        self._graph: Graph | None = None
        self._shape: tuple[int, ...] = ()  # the shape of the pictures that _graph converts
        exact = fraction(rate)
        stream = container.add_stream(spec.name, rate=exact, options=options)
        assert isinstance(stream, VideoStream)
        self.stream = stream
        context = stream.codec_context
        context.width, context.height = self.size
        context.pix_fmt = spec.pixels
        context.time_base = self._time_base = 1 / exact
        context.color_primaries = BT709
        context.color_trc, context.colorspace, context.color_range = self._colours()
        if spec.codec == "hevc" and container.format.name in ("mp4", "mov"):
            context.codec_tag = "hvc1"  # Apple's players need it
        if not (bitrate or spec.intra or any(spec.quality)):
            bitrate = round(BITS * self.size[0] * self.size[1] * exact)
        if bitrate:
            context.bit_rate = bitrate
        if container.format.flags & _GLOBAL_HEADER or container.format.name == "fifo":
            context.flags |= int(Flags.global_header)  # without it flv cannot connect a second time

    def open(self) -> str:
        """Open the codec now rather than at the first picture. Returns why it does not open, or "" if it does."""
        if min(self.size) < self.spec.min_side:
            return f"{self.size[0]}x{self.size[1]} is too small for it"
        try:
            with svt.ordinary_priority():
                self.stream.codec_context.open(strict=False)
        except (av.error.FFmpegError, OSError) as error:
            return getattr(error, "strerror", None) or str(error) or type(error).__name__
        return ""

    def encode(self, pixels: Pixels, pts: int, key: bool = False) -> "list[Packet[VideoStream]]":
        """Encode one picture and return the packets that are ready; there may be none yet.

        Args:
            pixels: uint8 [H, W, 4].
            pts: The time in 1/rate s, above the last one's.
            key: Whether to make it a key frame.
        """
        if self._graph is None or pixels.shape != self._shape:
            height, width = pixels.shape[:2]
            self._graph, self._shape = self._converter(width, height), pixels.shape
        picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgba")
        picture.pts, picture.time_base = pts, self._time_base
        self._graph.push(picture)
        coded = self._graph.pull()
        assert isinstance(coded, av.VideoFrame)
        if key:
            coded.pict_type = av.video.frame.PictureType.I
        coded.color_primaries = BT709  # ProRes takes these from the picture
        coded.color_trc, coded.colorspace, coded.color_range = self._colours()
        return self.stream.encode(coded)

    def flush(self) -> "list[Packet[VideoStream]]":
        """The packets that the encoder still held back."""
        return self.stream.encode(None)

    def _colours(self) -> tuple[int, int, int]:
        """Transfer, matrix and range of the encoded pictures."""
        return (SRGB, IDENTITY, FULL) if self.spec.pixels == "bgra" else (BT709, BT709, LIMITED)

    def _converter(self, width: int, height: int) -> Graph:
        across, down = self.size
        steps = []
        wide, high = width, height
        if (width - across, height - down) in ((0, 1), (1, 0), (1, 1)):  # made even by cutting one line off, unscaled
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
        source = graph.add_buffer(width=width, height=height, format=VideoFormat("rgba"), time_base=self._time_base)
        graph.link_nodes(source, *(graph.add(name, args) for name, args in steps), graph.add("buffersink")).configure()
        return graph


_GLOBAL_HEADER = 0x40  # AVFMT_GLOBALHEADER
