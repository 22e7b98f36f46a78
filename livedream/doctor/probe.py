"""Probes: what `doctor` finds out by trying. `python -m livedream.doctor.probe NAME` tries one thing and prints JSON.

Each runs in a child process, because a driver may crash, hang, or print to stderr.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

SECONDS = 15.0  # for one probe; a CUDA provider may take five

Answer = dict[str, Any]  # the JSON object that a probe prints; {"problem": why} if it failed


def start(name: str, *arguments: str) -> subprocess.Popen[str]:
    """Start one of PROBES in a child process; `answer` waits for its result."""
    return subprocess.Popen(
        [sys.executable, "-m", "livedream.doctor.probe", name, *arguments],
        cwd=Path(__file__).parents[1],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    )


def answer(child: subprocess.Popen[str], seconds: float = SECONDS) -> Answer:
    """Return what a probe found; {"problem": why} when it raised, crashed or gave no answer in time."""
    try:
        out, errors = child.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        child.kill()
        child.communicate()
        return {"problem": f"no answer in {seconds:g} s"}
    try:
        found: Answer = json.loads(out.splitlines()[-1])
        return found
    except (ValueError, IndexError):
        last = (errors.strip().splitlines() or ["without a word"])[-1]
        return {"problem": f"crashed (exit code {child.returncode}): {last[:200]}"}


def provider(name: str) -> Answer:
    """Run a tiny model on one of backend/providers.py.

    Returns:
        {"missing": why it cannot be tried}, {"ran": ""} or, if it does not run, {"ran": why not}.
    """
    import numpy as np

    from livedream import UserError
    from livedream.backend import providers

    if why := providers.missing(providers.by_name(name)):
        return {"missing": why}
    try:
        session = providers.open_session(providers.by_name(name), _doubling())
        right = np.array_equal(session.run(None, {"x": np.ones(4, np.float32)})[0], np.full(4, 2, np.float32))
    except UserError as error:
        return {"ran": str(error).removeprefix(f"{name}: ")}
    return {"ran": "" if right else "its result is wrong"}


def gl() -> Answer:
    """Create an OpenGL context, on the display if there is one, else without (EGL).

    Returns:
        {"window": whether there is a display, "renderer": …, "vendor": …, "version": …, "monitors": [descriptions]}.
    """
    import ctypes

    import pyglet

    window = bool(os.environ.get("DISPLAY")) or not sys.platform.startswith("linux")
    pyglet.options.headless = not window
    pyglet.options.shadow_window = False
    from pyglet import gl

    config = gl.Config(  # type: ignore[abstract]  # pyglet makes the platform's own class of it
        double_buffer=True, major_version=3, minor_version=3, forward_compatible=True
    )
    made = pyglet.window.Window(64, 64, config=config, visible=False)

    def text(name: int) -> str:
        return (ctypes.cast(gl.glGetString(name), ctypes.c_char_p).value or b"").decode(errors="replace")

    found = {"renderer": text(gl.GL_RENDERER), "vendor": text(gl.GL_VENDOR), "version": text(gl.GL_VERSION)}
    made.close()
    return {"window": window} | found | {"monitors": _monitors() if window else []}


def _monitors() -> list[str]:
    from livedream.output.window import monitors

    try:
        return [str(each) for each in monitors.connected()]
    except Exception:  # the rest is reported whatever the display answers
        return []


def awake() -> Answer:
    """Keep display and system awake for a moment: {"by": what does it, "says": why it does not work}."""
    from livedream.system import awake

    return dict(awake.try_once())


def encoders(names: tuple[str, ...] = ()) -> Answer:
    """Encode one picture with every video encoder, or with these.

    Returns:
        {name: "" if it works, else why not; None if it is not built in}.
    """
    from livedream.output.video import encoders as table

    known = {each.name: each for each in table.TABLE}
    return {name: table.fault(known[name]) if name in known else None for name in names or known}


def cuda() -> Answer:
    """Ask the NVIDIA driver directly: {"driver": "13.0", "devices": [names]}."""
    import ctypes

    library = ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    if code := library.cuInit(0):
        raise OSError(f"the NVIDIA driver answers error {code}")
    version, count, name = ctypes.c_int(), ctypes.c_int(), ctypes.create_string_buffer(256)
    library.cuDriverGetVersion(ctypes.byref(version))
    library.cuDeviceGetCount(ctypes.byref(count))
    devices = []
    for i in range(count.value):
        library.cuDeviceGetName(name, 256, i)
        devices.append(name.value.decode(errors="replace"))
    return {"driver": f"{version.value // 1000}.{version.value % 1000 // 10}", "devices": devices}


def cameras() -> Answer:
    """List the cameras, and what this FFmpeg lacks: {"cameras": [(number, name)], "missing": ["camera", "screen"]}."""
    import av

    from livedream.input.picture import camera, screen
    from livedream.input.picture.shot import Asked

    there = [(each.number, each.name) for each in camera.cameras()]
    grabber = screen.grabber(Asked("screen"), sys.platform, os.environ.get("DISPLAY", ""))[0]
    devices = {"camera": camera.DEVICES.get(sys.platform, ""), "screen": grabber}
    known = {name for names in av.formats_available for name in names.split(",")}
    missing = [name for name, device in devices.items() if device not in known]
    return {"cameras": there, "missing": missing}


PROBES = {each.__name__: each for each in (provider, gl, encoders, cuda, awake, cameras)}


def _doubling() -> bytes:
    """Return a model of one node: y = x + x."""
    from onnx import TensorProto, helper

    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [4]) for name in "xy")
    graph = helper.make_graph([helper.make_node("Add", ["x", "x"], ["y"])], "doubling", [x], [y])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    return bytes(model.SerializeToString())


if __name__ == "__main__":
    try:
        result = PROBES[sys.argv[1]](*sys.argv[2:])
    except Exception as error:
        result = {"problem": str(error) or type(error).__name__}
    print(json.dumps(result), flush=True)
    os._exit(0)  # a driver's own exit handlers may crash
