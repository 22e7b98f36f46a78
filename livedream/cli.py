"""The commands. Each reads its arguments and calls what does the work."""

import argparse
import contextlib
import json
import logging
import os
import re
import sys
from pathlib import Path

import livedream
from livedream import UserError


def main(arguments: list[str] | None = None) -> int:
    """Run one command. Returns the exit code: 0 as asked, 1 failed part-way, 2 wrong usage or input, 3 our bug."""
    parser = _parser()
    options = parser.parse_args(arguments)
    options.arguments = list(sys.argv[1:] if arguments is None else arguments)
    logging.basicConfig(level=logging.INFO if options.verbose else logging.WARNING, format="%(message)s")
    try:
        code = options.call(options) or 0
        sys.stdout.flush()
        return code
    except UserError as error:
        print(f"livedream: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 0
    except BrokenPipeError:  # `livedream params | head`; the interpreter's own last flush must not fail either
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if options.verbose:
            raise
        print(f"livedream: this is our bug: {type(error).__name__}: {error} (--verbose shows where)", file=sys.stderr)
        return 3


def run(options) -> int:
    from livedream.session.run_options import RunOptions
    from livedream.session.session import run
    from livedream.system import allocator

    limits = values = {}
    if options.session or options.last:
        options, limits, values = _restored(options)
    if options.link:
        _need("link", "--link", "link")
    if options.midi:
        _need("rtmidi", "--midi", "midi")
        _need("mido", "--midi", "midi")
        if options.midi == "?":
            return _midi_ports()
    allocator.keep_together()
    if len(options.model) > 2:
        raise UserError(f"--model {options.model[2]}: a third one; there are two decks, --model A --model B")
    wishes = RunOptions(
        models=options.model or ("rainbow.onnx",),
        dreams=options.dreams,
        looks=options.look,
        outputs=options.out,
        osc=_place(options.osc, "--osc"),
        osc_out=options.osc_out,
        osc_prefix=options.osc_prefix,
        web=None if options.web == "off" else _place(options.web, "--web"),
        web_off=options.web == "off",
        size=options.size,
        fps=options.fps,
        seed=options.seed,
        seconds=options.seconds,
        device=options.device,
        record=options.record and Path(options.record),
        audio=options.audio,
        link=options.link,
        midi=options.midi,
        presets=options.presets and Path(options.presets).expanduser(),
        recordings=Path(options.recordings).expanduser(),
        panic=options.panic,
        limits=limits,
        values=values,
        asked=_asked(options),
        save=options.save and Path(options.save),
        remember=not options.forget,
    )
    return run(wishes, say=lambda text: print(text, flush=True))


def _kept(options) -> dict[str, argparse.Action]:
    """The options of `run` that a session's file has, by their keys in it."""
    others = ("help", "verbose", "save", "last", "forget")
    return {each.dest: each for each in options.parser._actions if each.option_strings and each.dest not in others}


def _restored(options) -> tuple[argparse.Namespace, dict, dict]:
    """The options as a session's file and, above it, the command line say; limits and values of the file."""
    from livedream.session import session_file

    path, actions = session_file.last() if options.last else Path(options.session), _kept(options)
    if options.last and not path.exists():
        raise UserError(f"--last: no session was played here yet; {path} would be it")
    said, arguments = session_file.read(path, actions), []
    for key, action in actions.items():
        value, several = said.get(key), isinstance(action.default, list)
        if value is None or (several and getattr(options, key)):
            continue
        if action.nargs == 0:
            if not isinstance(value, bool):
                raise UserError(f"{path}: {key}: should be true or false")
            arguments += action.option_strings[-1:] if value else []
            continue
        for each in value if several and isinstance(value, list) else [value]:
            if isinstance(each, bool) or not isinstance(each, str | int | float):
                raise UserError(f"{path}: {key}: should be {'texts' if several else 'a text or a number'}")
            text = each if isinstance(each, str) else f"{each:.12g}"
            try:
                (action.type or str)(text)
            except argparse.ArgumentTypeError as error:
                raise UserError(f"{path}: {key}: {error}") from None
            arguments.append(f"{action.option_strings[-1]}={text}")
    return options.parser.parse_args([*arguments, *options.arguments[1:]]), said["limits"], said["values"]


def _asked(options) -> dict[str, object]:
    """What `run` was asked for, as a session's file has it."""
    found = {
        key: getattr(options, key) for key, each in _kept(options).items() if getattr(options, key) != each.default
    }
    return {key: "x".join(map(str, value)) if isinstance(value, tuple) else value for key, value in found.items()}


def midi(options) -> int:
    import threading

    for module in ("rtmidi", "mido"):
        _need(module, "MIDI", "midi")
    if options.port == "?":
        return _midi_ports()
    from livedream.control.midi_bridge import Bridge

    to = _place(options.to, "--to")
    bridge = Bridge(
        options.port,
        to,
        options.map and Path(options.map).expanduser(),
        options.prefix,
        options.listen,
        say=lambda text: print(text, flush=True),
    )
    bridge.start()
    try:
        threading.Event().wait(options.seconds)
    finally:
        bridge.stop()
    return 0


def train(options) -> int:
    _need("torch", "training", "train")
    from livedream_export import hyperparameters, previewing
    from livedream_export.train import train

    out = Path(options.out)
    told = previewing.State(out, options.title or out.stem, options.resume)
    page = contextlib.nullcontext() if options.preview is None else previewing.shown(told, *options.preview)
    with page:
        dream = train(
            options.footage,
            out,
            size=options.size,
            minutes=options.minutes,
            device=options.device,
            resume=options.resume,
            seed=options.seed,
            title=options.title,
            licence=options.licence,
            hp=hyperparameters.chosen(options.tier, options.memories, options.megabytes),
            told=told,
        )
        told.made = dream is not None
    if dream is not None:
        print(f"play it: livedream run --model {dream}")
    return 0


def export(options) -> int:
    _need("torch", "exporting", "train")
    from livedream_export.export import export_checkpoint

    print(export_checkpoint(options.checkpoint, options.out))
    return 0


def render(options) -> int:
    out = options.out
    terminal = sys.stderr.isatty()

    def progress(share: float) -> None:
        if terminal:
            print(f"\r\033[K{out}  {share:4.0%}", end="\n" if share >= 1 else "", file=sys.stderr, flush=True)

    if Path(options.model).suffix == ".show":
        path = _render_show(options, progress)
    else:
        from livedream.backend import choose
        from livedream.dream import read
        from livedream.loop import offline

        dream, seconds, fps = read.load(options.model), options.seconds or 10.0, options.fps or 30.0
        load = choose.quick(dream, options.device or "cpu").load
        path = offline.render(dream, out, seconds, fps, options.size, options.seed or 0, options.look, progress, load)
    print(path)
    return 0


def _render_show(options, progress) -> Path:
    from livedream.shows import replay, show_file

    given = {"--seed": options.seed, "--look": options.look or None}
    if wrong := next((name for name, value in given.items() if value is not None), None):
        raise UserError(f"{wrong}: a show has its own; {options.model} is drawn as it was played")
    show = show_file.read(options.model)
    return replay.render(show, options.out, options.fps, options.size, options.seconds, options.device, progress)


def evaluate(options) -> int:
    _need("torch", "evaluating", "train")
    from livedream_export import evaluate

    figures = evaluate.evaluate(
        options.model,
        options.footage,
        minutes=options.minutes,
        seeds=range(options.seeds),
        sheet=options.picture,
    )
    print(json.dumps(figures, indent=1) if options.json else evaluate.text(figures))
    return 0


def engine(options) -> int:
    from livedream.backend.engine import make

    terminal = sys.stderr.isatty()

    def progress(name: str, number: int, all_of_them: int, seconds: float, plan) -> None:
        line = f"{name:10} {number} of {all_of_them}  {seconds:5.1f} s"
        if plan:
            line += f"  {len(plan.data) / 1e6:6.1f} MB" + ("" if plan.seconds else "  built before")
        if plan or terminal:
            start, end = ("\r\033[K", "\n" if plan else "") if terminal else ("", "\n")
            print(start + line, end=end, file=sys.stderr, flush=True)

    out = Path(options.out)
    target = make(options.dream, out, options.library, progress)
    print(f"{out}  {out.stat().st_size / 1e6:.1f} MB  {target}")
    return 0


def info(options) -> int:
    if Path(options.model).suffix == ".show":
        from livedream.shows import show_file

        print(show_file.text(show_file.read(options.model)))
        return 0
    from livedream.dream import info, read

    dream = read.load(options.model)
    print(info.text(dream))
    if options.sheet:
        info.write_contact_sheet(dream, options.sheet)
        print(f"contact sheet: {options.sheet}")
    return 0


def params(options) -> int:
    from livedream.control import addresses
    from livedream.dream import read
    from livedream.parameters import SLOTS, modulator
    from livedream.play import dream_parameters

    if bool(options.layout) != bool(options.out):
        raise UserError("params: --layout KIND and -o FILE go together")
    if options.model and options.model.startswith(("http://", "https://")):
        from livedream.control import running

        parameters = running.parameters(options.model)
    elif options.model or options.layout:
        dream = read.load(options.model or "rainbow.onnx")
        parameters = addresses.with_mix(dream_parameters.of(dream).parameters.values())
        if options.layout:  # `params` tells of the other slots in a line, a tablet wants them
            parameters += tuple(each for n in range(2, SLOTS + 1) for each in modulator(n))
    else:
        parameters = addresses.standard()
    if options.layout:
        from livedream.control import layouts

        layouts.write(options.layout, Path(options.out), parameters)
        print(options.out)
        return 0
    print((addresses.markdown if options.markdown else addresses.text)(parameters))
    return 0


def looks(options) -> int:
    from livedream.look import check, library

    if options.sheet:
        from livedream import sheet
        from livedream.look import header

        sheet.write(options.sheet, [header.read(library.find(each)) for each in options.files] or library.sources())
        print(options.sheet)
        return 0
    if not options.files:
        for source in library.sources():
            print(f"{source.title:14} {source.kind:10}  {source.description}")
        return 0
    shipped = {name: each for each in library.paths() for name in (each.stem, each.name)}
    files = [each if Path(each).exists() else shipped.get(each, each) for each in options.files]
    failed = 0
    for path, wrong in check.check_all(files):
        print(f"FAIL {wrong}" if wrong else f"ok {path}", flush=True)
        failed += wrong is not None
    return 1 if failed else 0


def bench(options) -> int:
    from livedream.bench import measure, report

    def say(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    told = measure.measure(options.model, options.seconds, say, options.baseline)
    print(json.dumps(told, indent=1) if options.json else report.text(told))
    return 1 if any(each["regressed"] for each in told["figures"]) else 0


def doctor(options) -> int:
    from livedream import doctor

    findings = doctor.examine()
    print(json.dumps(doctor.as_json(findings), indent=1) if options.json else doctor.text(findings))
    return 0


class _Parser(argparse.ArgumentParser):
    def error(self, message: str):
        """One line, as everything that a user can mend."""
        self.exit(2, f"{self.prog}: {message} (--help tells more)\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="livedream", description=livedream.__doc__.split("\n")[0])
    parser.add_argument("--version", action="version", version=livedream.__version__)
    verbose = argparse.ArgumentParser(add_help=False)
    verbose.add_argument("-v", "--verbose", action="store_true", help="tell more, and show where a bug is")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(call, help: str) -> argparse.ArgumentParser:
        made = commands.add_parser(call.__name__, help=help, description=help, parents=[verbose])
        made.set_defaults(call=call)
        return made

    play = command(run, "play a dream live")
    play.set_defaults(parser=play)
    play.add_argument(
        "session", nargs="?", type=_session, metavar="FILE.session", help="as it says; options here win over it"
    )
    play.add_argument("--last", action="store_true", help="the session that was played last")
    play.add_argument(
        "--save", type=_session, metavar="FILE.session", help="keep this session there, with its values, as it goes on"
    )
    play.add_argument("--forget", action="store_true", help="--last is not to find this session")
    play.add_argument("--panic", metavar="PRESET", help="its name or number: what master/panic goes to")
    play.add_argument(
        "--model",
        action="append",
        default=[],
        metavar="DREAM",
        help="a file, or a dream that ships; again for a second deck [rainbow.onnx]",
    )
    play.add_argument(
        "--look",
        action="append",
        default=[],
        metavar="FILE.fs",
        help="an ISF shader, or a look that ships, over the picture; again for more",
    )
    play.add_argument("--dreams", metavar="FOLDER", help="whose dreams can be loaded in play, by their names")
    play.add_argument(
        "--out",
        action="append",
        default=[],
        metavar="SINK",
        help="window[:MONITOR], page, FILE.mp4, rtmp://…, none; again for more [window; page without a display]",
    )
    play.add_argument(
        "--recordings", default=".", metavar="FOLDER", help="of recordings and screenshots asked for in play [here]"
    )
    play.add_argument("--presets", metavar="FILE.json", help="of presets [one for each dream, in the user's settings]")
    play.add_argument("--osc", metavar="HOST:PORT", help="where to listen for OSC [127.0.0.1:9000]")
    play.add_argument(
        "--osc-out", action="append", default=[], metavar="HOST:PORT", help="where to send status and feedback"
    )
    play.add_argument(
        "--osc-prefix", default="/livedream", metavar="/PREFIX", help="what all addresses begin with [%(default)s]"
    )
    play.add_argument("--midi", metavar="PORT", help="the controller whose name has this in it; ? lists them")
    play.add_argument(
        "--audio", nargs="?", const="default", metavar="DEVICE|FILE", help="listen to it: a name, a number, or a file"
    )
    play.add_argument("--link", action="store_true", help="the tempo is the one that programs with Ableton Link share")
    play.add_argument("--web", metavar="HOST:PORT|off", help="where to serve the page [127.0.0.1:8808]")
    play.add_argument(
        "--size", type=_size, default=(1280, 720), metavar="WxH", help="of windows and streams [1280x720]"
    )
    play.add_argument("--fps", type=_rate, default=30.0, help="[30]")
    play.add_argument(
        "--device",
        default="auto",
        metavar="NAME",
        help="what runs the dream: auto, cpu, rtx, cuda, webgpu, …; doctor names all [%(default)s]",
    )
    play.add_argument("--seed", type=_seed, default=0, help="of the dream's random numbers [0]")
    play.add_argument("--seconds", type=_positive, metavar="N", help="end after so much")
    play.add_argument(
        "--record", type=_show, metavar="FILE.show", help="keep the show, for `render`; one lies beside every recording"
    )

    bridge = command(midi, "send what a MIDI controller does to any program as OSC; no dream is played")
    bridge.add_argument("--port", default="", metavar="NAME", help="or part of it; ? lists them [the first]")
    bridge.add_argument("--to", default="127.0.0.1:9000", metavar="HOST:PORT", help="where OSC goes [%(default)s]")
    bridge.add_argument("--map", metavar="FILE.json", help="which control has which address, as `run --midi` writes it")
    bridge.add_argument("--prefix", metavar="/…", help="what all addresses begin with [/midi; none with --map]")
    bridge.add_argument("--listen", type=_port, metavar="PORT", help="of OSC that sets the controller's lights")
    bridge.add_argument("--seconds", type=_positive, metavar="N", help="end after so much")

    learn = command(train, "learn a dream from footage")
    learn.add_argument("footage", nargs="+", metavar="FOOTAGE", help="video files and folders, or rainbow-road:")
    learn.add_argument(
        "-o", "--out", required=True, metavar="NAME.onnx", help="the dream; NAME.run/ beside it takes the pictures"
    )
    learn.add_argument("--size", default="256", metavar="N|WxH", help="N² pixels in the footage's aspect [%(default)s]")
    learn.add_argument("--minutes", type=_positive, default=30.0, help="of wall clock, for everything [30]")
    learn.add_argument(
        "--memories", type=int, metavar="N", help="of the footage's frames, at most; 0: none [as many as fit]"
    )
    learn.add_argument("--megabytes", type=_positive, default=0.0, metavar="N", help="of the dream file [30 to 100]")
    learn.add_argument(
        "--tier", choices=("live", "large"), default="live", help="live: for any machine, large: for graphics cards"
    )
    learn.add_argument("--device", default="auto", help="auto, cpu or cuda [%(default)s]")
    learn.add_argument("--resume", action="store_true", help="go on from NAME.run/; the minutes so far count")
    learn.add_argument("--seed", type=_seed, default=0, help="[0]")
    learn.add_argument("--title", default="", help="[NAME]")
    learn.add_argument("--licence", default="", help="of the footage, kept in the dream")
    learn.add_argument(
        "--preview",
        type=_served,
        nargs="?",
        const=(),
        metavar="HOST:PORT",
        help="a page to watch it on, as it learns [127.0.0.1:8809]",
    )

    made = command(export, "make the dream of a training run's checkpoint")
    made.add_argument("checkpoint", metavar="CHECKPOINT", help="NAME.run/checkpoint.pt")
    made.add_argument("-o", "--out", required=True, metavar="NAME.onnx")

    draw = command(render, "draw a show or a dream to a file, not in real time")
    draw.add_argument("model", metavar="SHOW|MODEL", help="what --record kept, or a dream that nobody touches")
    draw.add_argument(
        "-o",
        "--out",
        required=True,
        metavar="OUT.mp4",
        help="a file as after run --out: .mp4, .mkv or .mov#codec=…, or NAME-%%06d.png for pictures",
    )
    draw.add_argument("--look", action="append", default=[], metavar="FILE.fs", help="over the picture; again for more")
    draw.add_argument("--seconds", type=_positive, help="[10; all of a show]")
    draw.add_argument("--size", type=_size, metavar="WxH", help="[the dream's; the show's]")
    draw.add_argument("--fps", type=_rate, help="[30; the show's]")
    draw.add_argument("--seed", type=_seed, help="of a dream [0]")
    draw.add_argument("--device", metavar="NAME", help="what draws, as of run [cpu; what drew the show]")

    judge = command(evaluate, "the quality figures of a dream beside its footage")
    judge.add_argument("model", metavar="MODEL")
    judge.add_argument("--footage", nargs="+", required=True, metavar="CLIP")
    judge.add_argument("--minutes", type=_positive, default=60.0, help="to dream for each seed [60]")
    judge.add_argument("--seeds", type=int, default=3, help="how many [3]")
    judge.add_argument("--picture", type=Path, metavar="FILE.jpg", help="write footage, drawn and dreamt side by side")
    judge.add_argument("--json", action="store_true")

    built = command(engine, "build a dream's TensorRT plans")
    built.add_argument("dream", metavar="DREAM", help="a file, or a dream that ships")
    built.add_argument("-o", "--out", required=True, metavar="NAME.engine")
    built.add_argument(
        "--library",
        choices=("auto", "rtx", "tensorrt"),
        default="auto",
        help="rtx builds for RTX 30, 40 and 50 on any machine, tensorrt for this machine's card [%(default)s]",
    )

    tell = command(info, "what a dream file, or a show, holds")
    tell.add_argument("model", metavar="MODEL|SHOW")
    tell.add_argument("--sheet", metavar="OUT.jpg", help="draw its scenes as a contact sheet")

    table = command(params, "every address that OSC can move")
    table.add_argument(
        "model", nargs="?", metavar="MODEL|PAGE", help="with what this dream brings; all of the show whose page it is"
    )
    table.add_argument("--markdown", action="store_true")
    table.add_argument(
        "--layout",
        choices=("touchosc", "open-stage-control"),
        help="make a tablet's pages of them, into -o FILE [of rainbow.onnx]",
    )
    table.add_argument("-o", "--out", metavar="FILE", help="FILE.tosc, FILE.json")

    seen = command(looks, "the looks that ship, or whether a shader works here")
    seen.add_argument(
        "files", nargs="*", metavar="FILE", help="ISF shaders to compile and draw, or names of those that ship"
    )
    seen.add_argument("--sheet", metavar="OUT.jpg", help="draw them over a dream as a contact sheet")

    measure = command(bench, "measure a dream on this machine")
    measure.add_argument("model", nargs="?", default="rainbow.onnx", metavar="MODEL")
    measure.add_argument("--seconds", type=_positive, default=8.0, help="for each figure [8]")
    measure.add_argument("--json", action="store_true")
    measure.add_argument("--baseline", metavar="FILE", help="compare with what --json printed here; 1 when it is worse")

    examine = command(doctor, "what this machine offers, and how to get what is missing")
    examine.add_argument("--json", action="store_true")
    return parser


def _size(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d+)x(\d+)", text)
    if not match or not all(16 <= int(side) <= 8192 for side in match.groups()):
        raise argparse.ArgumentTypeError(f"{text}: should be WIDTHxHEIGHT, 16 to 8192 each, such as 1280x720")
    return int(match[1]), int(match[2])


def _number(text: str, low: float, high: float, what: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not low <= value <= high:
        raise argparse.ArgumentTypeError(f"{text}: should be {what}")
    return value


def _port(text: str) -> int:
    return int(_number(text, 1, 65535, "a port, 1 to 65535"))


def _rate(text: str) -> float:
    return _number(text, 1, 240, "frames a second, 1 to 240")


def _positive(text: str) -> float:
    return _number(text, 1e-3, 1e9, "a number above 0")


def _show(text: str) -> str:
    if Path(text).suffix != ".show":
        raise argparse.ArgumentTypeError(f"{text}: a show's file ends in .show")
    return text


def _session(text: str) -> str:
    if Path(text).suffix != ".session":
        raise argparse.ArgumentTypeError(f"{text}: a session's file ends in .session; --model {text} plays a dream")
    return text


def _seed(text: str) -> int:
    what = "a whole number from 0 to 16777215"
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text}: should be {what}")
    return int(_number(text, 0, 16777215, what))


def _place(text: str | None, option: str) -> tuple[str, int] | None:
    from livedream.control.osc_address import host_port

    return host_port(text, option) if text else None


def _served(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit():
        what = "HOST:PORT, as in 127.0.0.1:8809; footage is named before --preview"
        raise argparse.ArgumentTypeError(f"{text}: should be {what}")
    return host.strip("[]"), _port(port)


def _midi_ports() -> int:
    from livedream.control import midi_port

    print(midi_port.ports_line(midi_port.names()))
    return 0


def _need(module: str, what: str, extra: str) -> None:
    import importlib.util

    if importlib.util.find_spec(module) is None:
        raise UserError(f"{what} needs {module}: pip install 'livedream[{extra}]'")


if __name__ == "__main__":
    sys.exit(main())
