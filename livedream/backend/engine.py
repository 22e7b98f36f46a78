"""An .engine file made, and its plans run; those that do not fit this machine are built anew.

How a plan is built and kept is in plan.py, how it is run in engine_runner.py, and the file in dream/engine_file.py.
"""

import hashlib
import logging
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import livedream
from livedream import UserError
from livedream.backend import engine_runner, half
from livedream.backend import plan as plans_of
from livedream.backend.engine_runner import PROVIDERS, EngineRunner
from livedream.backend.plan import NAMES, Plan, Target
from livedream.dream import engine_file, read
from livedream.dream.dream import Component, Dream
from livedream.dream.engine_file import Manifest, Row

log = logging.getLogger("livedream.backend")
_told: set[str] = set()  # once, not for every component

# Told while plans are built: component and precision, which of how many, seconds so far, its plan once there is one.
Progress = Callable[[str, int, int, float, Plan | None], None]


def make(source: str | os.PathLike, path: Path, library: str = "auto", progress: Progress = lambda *_: None) -> Target:
    """Build the plans of a dream's components and write them with it to `path`, whole or not at all.

    source: an .onnx or .engine file, or the name of a dream that ships. library: "auto", "rtx" or "tensorrt".
    Returns what built them and for which cards. Raises UserError.
    """
    if path.suffix != ".engine":
        raise UserError(f"{path}: the name of an engine ends in .engine")
    target = plans_of.target(library)
    dream = read.load(source)
    data = read.contents(dream.path)
    if hashlib.sha256(data).hexdigest() != dream.sha256:
        raise UserError(f"{dream.path}: changed while it was read; try again")
    rows = []
    for name, plan in _built(dream, target, progress):
        digest, member = hashlib.sha256(plan.data).hexdigest(), f"plans/{name}.{plan.precision}.plan"
        row = Row(name, plan.precision, plan.key, member, len(plan.data), digest, round(plan.seconds, 3))
        rows.append((row, plan.data))
    made_by = {
        "livedream": livedream.__version__,
        "built": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "library": {"name": target.library, "version": target.version},
        "targets": target.cards,
    }
    engine_file.write(path, data, dream.title, made_by, rows)
    return target


def load(
    component: Component, path: Path, sha256: str, provider: str, precision: str = "f32", tick=lambda: None
) -> EngineRunner:
    """A Runner of a dream's component by TensorRT's plan of it, on the first CUDA card of this machine.

    path, sha256: the dream's. provider: "engine-rtx" or "engine-trt". precision: "f32", or "f16" for what draws.
    If the file is an .engine the plan is the one inside; a plan that is of another dream, library or card, or damaged,
    is never run: it is built anew, and a warning says why. What is built is kept in the cache. tick: called while it is
    built, for seconds with RTX, for minutes with TensorRT. Raises UserError, one line, when nothing here runs it.
    """
    plan, why = fitting(component, path, sha256, provider, precision, tick)
    if why and why not in _told:
        _told.add(why)
        log.warning("%s; built anew", why)
    return engine_runner.load(component, plan)


def fitting(
    component: Component, path: Path, sha256: str, provider: str, precision: str, tick=lambda: None
) -> tuple[Plan, str]:
    """The plan that `load` runs, and why it is not the one in the file, "" if there is none. Raises UserError."""
    name, capability = plans_of.card()
    target = plans_of.target(next(library for library, called in PROVIDERS.items() if called == provider))
    card = capability if target.library == "rtx" else f"{name} {capability}"
    if card not in target.cards:
        raise UserError(f"{name} ({capability}) is none of those that TensorRT for RTX builds for")
    model, why = _model(component, sha256, precision), ""
    if path.suffix == ".engine":
        try:
            manifest = engine_file.manifest(path)
            return _inside(path, manifest, stale(manifest, sha256, target, card), model, target, precision), ""
        except UserError as error:
            why = str(error)
    return plans_of.plan(model, target, precision, tick), why


def _inside(path: Path, manifest: Manifest, why: str, model: Component, target: Target, precision: str) -> Plan:
    """The plan of the file. UserError if it is stale or not there."""
    key = plans_of.key(model, Target(target.library, target.version, manifest.targets), precision)
    row = next((row for row in manifest.rows if row.key == key), None)
    if why or not row:
        raise UserError(f"{path}: {why or f'its plan of {model.name} was built otherwise'}")
    return Plan(target, precision, key, engine_file.plan(path, row))


def stale(manifest: Manifest, sha256: str, target: Target, card: str) -> str:
    """Why plans must not run here, in words; "" if they may. card: this machine's, as Target.cards has it."""
    if manifest.dream != sha256:
        return "its plans are of another dream"
    if (manifest.library, manifest.version) != (target.library, target.version):
        built_by = f"{NAMES.get(manifest.library, manifest.library)} {manifest.version}"
        return f"its plans were built by {built_by}, here is {NAMES[target.library]} {target.version}"
    if card not in manifest.targets:
        return f"its plans are for {', '.join(manifest.targets)}, this card is {card}"
    return ""


def _model(component: Component, sha256: str, precision: str) -> Component:
    return half.twin(component, sha256) if precision == "f16" else component


def _built(dream: Dream, target: Target, progress: Progress) -> Iterator[tuple[str, Plan]]:
    """The plans of each component: f32, and f16 of what draws; a picture bears it, what is fed back does not."""
    wanted = [(name, "f32") for name in dream.components if name != "recall"]  # which the processor runs
    wanted += [(name, "f16") for name in dream.components if name in ("decode", "apply")]
    for number, (name, precision) in enumerate(wanted, start=1):
        begun = time.perf_counter()

        def told(plan: Plan | None = None, what=(f"{name} {precision}", number), begun=begun) -> None:
            progress(*what, len(wanted), time.perf_counter() - begun, plan)

        told()
        try:
            plan = plans_of.plan(_model(dream.components[name], dream.sha256, precision), target, precision, told)
        except UserError as error:
            if precision == "f32":
                raise
            log.warning("%s: no plan in half precision: %s", dream.path, error)
            continue
        told(plan)
        yield name, plan
