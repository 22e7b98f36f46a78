"""An .engine file made, and its plans fetched to be played; those that do not fit this machine are built anew.

engine_runner.py runs a plan. What a plan is for, and how it is built and kept, is in plan.py.
"""

import hashlib
import logging
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import livedream
from livedream import UserError
from livedream.backend import half
from livedream.backend import plan as plans_of
from livedream.backend.plan import NAMES, Plan, Target
from livedream.dream import engine_file, read
from livedream.dream.dream import Dream
from livedream.dream.engine_file import Manifest, Row

log = logging.getLogger("livedream.backend")

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


def plans(dream: Dream, progress: Progress = lambda *_: None) -> tuple[dict[tuple[str, str], Plan], str]:
    """Plans for the first CUDA card of this machine, of a dream that was read from an .engine file.

    Returns them by component and precision, ("decode", "f16"); every component has "f32". They are those in the file;
    if they are not of this dream, library and card, or damaged, all are built anew (or come from the cache), and the
    text says why, else it is "". Raises UserError, one line, when nothing here runs plans.
    """
    if dream.path.suffix != ".engine":
        raise UserError(f"{dream.path.name} is no .engine: livedream engine {dream.path.name} -o NAME.engine")
    name, capability = plans_of.card()
    try:
        manifest, why = engine_file.manifest(dream.path), ""
    except UserError as error:
        manifest, why = None, str(error)
    target = plans_of.target(manifest.library if manifest and manifest.library in NAMES else "auto")
    card = capability if target.library == "rtx" else f"{name} {capability}"
    if card not in target.cards:
        raise UserError(f"{name} ({capability}) is none of those that TensorRT for RTX builds for")
    if manifest:
        why = stale(manifest, dream, target, card)
    if not why:
        try:
            return {(row.component, row.precision): _read(dream, target, row) for row in manifest.rows}, ""
        except UserError as error:
            why = str(error)
    return {(name, plan.precision): plan for name, plan in _built(dream, target, progress)}, why


def stale(manifest: Manifest, dream: Dream, target: Target, card: str) -> str:
    """Why plans must not run here, in words; "" when they may. card: this machine's, as `targets` names it."""
    if manifest.dream != dream.sha256:
        return "its plans are of another dream"
    if (manifest.library, manifest.version) != (target.library, target.version):
        built_by = f"{NAMES.get(manifest.library, manifest.library)} {manifest.version}"
        return f"its plans were built by {built_by}, here is {NAMES[target.library]} {target.version}"
    if card not in manifest.targets:
        return f"its plans are for {', '.join(manifest.targets)}, this card is {card}"
    built = Target(target.library, target.version, manifest.targets)
    keys = {name: plans_of.key(component, built, "f32") for name, component in dream.components.items()}
    if {row.component: row.key for row in manifest.rows if row.precision == "f32"} != keys:
        return "its plans were built by another version of livedream"
    return ""


def _read(dream: Dream, target: Target, row: Row) -> Plan:
    return Plan(target, row.precision, row.key, engine_file.plan(dream.path, row))


def _built(dream: Dream, target: Target, progress: Progress) -> Iterator[tuple[str, Plan]]:
    """The plans of each component: f32, and f16 of what draws; a picture bears it, what is fed back does not."""
    wanted = [(name, "f32") for name in dream.components]
    wanted += [(name, "f16") for name in dream.components if name in ("decode", "apply")]
    for number, (name, precision) in enumerate(wanted, start=1):
        begun = time.perf_counter()

        def told(plan: Plan | None = None, what=(f"{name} {precision}", number), begun=begun) -> None:
            progress(*what, len(wanted), time.perf_counter() - begun, plan)

        told()
        component = dream.components[name]
        try:
            if precision == "f16":
                component = half.twin(component, dream.sha256)
            plan = plans_of.plan(component, target, precision, told)
        except UserError as error:
            if precision == "f32":
                raise
            log.warning("%s: no plan in half precision: %s", dream.path, error)
            continue
        told(plan)
        yield name, plan
