"""`livedream doctor`: show what this machine offers, and how to get what is missing."""

import argparse
import json

from livedream.cli.parser import Parser


def add_arguments(parser: Parser) -> None:
    """Declare what the command takes."""
    parser.add_argument("--json", action="store_true", help="print JSON")


def call(options: argparse.Namespace) -> int:
    """Print the findings."""
    from livedream import doctor

    findings = doctor.examine()
    print(json.dumps(doctor.to_json(findings), indent=1) if options.json else doctor.text(findings))
    return 0
