"""Run a TensorRT plan. Every value has one place in the card's memory, allocated once, and the state stays there."""

import contextlib
import ctypes
import functools
import hashlib
import math
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np

from livedream import UserError, one_line
from livedream.backend import Array, Floats, finite_state
from livedream.backend.cuda_picture import Pictures, checked
from livedream.backend.plan import MODULES, Plan, card, library
from livedream.dream.dream import Component, Value
from livedream.picture.frame import Picture
from livedream.system import paths
from livedream.system.atomic import atomic_write

PROVIDERS = {"rtx": "engine-rtx", "tensorrt": "engine-trt"}  # names in /status, by library


def load(component: Component, plan: Plan) -> "EngineRunner":
    """Return a Runner of a component's plan on the first CUDA card, warmed up. Raises UserError, one line."""
    card()
    try:
        return EngineRunner(component, plan)
    except Exception as error:
        message = one_line(error, 240)
        raise UserError(f"{PROVIDERS[plan.target.library]}: {component.name}: {message}") from None


class EngineRunner:
    """A Runner of a plan. Raises RuntimeError where TensorRT or CUDA fails."""

    def __init__(self, component: Component, plan: Plan) -> None:
        from cuda.bindings import runtime

        self.provider, self._cuda = PROVIDERS[plan.target.library], runtime
        self._states = {name: value for name, value in component.inputs.items() if name.startswith("state.")}
        self._inputs = {name: value for name, value in component.inputs.items() if name not in self._states}
        outputs = dict(component.outputs)
        self._next = {name: outputs.pop(f"next.{name}") for name in self._states if f"next.{name}" in outputs}
        if self._next:
            outputs[finite_state.NAME] = Value((1, 1), "float32", f"{component.name}/{finite_state.NAME}")
        pictures = {name: v for name, v in outputs.items() if v.dtype == "uint8" and v.shape[0] == 1}
        self._outputs = {name: value for name, value in outputs.items() if name not in pictures}

        checked(runtime.cudaSetDevice(0))
        self._stream = checked(runtime.cudaStreamCreateWithFlags(runtime.cudaStreamNonBlocking))
        weakref.finalize(self, runtime.cudaStreamDestroy, self._stream).atexit = False
        values = [*component.inputs.values(), *outputs.values(), *self._next.values()]
        self._context, store_compiled = _context(plan, values)
        self._places = {value.full: Place(runtime, value) for value in values}
        for full, place in self._places.items():
            self._context.set_tensor_address(full, place.pointer)
        self._pictures = {name: Pictures((value.shape[1], value.shape[2], 4)) for name, value in pictures.items()}
        self._drawn = {name: self._places[value.full].pointer for name, value in pictures.items()}
        self._finite: bool | None = None  # the state after the last run; None after it was kept
        zeros: dict[str, Array] = {name: np.zeros(value.shape, value.dtype) for name, value in component.inputs.items()}
        self.state = {name: zeros[name] for name in self._states}
        for _ in range(2):  # compiles and records before the show
            self(zeros)
        self._finite = None
        store_compiled()

    def __call__(self, inputs: dict[str, Array]) -> dict[str, Array | Picture]:
        """Run once; see Runner."""
        self._upload({value.full: inputs[name] for name, value in self._inputs.items()})
        if not self._context.execute_async_v3(int(self._stream)):
            raise RuntimeError("a run failed")
        outputs = self._download(self._outputs)  # waits until the pictures are drawn too
        self._finite = bool(np.isfinite(outputs.pop(finite_state.NAME)[0, 0])) if self._next else True
        return {**outputs, **{name: pictures.take(self._drawn[name]) for name, pictures in self._pictures.items()}}

    def keep(self) -> bool:
        """Adopt the state that the last run computed; see Runner."""
        finite, self._finite = self._finite, None
        moved = self._next if finite else {}
        for name, value in moved.items():
            state, computed = self._places[self._states[name].full], self._places[value.full]
            self._copy(state.pointer, computed.pointer, computed.size, "cudaMemcpyDeviceToDevice")
        return finite is not False

    @property
    def state(self) -> dict[str, Floats]:
        """Host copies of the state; see Runner."""
        return self._download(self._states)

    @state.setter
    def state(self, state: dict[str, Floats]) -> None:
        self._upload({value.full: state[name] for name, value in self._states.items()})
        checked(self._cuda.cudaStreamSynchronize(self._stream))
        self._finite = None

    def _upload(self, arrays: dict[str, Array]) -> None:
        """Upload arrays by full name, through pinned memory, which is free again after the next wait."""
        for full, array in arrays.items():
            place = self._places[full]
            place.host[...] = array
            self._copy(place.pointer, place.host.ctypes.data, place.size, "cudaMemcpyHostToDevice")

    def _download(self, values: dict[str, Value]) -> dict[str, Array]:
        """Wait for the card and return copies of the values."""
        places = {name: self._places[value.full] for name, value in values.items()}
        for place in places.values():
            self._copy(place.host.ctypes.data, place.pointer, place.size, "cudaMemcpyDeviceToHost")
        checked(self._cuda.cudaStreamSynchronize(self._stream))
        return {name: place.host.copy() for name, place in places.items()}

    def _copy(self, to: int, source: int, size: int, way: str) -> None:
        kind = getattr(self._cuda.cudaMemcpyKind, way)
        checked(self._cuda.cudaMemcpyAsync(to, source, size, kind, self._stream))


class Place:
    """The memory of a value on the card: `size` bytes at `pointer`; and, if used, pinned memory of the host."""

    def __init__(self, cuda: Any, value: Value) -> None:
        self._cuda, self._value = cuda, value
        self.size = math.prod(value.shape) * np.dtype(value.dtype).itemsize
        self.pointer = int(checked(cuda.cudaMalloc(self.size)))
        weakref.finalize(self, cuda.cudaFree, self.pointer).atexit = False

    @functools.cached_property
    def host(self) -> Array:
        """The pinned memory, as an array of the value's shape."""
        pinned = int(checked(self._cuda.cudaMallocHost(self.size)))
        weakref.finalize(self, self._cuda.cudaFreeHost, pinned).atexit = False
        memory = (ctypes.c_uint8 * self.size).from_address(pinned)
        return np.frombuffer(memoryview(memory), np.dtype(self._value.dtype)).reshape(self._value.shape)


def _context(plan: Plan, values: list[Value]) -> tuple[Any, Callable[[], None]]:
    """Return TensorRT's execution context of a plan with these inputs and outputs.

    Also returns a function that stores, after the first runs, the code that was compiled for them.
    """
    tensorrt, log, _ = library(MODULES[plan.target.library])
    log.errors.clear()
    engine = _not_none(tensorrt.Runtime(log).deserialize_cuda_engine(plan.data), log)
    names = [engine.get_tensor_name(i) for i in range(engine.num_io_tensors)]
    found = {
        name: (tuple(engine.get_tensor_shape(name)), np.dtype(tensorrt.nptype(engine.get_tensor_dtype(name))))
        for name in names
    }
    if found != {value.full: (value.shape, np.dtype(value.dtype)) for value in values}:
        raise RuntimeError(
            "its plan is of another component"
        )  # it would write outside of the memory allocated for this one
    if plan.target.library != "rtx":
        return _not_none(engine.create_execution_context(), log), lambda: None
    config = engine.create_runtime_config()
    config.cuda_graph_strategy = tensorrt.CudaGraphStrategy.WHOLE_GRAPH_CAPTURE
    compiled = config.create_runtime_cache()  # RTX compiles for the card it finds
    cached = paths.cache_folder("plans") / f"{hashlib.sha256(plan.data).hexdigest()}.compiled"
    with contextlib.suppress(OSError):
        compiled.deserialize(cached.read_bytes())  # it ignores code for another card or driver
    config.set_runtime_cache(compiled)

    def store_compiled() -> None:
        with contextlib.suppress(OSError, UserError):  # it is compiled again next time
            cached.parent.mkdir(parents=True, exist_ok=True)
            atomic_write(cached, bytes(compiled.serialize()))

    return _not_none(engine.create_execution_context(runtime_config=config), log), store_compiled


def _not_none(result: Any, log: Any) -> Any:
    """Return what TensorRT made, or raise RuntimeError with its message."""
    if result is None:
        raise RuntimeError((log.errors or ["TensorRT does not say why"])[0])
    return result
