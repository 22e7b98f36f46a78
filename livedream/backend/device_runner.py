"""A component run by any of ONNX Runtime's providers, its state kept where it runs.

Everything that goes in or out has one place in the device's memory, made once and bound once, so that a run can be
recorded and replayed (CUDA graphs, WebGPU's capture). Providers that keep nothing on the device run as the CPU does.
"""

import numpy as np
import onnxruntime as ort

from livedream import UserError
from livedream.backend import cpu, cuda_picture, health, packed, providers
from livedream.backend.providers import Provider
from livedream.dream.dream import Component, Value
from livedream.picture.frame import Picture


class DeviceRunner:
    """A Runner. Raises UserError, one line, where the device does not take it."""

    def __init__(self, component: Component, provider: Provider, exact: bool, graph: bool):
        self.provider = provider.name
        self._inputs = {name: value for name, value in component.inputs.items() if not name.startswith("state.")}
        self._outputs = {name: v for name, v in component.outputs.items() if not name.startswith("next.state.")}
        self._states = {name: value for name, value in component.inputs.items() if name.startswith("state.")}
        self._next = {name: component.outputs.get(f"next.{name}") for name in self._states}
        moving = [value.full for value in self._next.values() if value is not None]
        if moving:
            self._outputs[health.NAME] = Value((1, 1), "float32", f"{component.name}/{health.NAME}")
        model = health.watched(component.model, component.name, moving)
        self._packed: set[str] = set()
        if provider.name == "webgpu":
            model, outputs = packed.packed(model, self._outputs)
            self._packed = {name for name in outputs if outputs[name] != self._outputs[name]}
            self._outputs = outputs
        self._session = providers.open_session(provider, model, exact=exact, graph=graph)
        self._healthy: bool | None = None  # what the last run left; None: nothing that has not been kept
        try:
            self._bind(component, provider)
            for _ in range(2):  # compiles and records now, not in the show
                self({name: np.zeros(value.shape, value.dtype) for name, value in self._inputs.items()})
        except Exception as error:
            raise UserError(f"{provider.name}: {component.name}: {providers.one_line(error)}") from None
        self._healthy = None

    def _bind(self, component: Component, provider: Provider) -> None:
        values = [*self._inputs.values(), *self._outputs.values(), *self._states.values()]
        values += [value for value in self._next.values() if value is not None]
        self._there = {value.full: _room(self._session, provider, value) for value in values}
        self._copy = _way(self._there[values[0].full], values[0])
        self._binding = self._session.io_binding()
        ins = {value.full for value in component.inputs.values()}
        for name, value in self._there.items():
            (self._binding.bind_ortvalue_input if name in ins else self._binding.bind_ortvalue_output)(name, value)
        self._pictures = {}
        if provider.name in ("cuda", "tensorrt", "rtx") and cuda_picture.available():
            for name, value in self._outputs.items():
                if value.dtype == "uint8" and value.shape[0] == 1:
                    self._pictures[name] = cuda_picture.Pictures(value.shape[1:])
        self.state = {name: np.zeros(value.shape, np.float32) for name, value in self._states.items()}

    def __call__(self, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray | Picture]:
        self._upload({self._inputs[name].full: inputs[name] for name in self._inputs})
        self._session.run_with_iobinding(self._binding)
        wanted = {name: value for name, value in self._outputs.items() if name not in self._pictures}
        made = self._download(wanted)
        for name in self._packed:
            made[name] = packed.unpacked(made[name])
        for name, pictures in self._pictures.items():
            made[name] = pictures.take(self._there[self._outputs[name].full].data_ptr())
        healthy = made.pop(health.NAME, None)
        self._healthy = healthy is None or bool(np.isfinite(healthy[0, 0]))
        return made

    def keep(self) -> bool:
        if self._healthy:
            moved = [(value.full, self._states[name].full) for name, value in self._next.items() if value is not None]
            if moved:
                self._copy([self._there[source] for source, _ in moved], [self._there[target] for _, target in moved])
        kept, self._healthy = self._healthy is not False, None
        return kept

    @property
    def state(self) -> dict[str, np.ndarray]:
        return self._download(self._states)

    @state.setter
    def state(self, state: dict[str, np.ndarray]) -> None:
        self._upload({value.full: state[name] for name, value in self._states.items()})
        self._healthy = None

    def _upload(self, arrays: dict[str, np.ndarray]) -> None:
        if arrays:
            here = [ort.OrtValue.ortvalue_from_numpy(np.ascontiguousarray(array)) for array in arrays.values()]
            self._copy(here, [self._there[full] for full in arrays])

    def _download(self, values: dict[str, Value]) -> dict[str, np.ndarray]:
        made = {name: np.empty(value.shape, value.dtype) for name, value in values.items()}
        if made:
            here = [ort.OrtValue.ortvalue_from_numpy(array) for array in made.values()]
            self._copy([self._there[value.full] for value in values.values()], here)
        return made


def load(
    component: Component, name: str, exact: bool = True, graph: bool | None = None, threads: int | None = None
) -> DeviceRunner | cpu.CpuRunner:
    """A Runner on the provider called `name`.

    exact: no calculation below f32. graph: record a run once and replay it; None: if that works. threads: of the
    processor. Raises UserError, one line that says why not.
    """
    if name == "cpu":
        return cpu.load(component, threads)
    provider, problem = providers.by_name(name), None
    for recorded in ((True, False) if graph is None else (graph,)) if provider.memory else ():
        try:
            return DeviceRunner(component, provider, exact, recorded)
        except UserError as error:  # with recording, one operation left to the CPU is enough
            problem = error
    if problem and graph:
        raise problem
    try:  # all through the host, as the CPU does it
        session = providers.open_session(provider, component.model, exact=exact, threads=threads)
    except UserError as error:
        raise problem or error from None
    runner = cpu.CpuRunner(component, session)
    runner.provider = name
    return runner


def _room(session, provider: Provider, value: Value) -> ort.OrtValue:
    """Memory on the device for one value."""
    if provider.name == "webgpu":
        return session.create_ortvalue_from_shape_and_type(value.shape, np.dtype(value.dtype), provider.memory)
    if provider.module:
        memory = providers.plugin_device(provider).memory_info(ort.OrtDeviceMemoryType.DEFAULT)
        return ort.OrtValue.ortvalue_from_shape_and_type(value.shape, np.dtype(value.dtype), memory_info=memory)
    return ort.OrtValue.ortvalue_from_shape_and_type(value.shape, np.dtype(value.dtype), provider.memory, 0)


def _way(there: ort.OrtValue, value: Value):
    """How values are copied here, between host and device and on the device: `copy(sources, targets)`, tried first.

    Raises RuntimeError if no way brings back what was sent.
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


def _one_by_one(sources: list[ort.OrtValue], targets: list[ort.OrtValue]) -> None:
    """copy_tensors, for what ONNX Runtime was built with and does not copy so."""
    for source, target in zip(sources, targets, strict=True):
        if target.device_name() == "cpu":
            np.copyto(target.numpy(), source.numpy())  # the target's array is its memory
        else:
            target.update_inplace(source.numpy() if source.device_name() == "cpu" else source)
