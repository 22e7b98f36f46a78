"""Plans: what TensorRT makes of a dream's components, built here and kept in a cache.

TensorRT for RTX builds without a graphics card, for all of CARDS in one plan. TensorRT builds on the card that the
plan is for. Both have the same calls; networks are strongly typed, so half precision is a model of its own.
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
from pathlib import Path

from livedream import UserError
from livedream.backend.health import watched
from livedream.dream.dream import Component
from livedream.system import paths
from livedream.system.atomic import atomic_write

REVISION = 1  # raise it when other plans are built of the same component
MODULES = {"rtx": "tensorrt_rtx", "tensorrt": "tensorrt"}  # by library
NAMES = {"rtx": "tensorrt-rtx", "tensorrt": "tensorrt"}
CARDS = ("SM86", "SM89", "SM120")  # compute capabilities of RTX 30, 40 and 50
KEPT = 4 << 30  # bytes of plans in the cache; those not used for longest go first


@dataclass(frozen=True)
class Target:
    """What builds plans, and for which cards.

    library: "rtx" or "tensorrt". version: the library's; its plans run on no other. cards: compute capabilities
    ("SM89"), or for "tensorrt" the one card's name and capability.
    """

    library: str
    version: str
    cards: tuple[str, ...]

    def __str__(self) -> str:
        return f"{NAMES[self.library]} {self.version} for {', '.join(self.cards)}"


@dataclass(frozen=True)
class Plan:
    """What TensorRT made of a component.

    precision: "f32" or "f16". key: see key(). seconds: building took; 0 if it was there already.
    """

    target: Target
    precision: str
    key: str
    data: bytes = field(repr=False)
    seconds: float = 0.0


def target(library: str = "auto") -> Target:
    """What this machine can build with: "rtx", "tensorrt", or the first of them that is installed. UserError."""
    wanted = MODULES if library == "auto" else (library,)
    for name in wanted:
        with contextlib.suppress(ImportError):
            module = importlib.import_module(MODULES[name])
            return Target(name, module.__version__, _cards(module) if name == "rtx" else (" ".join(card()),))
    if "rtx" in wanted:
        raise UserError("livedream engine needs tensorrt-rtx: pip install 'livedream[engine]'")
    raise UserError("livedream engine --library tensorrt needs NVIDIA's tensorrt: pip install tensorrt-cu13")


def _cards(module) -> tuple[str, ...]:
    """CARDS, and the card of this machine if TensorRT for RTX can build for it."""
    try:
        own = card()[1]
    except UserError:
        return CARDS
    known = module.ComputeCapability.__members__
    return CARDS if own in CARDS or own not in known else (*CARDS, own)


def card() -> tuple[str, str]:
    """The first CUDA card and its compute capability: "NVIDIA GeForce RTX 4090", "SM89". Raises UserError."""
    try:
        from cuda.bindings import runtime
    except ImportError:
        raise UserError("CUDA's bindings for Python are missing: pip install 'livedream[engine]'") from None
    error, about = runtime.cudaGetDeviceProperties(0)
    if int(error):
        raise UserError(f"no CUDA card answers: {runtime.cudaGetErrorString(error)[1].decode()}")
    return about.name.decode(), f"SM{about.major}{about.minor}"


def key(component: Component, target: Target, precision: str) -> str:
    """A plan's name in the cache: it changes with whatever would make another plan."""
    made_of = [REVISION, target.library, target.version, target.cards, precision]
    made_of.append(hashlib.sha256(_model(component)).hexdigest())
    return hashlib.sha256(json.dumps(made_of).encode()).hexdigest()


def plan(component: Component, target: Target, precision: str, tick: Callable[[], None] = lambda: None) -> Plan:
    """The plan of a component, from the cache or built. precision: "f16" if the component is a twin in half precision.

    tick: called a few times a second. Raises UserError.
    """
    name = key(component, target, precision)
    kept = paths.cache_folder("plans") / f"{name}.plan"
    with contextlib.suppress(OSError):
        data = kept.read_bytes()
        os.utime(kept)
        return Plan(target, precision, name, data)
    begun = time.perf_counter()
    data = _build(component, target, tick)
    with contextlib.suppress(OSError, UserError):  # a full disk or a read-only home: it is built again next time
        kept.parent.mkdir(parents=True, exist_ok=True)
        atomic_write(kept, data)
        _forget(kept.parent)
    return Plan(target, precision, name, data, time.perf_counter() - begun)


def _model(component: Component) -> bytes:
    """What the plan is built of."""
    states = [value.full for name, value in component.outputs.items() if name.startswith("next.state.")]
    return watched(component.model, component.name, states)


def _build(component: Component, target: Target, tick: Callable[[], None]) -> bytes:
    """TensorRT on a thread of its own, so that a Ctrl-C is heard: it can be at it for minutes."""
    stop = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        building = pool.submit(_on_thread, component, target, stop)
        try:
            while True:
                with contextlib.suppress(TimeoutError):
                    return building.result(timeout=0.25)
                tick()
        finally:
            stop.set()


def _on_thread(component: Component, target: Target, stop: threading.Event) -> bytes:
    tensorrt, log, Monitor = library(MODULES[target.library])
    log.errors.clear()
    builder = tensorrt.Builder(log)
    network = builder.create_network(1 << int(tensorrt.NetworkDefinitionCreationFlag.STRONGLY_TYPED))
    parser = tensorrt.OnnxParser(network, log)
    if not parser.parse(_model(component)):
        raise _refused(component, target, [str(parser.get_error(i)) for i in range(parser.num_errors)])
    config = builder.create_builder_config()
    config.progress_monitor = Monitor(stop)
    if not any(value.dtype == "uint8" for value in component.outputs.values()):
        config.clear_flag(tensorrt.BuilderFlag.TF32)  # a picture has 8 bits; what is fed back must not drift
    if target.library == "rtx":
        config.num_compute_capabilities = len(target.cards)
        for place, card in enumerate(target.cards):
            config.set_compute_capability(getattr(tensorrt.ComputeCapability, card), place)
    made = builder.build_serialized_network(network, config)
    if made is None:
        raise _refused(component, target, log.errors)
    return bytes(made)


def _refused(component: Component, target: Target, why: list[str]) -> UserError:
    said = " ".join((why or ["it does not say why"])[0].split())[:200]
    return UserError(f"{component.name}: {NAMES[target.library]} {target.version} refuses it: {said}")


@functools.cache
def library(name: str):
    """The module, the one log that it takes for a process, and its monitor of progress."""
    tensorrt = importlib.import_module(name)

    class Log(tensorrt.ILogger):
        """Keeps what went wrong, to be said in one line, instead of printing it."""

        def __init__(self):
            tensorrt.ILogger.__init__(self)
            self.errors: list[str] = []

        def log(self, severity, message):
            if severity in (tensorrt.ILogger.Severity.ERROR, tensorrt.ILogger.Severity.INTERNAL_ERROR):
                self.errors.append(message)

    class Monitor(tensorrt.IProgressMonitor):
        """Ends a build that nobody waits for any more."""

        def __init__(self, stop: threading.Event):
            tensorrt.IProgressMonitor.__init__(self)
            self.stop = stop

        def phase_start(self, name, parent, steps):
            pass

        def phase_finish(self, name):
            pass

        def step_complete(self, name, step):
            return not self.stop.is_set()

    return tensorrt, Log(), Monitor


def _forget(folder: Path) -> None:
    """Keep the cache below KEPT."""
    total = 0
    for file in sorted(folder.iterdir(), key=lambda file: file.stat().st_mtime, reverse=True):
        total += file.stat().st_size
        if total > KEPT:
            file.unlink(missing_ok=True)
