"""ONNX Runtime on the processor."""

import os

import numpy as np
import onnxruntime as ort

from livedream.dream.dream import Component


class CpuRunner:
    provider = "cpu"

    def __init__(self, component: Component, threads: int | None = None):
        options = ort.SessionOptions()
        options.log_severity_level = 3
        # A step is so small that a second thread costs more than it brings.
        options.intra_op_num_threads = threads or (min(_cores(), 8) if draws(component) else 1)
        options.inter_op_num_threads = 1
        # A thread that spins while it waits takes the core that the window and the encoder need.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = ort.InferenceSession(component.model, options, providers=["CPUExecutionProvider"])
        self._inputs = {name: value.full for name, value in component.inputs.items()}
        self._names = list(component.outputs)
        self._outputs = [value.full for value in component.outputs.values()]

    def __call__(self, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        feeds = {full: inputs[name] for name, full in self._inputs.items()}
        return dict(zip(self._names, self._session.run(self._outputs, feeds), strict=True))


def load(component: Component, threads: int | None = None) -> CpuRunner:
    """A session on the CPU; threads None: every core, up to 8, for what draws, one for the rest."""
    return CpuRunner(component, threads)


def draws(component: Component) -> bool:
    """Whether it makes pictures."""
    return any(value.dtype == "uint8" for value in component.outputs.values())


def _cores() -> int:
    """Those that this process may use."""
    if hasattr(os, "sched_getaffinity"):  # Linux
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
