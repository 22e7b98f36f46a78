"""A player made ready, so that its first frame in a show is not late."""

from collections.abc import Callable

from livedream.backend import Runner
from livedream.dream.dream import Component, Dream
from livedream.play import dream_parameters as tables
from livedream.play.player import Player


def player(dream: Dream, number: int, fps: float, load: Callable[[Component], Runner]) -> Player:
    """A player for deck `number` that stands at the beginning, and whose runners have drawn once already.

    Raises UserError for what cannot be played.
    """
    runners = {}

    def kept(component: Component) -> Runner:
        if component.name not in runners:
            runners[component.name] = load(component)
        return runners[component.name]

    first = Player(dream, kept, number)
    values = tables.of(dream).tick(0)
    first.move(0, fps, values)
    first.draw(values)
    return Player(dream, kept, number)
