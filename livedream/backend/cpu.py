"""ONNX Runtime on the processor."""

import hashlib
import math
import os
import tempfile
from pathlib import Path

import numpy as np
import onnxruntime as ort

import livedream
from livedream.dream.dream import Component
from livedream.system import checked_cache, paths

MOST = 8  # threads for one component; more wait for each other
REVISION = 1  # raise it when cpu_graph.py rewrites models otherwise
LARGEST_CACHE = 512 << 20  # bytes of rewritten models


class CpuRunner:
    """A Runner. session: anything with ONNX Runtime's `run(names, feeds)`; a bench listens in on it."""

    provider = "cpu"

    def __init__(self, component: Component, session):
        self.session = session
        self._state = {
            name: np.zeros(value.shape, np.float32)
            for name, value in component.inputs.items()
            if name.startswith("state.")
        }
        self._inputs = {name: value.full for name, value in component.inputs.items()}
        self._names = list(component.outputs)
        self._outputs = [value.full for value in component.outputs.values()]
        self._left: dict[str, np.ndarray] = {}  # the state after the last run

    @property
    def state(self) -> dict[str, np.ndarray]:
        return self._state

    @state.setter
    def state(self, state: dict[str, np.ndarray]) -> None:
        self._state, self._left = state, {}

    def __call__(self, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        given = {**self._state, **inputs}
        feeds = {full: given[name] for name, full in self._inputs.items()}
        outputs = dict(zip(self._names, self.session.run(self._outputs, feeds), strict=True))
        self._left = {
            name: outputs.pop(f"next.{name}") for name in self._state if f"next.{name}" in outputs
        }  # what the component only reads stays as it is
        return outputs

    def keep(self) -> bool:
        left, self._left = self._left, {}
        if not all(finite(value) for value in left.values()):
            return False
        self._state = {**self._state, **left}
        return True


def load(component: Component, threads: int | None = None) -> CpuRunner:
    """A session on the CPU; threads None: every core, up to 8, for what draws, one for the rest."""
    options = ort.SessionOptions()
    options.log_severity_level = 3
    # A step is so small that a second thread costs more than it brings.
    options.intra_op_num_threads = threads or (min(cores(), MOST) if draws(component) else 1)
    options.inter_op_num_threads = 1
    # A thread that spins while it waits takes the core that the window and the encoder need.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    model = component.model
    if draws(component):
        model = rewritten(component)
    return CpuRunner(component, opened(model, options))


def rewritten(component: Component) -> bytes:
    """Return the component's model as cpu_graph.py rewrites it, from the cache if it was rewritten before.

    Only the first time imports onnx, which takes 0.2 s, and holds Python's lock for tenths of a second.
    """
    digest = hashlib.sha256(component.model).hexdigest()
    path = paths.cache_folder("cpu") / f"{digest}-{livedream.__version__}-{REVISION}"
    if stored := checked_cache.load(path):
        return stored[0] or component.model
    from livedream.backend import cpu_graph

    model = cpu_graph.rewritten(component.model)
    checked_cache.store(path, [b"" if model is component.model else model], LARGEST_CACHE)
    return model


def opened(model: bytes, options: ort.SessionOptions) -> ort.InferenceSession:
    """A session on the CPU. By way of a file: bytes are copied under Python's lock, which a show would notice."""
    try:
        with tempfile.TemporaryDirectory(prefix="livedream-") as folder:
            path = Path(folder, "model.onnx")
            path.write_bytes(model)
            return ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except OSError:  # nowhere to write
        return ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def finite(values: np.ndarray) -> bool:
    """Whether no value is NaN or infinite; nor above 1e18, where a sum of squares ends. One walk through memory."""
    flat = values.ravel()
    return math.isfinite(flat @ flat)


def draws(component: Component) -> bool:
    """Whether it makes pictures."""
    return any(value.dtype == "uint8" for value in component.outputs.values())


def cores() -> int:
    """Those that this process may use."""
    if hasattr(os, "sched_getaffinity"):  # Linux
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
