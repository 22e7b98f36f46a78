"""Ways to draw a dream's pictures on a device, made ready and run by turns, so that all have the same conditions."""

import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import onnxruntime as ort

from livedream.backend import cpu, engine_runner, plan, providers
from livedream.backend.run_settings import RunSettings
from livedream.dream.dream import Component, Dream

TURN = 0.25  # seconds for one before the next
WARM = 5  # pictures that do not count
LEVELS = 1.0  # grey levels, on average, that a picture may be off the CPU's


class Way(NamedTuple):
    """kind: "livedream", "unbound", "eager" or "compiled". draw: latent f32 [1, Z] → a picture, finished where it was
    drawn. host: that picture as uint8 [H, W, 4]."""

    name: str
    kind: str
    draw: Callable
    host: Callable


def ways(dream: Dream, device: str) -> Iterator[tuple[str, Callable[[], Way]]]:
    """Names, and what makes each ready (seconds, or a minute to compile) or raises. device: "cuda" or "cpu"."""
    component = dream.components["decode"]
    names = providers_on(device)
    for name in names:
        for half in (False,) if name == "cpu" else (False, True):
            yield _said(name, half), lambda name=name, half=half: _ours(component, dream, name, half)
    for precision in ("f32", "f16") if device == "cuda" else ():
        yield f"livedream engine {precision}", lambda precision=precision: _engine(component, dream, precision)
    unbound = "cpu" if device == "cpu" else "cuda"
    yield f"{unbound} without binding", lambda: _unbound(component, unbound)
    for half in (False, True) if device == "cuda" else (False,):
        yield f"torch eager {_bits(half)}", lambda half=half: _torch(component, device, half, False)
    for half in (True, False) if device == "cuda" else (False,):
        yield f"torch compiled {_bits(half)}", lambda half=half: _torch(component, device, half, True)


def providers_on(device: str) -> list[str]:
    """ONNX Runtime's, in the order of the speed that is to be expected; engines are made of any dream here."""
    if device == "cpu":
        return ["cpu"]
    return [each.name for each in providers.TABLE if each.name != "cpu" and not each.name.startswith("engine-")]


def _bits(half: bool) -> str:
    return "f16" if half else "f32"


def _said(name: str, half: bool) -> str:
    return f"livedream {name} {_bits(half)}"


def _ours(component: Component, dream: Dream, name: str, half: bool) -> Way:
    recorded = providers.by_name(name).graph and name != "cpu"
    try:
        runner = RunSettings(name, half=half, graph=bool(recorded)).load(component, dream.path, dream.sha256)
    except Exception:
        if not recorded:
            raise
        runner = RunSettings(name, half=half).load(component, dream.path, dream.sha256)
    return Way(_said(name, half), "livedream", *_running(runner))


def _engine(component: Component, dream: Dream, precision: str) -> Way:
    from livedream.backend import half_precision

    given = half_precision.converted(component, dream.sha256) if precision == "f16" else component
    made = plan.plan(given, plan.target(), precision)
    return Way(f"livedream engine {precision}", "livedream", *_running(engine_runner.load(component, made)))


def _running(runner) -> tuple[Callable, Callable]:
    def draw(latent):
        picture = runner({"latent": latent})["frame"]
        if hasattr(picture, "ready"):
            picture.ready()
        return picture

    return draw, lambda picture: picture[0] if isinstance(picture, np.ndarray) else picture.pixels()


def _unbound(component: Component, name: str) -> Way:
    if name == "cpu":
        session = cpu.load(component).session
    else:
        session = providers.open_session(providers.by_name(name), component.model)
    source, target = component.inputs["latent"].full, component.outputs["frame"].full
    return Way(
        f"{name} without binding", "unbound", lambda z: session.run([target], {source: z})[0], lambda made: made[0]
    )


def _torch(component: Component, device: str, half: bool, compiled: bool) -> Way:
    import in_torch
    import torch

    if device == "cuda" and not torch.cuda.is_available():
        raise RuntimeError("torch sees no CUDA card")
    torch.backends.cudnn.benchmark = True
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False  # f32 is f32 for all of them
    made = in_torch.module(component).to(device)
    if half:
        made = in_torch.half(made)
    if compiled:
        made = torch.compile(made, mode="reduce-overhead" if device == "cuda" else "default", fullgraph=True)
    kind = torch.float16 if half else torch.float32

    @torch.inference_mode()
    def draw(latent):
        picture = made(torch.from_numpy(latent).to(device, kind))[0]
        if device == "cuda":
            torch.cuda.synchronize()
        return picture

    name = f"torch {'compiled' if compiled else 'eager'} {_bits(half)}"
    return Way(name, "compiled" if compiled else "eager", draw, lambda made: made[0].cpu().numpy())


def bare(component: Component, name: str) -> Callable[[], None]:
    """Runs the component and nothing else: everything bound once, in the card's memory, and recorded where it can be.

    Raises where the provider keeps nothing in CUDA's memory.
    """
    given = providers.by_name(name)
    zeros = {value.full: np.zeros(value.shape, value.dtype) for value in component.inputs.values()}
    if name == "cpu":
        session = cpu.load(component).session
        return lambda: session.run(None, zeros)
    if given.memory != "cuda":
        raise ValueError(f"{name}: its values are not bound by their place in CUDA's memory")
    session = providers.open_session(given, component.model, graph=True)
    binding, held = session.io_binding(), []
    for full, array in zeros.items():
        held.append(ort.OrtValue.ortvalue_from_numpy(array, "cuda", 0))
        binding.bind_ortvalue_input(full, held[-1])
    for value in component.outputs.values():
        held.append(ort.OrtValue.ortvalue_from_shape_and_type(value.shape, np.dtype(value.dtype), "cuda", 0))
        binding.bind_ortvalue_output(value.full, held[-1])

    def run() -> None:
        session.run_with_iobinding(binding)

    run.held = held  # for as long as it may be called
    run()
    run()
    return run


def latents(dream: Dream, count: int = 64) -> list[np.ndarray]:
    """Latents to draw, f32 [1, Z] each, near those of the footage; the same ones every time."""
    chance = np.random.default_rng(0)
    drawn = dream.mean + 0.5 * dream.std * chance.standard_normal((count, dream.mean.size))
    return [each[None] for each in drawn.astype(np.float32)]


def off(way: Way, dream: Dream) -> float:
    """Grey levels, on average, that its pictures are off those of the CPU; the worst of two."""
    reference, worst = cpu.load(dream.components["decode"]), 0.0
    for latent in latents(dream)[:2]:
        wanted = reference({"latent": latent})["frame"][0].astype(np.int16)
        worst = max(worst, float(np.abs(way.host(way.draw(latent)).astype(np.int16) - wanted).mean()))
    return worst


def by_turns(ways: dict[str, Callable], inputs: list, seconds: float) -> dict[str, dict]:
    """Each called again and again for a while, then the next, round after round, for `seconds` altogether.

    By name: p50_ms, p99_ms, fps (of the time they took), rounds (fps in each).
    """
    took: dict[str, list[list[float]]] = {name: [] for name in ways}
    for call in ways.values():
        for latent in inputs[:WARM]:
            call(latent)
    end, number = time.perf_counter() + seconds, 0
    while time.perf_counter() < end or number < 2:
        for name, call in ways.items():
            took[name].append([])
            begin = now = time.perf_counter()
            while now < begin + TURN or len(took[name][-1]) < 2:
                call(inputs[len(took[name][-1]) % len(inputs)])
                before, now = now, time.perf_counter()
                took[name][-1].append(now - before)
        number += 1
    result = {}
    for name, rounds in took.items():
        every = np.concatenate(rounds)
        result[name] = {
            "fps": round(len(every) / float(every.sum()), 2),
            "p50_ms": round(float(np.percentile(every, 50)) * 1e3, 3),
            "p99_ms": round(float(np.percentile(every, 99)) * 1e3, 3),
            "frames": len(every),
            "rounds": [round(len(each) / sum(each), 2) for each in rounds],
        }
    return result
