"""Plans: programs that TensorRT builds from a dream's components; they are cached.

TensorRT for RTX builds without a graphics card, for all of CARDS in one plan. TensorRT builds on the card that the
plan is for. Both have the same API; networks are strongly typed, so half precision is a model of its own.
"""

import contextlib
import functools
import hashlib
import importlib
import json
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from livedream import UserError
from livedream.backend.finite_state import with_check
from livedream.dream.dream import Component
from livedream.system import checked_cache, paths
from livedream.system.atomic import atomic_write

REVISION = 1  # raise it when other plans are built of the same component
MODULES = {"rtx": "tensorrt_rtx", "tensorrt": "tensorrt"}  # by library
NAMES = {"rtx": "tensorrt-rtx", "tensorrt": "tensorrt"}
CARDS = ("SM86", "SM89", "SM120")  # compute capabilities of RTX 30, 40 and 50
LARGEST_CACHE = 4 << 30  # bytes of plans; those used longest ago go first


@dataclass(frozen=True)
class Target:
    """A library that builds plans, and the cards that they are for.

    Attributes:
        library: "rtx" or "tensorrt".
        version: the library's; its plans run on no other.
        cards: compute capabilities ("SM89"), or for "tensorrt" the one card's name and capability.
    """

    library: str
    version: str
    cards: tuple[str, ...]

    def __str__(self) -> str:
        return f"{NAMES[self.library]} {self.version} for {', '.join(self.cards)}"


@dataclass(frozen=True)
class Plan:
    """A component's plan.

    Attributes:
        target: what built it, and for which cards.
        precision: "f32" or "f16".
        key: see key().
        data: the plan.
        seconds: how long building took; 0 if it was cached.
    """

    target: Target
    precision: str
    key: str
    data: bytes = field(repr=False)
    seconds: float = 0.0


def target(library: str = "auto") -> Target:
    """Return what this machine can build with: "rtx", "tensorrt", or the first of them installed. Raises UserError."""
    wanted = MODULES if library == "auto" else (library,)
    for name in wanted:
        with contextlib.suppress(ImportError):
            module = importlib.import_module(MODULES[name])
            return Target(name, module.__version__, _cards(module) if name == "rtx" else (" ".join(card()),))
    if "rtx" in wanted:
        raise UserError("livedream engine needs tensorrt-rtx: pip install 'livedream[engine]'")
    raise UserError("livedream engine --library tensorrt needs NVIDIA's tensorrt: pip install tensorrt-cu13")


def _cards(module: Any) -> tuple[str, ...]:
    """Return CARDS, and the card of this machine if TensorRT for RTX can build for it."""
    try:
        own = card()[1]
    except UserError:
        return CARDS
    known = module.ComputeCapability.__members__
    return CARDS if own in CARDS or own not in known else (*CARDS, own)


def card() -> tuple[str, str]:
    """Return the first CUDA card and its compute capability: "NVIDIA GeForce RTX 4090", "SM89". Raises UserError."""
    try:
        from cuda.bindings import runtime
    except ImportError:
        raise UserError("CUDA's bindings for Python are missing: pip install 'livedream[engine]'") from None
    error, about = runtime.cudaGetDeviceProperties(0)
    if int(error):
        raise UserError(f"no CUDA card answers: {runtime.cudaGetErrorString(error)[1].decode()}")
    return about.name.decode(), f"SM{about.major}{about.minor}"


def key(component: Component, target: Target, precision: str) -> str:
    """Return a plan's name in the cache, which changes with everything that the plan depends on."""
    made_of: list[object] = [REVISION, target.library, target.version, target.cards, precision]
    made_of.append(hashlib.sha256(source_model(component)).hexdigest())
    return hashlib.sha256(json.dumps(made_of).encode()).hexdigest()


def plan(component: Component, target: Target, precision: str, tick: Callable[[], object] = lambda: None) -> Plan:
    """Return the plan of a component, from the cache or built.

    Args:
        component: in half precision if `precision` is "f16".
        target: what builds it, and for which cards.
        precision: "f32" or "f16".
        tick: called a few times a second while it is built.

    Raises:
        UserError: TensorRT refuses it.
    """
    name = key(component, target, precision)
    cached = paths.cache_folder("plans") / f"{name}.plan"
    with contextlib.suppress(OSError):
        data = cached.read_bytes()
        os.utime(cached)
        return Plan(target, precision, name, data)
    start = time.perf_counter()
    data = _build(component, target, tick)
    with contextlib.suppress(OSError, UserError):  # a full disk or a read-only home: it is built again next time
        cached.parent.mkdir(parents=True, exist_ok=True)
        atomic_write(cached, data)
        checked_cache.prune(cached.parent, LARGEST_CACHE)
    return Plan(target, precision, name, data, time.perf_counter() - start)


def source_model(component: Component) -> bytes:
    """Return the model that the plan is built from."""
    states = [value.full for name, value in component.outputs.items() if name.startswith("next.state.")]
    return with_check(component.model, component.name, states)


def _build(component: Component, target: Target, tick: Callable[[], object]) -> bytes:
    """Build on a thread of its own, so that Ctrl-C works: it can take minutes."""
    stop = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        building = pool.submit(_build_on_thread, component, target, stop)
        try:
            while True:
                with contextlib.suppress(TimeoutError):
                    return building.result(timeout=0.25)
                tick()
        finally:
            stop.set()


def _build_on_thread(component: Component, target: Target, stop: threading.Event) -> bytes:
    tensorrt, log, monitor = library(MODULES[target.library])
    log.errors.clear()
    builder = tensorrt.Builder(log)
    network = builder.create_network(1 << int(tensorrt.NetworkDefinitionCreationFlag.STRONGLY_TYPED))
    parser = tensorrt.OnnxParser(network, log)
    if not parser.parse(source_model(component)):
        raise _refused(component, target, [str(parser.get_error(i)) for i in range(parser.num_errors)])
    config = builder.create_builder_config()
    config.progress_monitor = monitor(stop)
    if not any(value.dtype == "uint8" for value in component.outputs.values()):
        config.clear_flag(tensorrt.BuilderFlag.TF32)  # a picture has 8 bits; values that are fed back must not drift
    if target.library == "rtx":
        config.num_compute_capabilities = len(target.cards)
        for number, card in enumerate(target.cards):
            config.set_compute_capability(getattr(tensorrt.ComputeCapability, card), number)
    plan = builder.build_serialized_network(network, config)
    if plan is None:
        raise _refused(component, target, log.errors)
    return bytes(plan)


def _refused(component: Component, target: Target, why: list[str]) -> UserError:
    reason = " ".join((why or ["it does not say why"])[0].split())[:200]
    return UserError(f"{component.name}: {NAMES[target.library]} {target.version} refuses it: {reason}")


@functools.cache
def library(name: str) -> tuple[Any, Any, Callable[[threading.Event], Any]]:
    """Return the module, the one logger that it accepts in a process, and its progress monitor's class."""
    tensorrt: Any = importlib.import_module(name)

    class Log(tensorrt.ILogger):  # type: ignore[misc]  # the module is chosen at run time
        """Collects errors instead of printing them."""

        def __init__(self) -> None:
            tensorrt.ILogger.__init__(self)
            self.errors: list[str] = []

        def log(self, severity: Any, message: str) -> None:
            if severity in (tensorrt.ILogger.Severity.ERROR, tensorrt.ILogger.Severity.INTERNAL_ERROR):
                self.errors.append(message)

    class Monitor(tensorrt.IProgressMonitor):  # type: ignore[misc]  # as above
        """Stops a build that nobody waits for any more."""

        def __init__(self, stop: threading.Event) -> None:
            tensorrt.IProgressMonitor.__init__(self)
            self.stop = stop

        def phase_start(self, name: str, parent: str | None, steps: int) -> None:
            pass

        def phase_finish(self, name: str) -> None:
            pass

        def step_complete(self, name: str, step: int) -> bool:
            return not self.stop.is_set()

    return tensorrt, Log(), Monitor
