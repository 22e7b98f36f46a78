"""Which provider runs each component of a dream: what was measured on this machine, or can be in the background.

What was tried is kept in the cache for each machine, dream and version: every way that ran correctly with its time,
and one line for each provider that did not. A choice is the fastest of them.
"""

import hashlib
import json
import os
import platform
from dataclasses import asdict, dataclass
from pathlib import Path

import onnxruntime

import livedream
from livedream import UserError
from livedream.backend import Runner, cpu, providers, threads, trial
from livedream.backend.part import Part
from livedream.dream.dream import Component, Dream
from livedream.system import machine, paths
from livedream.system.atomic import atomic_write

REVISION = 3  # raise it when what was measured before says nothing any more
UNTRIED = "not tried yet"
NEAR = 1.1  # times the fastest: as good, if it takes fewer threads or calculates in f32


@dataclass(frozen=True)
class Choice:
    """How to run a dream.

    parts: by component. why: for each provider that runs no component, one line why not.
    """

    parts: dict[str, Part]
    why: dict[str, str]
    path: Path
    sha256: str

    @property
    def providers(self) -> dict[str, str]:
        """The provider of each component."""
        return {name: part.provider for name, part in self.parts.items()}

    def load(self, component: Component) -> Runner:
        """A Runner of one of the dream's components. UserError."""
        return self.parts[component.name].load(component, self.path, self.sha256)


@dataclass(frozen=True)
class _Tried:
    """What became of a provider: ways that ran correctly, and why another, or all, did not."""

    parts: tuple[tuple[str, Part], ...] = ()
    why: str = ""
    failed: str = ""  # in a show, why


def quick(dream: Dream, device: str = "auto", measure: bool = True) -> Choice:
    """What is remembered to be best, else the CPU; at once, or the first time after half a second.

    A device that was named and has not been tried here is tried first, which takes seconds. Raises UserError if it
    does not run the dream, one line with what to do. measure=False: nothing is tried, whatever it is.
    """
    tried = _recall(dream)
    if not measure:
        pass
    elif device in ("auto", "cpu"):
        if "cpu" not in tried:
            tried |= _try(dream, "cpu")
    else:
        provider = providers.by_name(device)
        if why := providers.missing(provider):
            raise UserError(f"--device {device}: {why}")
        if device not in tried or not tried[device].parts:
            tried |= _try(dream, device)
        if _drawer(dream) not in dict(tried[device].parts):
            raise UserError(f"--device {device}: {tried[device].why or 'it does not run this dream'}")
    return _choice(dream, device, tried)


def better(dream: Dream, device: str, now: Choice) -> Choice | None:
    """Try what has not been tried yet, one provider after the other, each in a process of its own; seconds to minutes.

    None if nothing better than `now` came of it. Raises nothing: what fails is a line in `why`.
    """
    tried = _recall(dream)
    for provider in providers.TABLE:
        wanted = device in ("auto", provider.name) and provider.name != "cpu"
        if wanted and provider.name not in tried and not providers.missing(provider):
            tried |= _try(dream, provider.name)
    choice = _choice(dream, device, tried)
    same = all(_same(choice.parts[name], now.parts.get(name)) for name in choice.parts)
    return None if same else choice


def worth_saying(choice: Choice) -> list[str]:
    """Why not on others, a line for each provider that is installed and was tried, or made for the card here."""
    said = []
    for name, why in choice.why.items():
        there = not providers.missing(providers.by_name(name))
        if (there and why != UNTRIED and name != "cpu") or (not there and name == "rtx" and machine.has_nvidia()):
            said.append(f"not on {name}: {why}")
    return said


def forget(dream: Dream, provider: str, why: str) -> None:
    """It failed in a show: not to be chosen for this dream again, unless it is named (`--device`)."""
    entry = _recall(dream).get(provider, _Tried())
    _remember(dream, provider, _Tried(entry.parts, entry.why, " ".join(why.split())[:200] or "it failed"))


def _choice(dream: Dream, device: str, tried: dict[str, _Tried]) -> Choice:
    drawer, parts = _drawer(dream), {}
    allowed = [each for each in tried if device in ("auto", each) and (device == each or not tried[each].failed)]
    best = _fastest([part for name in allowed for part in _parts(tried, name, drawer)]) or Part()
    for name in dream.components:
        if name == drawer:
            parts[name] = best
            continue
        # Another provider than these two would be held in memory for the small ones alone.
        near = dict.fromkeys((best.provider, "cpu")) if device == "auto" else [best.provider]
        found = [part for each in near for part in _parts(tried, each, name)]
        parts[name] = _fastest(found) or Part()
    used = {part.provider for part in parts.values()}
    why = {each.name: _why(each, tried, drawer, parts) for each in providers.TABLE if each.name not in used}
    return Choice(parts, why, dream.path, dream.sha256)


def _parts(tried: dict[str, _Tried], provider: str, component: str) -> list[Part]:
    return [part for name, part in tried.get(provider, _Tried()).parts if name == component]


def _fastest(parts: list[Part]) -> Part | None:
    least = min((part.share for part in parts), default=0)
    near = [part for part in parts if part.share <= least * NEAR]
    return min(near, key=lambda part: (part.half, part.threads or 0, part.share), default=None)


def _why(provider: providers.Provider, tried: dict[str, _Tried], drawer: str, parts: dict[str, Part]) -> str:
    if why := providers.missing(provider):
        return why
    entry = tried.get(provider.name)
    if entry is None:
        return UNTRIED
    if entry.failed:
        return f"failed in a show: {entry.failed}"
    mine = _fastest(_parts(tried, provider.name, drawer))
    if mine is None:
        return entry.why or "it does not run this dream"
    best = parts[drawer]
    return f"slower here: {mine.share:.0%} of the processor's time, {best.provider} {best.share:.0%}"


def _same(part: Part, other: Part | None) -> bool:
    """Whether a change is not worth it: times are measured, not chosen, and CPU's own threads are all cores."""
    if other is None:
        return False
    usual = [Part(each.provider, each.half, each.graph, each.threads or cpu.cores()) for each in (part, other)]
    return usual[0] == usual[1]


def _drawer(dream: Dream) -> str:
    return "apply" if dream.is_effect else "decode"


def _try(dream: Dream, name: str) -> dict[str, _Tried]:
    parts, why = (threads.measure(dream), "") if name == "cpu" else trial.attempt(name, dream)
    entry = _Tried(tuple(parts), why)
    _remember(dream, name, entry)
    return {name: entry}


def _remember(dream: Dream, provider: str, entry: _Tried) -> None:
    file = _file(dream)
    told = {name: asdict(each) for name, each in (_recall(dream) | {provider: entry}).items()}
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        atomic_write(file, json.dumps({"machine": _machine(), "dream": dream.title, "tried": told}, indent=1).encode())
    except (OSError, UserError):
        pass  # a read-only home: it is tried again next time


def _recall(dream: Dream) -> dict[str, _Tried]:
    try:
        told = json.loads(_file(dream).read_bytes())["tried"]
        return {
            name: _Tried(tuple((part[0], Part(**part[1])) for part in each["parts"]), each["why"], each["failed"])
            for name, each in told.items()
            if name in providers.BY_NAME
        }
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return {}


def _file(dream: Dream):
    key = json.dumps([REVISION, dream.sha256, _machine()])
    return paths.cache_folder("choices") / f"{hashlib.sha256(key.encode()).hexdigest()[:40]}.json"


def _machine() -> dict:
    """What the times depend on."""
    modules = {"tensorrt_rtx": "tensorrt-rtx-cu13", "tensorrt": "tensorrt-cu13"}  # of packages called otherwise
    plugins = [each.module for each in providers.TABLE if each.module and not providers.missing(each)]
    return {
        "processor": machine.processor(),
        "cores": cpu.cores(),
        "graphics": machine.graphics(),
        "system": platform.system(),
        "environment": os.environ.get("CUDA_VISIBLE_DEVICES"),
        "versions": {"livedream": livedream.__version__, "onnxruntime": onnxruntime.__version__}
        | {name: machine.version_of(modules.get(name, name.replace("_", "-"))) for name in plugins},
        "built for": onnxruntime.get_device(),
    }
