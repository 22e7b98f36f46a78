"""Pictures of a dream for the judges: what it makes of a frame, and what it dreams with nobody's hand on it."""

import itertools
from collections.abc import Callable, Iterable, Iterator

import numpy as np

from livedream.backend import cpu
from livedream.dream.dream import Component, Dream
from livedream.parameters import KNOBS, Snapshot
from livedream.picture import alpha
from livedream.play import dream_parameters as tables
from livedream.play.player import Player


def load(component: Component) -> cpu.CpuRunner:
    """A session on the processor; a step is too small to share."""
    return cpu.load(component, 1 if component.name == "step" else None)


def redrawing(dream: Dream) -> Callable[[np.ndarray], np.ndarray]:
    """What draws a picture, uint8 [H, W, 3], through the dream's encode and decode, as the player draws.

    Nobody's hand is on it: states and noise are zero, controls at their defaults. The dream has encode.
    """
    encode, decode = (load(dream.components[name]) for name in ("encode", "decode"))
    rest = {name: _resting(dream.components[name], dream) for name in dream.components}
    image = np.full((1, dream.size[1], dream.size[0], 4), 255, np.uint8)
    recall = None
    if "recall" in dream.components:
        from livedream.play.recall import Recall

        recall = Recall(dream, load)

    def draw(picture: np.ndarray) -> np.ndarray:
        image[0, ..., :3] = picture
        found = encode({**rest["encode"], "image": image})
        inputs = {**rest["decode"], **{name: found[name] for name in dream.latents}}
        if recall:
            inputs |= recall({**rest["recall"], **inputs})
        drawn = decode(inputs)
        if dream.layers:
            return alpha.over([drawn[f"layer.{name}"][0] for name in dream.layers])[..., :3]
        return drawn["frame"][0, ..., :3]

    return draw


def _resting(component: Component, dream: Dream) -> dict[str, np.ndarray]:
    """What a component wants besides its picture or latents: states and noise of zero, controls at their defaults."""
    rest = {}
    for name, value in component.inputs.items():
        if name.startswith("control."):
            rest[name] = np.full(value.shape, dream.controls[name.removeprefix("control.")].default, np.float32)
        elif name.startswith("state.") or name in ("noise", "uniform"):
            rest[name] = np.full(value.shape, 0.5 if name == "uniform" else 0, np.float32)
    return rest


def still(dream: Dream, seed: int, temperature: float) -> Snapshot:
    """Values that nobody moves."""
    table = tables.of(dream, seed)
    table.set("dream/temperature", [temperature])
    table.tick(60.0)  # after it nothing glides
    return table.tick(0.0)


def at(player: Player, values: Snapshot, steps: Iterable[int]) -> Iterator[tuple[int, np.ndarray]]:
    """The numbers and pictures, uint8 [H, W, 3], of steps (0, 1, …, rising) from the first scene on, at speed 1.

    Every step is taken; where the decoder has a state, every one is drawn, too, as the state lives on by that.
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
        yield step, player.draw(values)[..., :3]


def pairs(player: Player, seed: int, temperature: float) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Once a second of the dream, for ever, two pictures one step apart, uint8 [H, W, 3]; every step is taken."""
    seconds = (round(second * player.dream.fps) for second in itertools.count())
    drawn = at(player, still(player.dream, seed, temperature), (step + k for step in seconds for k in (0, 1)))
    while True:
        yield next(drawn)[1], next(drawn)[1]


def knobs(dream: Dream) -> list[str]:
    """Addresses of the dream's knobs."""
    return [f"dream/knob/{k}" for k in range(1, len(dream.directions[:KNOBS]) + 1)]


def scenes(dream: Dream, numbers: Iterable[int], turned: bool) -> Iterator[tuple[np.ndarray, list]]:
    """The picture of each scene, uint8 [H, W, 3], before its first step; and with each knob at −2 and at +2.

    The second of the pair has (picture, picture) for each knob; [] unless they are to be `turned`.
    """
    player = Player(dream, load)
    names = knobs(dream) if turned else []
    for number in numbers:
        table = tables.of(dream)
        table.set("dream/scene/jump", [number])
        player.move(0, dream.fps, table.tick(60.0))
        values = table.tick(0.0)

        def drawn(name: str, value: float, values=values) -> np.ndarray:
            return np.array(player.draw(values.changed({name: value}))[..., :3])

        plain = np.array(player.draw(values)[..., :3])
        yield plain, [(drawn(name, -2.0), drawn(name, 2.0)) for name in names]
