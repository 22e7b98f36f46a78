"""The page of the documentation that lists every command: `python -m livedream.cli.reference > docs/commands.md`."""

import argparse

from livedream.cli import COMMANDS, parser_of

HEAD = """# Every command

`livedream COMMAND --help` prints the same. Defaults are in brackets. Every command takes `--verbose`, which prints more
and shows where a bug is; `livedream --version` prints the version. Exit codes: 0 done, 1 failed part-way, 2 wrong usage
or input, 3 a bug of ours.
"""


def markdown() -> str:
    """Return the page."""
    return "\n".join([HEAD, *("\n".join(_command(each)) for each in COMMANDS)])


def _command(name: str) -> list[str]:
    parser = parser_of(name)
    lines = [f"## {name}", "", f"{COMMANDS[name][0].upper()}{COMMANDS[name][1:]}.", ""]
    for group, actions in parser.actions.items():
        listed = [each for each in actions if not {"--help", "--verbose"} & {*each.option_strings}]
        if not listed:
            continue
        lines += [f"| {group or 'argument'} | |", "|---|---|"]
        lines += [f"| {_usage(each)} | {(each.help or '').replace('%%', '%')} |" for each in listed]
        lines.append("")
    if parser.epilog:
        lines += ["```sh", *(line.strip() for line in parser.epilog.splitlines() if line.startswith("  ")), "```", ""]
    return lines


def _usage(action: argparse.Action) -> str:
    """Return an argument as it is typed, with its value, as Markdown code: "--audio [DEVICE|FILE]"."""
    metavar = action.metavar if isinstance(action.metavar, str) else ""
    value = f"[{metavar}]" if metavar and action.nargs == "?" else metavar
    usage = " ".join(filter(None, (", ".join(action.option_strings), value)))
    if "|" in usage:  # would end the cell
        return f"<code>{usage.replace('|', '&#124;')}</code>"
    return f"`{usage}`"


if __name__ == "__main__":
    print(markdown(), end="")
