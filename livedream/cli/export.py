"""`livedream export`: make a dream from the checkpoint of a training run."""

import argparse

from livedream.cli.parser import Parser, need


def add_arguments(parser: Parser) -> None:
    """Declare what the command takes."""
    parser.add_argument("checkpoint", metavar="CHECKPOINT", help="NAME.run/checkpoint.pt of a training run")
    parser.add_argument("-o", "--out", required=True, metavar="NAME.onnx", help="dream file to write")


def call(options: argparse.Namespace) -> int:
    """Write the dream, and print its path."""
    need("torch", "exporting", "train")
    from livedream_export.export import export_checkpoint

    print(export_checkpoint(options.checkpoint, options.out))
    return 0
