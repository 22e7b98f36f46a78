"""A TensorRT plan at work. Every value has one place in the card's memory, made once, and the state stays there."""

import contextlib
import ctypes
import functools
import hashlib
import math
import weakref
from collections.abc import Callable

import numpy as np

from livedream import UserError, one_line
from livedream.backend import health
from livedream.backend.cuda_picture import Pictures
from livedream.backend.plan import MODULES, Plan, card, library
from livedream.dream.dream import Component, Value
from livedream.picture.frame import Picture
from livedream.system import paths
from livedream.system.atomic import atomic_write

PROVIDERS = {"rtx": "engine-rtx", "tensorrt": "engine-trt"}  # as /status says it, by library


def load(component: Component, plan: Plan) -> "EngineRunner":
    """A Runner of a component's plan on the first CUDA card, warmed up. Raises UserError, one line, where it cannot."""
    card()
    try:
        return EngineRunner(component, plan)
    except Exception as error:
        said = one_line(error, 240)
        raise UserError(f"{PROVIDERS[plan.target.library]}: {component.name}: {said}") from None


class EngineRunner:
    """A Runner. Raises RuntimeError where TensorRT or CUDA fails."""

    def __init__(self, component: Component, plan: Plan):
        from cuda.bindings import runtime

        self.provider, self._cuda = PROVIDERS[plan.target.library], runtime
        self._states = {name: value for name, value in component.inputs.items() if name.startswith("state.")}
        self._inputs = {name: value for name, value in component.inputs.items() if name not in self._states}
        outputs = dict(component.outputs)
        self._next = {name: outputs.pop(f"next.{name}") for name in self._states if f"next.{name}" in outputs}
        if self._next:
            outputs[health.NAME] = Value((1, 1), "float32", f"{component.name}/{health.NAME}")
        pictures = {name: v for name, v in outputs.items() if v.dtype == "uint8" and v.shape[0] == 1}
        self._outputs = {name: value for name, value in outputs.items() if name not in pictures}

        _made(runtime.cudaSetDevice(0))
        self._stream = _made(runtime.cudaStreamCreateWithFlags(runtime.cudaStreamNonBlocking))
        weakref.finalize(self, runtime.cudaStreamDestroy, self._stream).atexit = False
        values = [*component.inputs.values(), *outputs.values(), *self._next.values()]
        self._context, self._remember = _context(plan, values)
        self._there = {value.full: Place(runtime, value) for value in values}
        for full, place in self._there.items():
            self._context.set_tensor_address(full, place.pointer)
        self._pictures = {name: Pictures(value.shape[1:]) for name, value in pictures.items()}
        self._drawn = {name: self._there[value.full].pointer for name, value in pictures.items()}
        nothing = {name: np.zeros(value.shape, value.dtype) for name, value in component.inputs.items()}
        self.state = {name: nothing[name] for name in self._states}
        for _ in range(2):  # compiles and records now, not in the show
            self(nothing)
        self._healthy = None
        self._remember()

    def __call__(self, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray | Picture]:
        self._upload({value.full: inputs[name] for name, value in self._inputs.items()})
        if not self._context.execute_async_v3(int(self._stream)):
            raise RuntimeError("a run failed")
        made = self._download(self._outputs)  # and waits, so that the pictures are there too
        self._healthy = bool(np.isfinite(made.pop(health.NAME)[0, 0])) if self._next else True
        return made | {name: pictures.take(self._drawn[name]) for name, pictures in self._pictures.items()}

    def keep(self) -> bool:
        healthy, self._healthy = self._healthy, None
        for name, value in self._next.items() if healthy else ():
            state, left = self._there[self._states[name].full], self._there[value.full]
            self._copy(state.pointer, left.pointer, left.size, "cudaMemcpyDeviceToDevice")
        return healthy is not False

    @property
    def state(self) -> dict[str, np.ndarray]:
        return self._download(self._states)

    @state.setter
    def state(self, state: dict[str, np.ndarray]) -> None:
        self._upload({value.full: state[name] for name, value in self._states.items()})
        _made(self._cuda.cudaStreamSynchronize(self._stream))
        self._healthy: bool | None = None  # what the last run left; None: nothing that has not been kept

    def _upload(self, arrays: dict[str, np.ndarray]) -> None:
        """By full name, through pinned memory, which is free again after the next wait."""
        for full, array in arrays.items():
            place = self._there[full]
            place.host[...] = array
            self._copy(place.pointer, place.host.ctypes.data, place.size, "cudaMemcpyHostToDevice")

    def _download(self, values: dict[str, Value]) -> dict[str, np.ndarray]:
        """Copies of the values, once all that was begun has ended."""
        places = {name: self._there[value.full] for name, value in values.items()}
        for place in places.values():
            self._copy(place.host.ctypes.data, place.pointer, place.size, "cudaMemcpyDeviceToHost")
        _made(self._cuda.cudaStreamSynchronize(self._stream))
        return {name: place.host.copy() for name, place in places.items()}

    def _copy(self, to: int, source: int, size: int, way: str) -> None:
        kind = getattr(self._cuda.cudaMemcpyKind, way)
        _made(self._cuda.cudaMemcpyAsync(to, source, size, kind, self._stream))


class Place:
    """Where a value lies on the card: `size` bytes at `pointer`; and, if asked for, pinned memory of the host."""

    def __init__(self, cuda, value: Value):
        self._cuda, self._value = cuda, value
        self.size = math.prod(value.shape) * np.dtype(value.dtype).itemsize
        self.pointer = int(_made(cuda.cudaMalloc(self.size)))
        weakref.finalize(self, cuda.cudaFree, self.pointer).atexit = False

    @functools.cached_property
    def host(self) -> np.ndarray:
        pinned = int(_made(self._cuda.cudaMallocHost(self.size)))
        weakref.finalize(self, self._cuda.cudaFreeHost, pinned).atexit = False
        there = (ctypes.c_uint8 * self.size).from_address(pinned)
        return np.frombuffer(there, self._value.dtype).reshape(self._value.shape)


def _context(plan: Plan, values: list[Value]) -> tuple[object, Callable[[], None]]:
    """TensorRT's execution context of a plan with these inputs and outputs, and what remembers, after the first runs,
    all that was compiled for them."""
    tensorrt, log, _ = library(MODULES[plan.target.library])
    log.errors.clear()
    engine = _there(tensorrt.Runtime(log).deserialize_cuda_engine(plan.data), log)
    names = [engine.get_tensor_name(i) for i in range(engine.num_io_tensors)]
    found = {
        name: (tuple(engine.get_tensor_shape(name)), np.dtype(tensorrt.nptype(engine.get_tensor_dtype(name))))
        for name in names
    }
    if found != {value.full: (value.shape, np.dtype(value.dtype)) for value in values}:
        raise RuntimeError("its plan is of another component")  # and would write beside the places made for this one
    if plan.target.library != "rtx":
        return _there(engine.create_execution_context(), log), lambda: None
    config = engine.create_runtime_config()
    config.cuda_graph_strategy = tensorrt.CudaGraphStrategy.WHOLE_GRAPH_CAPTURE
    compiled = config.create_runtime_cache()  # RTX compiles for the card it finds
    kept = paths.cache_folder("plans") / f"{hashlib.sha256(plan.data).hexdigest()}.compiled"
    with contextlib.suppress(OSError):
        compiled.deserialize(kept.read_bytes())  # takes nothing that is of another card or driver
    config.set_runtime_cache(compiled)

    def remember() -> None:
        with contextlib.suppress(OSError, UserError):  # it is compiled again next time
            kept.parent.mkdir(parents=True, exist_ok=True)
            atomic_write(kept, bytes(compiled.serialize()))

    return _there(engine.create_execution_context(runtime_config=config), log), remember


def _there(made, log):
    """What TensorRT made, or RuntimeError with what it said."""
    if made is None:
        raise RuntimeError((log.errors or ["TensorRT does not say why"])[0])
    return made


def _made(answer: tuple):
    """What a call of CUDA's runtime returned, or RuntimeError."""
    if int(answer[0]):
        raise RuntimeError(f"CUDA: {answer[0]}")
    return answer[1] if len(answer) == 2 else None
