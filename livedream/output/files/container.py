"""Video files: .mp4, .mkv and .mov. Imports PyAV when a file is opened."""

import logging
from pathlib import Path

from livedream import UserError
from livedream.output.video import encoders
from livedream.picture import Pixels
from livedream.system.file_name import as_file

log = logging.getLogger("livedream.output")

# A recording that is cut off (kill -9) still plays up to its last second: mp4 and mov are fragmented until they are
# closed and plain afterwards, and every packet is handed to the system at once. Without flush_packets even a
# fragmented file was unreadable. A fragment is half a second long, so that a kill never takes more than one.
_FRAGMENTED = {"movflags": "hybrid_fragmented", "frag_duration": "500000", "flush_packets": "1"}
OPTIONS = {
    ".mp4": _FRAGMENTED,
    ".mov": _FRAGMENTED,
    ".mkv": {"flush_packets": "1", "cluster_time_limit": "500"},
}
CODECS = {  # the default first
    ".mp4": ("h264", "hevc", "av1"),
    ".mov": ("prores", "h264", "hevc"),
    ".mkv": ("h264", "hevc", "av1", "ffv1", "prores"),
}


class Container:
    """A video file that is being written.

    Args:
        path: An empty file that exists already.
        codec: A codec or an encoder's name; None for the container's default.
        size: (width, height) in pixels.
        rate: Frames per second.
        fit: One of `picture.fit.FITS`.
        bitrate: Bits per second; None for constant quality.
        live: Whether a show runs meanwhile; see `encoders.choices`.

    Raises:
        UserError: The codec is unknown or does not open here.
    """

    def __init__(
        self,
        path: Path,
        codec: str | None,
        size: tuple[int, int],
        rate: float,
        fit: str,
        bitrate: int | None,
        live: bool,
    ):
        self.path = path
        for spec in choices(path, codec, live):
            fault = self._open(spec, size, rate, fit, bitrate, live)
            if not fault:
                return
            log.warning("%s: %s does not open: %s", path.name, spec.name, fault)
            if spec.hardware:
                encoders.forget()
        instead = f"codec={spec.codec}" if spec.hardware else "another codec or size"
        raise UserError(f"{path.name}: {spec.name} does not open here: {fault}; try {instead}")

    @property
    def alpha(self) -> bool:
        """Whether the file keeps the pictures' alpha."""
        return self._encoder.spec.alpha

    @property
    def size(self) -> int:
        """Bytes written."""
        return self.path.stat().st_size

    def put(self, pixels: Pixels, pts: int) -> None:
        """Write one picture, uint8 [H, W, 4], at `pts` / rate seconds."""
        self._container.mux(self._encoder.encode(pixels, pts))

    def close(self, written: bool) -> None:
        """End the file. `written`: whether it has a picture."""
        try:
            if written:
                self._container.mux(self._encoder.flush())
        finally:
            self._container.close()

    def _open(
        self, spec: encoders.Spec, size: tuple[int, int], rate: float, fit: str, bitrate: int | None, live: bool
    ) -> str:
        """Open file and encoder. Returns why the encoder does not open, or "" if it does."""
        import av

        from livedream.output.video.encode import Encoder

        self._container = av.open(as_file(self.path), "w", options=OPTIONS[self.path.suffix.lower()])
        options = encoders.settings(spec, live, rate, bitrate)
        try:
            self._encoder = Encoder(self._container, spec, size, rate, fit, options, bitrate)
            fault = self._encoder.open()
        except av.codec.codec.UnknownCodecError:
            fault = "not in this FFmpeg"
        if fault:
            self._container.close()
        return fault


def choices(path: Path, codec: str | None, live: bool) -> list[encoders.Spec]:
    """The encoders for a file of that suffix, best first. Raises UserError."""
    try:
        return encoders.choices(codec, live, CODECS[path.suffix.lower()])
    except UserError as error:
        raise UserError(f"{path.name}: {error}") from None
