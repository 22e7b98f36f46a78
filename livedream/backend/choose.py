"""Choose the provider that runs each component of a dream, by measurements on this machine.

Results are cached for each machine, dream and version: the settings that ran correctly with their times, and one line
for each provider that did not. A choice is the fastest of them.
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
from livedream.backend import Runner, cpu, providers, thread_count, trial
from livedream.backend.run_settings import RunSettings
from livedream.dream.dream import Component, Dream
from livedream.system import machine, paths
from livedream.system.atomic import atomic_write

REVISION = 3  # raise it when older measurements are no longer valid
UNTRIED, FAILED, SLOWER = "not tried yet", "failed in a show", "slower here"  # why a provider is not chosen
FOR_NVIDIA = ("engine-rtx", "engine-trt", "rtx", "tensorrt", "cuda")
NEAR = 1.1  # times the fastest is as good, if it takes fewer threads or calculates in f32


@dataclass(frozen=True)
class Choice:
    """How to run a dream.

    Attributes:
        settings: by component.
        why: for each provider that runs no component, one line why not.
        path, sha256: of the dream.
    """

    settings: dict[str, RunSettings]
    why: dict[str, str]
    path: Path
    sha256: str

    @property
    def providers(self) -> dict[str, str]:
        """The provider of each component."""
        return {name: each.provider for name, each in self.settings.items()}

    def load(self, component: Component) -> Runner:
        """Return a Runner of one of the dream's components. Raises UserError."""
        return self.settings[component.name].load(component, self.path, self.sha256)


@dataclass(frozen=True)
class _Tried:
    """The result of trying a provider.

    Attributes:
        settings: (component, settings) that ran correctly.
        why: why others, or all, did not.
        failed: why it failed in a show, or "".
    """

    settings: tuple[tuple[str, RunSettings], ...] = ()
    why: str = ""
    failed: str = ""


def quick(dream: Dream, device: str = "auto", measure: bool = True) -> Choice:
    """Return the best known choice, else the CPU; at once, or the first time after half a second.

    A device that was named and has not been tried here is tried first, which takes seconds.

    Args:
        dream: what to run.
        device: "auto" or a provider's name, as `--device`.
        measure: False to try nothing.

    Raises:
        UserError: the device does not run the dream; with what to do.
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
        if device not in tried or not tried[device].settings:
            tried |= _try(dream, device)
        if _drawer(dream) not in dict(tried[device].settings):
            raise UserError(f"--device {device}: {tried[device].why or 'it does not run this dream'}")
    return _choice(dream, device, tried)


def better(dream: Dream, device: str, now: Choice) -> Choice | None:
    """Try the providers that have not been tried yet, one after the other, each in a process of its own.

    That takes seconds to minutes. Returns None if nothing better than `now` was found. Raises nothing: a failure is a
    line in `why`.
    """
    tried = _recall(dream)
    for provider in providers.TABLE:
        wanted = device in ("auto", provider.name) and provider.name != "cpu"
        if wanted and provider.name not in tried and not providers.missing(provider):
            tried |= _try(dream, provider.name)
    choice = _choice(dream, device, tried)
    same = all(_same(each, now.settings.get(name)) for name, each in choice.settings.items())
    return None if same else choice


def notices(choice: Choice, every: bool = False) -> list[str]:
    """Return why not other providers: a line for each that the user can do something about.

    That is one that failed in a show, and one for the NVIDIA card here that does not work or is not installed. A
    provider whose hardware is not here, or that is slower, is nobody's fault.

    Args:
        choice: What was chosen.
        every: True for a line for each that is installed and was tried, too.
    """
    lines, nvidia = [], machine.has_nvidia()
    for name, why in choice.why.items():
        tried = not providers.missing(providers.by_name(name)) and why != UNTRIED and name != "cpu"
        works = why.startswith(SLOWER)
        at_fault = nvidia and ((tried and name in FOR_NVIDIA and not works) or (not tried and name == "rtx"))
        if why.startswith(FAILED) or at_fault or (every and tried):
            lines.append(f"not on {name}: {why}")
    return lines


def forget(dream: Dream, provider: str, why: str) -> None:
    """Do not choose a provider for this dream again, unless it is named (`--device`): it failed in a show."""
    entry = _recall(dream).get(provider, _Tried())
    _remember(dream, provider, _Tried(entry.settings, entry.why, " ".join(why.split())[:200] or "it failed"))


def _choice(dream: Dream, device: str, tried: dict[str, _Tried]) -> Choice:
    drawer, settings = _drawer(dream), {}
    allowed = [each for each in tried if device in ("auto", each) and (device == each or not tried[each].failed)]
    best = _fastest([each for name in allowed for each in _settings(tried, name, drawer)]) or RunSettings()
    for name in dream.components:
        if name == drawer:
            settings[name] = best
            continue
        # Another provider than these two would be held in memory for the small components alone.
        near = dict.fromkeys((best.provider, "cpu")) if device == "auto" else [best.provider]
        found = [each for provider in near for each in _settings(tried, provider, name)]
        settings[name] = _fastest(found) or RunSettings()
    used = {each.provider for each in settings.values()}
    why = {each.name: _why(each, tried, drawer, settings) for each in providers.TABLE if each.name not in used}
    return Choice(settings, why, dream.path, dream.sha256)


def _settings(tried: dict[str, _Tried], provider: str, component: str) -> list[RunSettings]:
    return [each for name, each in tried.get(provider, _Tried()).settings if name == component]


def _fastest(settings: list[RunSettings]) -> RunSettings | None:
    least = min((each.relative_time for each in settings), default=0.0)
    near = [each for each in settings if each.relative_time <= least * NEAR]
    return min(near, key=lambda each: (each.half, each.threads or 0, each.relative_time), default=None)


def _why(provider: providers.Provider, tried: dict[str, _Tried], drawer: str, settings: dict[str, RunSettings]) -> str:
    """Return why a provider was not chosen."""
    if why := providers.missing(provider):
        return why
    entry = tried.get(provider.name)
    if entry is None:
        return UNTRIED
    if entry.failed:
        return f"{FAILED}: {entry.failed}"
    own = _fastest(_settings(tried, provider.name, drawer))
    if own is None:
        return entry.why or "it does not run this dream"
    best = settings[drawer]
    times = f"{own.relative_time:.0%} of the processor's time, {best.provider} {best.relative_time:.0%}"
    return f"{SLOWER}: {times}"


def _same(settings: RunSettings, other: RunSettings | None) -> bool:
    """Tell whether two settings run a component alike; None for threads is all cores."""
    if other is None:
        return False
    usual = [
        RunSettings(each.provider, each.half, each.graph, each.threads or cpu.cores()) for each in (settings, other)
    ]
    return usual[0] == usual[1]


def _drawer(dream: Dream) -> str:
    return "apply" if dream.is_effect else "decode"


def _try(dream: Dream, name: str) -> dict[str, _Tried]:
    settings, why = (thread_count.measure(dream), "") if name == "cpu" else trial.attempt(name, dream)
    entry = _Tried(tuple(settings), why)
    _remember(dream, name, entry)
    return {name: entry}


def _remember(dream: Dream, provider: str, entry: _Tried) -> None:
    file = _file(dream)
    results = {
        name: {"parts": [(component, asdict(settings)) for component, settings in each.settings], "why": each.why}
        | {"failed": each.failed}
        for name, each in (_recall(dream) | {provider: entry}).items()
    }
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        atomic_write(
            file, json.dumps({"machine": _machine(), "dream": dream.title, "tried": results}, indent=1).encode()
        )
    except (OSError, UserError):
        pass  # a read-only home: it is tried again next time


def _recall(dream: Dream) -> dict[str, _Tried]:
    try:
        results = json.loads(_file(dream).read_bytes())["tried"]
        tried = {}
        for name, each in results.items():
            if name in providers.BY_NAME:
                settings = tuple((component, RunSettings(**given)) for component, given in each["parts"])
                tried[name] = _Tried(settings, each["why"], each["failed"])
        return tried
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return {}


def _file(dream: Dream) -> Path:
    key = json.dumps([REVISION, dream.sha256, _machine()])
    return paths.cache_folder("choices") / f"{hashlib.sha256(key.encode()).hexdigest()[:40]}.json"


def _machine() -> dict[str, object]:
    """Return what the times depend on."""
    packages = {
        "tensorrt_rtx": "tensorrt-rtx-cu13",
        "tensorrt": "tensorrt-cu13",
    }  # packages with names other than their modules'
    plugins = [each.module for each in providers.TABLE if each.module and not providers.missing(each)]
    return {
        "processor": machine.processor(),
        "cores": cpu.cores(),
        "graphics": machine.graphics(),
        "system": platform.system(),
        "environment": os.environ.get("CUDA_VISIBLE_DEVICES"),
        "versions": {"livedream": livedream.__version__, "onnxruntime": onnxruntime.__version__}
        | {name: machine.version_of(packages.get(name, name.replace("_", "-"))) for name in plugins},
        "built for": onnxruntime.get_device(),
    }
