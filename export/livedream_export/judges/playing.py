"""Pictures of a dream for the judges: how it renders a frame, and what it dreams without a performer."""

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from livedream.backend import cpu
from livedream.dream.dream import Component, Dream
from livedream.parameters import KNOBS, Snapshot
from livedream.picture import alpha
from livedream.picture.frame import Picture, host_pixels
from livedream.play import dream_parameters as tables
from livedream.play.player import Player
from livedream.play.recall import Recall

from ..arrays import Rgb


def load(component: Component) -> cpu.CpuRunner:
    """Run a component on the processor; a step is too small to share among its cores."""
    return cpu.load(component, 1 if component.name == "step" else None)


def rerendering(dream: Dream) -> Callable[[Rgb], Rgb]:
    """Return a function that passes a picture [H, W, 3] through the dream's encode and decode, as the player renders.

    States and noise are zero, controls at their defaults. The dream has encode.
    """
    encode, decode = (load(dream.components[name]) for name in ("encode", "decode"))
    rest = {name: _resting(dream.components[name], dream) for name in dream.components}
    image = np.full((1, dream.size[1], dream.size[0], 4), 255, np.uint8)
    recall = Recall(dream, load) if "recall" in dream.components else None

    def rerender(picture: Rgb) -> Rgb:
        image[0, ..., :3] = picture
        found = _arrays(encode({**rest["encode"], "image": image}))
        inputs = {**rest["decode"], **{name: found[name] for name in dream.latents}}
        if recall:
            inputs |= _arrays(recall({**rest["recall"], **inputs}))
        rendered = _arrays(decode(inputs))
        if dream.layers:
            return alpha.over([rendered[f"layer.{name}"][0] for name in dream.layers])[..., :3]
        return rendered["frame"][0, ..., :3]

    return rerender


def _arrays(outputs: Mapping[str, NDArray[Any] | Picture]) -> dict[str, NDArray[Any]]:
    """Return the outputs of a component on the processor, which are all arrays."""
    return {name: value for name, value in outputs.items() if isinstance(value, np.ndarray)}


def _resting(component: Component, dream: Dream) -> dict[str, NDArray[Any]]:
    """Return a component's inputs besides picture and latents: states and noise of zero, controls at their defaults."""
    rest: dict[str, NDArray[Any]] = {}
    for name, value in component.inputs.items():
        if name.startswith("control."):
            rest[name] = np.full(value.shape, dream.controls[name.removeprefix("control.")].default, np.float32)
        elif name.startswith("state.") or name in ("noise", "uniform"):
            rest[name] = np.full(value.shape, 0.5 if name == "uniform" else 0, np.float32)
    return rest


def still(dream: Dream, seed: int, temperature: float) -> Snapshot:
    """Return parameter values for a dream without a performer."""
    table = tables.of(dream, seed)
    table.set("dream/temperature", [temperature])
    table.tick(60.0)  # nothing glides any more after this
    return table.tick(0.0)


def at(player: Player, values: Snapshot, steps: Iterable[int]) -> Iterator[tuple[int, Rgb]]:
    """Yield numbers and pictures [H, W, 3] of steps (rising, from 0) from the first scene on, at speed 1.

    Every step is taken; where the decoder has a state, every one is rendered too, for that advances the state.
    """
    fps, stands = player.dream.fps, 0
    stateful = any(name.startswith("state.") for name in player.dream.components["decode"].inputs)
    player.move(0, fps, values)
    for step in steps:
        if stateful:
            for _ in range(stands, step):
                player.draw(values)
                player.move(1, fps, values)
        else:
            player.move(step - stands, fps, values)
        stands = step
        yield step, _pixels(player, values)


def _pixels(player: Player, values: Snapshot) -> Rgb:
    """Return the picture [H, W, 3] that a player on the processor renders."""
    return host_pixels(player.draw(values))[..., :3]


def pairs(player: Player, seed: int, temperature: float) -> Iterator[tuple[Rgb, Rgb]]:
    """Yield, for every second of the dream and without end, two pictures one step apart, [H, W, 3]."""
    seconds = (round(second * player.dream.fps) for second in itertools.count())
    pictures = at(player, still(player.dream, seed, temperature), (step + k for step in seconds for k in (0, 1)))
    while True:
        yield next(pictures)[1], next(pictures)[1]


def knobs(dream: Dream) -> list[str]:
    """Return the addresses of the dream's knobs."""
    return [f"dream/knob/{k}" for k in range(1, len(dream.directions[:KNOBS]) + 1)]


def scenes(dream: Dream, numbers: Iterable[int], turned: bool) -> Iterator[tuple[Rgb, list[tuple[Rgb, Rgb]]]]:
    """Yield the picture of each scene [H, W, 3] before its first step, and pairs of them with each knob at −2 and +2.

    There are no pairs unless knobs are to be `turned`.
    """
    player = Player(dream, load)
    names = knobs(dream) if turned else []
    for number in numbers:
        table = tables.of(dream)
        table.set("dream/scene_jump", [number])
        player.move(0, dream.fps, table.tick(60.0))
        values = table.tick(0.0)

        def turned_to(name: str, value: float, values: Snapshot = values) -> Rgb:
            return np.array(_pixels(player, values.changed({name: value})))

        plain = np.array(_pixels(player, values))
        yield plain, [(turned_to(name, -2.0), turned_to(name, 2.0)) for name in names]
