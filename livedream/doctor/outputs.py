"""Where frames can go."""

from livedream.doctor.finding import Finding

USED = {
    "libx264": "for .mp4, .mkv and streams",
    "libx265": "for #codec=hevc",
    "libsvtav1": "for #codec=av1",
    "prores_ks": "for .mov",
    "ffv1": "for .mkv#codec=ffv1",
}


def encoders(found: dict) -> list[Finding]:
    """Video encoders that gave a packet for a picture."""
    if "problem" in found:
        says = f"PyAV does not run: {found['problem']}; there is no file and no stream"
        return [Finding("encoders", "av", False, says, "pip install --force-reinstall av")]
    findings = []
    for name, fault in found.items():
        if fault == "":
            says = f"works; {USED.get(name, 'live recordings and streams use it')}"
            findings.append(Finding("encoders", name, True, says))
        elif name in USED:
            says = "not in this FFmpeg" if fault is None else f"does not open: {fault}"
            mend = "pip install --force-reinstall --only-binary av av (PyAV's own wheel has it)"
            findings.append(Finding("encoders", name, False, says, mend))
        elif fault is not None:
            findings.append(Finding("encoders", name, None, f"built in; no device for it here ({fault})"))
    return findings
