"""An `ffmpeg` process that takes encoded video as NUT and speaks a protocol that PyAV lacks: SRT, WHIP."""

import contextlib
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator

from livedream.output.streams import protocols
from livedream.system import ffmpeg_program

SECRET = ("passphrase", "streamid", "srt_streamid")  # never arguments, which everybody on the machine can read
MISSING = {
    "srt": 'no ffmpeg with SRT here: pip install "livedream[srt]", or install your system\'s (apt install ffmpeg)',
    "whip": 'no ffmpeg with WHIP here: pip install "livedream[whip]"',
}
NO_PRESETS = (
    "the ffmpeg here takes a passphrase only where everybody on this machine can read it: install your system's, up to "
    'version 7.0, or pip install "imageio-ffmpeg==0.6.0"'
)


class Pipe:
    """The file that PyAV writes to: the carrier's standard input."""

    def __init__(self, process: subprocess.Popen[bytes]):
        self.process = process

    def write(self, data: bytes) -> int:
        """Write all of `data` and return its length. Raises RuntimeError once the carrier has ended."""
        assert self.process.stdin is not None
        view = memoryview(data)
        try:
            while view:
                view = view[self.process.stdin.write(view) :]
        except OSError:
            raise RuntimeError(f"ffmpeg has ended (exit code {self.process.wait()})") from None
        return len(data)


def start(route: protocols.Route) -> Pipe:
    """Start an ffmpeg that carries to `route` what is written to the pipe. Raises RuntimeError."""
    secret = any(key in route.options for key in SECRET)
    options = protocols.fifo(route)
    preset = f"format_opts={options.pop('format_opts')}\n" if secret else ""
    kind = route.protocol.kind
    command = [find_ffmpeg(kind, secret), "-nostdin", "-hide_banner", "-nostats", "-loglevel", "verbose"]
    command += ["-fflags", "+nobuffer", "-probesize", "32", "-analyzeduration", "0", "-f", "nut", "-i", "pipe:0"]
    command += ["-map", "0", "-c", "copy", "-muxdelay", "0", "-muxpreload", "0", "-flush_packets", "1"]
    url = route.url
    if kind == "whip":
        from livedream.output.streams import whip

        url = whip.relay(url)
    with _preset(preset) as (argument, fds):
        command += [*argument, "-f", "fifo", *(part for key in options for part in (f"-{key}", options[key]))]
        process = subprocess.Popen([*command, url], stdin=subprocess.PIPE, bufsize=0, pass_fds=fds)
    return Pipe(process)


def find_ffmpeg(kind: str, secret: bool = False) -> str:
    """The path of an ffmpeg that speaks `kind`.

    Args:
        kind: "srt" or "whip".
        secret: Whether it must be able to read secret options from a file.

    Raises:
        RuntimeError: There is none.
    """
    listing = "-muxers" if kind == "whip" else "-protocols"
    speaking = ffmpeg_program.speaking(kind, listing)
    able = [each for each in speaking if not secret or _reads_presets(each)]
    if not able:
        raise RuntimeError(NO_PRESETS if speaking else MISSING[kind])
    return able[0]


def _reads_presets(ffmpeg: str) -> bool:
    """Whether its option `-fpre` has an effect: it has in FFmpeg 5 and 7.0, it has none in 9.0."""
    with _preset("hash=crc32\n") as (argument, fds):
        source = ("-f", "lavfi", "-i", "nullsrc=s=16x16:d=0.04")
        return b"CRC32" in ffmpeg_program.output_of(
            ffmpeg, "-nostdin", *source, *argument, "-f", "framehash", "-", fds=fds
        )


@contextlib.contextmanager
def _preset(text: str) -> Iterator[tuple[tuple[str, ...], tuple[int, ...]]]:
    """Yield (arguments, file descriptors to pass on) for an ffmpeg that is started within the block and reads options
    from `text`.
    """
    if not text:
        yield (), ()
    elif os.path.isdir("/dev/fd"):
        out, into = os.pipe()
        os.write(into, text.encode())
        os.close(into)
        yield ("-fpre", f"/dev/fd/{out}"), (out,)
        os.close(out)
    else:  # Windows: a file in the user's own folder, for long enough to be read
        with tempfile.NamedTemporaryFile("w", suffix=".ffpreset", delete=False) as file:
            file.write(text)
        yield ("-fpre", file.name), ()
        time.sleep(1)
        os.unlink(file.name)
