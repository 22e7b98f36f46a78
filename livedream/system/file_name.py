"""Names of files as FFmpeg takes them."""

import os


def as_file(path: str | os.PathLike[str]) -> str:
    """The name under which FFmpeg opens this file, whatever it is called.

    Without it FFmpeg takes what stands before a colon for a protocol: 20:15.mp4, concat:x.mp4, pipe:1.mp4.
    """
    return f"file:{os.fspath(path)}"
