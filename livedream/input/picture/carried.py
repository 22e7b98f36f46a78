"""Streams by a protocol that PyAV lacks, SRT, through an `ffmpeg` process that passes their packets on as NUT."""

import re
import subprocess
from collections.abc import Iterator

import av

from livedream import UserError
from livedream.input.picture.decoding import live
from livedream.input.picture.shot import Report, Shot
from livedream.system import ffmpeg_program
from livedream.system.secret import masked

MISSING = 'no ffmpeg with SRT here: pip install "livedream[srt]", or install your system\'s (apt install ffmpeg)'
LATENCY = "20000"  # microseconds; the longer one of both ends counts
# An address with secrets comes as a list of files, by standard input: everybody can read arguments.
SECRET = re.compile("passphrase|streamid|@")
PROBING = "option probesize 20000\noption analyzeduration 300000\noption fflags nobuffer\n"
LISTED = ("-f", "concat", "-safe", "0", "-protocol_whitelist", "file,pipe,fd,srt,udp", "-i", "pipe:0")


def srt(address: str) -> tuple[str, bool]:
    """Return what FFmpeg takes for an address, and whether it waits for a caller rather than call."""
    place, _, query = address.partition("?")
    host = place[len("srt://") :].rstrip("/")
    options = dict(pair.partition("=")[::2] for pair in query.split("&") if pair)
    options.setdefault("mode", "listener" if host.startswith(":") else "caller")
    options.setdefault("latency", LATENCY)
    host = f"0.0.0.0{host}" if host.startswith(":") else host
    joined = "&".join(f"{key}={value}" for key, value in options.items())
    return f"srt://{host}?{joined}", options["mode"] == "listener"


def pictures(address: str, report: Report) -> Iterator[Shot]:
    """Yield the pictures of one connection.

    Raises:
        UserError: There is no program that speaks SRT.
        RuntimeError: The connection was not made, or has ended.
    """
    programs = ffmpeg_program.speaking("srt")
    if not programs:
        raise UserError(f"--in {masked(address)}: {MISSING}")
    url, listens = srt(address)
    if listens:
        report.trouble(f"waits for a caller at {masked(address)}")
    quick = ("-fflags", "nobuffer", "-probesize", "20000", "-analyzeduration", "300000")
    source = LISTED if SECRET.search(url) else ("-f", "mpegts", "-i", url)
    command = [programs[0], "-hide_banner", "-nostats", "-loglevel", "error", *quick, *source]
    command += ["-map", "0:v:0", "-c", "copy", "-f", "nut", "-flush_packets", "1", "pipe:1"]
    pipe = subprocess.PIPE
    # Without a buffer, which would wait until it is full.
    process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, bufsize=0)
    assert process.stdin is not None
    assert process.stderr is not None
    try:
        quoted = url.replace("'", r"'\''")
        process.stdin.write(f"ffconcat version 1.0\nfile '{quoted}'\n{PROBING}".encode())
        process.stdin.close()
        options = {"fflags": "nobuffer", "probesize": "32", "analyzeduration": "0"}
        with av.open(process.stdout, "r", format="nut", options=options) as container:
            yield from live(container, report)
    except av.FFmpegError:
        pass  # ffmpeg says below what it was
    finally:
        process.kill()
        said = process.stderr.read().decode("utf-8", "replace").strip().splitlines()
        process.wait()
    last = re.sub(r"^(\[[^\]]*\] *|pipe:0: |srt:\S+: )+", "", said[-1]) if said else "it has ended"
    raise RuntimeError(last)
