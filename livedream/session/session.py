"""A live session: an ordered list of parts that start, play together and stop in the opposite order."""

import contextlib
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from types import FrameType

from livedream.backend import choose
from livedream.effect import worker
from livedream.output import Output, kinds
from livedream.output.page import Page
from livedream.output.window import Window, hud
from livedream.output.window import run as run_windows
from livedream.parameters import Snapshot
from livedream.parts.deck_status import DeckStatus
from livedream.parts.effect_upgrade import EffectUpgrade
from livedream.parts.look_slots import LookSlots
from livedream.parts.part import HasStatus, OnFrame, Part, Starts, Transforms
from livedream.parts.provider_upgrade import describe
from livedream.parts.voting import Voting
from livedream.parts.windows import WindowParameters
from livedream.play import clip_maker
from livedream.session import build, openness, session_file
from livedream.session.garbage import GarbageFreeze
from livedream.session.run_options import RunOptions, default_outputs
from livedream.session.status import status
from livedream.session.terminal import Terminal
from livedream.system.awake import Awake
from livedream.web.announce import Announcement

log = logging.getLogger("livedream.session")

HANGING = {"Stage": "processor that draws the dream", "InputLevel": "audio input", "Surface": "MIDI controller"}
END = 2.9  # seconds after which a part that still hangs at the end is left behind


def run(options: RunOptions) -> int:
    """Play until the user ends it. Returns the exit code: 0, or 1 when an output or the drawing has failed for good.

    Must be called on the main thread. Raises UserError.
    """
    session = Session(options)
    code = session.play()
    ended = all(each.ended for each in session.outputs) and worker.all_ended() and clip_maker.all_ended()
    if not ended:  # they would hold up the end of the program, or break it
        logging.shutdown()
        os._exit(code)
    return code


class Session:
    """What `livedream run` plays. Nothing runs before `play`. Raises UserError.

    Attributes:
        parts: In the order in which they start; they stop in the opposite one.
        outputs: Where frames go at this moment.
    """

    def __init__(self, options: RunOptions):
        asked, self._unasked = _asked_outputs(options)
        self._options = options
        self._terminal = terminal = Terminal(options, self.status)
        say = terminal.say
        self._loaded = loaded = build.load(options)
        self._table = table = loaded.table
        self._network = network = build.network(options, table, self.status)
        resend = network.feedback.resend
        services = build.decks(options, loaded, resend, say)
        self._decks = decks = [each.deck for each in services]
        live_input = build.live_input(options, decks)
        self._live_name = live_input.source.name if live_input else ""
        self._looks = LookSlots(loaded.chain, table, resend)
        effects = build.effect_slots(options, loaded, decks, resend)
        photos = build.photos(options, loaded, decks, live_input, resend)
        controls = build.controls(options, table, decks, network.feedback.send_status, say)
        self._server = server = build.server(options, table, decks, network.receiver, self.status, controls.meters)
        self._announcement = Announcement(lambda: network.services(server))
        playback = build.playback(
            options, loaded, decks, controls, asked, self._connect, self._on_frame, self._transform, live_input
        )
        self.outputs, self._stage = playback.outputs, playback.stage
        self._voting = Voting(decks, table, options.recordings, options.vote_word)
        kept = options.save or options.remember
        parts: tuple[Part | None, ...] = (
            terminal,  # first, so that it prints what others say while they start and stop
            self._announcement,
            network.receiver,
            server,
            playback.recorder,
            network.feedback,
            live_input,
            *controls.transforms,  # their order is explained there
            playback.outputs,
            GarbageFreeze(),
            playback.stage,
            playback.composer,
            DeckStatus(table, services),
            *(each.loader for each in services),
            *(each.upgrade for each in services),
            self._looks,
            *effects,
            EffectUpgrade([deck.effects for deck in decks], options.device, say),
            photos,
            self._voting,
            WindowParameters(lambda: playback.outputs.windows, table, resend),
            controls.link,
            Awake(),
            session_file.SessionKeeper(self._current, options.save, options.remember) if kept else None,
            controls.surface,
        )
        self.parts = [each for each in parts if each is not None]
        self._transforming = [each for each in self.parts if isinstance(each, Transforms)]
        self._watching = [each for each in self.parts if isinstance(each, OnFrame)]
        self._reporting = [each for each in self.parts if isinstance(each, HasStatus)]
        self._ending: Starts | None = None  # the part that stops at this moment
        self._wrong = [*session_file.begin(table, options.values, "session"), *_without_panic(options, controls)]

    def status(self) -> dict[str, object]:
        """What `GET /status` says; any thread, once it plays."""
        return status(self._reporting)

    def play(self) -> int:
        """Play until the user ends it; returns the exit code. Must be called on the main thread."""
        with contextlib.ExitStack() as ending:
            end = threading.Timer(END, self._leave)  # for a part that hangs
            end.daemon = True
            ending.callback(end.cancel)
            for part in self.parts:
                if isinstance(part, Starts):
                    part.start()
                    ending.callback(self._stop, part)
            self._greet()
            with _signals(self._stage.stopped):
                run_windows(lambda: self.outputs.windows, self._over)  # windows need this thread
            end.start()
            self._announcement.end()
        return self._code()

    def _code(self) -> int:
        """The exit code: 1 when the drawing or the outputs that were asked for have failed for good."""
        failed = [each for each in self.outputs if each.state == "failed"]  # each has logged why
        undrawn = self._stage.state == "loading" and any(deck.errors > 0 for deck in self._decks)
        asked = self._options.outputs
        return 1 if undrawn or (failed and (asked or len(failed) == len(list(self.outputs)))) else 0

    def _stop(self, part: Starts) -> None:
        if part is self._terminal and not all(each.ended for each in self.outputs):
            log.warning("%s", self._left())  # while it is still printed
        self._ending = part
        part.stop()

    def _left(self) -> str:
        """Say in one line what does not end."""
        hanging = [each.name for each in self.outputs if not each.ended]
        name = type(self._ending).__name__
        what = f"output {', '.join(hanging)}" if hanging else HANGING.get(name, name)
        return f"ended without waiting for the {what}: it did not stop within {round(END)} seconds"

    def _leave(self) -> None:
        """End the process as it is: a part hangs, and nobody is to wait for it."""
        log.warning("%s", self._left())
        self._terminal.stop()
        logging.shutdown()
        os._exit(self._code())

    def _greet(self) -> None:
        """Tell the user what plays, where its controls are, and what was ignored."""
        options, receiver, server, say = self._options, self._network.receiver, self._server, self._terminal.say
        if options.input is not None:
            shown = "alone: input/mix 0 shows the dream" if options.live_alone else "by input/mix and input/pull"
            say(f"live picture {self._live_name} · {shown}", "start")
        for dream, choice in zip(self._loaded.dreams, self._loaded.choices, strict=True):
            size = "x".join(map(str, dream.size))
            say(f"{dream.title} · {size} · {options.fps:g} fps · {describe(choice)}", "start")
            for line in choose.notices(choice, log.isEnabledFor(logging.INFO)) if options.device == "auto" else ():
                say(line)
        for deck in self._decks:
            letter = f"deck {'AB'[deck.number]}: " if len(self._decks) > 1 else ""
            for slot in deck.effects.slots:
                size = "x".join(map(str, slot.size))
                say(f"{letter}effect {slot.number} {slot.name} · {size} · {slot.provider}", "start")
        page = f" · page {server.url}" if server else ""
        tcp = f" and tcp://{receiver.tcp.host}:{receiver.tcp.port}" if receiver.tcp else ""
        say(f"OSC {receiver.host}:{receiver.port}{tcp}{page}", "start")
        for line in openness.lines(options, receiver, server):
            say(line, "start")
        for note in (*(note for dream in self._loaded.dreams for note in dream.notes), *self._wrong):
            say(f"note: {note}", level=logging.WARNING)
        if self._terminal.live:
            say("Ctrl-C ends the show")

    # -- what the stage and the outputs call ----------------------------------------------------------------------

    def _transform(self, values: Snapshot, number: int, seconds: float) -> Snapshot:
        """The values that a frame is drawn with, in the drawer thread."""
        for part in self._transforming:
            values = part.transform(values, number, seconds)
        return values

    def _on_frame(self, values: Snapshot) -> None:
        """Show the values of a frame to the parts, in the drawer thread."""
        for part in self._watching:
            part.on_frame(values)

    def _connect(self, output: Output) -> None:
        """Connect an output that is about to start with what only a session has; the thread that adds outputs."""
        if isinstance(output, Page):
            output.server = self._server
        elif isinstance(output, Window):
            output.on_close, output.hud = self._closed, lambda: hud.lines(self.status())

    def _closed(self) -> None:
        """End the session when the user has closed the last window. A page that nobody asked for does not count."""
        if all(each.state in ("closed", "failed") or each is self._unasked for each in self.outputs):
            self._stage.stopped.set()

    def _over(self) -> bool:
        return self._stage.stopped.is_set() or all(each.state == "failed" for each in self.outputs)

    def _current(self) -> dict[str, object]:
        """The session as its file has it; any thread."""
        models = [deck.player.dream.path for deck in self._decks]
        looks = [slot.source.path for slot in self._looks.slots]
        effects = [deck.effects for deck in self._decks]
        options = replace(self._options, vote_word=self._voting.word)
        return session_file.current(options, models, effects, looks, self.outputs.asked, self._table)


def _asked_outputs(options: RunOptions) -> tuple[list[Output], Output | None]:
    """The outputs to begin with, and that of them which nobody asked for: the page shows the picture all the same."""
    asked = [kinds.parse(text) for text in options.outputs or default_outputs(options)]
    if options.web_off or any(isinstance(each, Page) for each in asked):
        return asked, None
    page = kinds.parse("page")
    return [*asked, page], page


def _without_panic(options: RunOptions, controls: build.Controls) -> list[str]:
    lacking = None if options.panic is None else controls.presets.lacks(options.panic)
    return [f"--panic {options.panic}: {lacking}; until it is stored, panic only calms everything"] if lacking else []


@contextlib.contextmanager
def _signals(stopped: threading.Event) -> Iterator[None]:
    """Let Ctrl-C and a polite kill end the show; a second one is left to the system."""
    caught = [signal.SIGINT, signal.SIGTERM]
    if sys.platform != "win32" and signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # else nohup was asked for
        caught.append(signal.SIGHUP)
    before: dict[int, Callable[[int, FrameType | None], object] | int | None] = {}

    def stop(number: int, _: FrameType | None) -> None:
        stopped.set()
        signal.signal(number, before[number])

    for kind in caught:
        before[kind] = signal.signal(kind, stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
