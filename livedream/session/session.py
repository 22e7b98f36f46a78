"""A live session: the dream, its controls and its outputs put together, and taken apart in order."""

import contextlib
import gc
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from functools import partial

from livedream.backend import choose
from livedream.dream import read
from livedream.look import library
from livedream.look.chain import Chain, transitions
from livedream.loop.deck import Deck
from livedream.loop.frame_composer import FrameComposer
from livedream.loop.live import Stage
from livedream.output import Output, kinds
from livedream.output.page import Page
from livedream.output.window import Window, hud
from livedream.output.window import run as run_windows
from livedream.parameters import Snapshot
from livedream.parts import loader, safety
from livedream.parts.look_slots import Looks
from livedream.parts.output_set import Outputs
from livedream.parts.preset_recall import Presets
from livedream.parts.provider_upgrade import ProviderUpgrade, said
from livedream.parts.windows import Windows
from livedream.play import dream_parameters as tables
from livedream.play.player import Player
from livedream.session import session_file
from livedream.session.run_options import RunOptions, default_outputs
from livedream.session.status import status
from livedream.shows.recorder import Shows
from livedream.system import paths
from livedream.system.awake import Awake
from livedream.web import announce

log = logging.getLogger("livedream.session")

END = 2.9  # seconds after which what still hangs at the end is left behind
SETTLED = 5.0  # seconds into a show after which nothing more is imported


def run(wishes: RunOptions, say: Callable[[str], None] = print) -> int:
    """Play until the user ends it. Returns the exit code: 0, or 1 when an output or the drawing has failed for good.

    Must be called on the main thread. say: takes each line that the user should read. Raises UserError.
    """
    session = Session(wishes, say)
    code = session.play()
    if not all(each.ended for each in session.outputs):
        _leave(session, code)
    return code


class Session:
    """The parts of a show, each under its name. Nothing runs before `play`. Raises UserError."""

    def __init__(self, wishes: RunOptions, say: Callable[[str], None]):
        from livedream.control.link import Link
        from livedream.control.modulation import Modulation
        from livedream.control.osc import Receiver
        from livedream.control.osc_out import Feedback
        from livedream.control.tempo import BAR, Tempo

        self.wishes, self.say = wishes, say
        asked = [kinds.parse(text) for text in wishes.outputs or default_outputs(wishes)]
        folder = loader.folder(wishes.dreams)
        self.dreams = [read.load(model) for model in wishes.models]
        given = [dream.path for dream in self.dreams]
        chain = Chain()
        for each in wishes.looks:
            chain.insert(library.find(each))
        if len(self.dreams) > 1:
            chain.transitions = transitions(library.paths())
        leading = [each.name for each in chain.transitions]
        names = tuple(loader.names(given, folder))
        self.table = table = tables.of(self.dreams, wishes.seed, names, [path.stem for path in given], leading)
        self.choices = [choose.quick(dream, wishes.device) for dream in self.dreams]
        players = [Player(dream, self.choices[n].load, n) for n, dream in enumerate(self.dreams)]
        self.decks = [Deck(n, player, partial(self._provider_failed, n)) for n, player in enumerate(players)]
        self.feedback = Feedback(table, self.status, wishes.osc_out, wishes.osc_prefix)
        self.receiver = Receiver(table, *(wishes.osc or ("127.0.0.1", None)), wishes.osc_prefix, self.feedback)
        self.seekers = [
            ProviderUpgrade(deck, wishes.device, self.choices[deck.number], wishes.fps, say) for deck in self.decks
        ]
        self.loaders = [
            loader.Loader(each.deck, table, each.player, lambda: loader.names(given, folder), self.feedback.resend)
            for each in self.seekers
        ]
        self.looks = Looks(chain, table, self.feedback.resend)
        self.shows = Shows(wishes.fps, wishes.size, chain)
        if wishes.record:
            self.shows.keep(wishes.record)
        self.tempo = Tempo(table, lambda beat: self.feedback.send_status("beat", float(beat % BAR)))
        self.modulation = Modulation(table, wishes.fps, self.tempo)
        self.hearing = None
        if wishes.audio is not None:
            from livedream.parts.hearing import Hearing

            self.hearing = Hearing(wishes.audio, wishes.fps, self.modulation, self.feedback.send_status)
        self.link = Link(self.tempo)
        if wishes.link:
            table.set("tempo/source", ["link"])
        self.presets = Presets(
            self.decks, table, paths.config_folder() / "presets", wishes.presets, lambda: 60 / self.tempo.bpm
        )
        self.controllers = self._controllers()
        self.safety = safety.Safety(table, self._rescue)
        table.limit(wishes.limits)
        self.awake = Awake()
        self.server = None if wishes.web_off else self._server()
        self.announcement = announce.Announcement(self._services)
        self._unasked = None
        if self.server and not any(isinstance(each, Page) for each in asked):  # it shows the picture all the same
            self._unasked = kinds.parse("page")
            asked.append(self._unasked)
        self.outputs = Outputs(asked, table, wishes.recordings, lambda: self.stage.shown, self._added, self.shows.end)
        self.windows = Windows(lambda: self.outputs.windows, table, self.feedback.resend)
        composed = FrameComposer(chain, wishes.size, wishes.fps, audio=self.hearing and self.hearing.audio)
        self.stage = Stage(
            self.decks,
            table,
            wishes.fps,
            self.outputs,
            begin=self._begin,
            transform=self._transform,
            on_frame=self._on_frame,
            compose=composed,
            recorder=self.shows,
            seconds=wishes.seconds,
        )

        self.wrong = session_file.begin(table, wishes.values, "session")
        kept = wishes.save or wishes.remember
        self.kept = [session_file.SessionKeeper(self._current, wishes.save, wishes.remember)] if kept else []

    def status(self) -> dict:
        """What `GET /status` says; any thread, once it plays."""
        return status(self)

    def _current(self) -> dict[str, object]:
        """Return the session as its file has it."""
        models = [deck.player.dream.path for deck in self.decks]
        looks = [slot.source.path for slot in self.looks.slots]
        return session_file.current(self.wishes, models, looks, self.outputs.asked, self.table)

    def play(self) -> int:
        """Play until the user ends it; returns the exit code. To be called on the main thread."""
        with contextlib.ExitStack() as ending:
            end = threading.Timer(END, _leave, [self])  # whatever hangs
            end.daemon = True
            ending.callback(end.cancel)
            self.announcement.start()
            ending.callback(self.announcement.stop)
            for each in (self.receiver, self.server, self.shows, self.feedback, self.hearing):
                if each:
                    each.start()
                    ending.callback(each.stop)
            self.outputs.start(*self.wishes.size, self.wishes.fps)
            ending.callback(self.outputs.stop)
            # To look through all that was imported would hold everything up for 30 ms; the page imports later on.
            gc.freeze()
            settled = threading.Timer(SETTLED, gc.freeze)
            settled.daemon = True
            settled.start()
            ending.callback(settled.cancel)
            for each in (
                self.stage,
                *self.loaders,
                *self.seekers,
                self.looks,
                self.link,
                self.presets,
                self.awake,
                *self.kept,
            ):
                each.start()
                ending.callback(each.stop)
            for each in self.controllers:
                each.start()
                ending.callback(each.stop)
            self._greet()
            with _signals(self.stage.stopped):
                run_windows(lambda: self.outputs.windows, self._over)  # they need this thread
            end.start()
            self.announcement.end()
        failed = [each for each in self.outputs if each.state == "failed"]  # each has said why
        undrawn = self.stage.state == "loading" and any(deck.errors > 0 for deck in self.decks)
        return 1 if undrawn or (failed and (self.wishes.outputs or len(failed) == len(list(self.outputs)))) else 0

    def _greet(self) -> None:
        wishes = self.wishes
        for dream, choice in zip(self.dreams, self.choices, strict=True):
            self.say(f"{dream.title} · {'x'.join(map(str, dream.size))} · {wishes.fps:g} fps · {said(choice)}")
            for line in choose.worth_saying(choice) if wishes.device == "auto" else ():
                self.say(line)
        page = f" · page {self.server.url}" if self.server else ""
        self.say(f"OSC {self.receiver.host}:{self.receiver.port}{page}")
        for note in (*(note for dream in self.dreams for note in dream.notes), *self.wrong):
            self.say(f"note: {note}")

    def _over(self) -> bool:
        return self.stage.stopped.is_set() or all(each.state == "failed" for each in self.outputs)

    def _begin(self, number: int) -> int:
        self.tempo.move(number / self.wishes.fps, self.stage.origin)
        return self.tempo.bar

    def _transform(self, values: Snapshot, number: int, seconds: float) -> Snapshot:
        """The values that a frame is drawn with, in the drawer's thread."""
        values = self.presets.transform(values, number, seconds)
        if self.hearing:
            self.hearing.hear(values, number)
        values = self.tempo.transform(self.modulation.transform(values, number, seconds))
        return self.safety.transform(values, number, seconds)

    def _provider_failed(self, deck: int, provider: str, why: str) -> None:
        self.seekers[deck].broken(provider, why)

    def _rescue(self, values: Snapshot, seconds: float) -> bool:
        """Go to the preset of panic, if there is one."""
        return self.wishes.panic is not None and self.presets.rescue(self.wishes.panic, values, seconds)

    def _on_frame(self, values: Snapshot) -> None:
        """The values of each frame, in the drawer's thread."""
        self.feedback.on_frame(values)
        for each in (*self.loaders, self.looks, self.outputs, self.windows, self.tempo, *self.controllers):
            each.on_frame(values)
        if self.server:
            self.server.on_frame(values)

    def _added(self, output: Output) -> None:
        """An output is to be started."""
        if isinstance(output, Page):
            output.server = self.server
        elif isinstance(output, Window):
            output.on_close, output.hud = self._closed, lambda: hud.lines(self.status())
        elif output.writes_files:
            self.shows.beside(output)

    def _meters(self) -> dict | None:
        """What the page shows move; None while nothing does."""
        heard = self.hearing and self.hearing.audio.levels
        told = {"mod": self.modulation.levels, "audio": heard} if heard else {"mod": self.modulation.levels}
        return told if heard or self.modulation.moving else None

    def _closed(self) -> None:
        """The user has closed a window. The page that nobody asked for keeps no show going."""
        if all(each.state in ("closed", "failed") or each is self._unasked for each in self.outputs):
            self.stage.stopped.set()

    def _controllers(self) -> list:
        """The MIDI controller that was asked for."""
        if not self.wishes.midi:
            return []
        from livedream.control.midi.surface import Surface

        return [
            Surface(
                self.wishes.midi,
                self.table,
                self.tempo,
                paths.config_folder() / "midi",
                self.say,
                prefix=self.wishes.osc_prefix,
            )
        ]

    def _services(self) -> list[tuple[str, str, int]]:
        """What is announced on the network, once it listens."""
        page = [(announce.QUERY, self.server.host, self.server.port)] if self.server else []
        return [(announce.OSC, self.receiver.host, self.receiver.port), *page]

    def _server(self):
        """The page's server."""
        from livedream.web.server import Server

        def thumbnail(scene: int, deck: int) -> bytes | None:
            scenes = self.decks[deck].player.dream.scenes if deck < len(self.decks) else ()
            return scenes[scene].thumbnail or None if 0 <= scene < len(scenes) else None

        at = self.wishes.web or ("127.0.0.1", None)
        return Server(*at, self.table, self.status, thumbnail, kinds.KINDS, self.receiver, self._meters)


def _leave(session: Session, code: int = 0) -> None:
    """End the process as it is: something hangs, and nobody is to wait for it."""
    hanging = ", ".join(each.name for each in session.outputs if not each.ended)
    log.warning("left behind, for it does not end: %s", hanging or "the dream's device")
    logging.shutdown()
    os._exit(code)


@contextlib.contextmanager
def _signals(stopped: threading.Event):
    """Ctrl-C and a polite kill end the show; a second one is the system's."""
    kinds = [signal.SIGINT, signal.SIGTERM]
    if sys.platform != "win32" and signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # else nohup was asked for
        kinds.append(signal.SIGHUP)
    before = {}

    def stop(number, _):
        stopped.set()
        signal.signal(number, before[number])

    for kind in kinds:
        before[kind] = signal.signal(kind, stop)
    try:
        yield
    finally:
        for kind, handler in before.items():
            signal.signal(kind, handler)
