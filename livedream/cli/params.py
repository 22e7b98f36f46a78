"""`livedream params`: list every OSC address, or write a tablet layout."""

import argparse
from pathlib import Path

from livedream import UserError
from livedream.cli.parser import Parser
from livedream.session import parsing
from livedream.session.run_options import OPTIONS


def add_arguments(parser: Parser) -> None:
    """Declare what the command takes."""
    add = parser.add_argument
    add(
        "model",
        nargs="?",
        metavar="DREAM|PAGE",
        help="add the parameters of this dream or effect, or list those of the running session with this page address",
    )
    add("--markdown", action="store_true", help="print a Markdown table")
    add(
        "--layout",
        type=parsing.choice("touchosc", "open-stage-control"),
        metavar="touchosc|open-stage-control",
        help="write a tablet layout to the file of -o [of rainbow.onnx]",
    )
    add("-o", "--out", type=Path, metavar="FILE", help="layout file: FILE.tosc or FILE.json")
    prefix = OPTIONS["osc_prefix"]
    add(
        prefix.flag,
        default=prefix.default,
        metavar=prefix.metavar,
        help=f"beginning of every OSC address, as for `run` [{prefix.default}]",
    )


def call(options: argparse.Namespace) -> int:
    """Print the addresses, or write the layout and print its path."""
    from livedream.control import addresses
    from livedream.control.osc_address import normal_prefix
    from livedream.dream import read
    from livedream.parameters import SLOTS, modulator, with_elements
    from livedream.play import dream_parameters

    if bool(options.layout) != bool(options.out):
        raise UserError("params: --layout KIND and -o FILE go together")
    prefix = normal_prefix(options.osc_prefix)
    if options.model and options.model.startswith(("http://", "https://")):
        from livedream.control import running

        parameters = tuple(running.parameters(options.model))
    elif options.model or options.layout:
        dream = read.load(options.model or "rainbow.onnx")
        if dream.is_effect:
            from livedream.effect import slot

            own = with_elements(slot.parameters(dream, 1))
        else:
            own = tuple(dream_parameters.of(dream).parameters.values())
        parameters = addresses.with_mix(own)
        if options.layout:  # the list mentions the other slots in a line, a tablet needs each of them
            parameters += tuple(each for n in range(2, SLOTS + 1) for each in modulator(n))
    else:
        parameters = addresses.standard()
    if options.layout:
        from livedream.control import layouts

        layouts.write(options.layout, options.out, parameters, prefix)
        print(options.out)
        return 0
    print((addresses.markdown if options.markdown else addresses.text)(parameters, prefix))
    return 0
