"""An .engine file made, and its plans fetched to be played; those that do not fit this machine are built anew.

engine_runner.py runs a plan. What a plan is for, and how it is built and kept, is in plan.py.
"""

import hashlib
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import livedream
from livedream import UserError
from livedream.backend import plan as plans_of
from livedream.backend.plan import NAMES, Plan, Target
from livedream.dream import engine_file, read
from livedream.dream.dream import Dream
from livedream.dream.engine_file import Manifest, Row

# Told while plans are built: the component, which of how many, seconds so far, and its plan once there is one.
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
        row = Row(
            component=name,
            precision=plan.precision,
            key=plans_of.key(dream.components[name], target, plan.precision),
            member=f"plans/{name}.{plan.precision}.plan",
            bytes=len(plan.data),
            sha256=hashlib.sha256(plan.data).hexdigest(),
            seconds=round(plan.seconds, 3),
        )
        rows.append((row, plan.data))
    made_by = {
        "livedream": livedream.__version__,
        "built": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "library": {"name": target.library, "version": target.version},
        "targets": target.cards,
    }
    engine_file.write(path, data, dream.title, made_by, rows)
    return target


def plans(dream: Dream, progress: Progress = lambda *_: None) -> tuple[dict[str, Plan], str]:
    """Plans by component, for the first CUDA card of this machine, of a dream that was read from an .engine file.

    Those in the file; when they are not of this dream, library and card, or damaged, all are built anew (or come
    from the cache), and the text says why; else it is "". Raises UserError, one line, when nothing here runs plans.
    """
    if dream.path.suffix != ".engine":
        raise UserError(
            f"{dream.path.name} is no .engine; to make one: livedream engine {dream.path.name} -o NAME.engine"
        )
    name, capability = plans_of.card()
    try:
        manifest, why = engine_file.manifest(dream.path), ""
    except UserError as error:
        manifest, why = None, str(error)
    target = plans_of.target(manifest.library if manifest and manifest.library in NAMES else "auto")
    mine = capability if target.library == "rtx" else f"{name} {capability}"
    if mine not in target.cards:
        raise UserError(f"{name} ({capability}) is none of those that TensorRT for RTX builds for")
    if manifest:
        why = stale(manifest, dream, target, mine)
        try:
            if not why:
                return {row.component: _read(dream, target, row) for row in manifest.rows}, ""
        except UserError as error:
            why = str(error)
    return dict(_built(dream, target, progress)), why


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
    return Plan(target, row.precision, engine_file.plan(dream.path, row))


def _built(dream: Dream, target: Target, progress: Progress) -> Iterator[tuple[str, Plan]]:
    """The plan of each component. Half precision will stand here beside f32, as a component of its own."""
    for number, (name, component) in enumerate(dream.components.items(), start=1):
        begun = time.perf_counter()

        def told(plan: Plan | None = None, name=name, number=number, begun=begun) -> None:
            progress(name, number, len(dream.components), time.perf_counter() - begun, plan)

        told()
        plan = plans_of.plan(component, target, "f32", told)
        told(plan)
        yield name, plan
