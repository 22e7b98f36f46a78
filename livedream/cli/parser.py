"""The parser of a command: grouped help, one-line errors, and suggestions for mistyped options."""

import argparse
import importlib.util
import sys
from collections.abc import Callable, Iterable
from typing import Any, NoReturn

from livedream import UserError, did_you_mean


class Parser(argparse.ArgumentParser):
    """An ArgumentParser whose errors are one line each.

    Attributes:
        actions: Every argument, by its group in the help. "" is argparse's own group.
    """

    def __init__(self, **settings: Any):
        self.actions: dict[str, list[argparse.Action]] = {}
        self._adders: dict[str, Callable[..., argparse.Action]] = {}
        super().__init__(formatter_class=argparse.RawDescriptionHelpFormatter, **settings)

    def add_argument(self, *names: str, group: str = "", **settings: Any) -> argparse.Action:
        """Add an argument, to the group of that title. `type` may raise UserError."""
        if "type" in settings:
            settings["type"] = _for_argparse(settings["type"])
        if group and group not in self._adders:
            self._adders[group] = self.add_argument_group(group).add_argument
        add = self._adders[group] if group else super().add_argument
        action = add(*names, **settings)
        self.actions.setdefault(group, []).append(action)
        return action

    def parse_args(self, args: Iterable[str] | None = None, namespace: Any = None) -> Any:
        """Return the namespace. Exits with 2 and a line if there is an argument that the command does not take."""
        given = sys.argv[1:] if args is None else list(args)
        flags = [flag for group in self.actions.values() for each in group for flag in each.option_strings]
        options = given[: given.index("--")] if "--" in given else given
        for each in options:  # before argparse, which would take the option's value for a positional argument
            name = each.partition("=")[0]
            if name.startswith("--") and not any(flag.startswith(name) for flag in flags):
                self.error(f"{name}: no such option{did_you_mean(name, flags)}")
        any_number = any(each.nargs == "*" for group in self.actions.values() for each in group)
        parse = self.parse_known_intermixed_args if any_number else self.parse_known_args  # files behind options too
        found, extra = parse(given, namespace)
        if extra:
            self.error(f"{' '.join(extra)}: no such argument")
        return found

    def error(self, message: str) -> NoReturn:
        """Exit with 2 and one line, as everything that a user can mend."""
        self.exit(2, f"{self.prog}: {message} (--help tells more)\n")


def need(module: str, what: str, extra: str) -> None:
    """Raise UserError if a package is missing that one of livedream's extras brings."""
    if importlib.util.find_spec(module) is None:
        raise UserError(f"{what} needs {module}: pip install 'livedream[{extra}]'")


def _for_argparse(parse: Callable[[str], Any]) -> Callable[[str], Any]:
    def checked(text: str) -> Any:
        try:
            return parse(text)
        except UserError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    checked.__name__ = getattr(parse, "__name__", "value")  # argparse names it in its own errors
    return checked
