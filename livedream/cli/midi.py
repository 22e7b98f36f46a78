"""`livedream midi`: a MIDI-to-OSC bridge."""

import argparse
import threading

from livedream.cli.parser import Parser, need
from livedream.session import parsing


def add_arguments(parser: Parser) -> None:
    """Declare what the command takes."""
    add = parser.add_argument
    add("--port", default="", metavar="NAME", help="MIDI port whose name contains this; ? lists them [the first]")
    add(
        "--to",
        type=parsing.address,
        default=("127.0.0.1", 9000),
        metavar="HOST:PORT",
        help="address that OSC is sent to [127.0.0.1:9000]",
    )
    add(
        "--map",
        type=parsing.path,
        metavar="FILE.json",
        help="file that maps controls to addresses, as `livedream run --midi` writes it",
    )
    add("--prefix", metavar="/…", help="beginning of every OSC address [/midi; none with --map]")
    add("--listen", type=parsing.port, metavar="PORT", help="port for OSC that sets the controller's lights")
    add("--seconds", type=parsing.positive, metavar="N", help="stop after this many seconds")


def call(options: argparse.Namespace) -> int:
    """Send OSC until the user ends it."""
    for module in ("rtmidi", "mido"):
        need(module, "MIDI", "midi")
    if options.port == "?":
        from livedream.control.midi import port

        print(port.ports_line(port.names()))
        return 0
    from livedream.control.midi.bridge import Bridge

    bridge = Bridge(
        options.port,
        options.to,
        options.map,
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
