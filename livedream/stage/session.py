"""A live session: the dream, its controls and its outputs put together, and taken apart in order."""

import contextlib
import gc
import logging
import os
import signal
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from livedream import UserError, output
from livedream.awake import Awake
from livedream.backend import choose
from livedream.dream import read
from livedream.look import shelf
from livedream.look.chain import Chain, transitions
from livedream.output import kinds
from livedream.output.page import Page
from livedream.output.window import Window, display_available, hud
from livedream.output.window import run as run_windows
from livedream.parameters import Snapshot
from livedream.play import table as tables
from livedream.play.player import Player
from livedream.stage import loader
from livedream.stage.composed import Composed
from livedream.stage.deck import Deck
from livedream.stage.faster import Faster, said
from livedream.stage.live import Stage
from livedream.stage.looks import Looks
from livedream.stage.outputs import Outputs
from livedream.stage.show import Shows
from livedream.stage.status import status
from livedream.stage.windows import Windows

log = logging.getLogger("livedream.stage")

END = 2.9  # seconds after which what still hangs at the end is left behind
SETTLED = 5.0  # seconds into a show after which nothing more is imported


@dataclass(frozen=True)
class Wishes:
    """What `livedream run` was asked for. None: the default, which gives way where a place is taken."""

    models: Sequence[str] = ("rainbow.onnx",)  # one for each deck
    dreams: str | None = None  # the folder that others are loaded from
    looks: Sequence[str] = ()  # over the picture, in this order
    outs: Sequence[str] = ()
    osc: tuple[str, int] | None = None
    osc_out: Sequence[str] = ()
    osc_prefix: str = "/livedream"
    web: tuple[str, int] | None = None
    web_off: bool = False
    size: tuple[int, int] = (1280, 720)
    fps: float = 30.0
    seed: int = 0
    seconds: float | None = None
    device: str = "auto"
    record: Path | None = None  # the show's file
    recordings: Path = Path()  # the folder of recordings and screenshots that are asked for in play


def run(wishes: Wishes, say=print) -> int:
    """Play until the user ends it. Returns the exit code: 0, or 1 when an output or the drawing has failed for good.

    Must be called on the main thread. say: takes each line that the user should read. Raises UserError.
    """
    from livedream.control.osc import Receiver
    from livedream.control.osc_out import Feedback

    asked = [kinds.parse(text) for text in wishes.outs or default_outputs(wishes)]
    folder = loader.folder(wishes.dreams)
    dreams = [read.load(model) for model in wishes.models]
    given = [dream.path for dream in dreams]
    names = tuple(loader.names(given, folder))
    chain = Chain()
    for each in wishes.looks:
        chain.insert(shelf.find(each))
    if len(dreams) > 1:
        chain.transitions = transitions(shelf.paths())
    leading = [each.name for each in chain.transitions]
    table = tables.of(dreams, wishes.seed, names, [path.stem for path in given], leading)
    with contextlib.ExitStack() as ending:
        end = threading.Timer(END, lambda: _leave(outputs))  # whatever hangs
        end.daemon = True
        ending.callback(end.cancel)
        choices = [choose.quick(dream, wishes.device) for dream in dreams]
        decks = [Deck(n, Player(dream, choices[n].load, n)) for n, dream in enumerate(dreams)]
        seekers = [Faster(deck, wishes.device, choices[deck.number], wishes.fps, say) for deck in decks]
        feedback = Feedback(table, lambda: now(), wishes.osc_out, wishes.osc_prefix)
        receiver = Receiver(
            table, *(wishes.osc or ("127.0.0.1", None)), wishes.osc_prefix, subscribe=feedback.subscribe
        )
        receiver.start()
        ending.callback(receiver.stop)
        loaders = [
            loader.Loader(each.deck, table, each.player, lambda: loader.names(given, folder), feedback.resend)
            for each in seekers
        ]

        looks = Looks(chain, table, feedback.resend)
        composed = Composed(chain, wishes.size, wishes.fps)
        windows = Windows(lambda: outputs.windows, table, feedback.resend)
        shows = Shows(wishes.fps, wishes.size, chain)
        if wishes.record:
            shows.keep(wishes.record)
        awake = Awake()

        def seen(values: Snapshot) -> None:
            feedback.show(values)
            for each in (*loaders, looks, outputs, windows):
                each.see(values)

        def now() -> dict:
            return status(stage, outputs, receiver.port, loaders, seekers, looks, awake, shows)

        def closed() -> None:  # the page that nobody asked for keeps no show going
            wanted = [each for each in outputs if each.state not in ("closed", "failed") and each is not unasked]
            if not wanted:
                stage.stopped.set()

        def added(each: output.Output) -> None:
            if isinstance(each, Page):
                each.server = server
            elif isinstance(each, Window):
                each.on_close, each.hud = closed, lambda: hud.lines(now())
            elif each.writes_files:
                shows.beside(each)

        server = None if wishes.web_off else _serve(wishes, table, now, decks, ending)
        unasked = None
        if server and not any(isinstance(each, Page) for each in asked):  # it shows the picture all the same
            unasked = kinds.parse("page")
        everywhere = [*asked, unasked] if unasked else asked
        outputs = Outputs(everywhere, table, wishes.recordings, lambda: stage.shown, added, shows.end)
        stage = Stage(decks, table, wishes.fps, outputs, seen, wishes.seconds, composed, shows)
        shows.start()
        ending.callback(shows.stop)
        feedback.start()
        ending.callback(feedback.stop)
        outputs.start(*wishes.size, wishes.fps)
        ending.callback(outputs.stop)
        # To look through all that was imported would hold everything up for 30 ms; the page imports later than this.
        gc.freeze()
        settled = threading.Timer(SETTLED, gc.freeze)
        settled.daemon = True
        settled.start()
        ending.callback(settled.cancel)
        stage.start()
        ending.callback(stage.stop)
        for each in (*loaders, *seekers, looks, awake):
            each.start()
            ending.callback(each.stop)
        for dream, choice in zip(dreams, choices, strict=True):
            say(f"{dream.title} · {'x'.join(map(str, dream.size))} · {wishes.fps:g} fps · {said(choice)}")
            for line in choose.worth_saying(choice) if wishes.device == "auto" else ():
                say(line)
        say(f"OSC {receiver.host}:{receiver.port}" + (f" · page {server.url}" if server else ""))
        for note in (note for dream in dreams for note in dream.notes):
            say(f"note: {note}")

        def over() -> bool:
            return stage.stopped.is_set() or all(each.state == "failed" for each in outputs)

        with _signals(stage.stopped):
            run_windows(lambda: outputs.windows, over)  # they need this thread
        end.start()
    failed = [each for each in outputs if each.state == "failed"]  # each has said why
    undrawn = stage.state == "loading" and any(deck.errors > 0 for deck in decks)
    code = 1 if undrawn or (failed and (wishes.outs or len(failed) == len(list(outputs)))) else 0
    if not all(each.ended for each in outputs):
        _leave(outputs, code)
    return code


def default_outputs(wishes: Wishes) -> list[str]:
    """A window where there is a screen; else the page, if there may be one."""
    if display_available():
        return ["window"]
    if wishes.web_off:
        raise UserError("no display here and --web off: name an output, such as --out show.mp4")
    return ["page"]


def _serve(wishes: Wishes, table, now, decks: Sequence[Deck], ending: contextlib.ExitStack):
    """Start the page's server."""
    from livedream.web.server import PORT, Server

    def thumbnail(scene: int, deck: int) -> bytes | None:
        scenes = decks[deck].player.dream.scenes if deck < len(decks) else ()
        return scenes[scene].thumbnail or None if 0 <= scene < len(scenes) else None

    server = Server(*(wishes.web or ("127.0.0.1", None)), table, now, thumbnail, kinds.KINDS)
    server.start()
    ending.callback(server.stop)
    if wishes.web is None and server.port != PORT:
        log.warning("page: port %d is taken, serving %s", PORT, server.url)
    return server


def _leave(outputs: Outputs, code: int = 0) -> None:
    """End the process as it is: something hangs, and nobody is to wait for it."""
    hanging = ", ".join(each.name for each in outputs if not each.ended)
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
