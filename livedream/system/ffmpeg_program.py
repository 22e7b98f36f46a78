"""The `ffmpeg` programs of this machine, for protocols that PyAV's FFmpeg lacks."""

import os
import shutil
import subprocess


def speaking(kind: str, listing: str = "-protocols") -> list[str]:
    """The paths of the programs that have `kind` in a listing: the system's own first, then imageio-ffmpeg's."""
    candidates = [each for each in (shutil.which("ffmpeg"), bundled()) if each]
    return [each for each in candidates if kind.encode() in output_of(each, listing).split()]


def bundled() -> str | None:
    """The path of the program that comes with imageio-ffmpeg, where that is installed."""
    try:
        import imageio_ffmpeg

        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except (ImportError, RuntimeError):
        return None


def output_of(ffmpeg: str | os.PathLike[str], *arguments: str, fds: tuple[int, ...] = ()) -> bytes:
    """The standard output of that command; empty if it fails."""
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
