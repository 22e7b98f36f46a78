"""ONNX Runtime on the processor."""

import os

import numpy as np
import onnxruntime as ort

from livedream.dream.dream import Component

SMALL = 1 << 21  # bytes of model under which a second thread costs more than it brings


class CpuRunner:
    provider = "cpu"

    def __init__(self, component: Component, threads: int | None = None):
        options = ort.SessionOptions()
        options.log_severity_level = 3
        cores = os.process_cpu_count() if hasattr(os, "process_cpu_count") else len(os.sched_getaffinity(0))
        options.intra_op_num_threads = threads or min(cores, 8)
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
    """A session on the CPU; threads None: every core for a decoder, one for what is small."""
    return CpuRunner(component, threads)
