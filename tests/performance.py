"""A performance that a test drives frame by frame, as the stage's drawer would, with its show kept."""

from pathlib import Path

from livedream.backend import cpu
from livedream.dream import read
from livedream.effect.chain import EffectChain
from livedream.effect.slot import Slot
from livedream.look import library
from livedream.look.chain import Chain, transitions
from livedream.loop.deck import Deck
from livedream.loop.frame_composer import FrameComposer
from livedream.loop.live import Stage
from livedream.parts.effect_slots import EffectSlots
from livedream.parts.look_slots import LookSlots
from livedream.play import dream_parameters as tables
from livedream.play.player import Player
from livedream.shows.recorder import ShowRecorder

FPS, SIZE = 30.0, (64, 32)

TINT = """/*{"ISFVSN": "2", "INPUTS": [{"NAME": "inputImage", "TYPE": "image"},
  {"NAME": "amount", "TYPE": "float", "DEFAULT": 0.3, "MIN": 0.0, "MAX": 1.0}]}*/
void main() { gl_FragColor = mix(IMG_THIS_PIXEL(inputImage), vec4(fract(TIME), 0.5, 0.2, 1.0), amount); }"""


class Performance:
    """pictures: what was freshly drawn, by frame number. begin, transform: as of Stage; to be set at any time.

    effects: files of the first deck's chain. found: files of effects that can be inserted.
    """

    def __init__(self, *paths, looks=(), seed=3, load=cpu.load, effects=(), found=()):
        played = [read.load(path) for path in paths]
        self.chain = Chain()
        for each in looks:
            self.chain.insert(each)
        if len(played) > 1:
            self.chain.transitions = transitions(library.paths())
        self.table = tables.of(played, seed, transitions=[each.name for each in self.chain.transitions])
        self.looks = LookSlots(self.chain, self.table)
        self.shows = ShowRecorder(FPS, SIZE, self.chain)
        self.chains = [EffectChain(FPS, prefix) for prefix in tables.PREFIXES[: len(played)]]
        for path in effects:
            self.chains[0].insert(slot(read.load(path)))
        files = {path.stem: path for path in found}
        self.effects = [EffectSlots(chain, self.table, slot, lambda: files) for chain in self.chains]
        self.decks = [Deck(n, Player(dream, load, n), effects=self.chains[n]) for n, dream in enumerate(played)]
        compose = FrameComposer(self.chain, SIZE, FPS)
        self.begin, self.transform = lambda number: None, lambda values, number, seconds: values
        self.stage = Stage(
            self.decks,
            self.table,
            FPS,
            [],
            begin=lambda number: self.begin(number),
            transform=lambda *arguments: self.transform(*arguments),
            on_frame=self._on_frame,
            compose=compose,
            recorder=self.shows,
        )
        self.number, self.pictures, self.values = -1, {}, None
        self.shows.start()
        for each in self.effects:
            each.start()

    def _on_frame(self, values):
        self.values = values
        self.looks.on_frame(values)
        for each in self.effects:
            each.on_frame(values)

    def set(self, **values):
        """player__speed=2 sets player/speed, b__dream__scene="second" the other deck's scene."""
        for name, value in values.items():
            address = name.replace("__", "/")
            assert self.table.set(address, value if isinstance(value, tuple) else (value,)), address

    def play(self, frames: int, at_once: int = 1):
        """Draw `frames` frames, of which the machine is in time for every `at_once`-th only."""
        for _ in range(frames):
            moved = at_once if self.number >= 0 else 0
            self.number += max(moved, 1)
            frame = self.stage.draw(self.number, moved)
            assert frame.number == self.number
            if frame.fresh:
                self.pictures[self.number] = frame.pixels
        return self

    def end(self):
        self.shows.stop()
        for each in self.effects:
            each.stop()
        return self.pictures

    def load(self, path, deck: int = 0):
        """As when the loader has made another dream ready."""
        self.decks[deck].offer(Player(read.load(path), cpu.load, deck))


def slot(effect):
    """Make an effect ready, as a session does."""
    return Slot(effect, cpu.load, FPS)


def numbered(frames) -> dict:
    """{number: pixels} of what is rendered."""
    return {frame.number: frame.pixels for frame in frames}


def shows_in(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.glob("*.show"))
