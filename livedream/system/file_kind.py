"""What kind a file is, by its content or else its suffix: what to say when it was given in the wrong place."""

import shlex
from pathlib import Path

FOOTAGE = (
    *(".mp4", ".mov", ".m4v", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".mts", ".m2ts", ".wmv", ".flv", ".ogv"),
    *(".3gp", ".mxf", ".gif", ".apng", ".y4m", ".vob", ".dv"),
)
PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".heic", ".avif", ".exr", ".tga")
SOUNDS = (".wav", ".mp3", ".flac", ".ogg", ".opus", ".m4a", ".aac", ".aif", ".aiff")
SUFFIXES = {
    **dict.fromkeys(FOOTAGE, "footage"),
    **dict.fromkeys(PICTURES, "a picture"),
    **dict.fromkeys(SOUNDS, "sound"),
    **dict.fromkeys((".fs", ".frag", ".glsl", ".isf"), "a look"),
    **dict.fromkeys((".pt", ".pth", ".ckpt", ".safetensors"), "a checkpoint"),
    ".session": "a session",
    ".show": "a show",
    ".engine": "a dream",
    ".onnx": "a dream",
}
HEAD = 512  # bytes that tell
_MARKS = (  # (place, bytes, kind)
    (0, b"\x1a\x45\xdf\xa3", "footage"),  # Matroska, WebM
    (0, b"\0\0\x01\xba", "footage"),  # MPEG
    (0, b"FLV\x01", "footage"),
    (0, b"GIF8", "footage"),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "footage"),  # ASF
    (0, b"YUV4MPEG2", "footage"),
    (8, b"AVI ", "footage"),
    (8, b"WAVE", "sound"),
    (8, b"WEBP", "a picture"),
    (0, b"\x89PNG\r\n\x1a\n", "a picture"),
    (0, b"\xff\xd8\xff", "a picture"),
    (0, b"II*\0", "a picture"),
    (0, b"MM\0*", "a picture"),
    (0, b"fLaC", "sound"),
    (0, b"ID3", "sound"),
    (4, b"ftypheic", "a picture"),
    (4, b"ftypavif", "a picture"),
    (4, b"ftypM4A", "sound"),
    (4, b"ftyp", "footage"),  # MP4, QuickTime
    (0, b"/*{", "a look"),
)


def of(path: Path) -> str:
    """Return "footage", "a picture", "sound", "a look", "a checkpoint", "a session", "a show", "a dream", or "".

    Of a folder: "footage" or "a folder of dreams", whichever lies in it.
    """
    try:
        if path.is_dir():
            found = {SUFFIXES.get(each.suffix.lower()) for each in path.iterdir()}
            if "a dream" in found:
                return "a folder of dreams"
            return "footage" if found & {"footage", "a picture"} else ""
        if not path.is_file():  # a pipe or a device may never answer
            return ""
        with path.open("rb") as file:
            head = file.read(HEAD)
    except OSError:
        return ""
    for place, mark, kind in _MARKS:
        if head[place : place + len(mark)] == mark:
            return kind
    if len(head) > 188 and head[0] == head[188] == 0x47:  # an MPEG transport stream's packets
        return "footage"
    # An ONNX file begins with its version, whatever it is called.
    return "a dream" if head[:1] == b"\x08" else SUFFIXES.get(path.suffix.lower(), "")


def advice(path: Path, wanted: str) -> str:
    """Return one line that says what the file is and where it belongs, or "" if it may be what was wanted.

    Args:
        path: Of a file or folder that was given.
        wanted: One of the kinds that `of` returns.
    """
    kind = of(path)
    if not kind or kind == wanted:
        return ""
    given = shlex.quote(str(path))
    stem = path.stem if path.is_file() else path.resolve().name
    name = shlex.quote(f"{stem}-dream.onnx" if path.suffix == ".onnx" else f"{stem}.onnx")  # never the file itself
    belongs = {
        "footage": f"learn it with: livedream train {given} -o {name}",
        "a picture": "a dream is learned from footage: livedream train CLIP.mp4 -o NAME.onnx",
        "sound": f"the picture can follow it: livedream run --audio {given}",
        "a look": f"draw it over a dream with: livedream run --look {given}",
        "a checkpoint": f"make a dream of it with: livedream export {given} -o {name}",
        "a session": f"open it with: livedream run {given}",
        "a show": f"make a film of it with: livedream render {given} -o {shlex.quote(path.stem)}.mp4",
        "a dream": f"play it with: livedream run --model {given}",
        "a folder of dreams": f"play one of them with --model, or all: livedream run --dreams {given}",
    }
    called = "a folder of footage" if kind == "footage" and path.is_dir() else kind
    return f"{path} is {called}; {belongs[kind]}"
