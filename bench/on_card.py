"""The sections of bench/gpu.py: each yields its figures as soon as it has them.

Every section takes the device ("cuda" or "cpu"), a folder for its files and its time in seconds.
"""

import contextlib
import logging
import os
import time
from collections.abc import Iterator
from pathlib import Path

import contest
import numpy as np

from livedream.bench.figures import figure, missing

FPS_1080P, HOST_MS = 240.0, 0.3  # budgets


def choice(device: str, folder: Path, limit: float) -> Iterator[dict]:
    """Report what --device auto chooses, and why not the others."""
    from livedream.backend import choose
    from livedream.dream import read

    os.environ["XDG_CACHE_HOME"] = str(folder)  # nothing is remembered
    dream = read.load("rainbow.onnx")
    first = choose.quick(dream, "cpu")
    chosen = choose.better(dream, "auto" if device == "cuda" else "cpu", first) or first
    part = chosen.settings["decode"]
    what = f"rainbow, chosen by --device auto: {part.provider}{' f16' * part.half}"
    yield figure("gpu.choice.ms", what, part.ms, "ms", why="it was not measured", providers=chosen.providers)
    for name, why in chosen.why.items():
        yield missing(f"gpu.choice.{name}", f"not chosen: {name}", why)


def rainbow(device: str, folder: Path, limit: float) -> Iterator[dict]:
    """Draw the dream that ships in every way there is."""
    from livedream.dream import read

    yield from _contest("rainbow", read.load("rainbow.onnx"), device, limit)


def large(device: str, folder: Path, limit: float) -> Iterator[dict]:
    """Draw a dream of 1920x1080 in every way there is."""
    yield from _contest("1080p", _dream_1080p(folder), device, limit)


def _contest(tag: str, dream, device: str, limit: float) -> Iterator[dict]:
    begun, latents, ready, result = time.perf_counter(), contest.latents(dream), {}, {}

    def left(share: float) -> float:
        """Seconds to that share of the limit."""
        return max(1.0, begun + share * limit - time.perf_counter())

    def make(name: str, make_it) -> Iterator[dict]:
        what, late = f"{tag}: {name}", left(0.75) <= 1.0
        try:
            if late:
                raise RuntimeError("no time was left to make it ready")
            way = make_it()
            levels = contest.off(way, dream)
            if not levels <= contest.LEVELS:
                raise RuntimeError(f"its pictures are {levels:.1f} grey levels off")
            ready[name] = way, levels
        except Exception as error:
            yield missing(f"gpu.{tag}.{name}", what, one_line(error), "fps")

    def play(names: list[str], seconds: float) -> Iterator[dict]:
        result.update(contest.by_turns({name: ready[name][0].draw for name in names}, latents, seconds))
        for name in names:
            detail = {key: value for key, value in result[name].items() if key not in ("fps", "rounds")}
            levels = round(ready[name][1], 3)
            yield figure(
                f"gpu.{tag}.{name}", f"{tag}: {name}", result[name]["fps"], "fps", None, "more", levels=levels, **detail
            )

    def best(kind: str) -> str | None:
        names = [name for name, (way, _) in ready.items() if way.kind == kind and name in result]
        return max(names, key=lambda name: result[name]["fps"], default=None)

    ways = list(contest.ways(dream, device))
    for name, make_it in ways:
        if "compiled" not in name:
            yield from make(name, make_it)
    yield from play(list(ready), left(0.5))
    ours = best("livedream")
    if ours is None:
        yield missing(f"gpu.{tag}.fps", f"{tag}, frames a second", "nothing of livedream's runs here", "fps")
    else:
        yield from _ours(tag, ours, result[ours])
        for kind in ("eager", "unbound"):
            yield _over(tag, kind, result[ours], best(kind), result)
        way = ready[ours][0]
        host = contest.by_turns({"": lambda latent: way.host(way.draw(latent))}, latents, 1.0)[""]
        what = f"{tag}, frames a second, pixels on the host"
        yield figure(f"gpu.{tag}.pixels", what, host["fps"], "fps", None, "more", p50_ms=host["p50_ms"])
    for name, make_it in ways:  # last, as a minute may go with it
        if "compiled" in name:
            yield from make(name, make_it)
    compiled = [name for name in ready if "compiled" in name]
    if compiled:  # and what they are compared with once more, by turns
        found = list(play([*compiled, *filter(None, [ours])], left(0.9)))
        yield from found[: len(compiled)]
    if ours is not None:
        yield _over(tag, "compiled", result[ours], best("compiled"), result)


def _ours(tag: str, name: str, result: dict) -> Iterator[dict]:
    budget = FPS_1080P if tag == "1080p" else None
    yield figure(f"gpu.{tag}.fps", f"{tag}, frames a second: {name}", result["fps"], "fps", budget, "more")
    yield figure(f"gpu.{tag}.p50", f"{tag}, a frame, median", result["p50_ms"], "ms")
    yield figure(f"gpu.{tag}.p99", f"{tag}, a frame, p99", result["p99_ms"], "ms")


def _over(tag: str, kind: str, ours: dict, other: str | None, result: dict) -> dict:
    """Return how many times as fast as another way livedream's is, measured by turns."""
    name, what = f"gpu.{tag}.over.{kind}", f"{tag}, frames a second, times {kind}'s"
    if other is None:
        return missing(name, what, f"{kind} does not run here")
    return figure(name, what, *_ratio(ours["rounds"], result[other]["rounds"]), beside=other)


def _ratio(a: list[float], b: list[float]) -> tuple:
    """Return the arguments of `figure` for a ratio of which more is better."""
    ratios = np.divide(a, b)
    return float(np.median(ratios)), "", None, "more", True, float(np.std(ratios)) / len(ratios) ** 0.5


def interop(device: str, folder: Path, limit: float) -> Iterator[dict]:
    """Copy a 1080p picture into a texture: within the card, and through the host."""
    if device == "cpu":
        yield missing("gpu.interop", "interop against host copy", "only on a card")
        return
    dream, faults = _dream_1080p(folder), []
    way = _first(dream, device, faults)
    for index in range(4):  # one of EGL's devices is the card
        try:
            texture, finish = _headless(index)
            texture.put(way.host(way.draw(contest.latents(dream)[0])))  # it has its size now
            within = _copies(texture, way, contest.latents(dream), finish, limit)
            break
        except Exception as error:
            faults.append(f"EGL device {index}: {one_line(error)}")
    else:
        yield missing("gpu.interop", "interop against host copy", "; ".join(faults))
        return
    yield figure(
        "gpu.interop.within", "1080p picture into a texture, within the card", within["within"]["p50_ms"], "ms"
    )
    yield figure("gpu.interop.host", "1080p picture into a texture, by the host", within["host"]["p50_ms"], "ms")
    what = "interop, times as fast as the host's way"
    yield figure("gpu.interop.over", what, *_ratio(within["within"]["rounds"], within["host"]["rounds"]))


def _headless(index: int):
    """Return a texture on an OpenGL context of EGL's device number `index`, and a function that waits for OpenGL."""
    import pyglet

    pyglet.options.headless, pyglet.options.headless_device = True, index
    pyglet.options.shadow_window = False
    from pyglet import gl
    from pyglet.display.headless import HeadlessDisplay

    config = gl.Config(double_buffer=True, major_version=3, minor_version=3, forward_compatible=True)
    display = HeadlessDisplay()  # not pyglet's own, which is the first for good
    window = pyglet.window.Window(width=64, height=64, config=config, display=display, visible=False)
    window.switch_to()
    from livedream.output.window.painter import Texture

    texture = Texture()
    texture.window = window  # its context, for as long as the texture is there
    return texture, gl.glFinish


def _copies(texture, way, latents, finish, limit: float) -> dict:
    """Measure both ways by turns, without the drawing."""
    from livedream.output.window.interop import CudaCopies

    copies, picture = CudaCopies(), way.draw(latents[1])
    logging.basicConfig(level=logging.INFO)
    if not copies.copy(picture, texture):
        raise RuntimeError("it is refused; the reason stands above")
    if not np.array_equal(texture.read(), way.host(picture)):
        raise RuntimeError("another picture arrived")
    pictures = [way.draw(latent) for latent in latents[:8]]

    def within(at):
        copies.copy(pictures[at], texture)
        finish()

    def host(at):
        texture.upload(way.host(way.draw(latents[at])))  # one that is on the host already would cost nothing
        finish()

    def drawn(at):
        way.draw(latents[at])

    result = contest.by_turns({"within": within, "host": host, "drawn": drawn}, list(range(8)), 0.3 * limit)
    seconds = [1 / a - 1 / b for a, b in zip(result["host"]["rounds"], result["drawn"]["rounds"], strict=True)]
    result["host"]["p50_ms"] = round(result["host"]["p50_ms"] - result["drawn"]["p50_ms"], 3)
    result["host"]["rounds"] = [1 / max(each, 1e-6) for each in seconds]
    return result


def host(device: str, folder: Path, limit: float) -> Iterator[dict]:
    """Measure the host time per frame of the live loop outside the model, on the first provider that runs the dream.

    By turns, a frame of the loop and the same components bare, bound once and recorded.
    """
    from livedream.bench.watch import Watch
    from livedream.dream import read
    from livedream.loop.deck import Deck
    from livedream.loop.live import Stage
    from livedream.play import dream_parameters as tables
    from livedream.play.player import Player

    dream = read.load("rainbow.onnx")
    name, what = _provider(dream, device), "host time a frame outside the model"
    if not name:
        yield missing("gpu.host.ms", what, "no provider runs here", "ms")
        return
    player = Player(dream, lambda component: _part(component, dream, name))
    try:
        bare = [contest.bare(dream.components[part], name) for part in ("step", "decode")]
    except Exception as error:
        yield missing("gpu.host.ms", what, one_line(error), "ms")
        return
    stage, shown, outside, model = Stage([Deck(0, player)], tables.of(dream), dream.fps, [Watch()]), None, [], []
    end = time.perf_counter() + 0.5 * limit
    while time.perf_counter() < end:
        begin = time.perf_counter()
        stage.draw(len(outside), 1 if outside else 0)  # one step, one picture
        shown = stage.hand_out(len(outside), shown)
        middle = time.perf_counter()
        for run in bare:
            run()
        model.append(time.perf_counter() - middle)
        outside.append(middle - begin - model[-1])
    result = {"provider": name, "frames": len(outside), "model_ms": round(float(np.median(model[10:])) * 1e3, 3)}
    p50, p99 = (float(np.percentile(outside[10:], share)) * 1e3 for share in (50, 99))
    yield figure("gpu.host.ms", f"{what} ({name})", p50, "ms", HOST_MS, p99_ms=round(p99, 3), **result)


def memory(device: str, folder: Path, limit: float) -> Iterator[dict]:
    """Run the 1080p dream at full speed on the device: frames, and memory that stays flat."""
    import memory as growth

    dream = _dream_1080p(folder)
    name = _provider(dream, device)
    if not name:
        yield missing("gpu.memory", "memory of a show on the card", "no provider runs the dream here", "MB")
        return
    for each in growth.figures(str(dream.path), 0.6 * limit, name):
        yield each | {"name": f"gpu.{each['name']}", "what": f"1080p show on {name}: {each['what']}"}


def _dream_1080p(folder: Path):
    import dream_1080p

    from livedream.dream import read

    path = folder / "large.onnx"
    return read.load(path if path.exists() else dream_1080p.build(path))


def _part(component, dream, name: str):
    from livedream.backend.run_settings import RunSettings

    try:
        return RunSettings(name, graph=True).load(component, dream.path, dream.sha256)
    except Exception:
        return RunSettings(name).load(component, dream.path, dream.sha256)


def _provider(dream, device: str) -> str:
    """Return the first provider in the table that runs the dream on the device, or ""."""
    for name in contest.providers_on(device):
        with contextlib.suppress(Exception):
            for component in dream.components.values():
                _part(component, dream, name)
            return name
    return ""


def _first(dream, device: str, faults: list[str]):
    """Return the first way of livedream's own that draws into CUDA's memory."""
    for name, make in contest.ways(dream, device):
        try:
            way = make()
            if way.kind == "livedream" and hasattr(way.draw(contest.latents(dream)[0]), "pointer"):
                return way
            faults.append(f"{name}: its pictures do not lie in CUDA's memory")
        except Exception as error:
            faults.append(f"{name}: {one_line(error)}")
        if name.startswith("torch"):
            break
    raise RuntimeError("; ".join(faults))


def one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__


SECTION = {"choice": choice, "rainbow": rainbow, "1080p": large, "interop": interop, "host": host, "memory": memory}
