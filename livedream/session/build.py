"""Build the parts of a session from the options of `livedream run`, group by group."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from livedream.backend import choose
from livedream.backend.choose import Choice
from livedream.control.link import Link
from livedream.control.modulation import Modulation
from livedream.control.osc import Receiver
from livedream.control.osc_address import listening
from livedream.control.osc_allow import allowed
from livedream.control.osc_out import Feedback
from livedream.control.tempo import BAR, Tempo
from livedream.dream import read
from livedream.dream.dream import Dream
from livedream.effect import library as effects
from livedream.effect.chain import EffectChain
from livedream.effect.slot import Slot
from livedream.look import library
from livedream.look.chain import Chain, transitions
from livedream.loop.deck import Deck
from livedream.loop.frame_composer import FrameComposer
from livedream.loop.live import Stage
from livedream.output import Output, kinds
from livedream.parameters import Snapshot, Table, Value
from livedream.parts import loader, safety
from livedream.parts.deck_status import DeckServices
from livedream.parts.effect_slots import EffectSlots
from livedream.parts.output_set import OutputSet
from livedream.parts.part import Transforms
from livedream.parts.photos import Photos
from livedream.parts.photos import folder as photo_folder
from livedream.parts.preset_recall import PresetRecall
from livedream.parts.provider_upgrade import ProviderUpgrade
from livedream.picture import Pixels
from livedream.play import dream_parameters
from livedream.play.player import Player
from livedream.session.run_options import RunOptions
from livedream.shows.recorder import ShowRecorder
from livedream.system import paths
from livedream.web import announce

if TYPE_CHECKING:
    from livedream.control.midi.surface import Surface
    from livedream.input.sound.audio import Audio
    from livedream.parts.input_level import InputLevel
    from livedream.parts.live_input import LiveInput
    from livedream.web.server import Server

Say = Callable[[str], None]  # takes each line that the user should read


@dataclass(frozen=True)
class Loaded:
    """What a session begins with.

    Attributes:
        dreams: One for each deck.
        find: Returns the dreams that can be loaded by name, with their files.
        chain: The looks over the picture, and the transitions between two decks.
        table: The parameters of all this.
        choices: What runs each dream.
        effects: The effects of each deck, in order, with the numbers that are asked for.
        find_effects: Returns the effects that can be inserted by name, with their files.
    """

    dreams: Sequence[Dream]
    find: Callable[[], dict[str, Path]]
    chain: Chain
    table: Table
    choices: Sequence[Choice]
    effects: Sequence[Sequence[tuple[Dream, int | None]]]
    find_effects: Callable[[], dict[str, Path]]


def load(options: RunOptions) -> Loaded:
    """Read the dreams and looks that are asked for. Raises UserError."""
    folder = loader.folder(options.dreams)
    dreams = [read.load(model) for model in options.models]
    given = [dream.path for dream in dreams]
    chain = Chain()
    for each in options.looks:
        chain.insert(library.find(each))
    if len(dreams) > 1:
        chain.transitions = transitions(library.paths())

    def find() -> dict[str, Path]:
        return loader.names(given, folder)

    filtering = effects.load_all(options.effects, len(dreams))
    filters = [effect.path for each in filtering for effect, _ in each]

    def find_effects() -> dict[str, Path]:
        return loader.effect_names(filters, folder)

    names, playing = tuple(find()), [path.stem for path in given]
    leading = [each.name for each in chain.transitions]
    table = dream_parameters.of(dreams, options.seed, names, playing, leading, options.input is not None)
    if options.live_alone:
        table.set("input/mix", [1.0], "session", seconds=0.0)
    choices = [choose.quick(dream, options.device) for dream in dreams]
    return Loaded(dreams, find, chain, table, choices, filtering, find_effects)


def decks(options: RunOptions, loaded: Loaded, on_change: Callable[[], None], say: Say) -> list[DeckServices]:
    """Build the decks, with what loads dreams into each and what finds a faster provider for it.

    Args:
        on_change: Called in the drawer thread when a deck has got another dream.
    """
    return [_deck(number, options, loaded, on_change, say) for number in range(len(loaded.dreams))]


def _deck(number: int, options: RunOptions, loaded: Loaded, on_change: Callable[[], None], say: Say) -> DeckServices:
    choice = loaded.choices[number]
    player = Player(loaded.dreams[number], choice.load, number)
    chain = EffectChain(options.fps, dream_parameters.PREFIXES[number])
    for effect, asked in loaded.effects[number]:
        chain.insert(effect_slot(effect, options), asked)
    # The deck and its upgrade know each other: one says what broke, the other offers what is better.
    deck = Deck(number, player, lambda provider, why: upgrade.broken(provider, why), chain)
    upgrade = ProviderUpgrade(deck, options.device, choice, options.fps, say)
    return DeckServices(deck, upgrade, loader.Loader(deck, loaded.table, upgrade.player, loaded.find, on_change))


def photos(
    options: RunOptions,
    loaded: Loaded,
    playing: Sequence[Deck],
    live: "LiveInput | None",
    on_change: Callable[[], None],
) -> Photos | None:
    """Build what starts dreams from photos and live pictures, where there are any. Raises UserError.

    Args:
        live: What comes in, or None.
        on_change: Called in the drawer thread when there are other photos.
    """
    folder = photo_folder(options.photos)
    if folder is None and live is None:
        return None

    def present() -> Pixels | None:
        shown = live.shown if live else None
        return shown.pixels if shown else None

    return Photos(playing, loaded.table, folder, present, on_change)


def effect_slot(effect: Dream, options: RunOptions) -> Slot:
    """Make an effect ready on what is remembered to be best, else the processor. Raises UserError."""
    return Slot(effect, choose.quick(effect, options.device, measure=False).load, options.fps)


def effect_slots(
    options: RunOptions, loaded: Loaded, playing: Sequence[Deck], on_change: Callable[[], None]
) -> list[EffectSlots]:
    """Build what changes the decks' effects.

    Args:
        on_change: Called in the drawer thread when the parameters of effects have changed.
    """

    def make(effect: Dream) -> Slot:
        return effect_slot(effect, options)

    return [EffectSlots(deck.effects, loaded.table, make, loaded.find_effects, on_change) for deck in playing]


def live_input(options: RunOptions, playing: Sequence[Deck]) -> "LiveInput | None":
    """Build the live picture that comes in, if one is asked for. Raises UserError."""
    if options.input is None:
        return None
    from livedream.input.live_source import open_source
    from livedream.parts.live_input import LiveInput

    return LiveInput(open_source(options.input), playing, options.size, options.input)


@dataclass(frozen=True)
class Controls:
    """What moves the values that frames are drawn with."""

    presets: PresetRecall
    input_level: "InputLevel | None"
    modulation: Modulation
    tempo: Tempo
    link: Link
    safety: safety.Safety
    surface: "Surface | None"

    @property
    def transforms(self) -> list[Transforms]:
        """The parts that change a frame's values. This order is what a performer relies on:

        1. Presets set what a recall or a morph asks for, so that all others act on it as on a performer's own values.
        2. The input level is measured up to this frame, for the modulation.
        3. Modulation moves values around those.
        4. The tempo scales speeds, those that are modulated too.
        5. Safety is last: nothing gets past its limits, and its blackout is dark.
        """
        steps = (self.presets, self.input_level, self.modulation, self.tempo, self.safety)
        return [each for each in steps if each is not None]

    @property
    def audio(self) -> "Audio | None":
        """The sound that looks are given."""
        return self.input_level.audio if self.input_level else None

    def meters(self) -> dict[str, object] | None:
        """What moves by itself on the page; None while nothing does."""
        levels = self.audio and self.audio.levels
        if levels is None and not self.modulation.moving:
            return None
        return {"mod": self.modulation.levels} | ({} if levels is None else {"audio": levels})


def controls(
    options: RunOptions, table: Table, playing: Sequence[Deck], send: Callable[[str, Value], None], say: Say
) -> Controls:
    """Build what moves values by itself, and what keeps a performer safe.

    Args:
        send: Sends a value below status/ to everybody who listens by OSC.
    """
    tempo = Tempo(table, on_beat=lambda beat: send("beat", float(beat % BAR)))
    table.off_beat = tempo.off_beat  # quantized changes wait for the beat
    input_level = _input_level(options, send)
    modulation = Modulation(table, options.fps, tempo, input_level.sources if input_level else {})
    if options.link:
        table.set("tempo/source", ["link"])
    folder = paths.config_folder()
    presets = PresetRecall(playing, table, folder / "presets", options.presets, beat=lambda: 60 / tempo.bpm)

    def panic(values: Snapshot, seconds: float) -> bool:
        return options.panic is not None and presets.rescue(options.panic, values, seconds)

    surface = None
    if options.midi:
        from livedream.control.midi.surface import Surface

        surface = Surface(options.midi, table, tempo, folder / "midi", say, prefix=options.osc_prefix)
    guard = safety.Safety(table, recall=panic)
    table.limit(options.limits)
    return Controls(presets, input_level, modulation, tempo, Link(tempo), guard, surface)


def _input_level(options: RunOptions, send: Callable[[str, Value], None]) -> "InputLevel | None":
    if options.audio is None:
        return None
    from livedream.parts.input_level import InputLevel

    return InputLevel(options.audio, options.fps, send)


@dataclass(frozen=True)
class Network:
    """What listens on the network and answers there."""

    feedback: Feedback
    receiver: Receiver

    def services(self, server: "Server | None") -> list[tuple[str, str, int]]:
        """What is announced, once it listens."""
        page = [(announce.QUERY, server.host, server.port)] if server else []
        return [(announce.OSC, self.receiver.host, self.receiver.port), *page]


def network(options: RunOptions, table: Table, status: Callable[[], dict[str, object]]) -> Network:
    """Build OSC in and out."""
    feedback = Feedback(table, status, options.osc_out, options.osc_prefix)
    udp, tcp = listening(options.osc)
    host, port = udp or ("127.0.0.1", None)
    may = allowed(options.osc_allow)
    return Network(feedback, Receiver(table, host, port, options.osc_prefix, feedback, may, tcp))


def server(
    options: RunOptions,
    table: Table,
    playing: Sequence[Deck],
    receiver: Receiver,
    status: Callable[[], dict[str, object]],
    meters: Callable[[], dict[str, object] | None],
) -> "Server | None":
    """Build the page's server, unless the page is off."""
    if options.web_off:
        return None
    from livedream.web.server import Server

    def thumbnail(scene: int, deck: int) -> bytes | None:
        scenes = playing[deck].player.dream.scenes if deck < len(playing) else ()
        return scenes[scene].thumbnail or None if 0 <= scene < len(scenes) else None

    host, port = options.web if isinstance(options.web, tuple) else ("127.0.0.1", None)
    ways = (options.web_token, options.web_host, options.web_origin)
    return Server(host, port, table, status, thumbnail, kinds.KINDS, receiver, meters, *ways)


@dataclass(frozen=True)
class Playback:
    """What makes frames of the decks' pictures, keeps the show, and hands both on."""

    outputs: OutputSet
    composer: FrameComposer
    recorder: ShowRecorder
    stage: Stage


def playback(
    options: RunOptions,
    loaded: Loaded,
    playing: Sequence[Deck],
    made: Controls,
    asked: Iterable[Output],
    on_add: Callable[[Output], None],
    on_frame: Callable[[Snapshot], None],
    transform: Callable[[Snapshot, int, float], Snapshot],
    live_input: "LiveInput | None" = None,
) -> Playback:
    """Build the loop and the outputs that it fills.

    Args:
        made: The tempo that frames go by, and the sound that looks are given.
        asked: The outputs to begin with.
        on_add: Called with each output before it starts, in the thread that adds it.
        on_frame, transform: As of Stage.
        live_input: The live picture, whose place in its file a show keeps.
    """
    recorder = ShowRecorder(options.fps, options.size, loaded.chain, live_input)
    if options.record:
        recorder.keep(options.record)

    def add(output: Output) -> None:
        on_add(output)
        if output.writes_files:
            from livedream.output.files.file import FileOutput  # 5 ms that other outputs need not wait for

            assert isinstance(output, FileOutput)
            recorder.beside(output)

    def begin(number: int) -> int:
        made.tempo.move(number / options.fps, stage.origin)
        return made.tempo.bar

    outputs = OutputSet(
        asked,
        loaded.table,
        options.size,
        options.fps,
        options.recordings,
        shown=lambda: stage.shown,
        on_add=add,
        on_remove=recorder.end,
    )
    composer = FrameComposer(loaded.chain, options.size, options.fps, audio=made.audio)
    stage = Stage(
        playing,
        loaded.table,
        options.fps,
        outputs,
        begin=begin,
        transform=transform,
        on_frame=on_frame,
        compose=composer,
        recorder=recorder,
        seconds=options.seconds,
    )
    return Playback(outputs, composer, recorder, stage)
