"""The player: turns time and parameter values into frames.

Its walk moves through the dream's latents, its drawing makes pictures of them. The networks' states stay with what runs
them, perhaps on a graphics card. Nothing here knows a clock, a window or a network library.
"""

from collections.abc import Callable

from livedream import UserError
from livedream.backend import Runner
from livedream.dream.dream import Component, Dream
from livedream.picture import Pixels
from livedream.picture.frame import Picture
from livedream.play import Floats, Values
from livedream.play.clip_drawing import ClipDrawing
from livedream.play.drawing import Drawing
from livedream.play.live_walk import LiveWalk
from livedream.play.offsets import Offsets
from livedream.play.state import PlayerState, Target
from livedream.play.walk import Walk


class Player:
    """Plays one dream.

    Args:
        dream: What is played.
        load: Makes a Runner of a Component (backend.cpu.load).
        deck: 0 or 1; both decks have random numbers of their own.
        walk: How it walks: live, or as recorded in a show.

    Attributes:
        dream, deck: As given.
        walk: Where the dream is, and how it goes on.
        drawing: Makes its pictures.
        seconds: How long it has moved.

    Raises:
        UserError: The dream cannot be played.
    """

    def __init__(self, dream: Dream, load: Callable[[Component], Runner], deck: int = 0, walk: type[Walk] = LiveWalk):
        _check_playable(dream)
        self.dream, self.deck, self.seconds = dream, deck, 0.0
        self._runners = {name: load(dream.components[name]) for name in walk.NETWORKS if name in dream.components}
        offsets = Offsets(dream)
        self.walk = walk(dream, self._runners, deck, offsets)
        decode = self._runners["decode"]
        self.drawing = (
            ClipDrawing(dream, decode, load, offsets, self.walk) if dream.hop else Drawing(dream, decode, load, offsets)
        )

    @property
    def providers(self) -> dict[str, str]:
        """Who runs each component, by its name."""
        return {name: runner.provider for name, runner in self._runners.items()}

    @property
    def steps(self) -> int:
        """Steps since the start."""
        return self.walk.steps

    @property
    def lost(self) -> int:
        """Results that were not finite and memories that were damaged, and were not used."""
        return self.walk.lost + self.drawing.lost

    @property
    def unstuck(self) -> int:
        """How often idle recovery has helped the dream."""
        return self.walk.unstuck

    @property
    def layers(self) -> dict[str, Pixels]:
        """The layers of the last picture, uint8 [H, W, 4] by name, from back to front; {} for most dreams."""
        return self.drawing.layers

    @property
    def target(self) -> Target | None:
        """Where the picture is blended to while the dream itself goes on, or None."""
        return self.walk.target

    def blend_to(self, target: Target | None) -> None:
        """Blend the picture to `target` from now on, while the dream itself goes on; None: draw the dream's own."""
        self.walk.target = target

    def moved_to(self, load: Callable[[Component], Runner]) -> "Player":
        """Return a player of the same dream at the same moment on other runners; the own ones may have broken.

        The latents are the same; the networks' states are those that were saved, a second old at most.
        """
        other = Player(self.dream, load, self.deck, type(self.walk))
        other.continue_from(self, self.walk.saved_state())
        return other

    def take_over(self, other: "Player") -> None:
        """Go on where another player of the same dream is; asks its runners for their states."""
        self.continue_from(other, other.walk.state() if other.walk.started else other.walk.saved_state())

    def continue_from(self, other: "Player", state: PlayerState) -> None:
        """Go on where another player of the same dream is, with copies of all that it has, from its `state`."""
        self.seconds = other.seconds
        self.walk.continue_from(other.walk, state)
        self.drawing.continue_from(other.drawing)

    def jump(self, state: PlayerState, values: Values) -> None:
        """Go on from that state, and draw it now: its photo first, if it has one."""
        self.walk.jump(state, values)
        self.drawing.begin(state.photo)

    def restore(self, state: PlayerState) -> None:
        """Be in that state, as `jump` is in the end."""
        self.walk.restore(state)
        self.drawing.begin(state.photo)

    def move(self, frames: int, fps: float, values: Values, enough: Callable[[], bool] = lambda: False) -> None:
        """Go on by some output frames at the speed that the parameters say.

        Args:
            frames: How many.
            fps: Frames a second.
            values: The deck's.
            enough: Asked before each step; True leaves out the rest of the way.
        """
        walk = self.walk
        walk.reseed(values)
        if not walk.started or not values.fired.isdisjoint(("dream/scene", "dream/scene_jump")):
            walk.start(values)
            self.drawing.begin(None)
        walk.steer(frames / fps, values)
        steps = values["player/speed"] * self.dream.step_rate / fps
        for _ in range(frames):
            self.drawing.elapse(1 / fps, 0.0 if values["player/freeze"] else steps)
        if values["player/freeze"]:
            return
        self.seconds += frames / fps
        for _ in range(frames):  # one by one, so that it is the same whether or not each was drawn
            if not walk.advance(steps, values, enough):
                return

    def latent(self, values: Values) -> Floats:
        """Return the latent that is drawn at this moment, f32 [Z], with what knobs, vote and offsets add to it."""
        latent = self.walk.shown().latent
        return latent + self.walk.offsets(latent, values)

    def draw(self, values: Values) -> Pixels | Picture:
        """Draw this moment: uint8 [H, W, 4] that nobody else writes to, or the same on a device."""
        return self.drawing(self.walk.shown(), self.seconds, values)


def _check_playable(dream: Dream) -> None:
    if dream.is_effect:
        raise UserError(f"{dream.path}: an effect (only apply), which needs a picture; give it with --effect")
    if dream.hop and any(name.startswith("state.") for name in dream.components["decode"].inputs):
        raise UserError(f"{dream.path}: draws clips with a decoder that has a state; clips are played without")
