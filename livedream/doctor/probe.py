"""What `doctor` can only know by trying it: `python -m livedream.doctor.probe NAME` tries one thing and prints JSON.

Each is tried in a child process, because a driver may crash, hang, or talk on stderr.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

SECONDS = 15.0  # for one probe; a CUDA provider may take five


def start(name: str, *arguments: str) -> subprocess.Popen:
    """Begin to try one of PROBES; `answer` takes what came of it."""
    return subprocess.Popen(
        [sys.executable, "-m", "livedream.doctor.probe", name, *arguments],
        cwd=Path(__file__).parents[1],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    )


def answer(child: subprocess.Popen, seconds: float = SECONDS) -> dict:
    """What the probe found; {"problem": why} when it raised, crashed or gave no answer in time."""
    try:
        out, said = child.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        child.kill()
        child.communicate()
        return {"problem": f"no answer in {seconds:g} s"}
    try:
        return json.loads(out.splitlines()[-1])
    except (ValueError, IndexError):
        last = (said.strip().splitlines() or ["without a word"])[-1]
        return {"problem": f"crashed (exit code {child.returncode}): {last[:200]}"}


def provider(name: str) -> dict:
    """One of backend/providers.py's: a session of a tiny model made and run on it.

    {"missing": why it need not be tried} or {"ran": ""} or, if it does not run, {"ran": why not}.
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


def gl() -> dict:
    """An OpenGL context, on the display if there is one and else without (EGL).

    {"window": bool, "renderer": …, "vendor": …, "version": …, "monitors": [words]}.
    """
    import ctypes

    import pyglet

    window = bool(os.environ.get("DISPLAY")) or not sys.platform.startswith("linux")
    pyglet.options.headless = not window
    pyglet.options.shadow_window = False
    from pyglet import gl

    config = gl.Config(double_buffer=True, major_version=3, minor_version=3, forward_compatible=True)
    made = pyglet.window.Window(64, 64, config=config, visible=False)

    def word(which) -> str:
        return ctypes.cast(gl.glGetString(which), ctypes.c_char_p).value.decode(errors="replace")

    found = {"renderer": word(gl.GL_RENDERER), "vendor": word(gl.GL_VENDOR), "version": word(gl.GL_VERSION)}
    made.close()
    return {"window": window} | found | {"monitors": _monitors() if window else []}


def _monitors() -> list[str]:
    from livedream.output.window import screen

    try:
        return [str(each) for each in screen.monitors()]
    except Exception:  # whatever a display says, the rest is found
        return []


def awake() -> dict:
    """Display and system kept awake for a moment: {"by": what did it, "says": why it cannot be}."""
    from livedream.system import awake

    return awake.tried()


def encoders(names: tuple[str, ...] = ()) -> dict:
    """Each video encoder, or these, tried on one picture: {name: "" if it works, else why not}; None: not built in."""
    from livedream.output.video import encoders as table

    known = {each.name: each for each in table.TABLE}
    return {name: table.fault(known[name]) if name in known else None for name in names or known}


def cuda() -> dict:
    """What the NVIDIA driver offers, asked of it directly: {"driver": "13.0", "devices": [names]}."""
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


PROBES = {each.__name__: each for each in (provider, gl, encoders, cuda, awake)}


def _doubling() -> bytes:
    """A model of one node: y = x + x."""
    from onnx import TensorProto, helper

    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [4]) for name in "xy")
    graph = helper.make_graph([helper.make_node("Add", ["x", "x"], ["y"])], "doubling", [x], [y])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8).SerializeToString()


if __name__ == "__main__":
    try:
        result = PROBES[sys.argv[1]](*sys.argv[2:])
    except Exception as error:
        result = {"problem": str(error) or type(error).__name__}
    print(json.dumps(result), flush=True)
    os._exit(0)  # a driver's own farewell may crash
