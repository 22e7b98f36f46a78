"""What this machine offers to livedream, tried rather than believed, and how to get what is missing."""

import importlib.util
import os
import platform
import socket
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import livedream
from livedream import cache, machine, probe
from livedream.backend import providers as table

APT = "Debian, Ubuntu: sudo apt install"
USED = {"libx264": "for .mp4, .mkv and rtmp://", "libx265": "for #codec=hevc"}
SHIPS = "rainbow.onnx"
RUNTIMES = ("onnxruntime", "onnxruntime-gpu", "onnxruntime-directml", "onnxruntime-openvino", "onnxruntime-qnn")


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    ok: True it is there, False it is missing or broken, None it is only told. says: what was found.
    mend: what to do about it, or "".
    """

    topic: str
    name: str
    ok: bool | None
    says: str
    mend: str = ""


def examine() -> list[Finding]:
    """Look at everything; takes about two seconds. Raises nothing: what fails is a finding."""
    children = {name: probe.start(name) for name in ("gl", "encoders", "cuda")}
    running = {each.name: probe.start("provider", each.name) for each in table.TABLE}
    looks = (base, wheels, ports, training, dreams, cached)
    before = [finding for look in looks for finding in _asked(look)]
    answers = {name: probe.answer(child) for name, child in children.items()}
    answers["providers"] = {name: probe.answer(child) for name, child in running.items()}
    tried = (
        finding
        for name, read in (("providers", providers), ("cuda", cuda), ("gl", screen), ("encoders", encoders))
        for finding in _asked(read, answers[name])
    )
    order = ("machine", "inference", "screen", "encoders", "ports", "training", "files")
    return sorted([*before, *tried], key=lambda each: order.index(each.topic))


def text(findings: list[Finding]) -> str:
    """The findings in aligned lines, one topic after the other."""
    width = max(len(each.name) for each in findings)
    lines, topic = [], None
    for each in findings:
        if each.topic != topic:
            lines += ["", each.topic] if lines else [each.topic]
            topic = each.topic
        mark = {True: "ok", False: "no", None: "--"}[each.ok]
        lines.append(f"  {mark}  {each.name:{width}}  {each.says}")
        if each.mend:
            lines.append(f"      {'':{width}}  -> {each.mend}")
    return "\n".join(lines)


def as_json(findings: list[Finding]) -> dict:
    """The findings as JSON can say them."""
    return {"version": livedream.__version__, "findings": [asdict(each) for each in findings]}


def base() -> list[Finding]:
    """livedream, Python and the machine."""
    about = machine.describe()
    memory = f", {about['memory_mb'] / 1024:.0f} GB of memory" if about["memory_mb"] else ""
    cores = f"{about['cores_usable']} of {about['cores']} cores may be used"
    return [
        Finding("machine", "livedream", None, f"{livedream.__version__} in {Path(livedream.__file__).parent}"),
        Finding("machine", "python", None, f"{platform.python_version()} at {sys.executable}"),
        Finding("machine", "system", None, about["system"]),
        Finding("machine", "processor", None, f"{about['processor']}, {cores}{memory}"),
    ]


def wheels() -> list[Finding]:
    """ONNX Runtime, and whether two of its wheels overwrote each other."""
    there = {name: version for name in RUNTIMES if (version := machine.version_of(name))}
    listed = ", ".join(f"{name} {version}" for name, version in there.items())
    if len(there) > 1:
        mend = f"keep one: pip uninstall -y {' '.join(there)}; then pip install {list(there)[-1]}"
        says = f"{listed}: these share one folder, and what is in it is a mixture"
        return [Finding("inference", "onnxruntime", False, says, mend)]
    mend = "" if there else "pip install onnxruntime"
    return [Finding("inference", "onnxruntime", bool(there), listed or "not installed", mend)]


def providers(found: dict[str, dict]) -> list[Finding]:
    """What runs a model, of all that could, and what it is to the dream that ships. Those for other systems are left
    out."""
    from livedream.backend import choose
    from livedream.dream import read

    choice = choose.quick(read.load(SHIPS))
    findings = []
    for name, told in found.items():
        provider = table.by_name(name)
        if provider.systems and sys.platform not in provider.systems:
            continue
        if told.get("ran") == "":
            parts = [f"{each} {_way(part)}" for each, part in choice.parts.items() if part.provider == name]
            says = f"{SHIPS}: {', '.join(parts) or choice.why[name]}"
            findings.append(Finding("inference", name, True, f"runs a model; {says}"))
        elif "missing" in told:
            wanted = name in ("rtx", "cuda") and machine.has_nvidia()
            findings.append(Finding("inference", name, False if wanted else None, "not installed", provider.install))
        else:
            says = f"installed, but does not run: {told.get('ran') or told['problem']}"
            mend = provider.install if name == "cpu" else ""
            findings.append(Finding("inference", name, False if name == "cpu" else None, says, mend))
    return findings


def _way(part) -> str:
    """How a component runs, in words."""
    took = f"{part.ms:.1f} ms" if part.ms else "not measured yet"
    return f"{took}{' in half precision' * part.half}"


def cuda(found: dict) -> list[Finding]:
    """The NVIDIA driver, which training would use too."""
    if "problem" in found:
        return [Finding("inference", "nvidia", None, "no NVIDIA driver here")]
    says = f"{', '.join(found['devices']) or 'no device'}; driver for CUDA {found['driver']}"
    return [Finding("inference", "nvidia", bool(found["devices"]), says)]


def screen(found: dict) -> list[Finding]:
    """Whether a window can open, and who draws."""
    there = [f"{key}={os.environ[key]}" for key in ("DISPLAY", "WAYLAND_DISPLAY") if os.environ.get(key)]
    linux = sys.platform.startswith("linux")
    shown = ", ".join(there) or ("none" if linux else "the system's")
    opens = found.get("window", False)
    display = Finding("screen", "display", opens or (None if there else False), shown)
    if "problem" in found:
        packages = "libgl1 libglx-mesa0 libegl1 libgl1-mesa-dri"
        mend = f"{APT} {packages}" if linux else "install the graphics card's driver"
        mend = f"is there a screen at {shown}? If so, {mend}" if there else mend
        return [
            display,
            Finding("screen", "window", False, "cannot open; use --out page"),
            Finding("screen", "opengl", False, f"no OpenGL 3.3: {found['problem']}", mend),
        ]
    renderer = f"{found['renderer']} ({found['vendor']}), OpenGL {found['version']}"
    slow = any(word in found["renderer"].lower() for word in ("llvmpipe", "softpipe", "swrast", "gdi generic"))
    drawn = Finding("screen", "opengl", True, renderer + (": drawn by the processor" if slow else ""))
    if opens:
        return [display, Finding("screen", "window", True, "opens"), drawn]
    mend = "for a window run it where a screen is, or: xvfb-run -a livedream run"
    if os.environ.get("WAYLAND_DISPLAY"):
        mend = f"Wayland needs Xwayland. {APT} xwayland"
    return [display, Finding("screen", "window", False, "no display; run serves the page", mend), drawn]


def encoders(found: dict) -> list[Finding]:
    """Video encoders that gave a packet for a picture."""
    if "problem" in found:
        says = f"PyAV does not run: {found['problem']}; there is no file and no stream"
        return [Finding("encoders", "av", False, says, "pip install --force-reinstall av")]
    findings = []
    for name, fault in found.items():
        if fault == "":
            findings.append(Finding("encoders", name, True, f"works; {USED.get(name, 'not used by this version')}"))
        elif name in USED:
            says = "not in this FFmpeg" if fault is None else f"does not open: {fault}"
            mend = "pip install --force-reinstall --only-binary av av (PyAV's own wheel has it)"
            findings.append(Finding("encoders", name, False, says, mend))
        elif fault is not None:
            findings.append(Finding("encoders", name, None, f"built in; no device for it here ({fault})"))
    return findings


def ports() -> list[Finding]:
    """The default ports of OSC and of the page."""
    from livedream.control import osc
    from livedream.web import server

    return [
        _port("OSC", osc.PORT, socket.SOCK_DGRAM, "udp", "--osc"),
        _port("page", server.PORT, socket.SOCK_STREAM, "tcp", "--web"),
    ]


def _port(what: str, port: int, kind: int, protocol: str, option: str) -> Finding:
    name = f"{port}/{protocol}"
    if _free(port, kind):
        return Finding("ports", name, True, f"free; {what} at 127.0.0.1:{port}")
    following = next((each for each in range(port + 1, port + 100) if each < 65536 and _free(each, kind)), None)
    says = f"taken; {what} goes to {following} and says so" if following else "taken, and so are the next ones"
    mend = f"end what holds it ({_holder(protocol, port)}), or choose: {option} 127.0.0.1:PORT"
    return Finding("ports", name, False, says, mend)


def _free(port: int, kind: int) -> bool:
    with socket.socket(socket.AF_INET, kind) as trying:
        if kind == socket.SOCK_STREAM and os.name == "posix":  # as the server binds it
            trying.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trying.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _holder(protocol: str, port: int) -> str:
    if sys.platform == "win32":
        return f"netstat -ano | findstr :{port}"
    if sys.platform == "darwin":
        return f"lsof -i {protocol}:{port}"
    return f"ss -{'u' if protocol == 'udp' else 't'}lpn sport = :{port}"


def training() -> list[Finding]:
    """What `livedream train` and `evaluate` need. Importing torch takes seconds, so it is only looked at."""
    if importlib.util.find_spec("livedream_export") is None:
        return [Finding("training", "livedream_export", False, "not installed", "pip install 'livedream[train]'")]
    findings = []
    for name, extra in (("torch", "train"), ("onnxscript", "train"), ("efficientnet_lite_pytorch", "evaluate")):
        version = machine.version_of(name)
        mend = "" if version else f"pip install 'livedream[{extra}]' (to {'train' if extra == 'train' else 'evaluate'})"
        says = f"{version}{_torch_build() if name == 'torch' else ''}" if version else "not installed"
        findings.append(Finding("training", name, bool(version), says, mend))
    return findings


def _torch_build() -> str:
    """What torch was built for, from its version.py."""
    try:
        about = Path(importlib.util.find_spec("torch").origin).with_name("version.py").read_text()
        built = next(line for line in about.splitlines() if line.startswith("cuda"))
        version = built.rpartition("=")[2].strip().strip("'\"")
    except (AttributeError, OSError, StopIteration):
        return ""
    return "; built without CUDA, trains on the processor" if version == "None" else f"; built for CUDA {version}"


def dreams() -> list[Finding]:
    """The dreams that ship."""
    from livedream.dream import read

    there = [f"{each.stem} ({each.stat().st_size / 1e6:.0f} MB)" for each in sorted(read.MODELS.glob("*.onnx"))]
    mend = "" if there else "train one: livedream train FOOTAGE -o NAME.onnx"
    return [Finding("files", "dreams", bool(there), ", ".join(there) or "none ships in this installation", mend)]


def cached() -> list[Finding]:
    """The folder that may be deleted at any time, and how large it is."""
    folder = cache.folder()
    size, over, end = 0, "", time.monotonic() + 1.0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                size += os.lstat(os.path.join(place, name)).st_size
            except OSError:  # it went while we looked
                continue
        if time.monotonic() > end:
            over = "more than "
            break
    says = f"{folder}, {over}{size / 1e6:.0f} MB" if folder.is_dir() else f"{folder}, not made yet"
    return [Finding("files", "cache", None, f"{says} (frames of footage, what was measured; may be deleted)")]


def _asked(look, *found) -> list[Finding]:
    """What `look` finds; a doctor that falls ill is a finding too."""
    try:
        return look(*found)
    except Exception as error:
        says = f"could not be looked at: {type(error).__name__}: {error}"
        return [Finding(TOPICS.get(look, "machine"), look.__name__, False, says)]


TOPICS = {
    wheels: "inference",
    providers: "inference",
    cuda: "inference",
    screen: "screen",
    encoders: "encoders",
    ports: "ports",
    training: "training",
    dreams: "files",
    cached: "files",
}
