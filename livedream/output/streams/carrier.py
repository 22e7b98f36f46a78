"""An `ffmpeg` process that takes coded pictures from us, as NUT, and speaks a protocol that PyAV cannot: SRT, WHIP."""

import contextlib
import os
import shutil
import subprocess
import tempfile
import time

from livedream.output.streams import protocols

SECRET = ("passphrase", "streamid", "srt_streamid")  # never to be arguments, which everybody on the machine can read
MISSING = {
    "srt": 'no ffmpeg with SRT here: pip install "livedream[srt]", or install your system\'s (apt install ffmpeg)',
    "whip": 'no ffmpeg with WHIP here: pip install "livedream[whip]"',
}
DEAF = (
    "the ffmpeg here takes a passphrase only where everybody on this machine can read it: install your system's, up to "
    'version 7.0, or pip install "imageio-ffmpeg==0.6.0"'
)


class Pipe:
    """What PyAV writes to: the carrier's standard input. Raises RuntimeError once it has ended."""

    def __init__(self, process: subprocess.Popen):
        self.process = process

    def write(self, data: bytes) -> int:
        view = memoryview(data)
        try:
            while view:
                view = view[self.process.stdin.write(view) :]
        except OSError:
            raise RuntimeError(f"ffmpeg has ended (exit code {self.process.wait()})") from None
        return len(data)


def started(route: protocols.Route) -> Pipe:
    """A running ffmpeg that carries what is written to `route`. Raises RuntimeError."""
    secret = any(key in route.options for key in SECRET)
    options = protocols.fifo(route)
    kind = route.protocol.kind
    command = [found(kind, secret), "-nostdin", "-hide_banner", "-nostats", "-loglevel", "verbose"]
    command += ["-fflags", "+nobuffer", "-probesize", "32", "-analyzeduration", "0", "-f", "nut", "-i", "pipe:0"]
    command += ["-map", "0", "-c", "copy", "-muxdelay", "0", "-muxpreload", "0", "-flush_packets", "1"]
    url = route.url
    if kind == "whip":
        from livedream.output.streams import whip

        url = whip.relay(url)
    with _preset(f"format_opts={options.pop('format_opts')}\n" if secret else "") as (argument, fds):
        if not secret:
            options = protocols.fifo(route)
        command += [*argument, "-f", "fifo", *(part for key in options for part in (f"-{key}", options[key]))]
        process = subprocess.Popen([*command, url], stdin=subprocess.PIPE, bufsize=0, pass_fds=fds)
    return Pipe(process)


def found(kind: str, secret: bool = False) -> str:
    """The path of an ffmpeg that speaks "srt" or "whip" and, if there is something secret, takes it from a file."""
    of = "-muxers" if kind == "whip" else "-protocols"
    there = [each for each in (shutil.which("ffmpeg"), _bundled()) if each and kind.encode() in _said(each, of).split()]
    able = [each for each in there if not secret or _reads_presets(each)]
    if not able:
        raise RuntimeError(DEAF if there else MISSING[kind])
    return able[0]


def _bundled() -> str | None:
    try:
        import imageio_ffmpeg

        return imageio_ffmpeg.get_ffmpeg_exe()
    except (ImportError, RuntimeError):
        return None


def _reads_presets(ffmpeg: str) -> bool:
    """Whether its `-fpre` has an effect: in FFmpeg 5 and 7.0 it has, in 9.0 it has none."""
    with _preset("hash=crc32\n") as (argument, fds):
        source = ("-f", "lavfi", "-i", "nullsrc=s=16x16:d=0.04")
        return b"CRC32" in _said(ffmpeg, "-nostdin", *source, *argument, "-f", "framehash", "-", fds=fds)


@contextlib.contextmanager
def _preset(text: str):
    """(arguments, descriptors to pass on) by which an ffmpeg started within the block reads options from `text`."""
    if not text:
        yield (), ()
    elif os.path.isdir("/dev/fd"):
        out, into = os.pipe()
        os.write(into, text.encode())
        os.close(into)
        yield ("-fpre", f"/dev/fd/{out}"), (out,)
        os.close(out)
    else:  # Windows: a file in the user's own folder, until it must have been read
        with tempfile.NamedTemporaryFile("w", suffix=".ffpreset", delete=False) as file:
            file.write(text)
        yield ("-fpre", file.name), ()
        time.sleep(1)
        os.unlink(file.name)


def _said(ffmpeg: str, *arguments: str, fds=()) -> bytes:
    try:
        done = subprocess.run(
            [ffmpeg, "-hide_banner", *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=10,
            pass_fds=fds,
        )
    except (OSError, subprocess.TimeoutExpired):
        return b""
    return done.stdout
