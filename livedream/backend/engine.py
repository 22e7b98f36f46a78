"""Make .engine files, and run their plans; plans that do not fit this machine are built again.

plan.py builds and caches plans, engine_runner.py runs them, and dream/engine_file.py reads and writes the file.
"""

import functools
import hashlib
import logging
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import livedream
from livedream import UserError
from livedream.backend import engine_runner, half_precision
from livedream.backend import plan as plans_of
from livedream.backend.engine_runner import PROVIDERS, EngineRunner
from livedream.backend.plan import NAMES, Plan, Target
from livedream.backend.providers import Provider
from livedream.backend.run_settings import RunSettings
from livedream.dream import engine_file, read
from livedream.dream.dream import Component, Dream
from livedream.dream.engine_file import Manifest, Row

Tick = Callable[[], object]

log = logging.getLogger("livedream.backend")
_warned: set[str] = set()  # warnings are logged once, not for every component

# Called while plans are built: component and precision, its number, of how many, seconds so far, its plan at the end.
Progress = Callable[[str, int, int, float, Plan | None], None]


def _ignore() -> None:
    pass


def make(
    source: str | os.PathLike[str], path: Path, library: str = "auto", progress: Progress = lambda *_: None
) -> Target:
    """Build the plans of a dream's components and write them with the dream to `path`, atomically.

    Args:
        source: an .onnx or .engine file, or the name of a dream that ships.
        path: the .engine file.
        library: "auto", "rtx" or "tensorrt".
        progress: see Progress.

    Returns:
        What built them and for which cards.

    Raises:
        UserError: in one line, what is wrong.
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


def ready(provider: Provider) -> None:
    """Raise UserError if no CUDA card answers."""
    plans_of.card()


def run(component: Component, settings: RunSettings, path: Path, sha256: str) -> EngineRunner:
    """Return a Runner with these settings. Raises UserError."""
    return load(component, path, sha256, settings.provider, "f16" if settings.half else "f32")


def load(
    component: Component, path: Path, sha256: str, provider: str, precision: str = "f32", tick: Tick = _ignore
) -> EngineRunner:
    """Return a Runner of a dream's component by TensorRT's plan of it, on the first CUDA card of this machine.

    If the file is an .engine the plan is the one inside; a plan of another dream, library or card, or a damaged one, is
    never run: it is built again, and a warning says why. Built plans are cached.

    Args:
        component: what to run.
        path, sha256: of its dream.
        provider: "engine-rtx" or "engine-trt".
        precision: "f32", or "f16" for components that draw.
        tick: called while the plan is built, for seconds with RTX, for minutes with TensorRT.

    Raises:
        UserError: nothing here runs it, in one line.
    """
    plan, why = fitting(component, path, sha256, provider, precision, tick)
    if why and why not in _warned:
        _warned.add(why)
        log.warning("%s; built again", why)
    return engine_runner.load(component, plan)


def fitting(
    component: Component, path: Path, sha256: str, provider: str, precision: str, tick: Tick = _ignore
) -> tuple[Plan, str]:
    """Return the plan that `load` runs, and "" or why it is not the one in the file. Raises UserError."""
    name, capability = plans_of.card()
    target = plans_of.target(next(library for library, called in PROVIDERS.items() if called == provider))
    card = capability if target.library == "rtx" else f"{name} {capability}"
    if card not in target.cards:
        raise UserError(f"{name} ({capability}): TensorRT for RTX does not build for this card")
    model, why = _model(component, sha256, precision), ""
    if path.suffix == ".engine":
        try:
            manifest = engine_file.manifest(path)
            return _inside(path, manifest, stale(manifest, sha256, target, card), model, target, precision), ""
        except UserError as error:
            why = str(error)
    return plans_of.plan(model, target, precision, tick), why


def _inside(path: Path, manifest: Manifest, why: str, model: Component, target: Target, precision: str) -> Plan:
    """Return the plan in the file. Raises UserError if it is stale or missing."""
    key = plans_of.key(model, Target(target.library, target.version, manifest.targets), precision)
    row = next((row for row in manifest.rows if row.key == key), None)
    if why or not row:
        raise UserError(f"{path}: {why or f'its plan of {model.name} was built otherwise'}")
    return Plan(target, precision, key, engine_file.plan(path, row))


def stale(manifest: Manifest, sha256: str, target: Target, card: str) -> str:
    """Return why plans must not run here, or "". card: this machine's, as in Target.cards."""
    if manifest.dream != sha256:
        return "its plans are of another dream"
    if (manifest.library, manifest.version) != (target.library, target.version):
        built_by = f"{NAMES.get(manifest.library, manifest.library)} {manifest.version}"
        return f"its plans were built by {built_by}, here is {NAMES[target.library]} {target.version}"
    if card not in manifest.targets:
        return f"its plans are for {', '.join(manifest.targets)}, this card is {card}"
    return ""


def _model(component: Component, sha256: str, precision: str) -> Component:
    return half_precision.converted(component, sha256) if precision == "f16" else component


def _built(dream: Dream, target: Target, progress: Progress) -> Iterator[tuple[str, Plan]]:
    """Build the plans of each component: f32, and f16 of those that draw; values that are fed back need f32."""
    wanted = [(name, "f32") for name in dream.components if name != "recall"]  # recall runs on the processor
    wanted += [(name, "f16") for name in dream.components if name in ("decode", "apply")]
    for number, (name, precision) in enumerate(wanted, start=1):
        report = functools.partial(_report, progress, f"{name} {precision}", number, len(wanted), time.perf_counter())
        report()
        try:
            plan = plans_of.plan(_model(dream.components[name], dream.sha256, precision), target, precision, report)
        except UserError as error:
            if precision == "f32":
                raise
            log.warning("%s: no plan in half precision: %s", dream.path, error)
            continue
        report(plan)
        yield name, plan


def _report(progress: Progress, what: str, number: int, count: int, start: float, plan: Plan | None = None) -> None:
    progress(what, number, count, time.perf_counter() - start, plan)
