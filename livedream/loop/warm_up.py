"""Make a player ready, so that its first frame in a show is not late."""

from collections.abc import Callable

from livedream.backend import Runner
from livedream.dream.dream import Component, Dream
from livedream.play import dream_parameters as tables
from livedream.play.player import Player


def player(dream: Dream, number: int, fps: float, load: Callable[[Component], Runner]) -> Player:
    """Return a player that is at the beginning, and whose runners have drawn once already.

    Args:
        dream: What it plays.
        number: Of its deck, 0 or 1.
        fps: Frames a second of the show.
        load: Makes a Runner of a Component.

    Raises:
        UserError: The dream cannot be played.
    """
    runners: dict[str, Runner] = {}

    def loaded(component: Component) -> Runner:
        if component.name not in runners:
            runners[component.name] = load(component)
        return runners[component.name]

    first = Player(dream, loaded, number)
    values = tables.of(dream).tick(0)
    first.move(0, fps, values)
    first.draw(values)
    ready = Player(dream, loaded, number)
    ready.drawing.remember(first.drawing)
    return ready
