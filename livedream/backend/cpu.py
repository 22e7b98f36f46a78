"""ONNX Runtime on the processor."""

import hashlib
import math
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import numpy as np
import onnxruntime as ort

import livedream
from livedream.backend import Array, Floats
from livedream.backend.providers import Provider
from livedream.backend.run_settings import RunSettings
from livedream.dream.dream import Component
from livedream.picture.frame import Picture
from livedream.system import checked_cache, paths

MAX_THREADS = 8  # for one component; more wait for each other
REVISION = 1  # raise it when cpu_graph.py rewrites models otherwise
LARGEST_CACHE = 512 << 20  # bytes of rewritten models
_handed: dict[str, bytes] = {}  # rewritten models that the cache did not take, by SHA-256; empty: it stays as it was


class Session(Protocol):
    """The one method of ONNX Runtime's session that is used here; a bench puts its own around it."""

    def run(self, names: list[str], feeds: dict[str, Array]) -> list[Array]:
        """Return the outputs of these names."""
        ...


class CpuRunner:
    """A Runner on the processor, or on any provider whose inputs and outputs go through the host's memory.

    Args:
        component: what it runs.
        session: runs the component's model.
        provider: who runs it, as in `/status`.
    """

    def __init__(self, component: Component, session: Session, provider: str = "cpu") -> None:
        self.session, self.provider = session, provider
        self._state = {
            name: np.zeros(value.shape, np.float32)
            for name, value in component.inputs.items()
            if name.startswith("state.")
        }
        self._inputs = {name: value.full for name, value in component.inputs.items()}
        self._names = list(component.outputs)
        self._outputs = [value.full for value in component.outputs.values()]
        self._next: dict[str, Floats] = {}  # the state after the last run

    @property
    def state(self) -> dict[str, Floats]:
        """Host copies of the state; see Runner."""
        return self._state

    @state.setter
    def state(self, state: dict[str, Floats]) -> None:
        self._state, self._next = state, {}

    def __call__(self, inputs: dict[str, Array]) -> dict[str, Array | Picture]:
        """Run once; see Runner."""
        given = {**self._state, **inputs}
        feeds = {full: given[name] for name, full in self._inputs.items()}
        outputs = dict(zip(self._names, self.session.run(self._outputs, feeds), strict=True))
        # A state that the component only reads has no next value and stays.
        self._next = {name: outputs.pop(f"next.{name}") for name in self._state if f"next.{name}" in outputs}
        return {**outputs}

    def keep(self) -> bool:
        """Adopt the state that the last run computed; see Runner."""
        computed, self._next = self._next, {}
        if not all(finite(value) for value in computed.values()):
            return False
        self._state = {**self._state, **computed}
        return True


def ready(provider: Provider) -> None:
    """Return at once: the processor runs every dream."""


def run(component: Component, settings: RunSettings, path: Path, sha256: str) -> CpuRunner:
    """Return a Runner with these settings."""
    return load(component, settings.threads)


def load(component: Component, threads: int | None = None) -> CpuRunner:
    """Open a session on the CPU.

    Args:
        component: what to run.
        threads: None for all cores, up to MAX_THREADS, if it draws pictures, and one otherwise.
    """
    options = ort.SessionOptions()
    options.log_severity_level = 3
    # A step is so small that a second thread costs more than it brings.
    options.intra_op_num_threads = threads or (min(cores(), MAX_THREADS) if draws(component) else 1)
    options.inter_op_num_threads = 1
    # A thread that spins while it waits takes the core that the window and the encoder need.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    model = rewritten(component) if draws(component) else component.model
    return CpuRunner(component, open_session(model, options))


def rewritten(component: Component) -> bytes:
    """Return the component's model as cpu_graph.py rewrites it, from the cache if it was rewritten before.

    Only the first time imports onnx, which takes 0.2 s, and holds Python's lock for tenths of a second.
    """
    digest = hashlib.sha256(component.model).hexdigest()
    if digest in _handed:
        return _handed[digest] or component.model
    path = paths.cache_folder("cpu") / f"{digest}-{livedream.__version__}-{REVISION}"
    if stored := checked_cache.load(path):
        return stored[0] or component.model
    from livedream.backend import cpu_graph

    model = cpu_graph.rewritten(component.model)
    if not checked_cache.store(path, [b"" if model is component.model else model], LARGEST_CACHE):
        _handed[digest] = b"" if model is component.model else model
    return model


def uncached() -> dict[str, bytes]:
    """Return what this process has rewritten and the cache did not take, for `hand_over` in another process."""
    return dict(_handed)


def hand_over(models: Mapping[str, bytes]) -> None:
    """Take what another process has rewritten and the cache did not take, in place of that of an earlier dream."""
    _handed.clear()
    _handed.update(models)


def open_session(model: bytes, options: ort.SessionOptions) -> ort.InferenceSession:
    """Open a session on the CPU, from a file: bytes are copied under Python's lock, which would hold up a show."""
    try:
        with tempfile.TemporaryDirectory(prefix="livedream-") as folder:
            path = Path(folder, "model.onnx")
            path.write_bytes(model)
            return ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except OSError:  # nowhere to write
        return ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def finite(values: Array) -> bool:
    """Tell whether no value is NaN, infinite, or above 1e18, where a sum of squares overflows; reads memory once."""
    flat = values.ravel()
    return math.isfinite(flat @ flat)


def draws(component: Component) -> bool:
    """Tell whether a component makes pictures."""
    return any(value.dtype == "uint8" for value in component.outputs.values())


def cores() -> int:
    """Count the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):  # Linux
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
