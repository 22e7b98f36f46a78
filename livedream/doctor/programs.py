"""Checks of outputs: libraries, ffmpeg for SRT and WHIP, and video encoders."""

import sys

from livedream.doctor.finding import Finding
from livedream.doctor.probe import Answer
from livedream.system import machine

PURPOSES = {
    "libx264": "for .mp4, .mkv and streams",
    "libx265": "for #codec=hevc",
    "libsvtav1": "for #codec=av1",
    "prores_ks": "for .mov",
    "ffv1": "for .mkv#codec=ffv1",
}

# Optional installs: the extra, its library, and the only system that it is for, or None.
EXTRAS = (
    ("ndi", "cyndilib", None),
    ("omt", "cyomtlib", None),
    ("camera", "pyvirtualcam", None),
    ("spout", "SpoutGL", "win32"),
    ("syphon", "syphon-python", "darwin"),
)


def extras() -> list[Finding]:
    """Report the libraries of optional outputs, without importing them."""
    findings = []
    for name, library, system in EXTRAS:
        if system not in (None, sys.platform):
            continue
        version = machine.version_of(library)
        mend = "" if version else f"for --out {name}: pip install 'livedream[{name}]'"
        says = f"{library} {version}" if version else "not installed"
        findings.append(Finding("outputs", name, True if version else None, says, mend))
    return findings


def carried() -> list[Finding]:
    """Report the ffmpeg program that srt:// and whip: need, because PyAV's own FFmpeg has neither."""
    return [_carried(kind) for kind in ("srt", "whip")]


def _carried(kind: str) -> Finding:
    from livedream.output.streams import carrier

    try:
        path = carrier.find_ffmpeg(kind)
    except RuntimeError as error:
        return Finding("outputs", kind, None, f"no ffmpeg with {kind.upper()}", str(error).partition("here: ")[2])
    try:
        if kind == "srt":
            carrier.find_ffmpeg(kind, secret=True)
    except RuntimeError as error:
        return Finding("outputs", kind, True, f"{path}, but not with a passphrase", str(error))
    return Finding("outputs", kind, True, f"works; {path}")


def encoders(found: Answer) -> list[Finding]:
    """Report the video encoders that encoded a picture."""
    if "problem" in found:
        says = f"PyAV does not run: {found['problem']}; files and streams do not work"
        return [Finding("encoders", "av", False, says, "pip install --force-reinstall av")]
    findings = []
    for name, fault in found.items():
        if fault == "":
            says = f"works; {PURPOSES.get(name, 'live recordings and streams use it')}"
            findings.append(Finding("encoders", name, True, says))
        elif name in PURPOSES:
            says = "not in this FFmpeg" if fault is None else f"does not open: {fault}"
            mend = "pip install --force-reinstall --only-binary av av (PyAV's own wheel has it)"
            findings.append(Finding("encoders", name, False, says, mend))
        elif fault is not None:
            findings.append(Finding("encoders", name, None, f"built in; no device for it here ({fault})"))
    return findings
