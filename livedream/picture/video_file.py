"""Opens video files: as files whatever their names, with the decoder that gives their alpha channel."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import av
from av.container import InputContainer

from livedream import UserError

if TYPE_CHECKING:
    Packet = av.Packet[av.VideoStream]

_NO_VIDEO_FORMATS = (
    "tty",
    "image2",
    "_pipe",
)  # FFmpeg "plays" text files as terminal art and photos as clips
_ALPHA_DECODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9"}  # FFmpeg's own decoders leave the alpha channel out
_STRICT = ("hevc", "ffv1", "mjpeg")  # decoders that tell of damage only when they are asked to stop at it


def open_file(path: Path) -> InputContainer:
    """Open a video file. Raises UserError for one that cannot be read or is no video."""
    container = open_any(path)
    name = container.format.name
    if any(name.endswith(each) for each in _NO_VIDEO_FORMATS):
        container.close()
        raise UserError(f"{shown(path)}: is no video file (FFmpeg reads it as {name})")
    return container


def open_any(path: Path) -> InputContainer:
    """Open a video or picture file. Raises UserError for one that cannot be read."""
    try:
        if not path.stat().st_size:
            raise UserError(f"{shown(path)}: the file is empty")
        if not path.is_file():
            raise UserError(f"{shown(path)}: is no file")
        # With "file:" a name is a name: "20:15.mp4" and "concat:a" would be protocols without it.
        return av.open(f"file:{path}", metadata_errors="replace")
    except FileNotFoundError as e:
        broken = path.is_symlink()
        why = f"is a link to {path.readlink()}, which does not exist" if broken else "there is no such file"
        raise UserError(f"{shown(path)}: {why}") from e
    except (OSError, ValueError) as e:  # PyAV's errors are one or the other
        why = getattr(e, "strerror", None) or str(e)
        raise UserError(f"{shown(path)}: cannot be read as video ({why}); is it complete?") from e


def shown(path: Path | str) -> str:
    """Return a path as it can be printed on one line, whatever bytes are in it."""
    text = str(path).encode("utf-8", "backslashreplace").decode()
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def video_stream(container: InputContainer, path: Path) -> av.VideoStream:
    """Return the largest video track. Raises UserError when there is none."""
    streams = [s for s in container.streams.video if not s.disposition & av.stream.Disposition.attached_pic]
    streams = [s for s in streams if s.codec_context is not None]
    if not streams:
        raise UserError(f"{shown(path)}: has no video track")
    return max(streams, key=lambda s: s.codec_context.width * s.codec_context.height)


def decoder(stream: av.VideoStream) -> av.VideoCodecContext:
    """Return a decoder for the stream, which decodes alpha and tells of damage."""
    context = stream.codec_context
    other = _ALPHA_DECODERS.get(context.name)
    if other and stream.metadata.get("alpha_mode") == "1" and other in av.codecs_available:
        chosen = av.CodecContext.create(other, "r")
        assert isinstance(chosen, av.VideoCodecContext)
        chosen.extradata = context.extradata
        return chosen
    # Threads of slices conceal damage without a word, threads of frames mark it.
    context.thread_type = "FRAME"
    if context.name in _STRICT:
        context.options = {"err_detect": "crccheck+explode"}
    return context


def packets(container: InputContainer, stream: av.VideoStream) -> "Iterator[Packet]":
    """Yield the packets of a stream.

    Empty ones are skipped: to FFmpeg's decoders they mean the end, though in Theora they repeat a picture. So are
    damaged parts, unless they do not end.
    """
    failures = 0
    while failures < 100:
        try:
            for packet in container.demux(stream):
                if packet.size:
                    failures = 0
                    yield packet
            return
        except av.EOFError:
            return
        except av.FFmpegError:
            failures += 1
