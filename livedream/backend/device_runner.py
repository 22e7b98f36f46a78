"""Run a component by any of ONNX Runtime's providers; its state stays on the device.

Every input and output has one place in the device's memory, allocated once and bound once, so that a run can be
recorded and replayed (CUDA graphs, WebGPU's capture). Providers that keep nothing on the device run as the CPU does.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort

from livedream import UserError
from livedream.backend import Array, Floats, cpu, cuda_picture, finite_state, half_precision, packed_picture, providers
from livedream.backend.providers import Provider
from livedream.backend.run_settings import RunSettings
from livedream.dream.dream import Component, Value
from livedream.picture.frame import Picture

# Copies values to others: `copy(sources, targets)`.
Copy = Callable[[Sequence[ort.OrtValue], Sequence[ort.OrtValue]], None]


class DeviceRunner:
    """A Runner whose values stay on a device.

    Args:
        component: what it runs.
        provider: who runs it.
        exact: no calculation below f32.
        graph: record a run once and replay it.

    Raises:
        UserError: why the device does not run it, in one line.
    """

    def __init__(self, component: Component, provider: Provider, exact: bool, graph: bool) -> None:
        self.provider = provider.name
        self._inputs = {name: value for name, value in component.inputs.items() if not name.startswith("state.")}
        self._outputs = {name: v for name, v in component.outputs.items() if not name.startswith("next.state.")}
        self._states = {name: value for name, value in component.inputs.items() if name.startswith("state.")}
        self._next = {name: component.outputs.get(f"next.{name}") for name in self._states}
        moving = [value.full for value in self._next.values() if value is not None]
        if moving:
            self._outputs[finite_state.NAME] = Value((1, 1), "float32", f"{component.name}/{finite_state.NAME}")
        model = finite_state.with_check(component.model, component.name, moving)
        self._packed: set[str] = set()
        if provider.name == "webgpu":
            model, outputs = packed_picture.pack(model, self._outputs)
            self._packed = {name for name in outputs if outputs[name] != self._outputs[name]}
            self._outputs = outputs
        self._session = providers.open_session(provider, model, exact=exact, graph=graph)
        self._finite: bool | None = None  # the state after the last run; None after it was kept
        try:
            self._bind(component, provider)
            for _ in range(2):  # compiles and records before the show
                self({name: np.zeros(value.shape, value.dtype) for name, value in self._inputs.items()})
        except Exception as error:
            raise UserError(f"{provider.name}: {component.name}: {providers.one_line(error)}") from None
        self._finite = None

    def _bind(self, component: Component, provider: Provider) -> None:
        values = [*self._inputs.values(), *self._outputs.values(), *self._states.values()]
        values += [value for value in self._next.values() if value is not None]
        self._places = {value.full: _allocate(self._session, provider, value) for value in values}
        self._copy = _working_copy(self._places[values[0].full], values[0])
        self._binding = self._session.io_binding()
        ins = {value.full for value in component.inputs.values()}
        for name, value in self._places.items():
            (self._binding.bind_ortvalue_input if name in ins else self._binding.bind_ortvalue_output)(name, value)
        self._pictures: dict[str, cuda_picture.Pictures] = {}
        if provider.name in ("cuda", "tensorrt", "rtx") and cuda_picture.available():
            for name, value in self._outputs.items():
                if value.dtype == "uint8" and value.shape[0] == 1:
                    height, width = value.shape[1:3]
                    self._pictures[name] = cuda_picture.Pictures((height, width, 4))
        self.state = {name: np.zeros(value.shape, np.float32) for name, value in self._states.items()}

    def __call__(self, inputs: dict[str, Array]) -> dict[str, Array | Picture]:
        """Run once; see Runner."""
        self._upload({self._inputs[name].full: inputs[name] for name in self._inputs})
        self._session.run_with_iobinding(self._binding)
        wanted = {name: value for name, value in self._outputs.items() if name not in self._pictures}
        outputs = self._download(wanted)
        for name in self._packed:
            outputs[name] = packed_picture.unpack(outputs[name])
        total = outputs.pop(finite_state.NAME, None)
        self._finite = total is None or bool(np.isfinite(total[0, 0]))
        drawn: dict[str, Array | Picture] = {
            name: pictures.take(self._places[self._outputs[name].full].data_ptr())
            for name, pictures in self._pictures.items()
        }
        return {**outputs, **drawn}

    def keep(self) -> bool:
        """Adopt the state that the last run computed; see Runner."""
        if self._finite:
            moved = [(value.full, self._states[name].full) for name, value in self._next.items() if value is not None]
            if moved:
                self._copy([self._places[source] for source, _ in moved], [self._places[target] for _, target in moved])
        kept, self._finite = self._finite is not False, None
        return kept

    @property
    def state(self) -> dict[str, Floats]:
        """Host copies of the state; see Runner."""
        return self._download(self._states)

    @state.setter
    def state(self, state: dict[str, Floats]) -> None:
        self._upload({value.full: state[name] for name, value in self._states.items()})
        self._finite = None

    def _upload(self, arrays: dict[str, Array]) -> None:
        if arrays:
            here = [ort.OrtValue.ortvalue_from_numpy(np.ascontiguousarray(array)) for array in arrays.values()]
            self._copy(here, [self._places[full] for full in arrays])

    def _download(self, values: dict[str, Value]) -> dict[str, Array]:
        arrays = {name: np.empty(value.shape, value.dtype) for name, value in values.items()}
        if arrays:
            here = [ort.OrtValue.ortvalue_from_numpy(array) for array in arrays.values()]
            self._copy([self._places[value.full] for value in values.values()], here)
        return arrays


def ready(provider: Provider) -> None:
    """Raise UserError if a plug-in does not load or finds no device."""
    if provider.module:
        providers.plugin_device(provider)


def run(component: Component, settings: RunSettings, path: Path, sha256: str) -> DeviceRunner | cpu.CpuRunner:
    """Return a Runner with these settings. Raises UserError."""
    if settings.half and settings.provider != "openvino":  # OpenVINO has a half precision of its own
        component = half_precision.converted(component, sha256)
    return load(component, settings.provider, not settings.half, settings.graph, settings.threads)


def load(
    component: Component, name: str, exact: bool = True, graph: bool | None = None, threads: int | None = None
) -> DeviceRunner | cpu.CpuRunner:
    """Return a Runner on a provider.

    Args:
        component: what to run.
        name: the provider's.
        exact: no calculation below f32.
        graph: record a run once and replay it; None: if that works.
        threads: of the processor.

    Raises:
        UserError: why not, in one line.
    """
    if name == "cpu":
        return cpu.load(component, threads)
    provider, problem = providers.by_name(name), None
    for recorded in ((True, False) if graph is None else (graph,)) if provider.memory else ():
        try:
            return DeviceRunner(component, provider, exact, recorded)
        except UserError as error:  # one operation left to the CPU is enough to prevent recording
            problem = error
    if problem and graph:
        raise problem
    try:  # all values through the host, as on the CPU
        session = providers.open_session(provider, component.model, exact=exact, threads=threads)
    except UserError as error:
        raise problem or error from None
    return cpu.CpuRunner(component, session, name)


def _allocate(session: Any, provider: Provider, value: Value) -> ort.OrtValue:
    """Return memory on the device for one value."""
    if provider.name == "webgpu":
        return session.create_ortvalue_from_shape_and_type(value.shape, np.dtype(value.dtype), provider.memory)
    if provider.module:
        memory = providers.plugin_device(provider).memory_info(ort.OrtDeviceMemoryType.DEFAULT)
        return ort.OrtValue.ortvalue_from_shape_and_type(value.shape, np.dtype(value.dtype), memory_info=memory)
    return ort.OrtValue.ortvalue_from_shape_and_type(value.shape, np.dtype(value.dtype), provider.memory, 0)


def _working_copy(there: ort.OrtValue, value: Value) -> Copy:
    """Return the way to copy values that works here, between host and device and on the device.

    Raises RuntimeError if none returns what was sent.
    """
    sent = (np.arange(np.prod(value.shape)) % 120).reshape(value.shape).astype(value.dtype)
    for copy in (ort.copy_tensors, _one_by_one):
        got = np.zeros_like(sent)
        try:
            copy([ort.OrtValue.ortvalue_from_numpy(sent)], [there])
            copy([there], [ort.OrtValue.ortvalue_from_numpy(got)])
        except Exception:
            continue
        if np.array_equal(sent, got):
            return copy
    raise RuntimeError("values do not come back from the device as they were sent")


def _one_by_one(sources: Sequence[ort.OrtValue], targets: Sequence[ort.OrtValue]) -> None:
    """Copy as copy_tensors does, for providers that do not support it."""
    for source, target in zip(sources, targets, strict=True):
        if target.device_name() == "cpu":
            np.copyto(target.numpy(), source.numpy())  # the target's array is its memory
        else:
            target.update_inplace(source.numpy() if source.device_name() == "cpu" else source)
