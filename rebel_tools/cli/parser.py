"""The command lines of `rebel` and `symbol-audit`; errors suggest what was probably meant."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, NoReturn

from rebel_tools.errors import RebelError
from rebel_tools.nearest import did_you_mean
from rebel_tools.presentation import EXPLAIN, JSON, VERBOSE
from rebel_tools.text import quote

WRONG = 2  # the exit status for a wrong command line
_UNKNOWN = "unrecognized arguments: "

if TYPE_CHECKING:
    # What ArgumentParser.add_subparsers() returns, which has no public name.
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


class CommandParser(argparse.ArgumentParser):
    """A parser whose errors have the form of a RebelError, with a hint."""

    def error(self, message: str) -> NoReturn:
        hint = None
        if message.startswith(_UNKNOWN):
            first = message[len(_UNKNOWN) :].partition(" ")[0].partition("=")[0]
            hint = did_you_mean(first, options(self)) if first.startswith("--") else None
        _print_error(self.prog, message, hint or f"{self.prog} --help")
        sys.exit(WRONG)


def check_command(prog: str, words: Iterable[str], commands: Iterable[str]) -> None:
    """End the process if the first of `words` is neither an option nor one of the `commands` of the program `prog`."""
    first = next(iter(words), "-")
    names = sorted(commands)
    if not first.startswith("-") and first not in names:
        hint = did_you_mean(first, names) or f"{prog} --help"
        _print_error(prog, f"there is no command {quote(first)}", hint, expected=f"one of {', '.join(names)}")
        sys.exit(WRONG)


def _print_error(prog: str, message: str, hint: str, expected: str | None = None) -> None:
    print(f"{prog.split()[0]}: error: {RebelError(message, expected=expected, hint=hint)}", file=sys.stderr)


def add_build_command(
    commands: Commands, name: str, execute: Callable[[argparse.Namespace], int], words: str, help: str, description: str
) -> None:
    """Add a subcommand that builds: it accepts options of scons, and options about how the build is reported.

    words: its arguments, for the usage.
    """
    usage = f"rebel {name} {words}"
    parser = commands.add_parser(name, usage=usage, help=help, description=description, allow_abbrev=False)
    _add_presentation(parser)
    parser.set_defaults(execute=execute, takes_scons_arguments=True)


def _add_presentation(parser: argparse.ArgumentParser) -> None:
    """Add the options about how a build is reported, which are passed on with those of scons."""
    texts = {
        VERBOSE: "print whole commands, and all messages of SCons",
        EXPLAIN: "print why SCons has to run, and why each step runs",
        JSON: "print events for programs, one JSON object per line",
    }
    for name, text in texts.items():
        parser.add_argument(name, action="append_const", const=name, dest="presentation", help=text)


def subparsers(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """The parsers of the subcommands, by name, in the order in which they are listed."""
    found: dict[str, argparse.ArgumentParser] = {}
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            found.update(action.choices)
    return found


def options(parser: argparse.ArgumentParser) -> Iterator[str]:
    """All long options of a parser and of its subcommands."""
    for each in (parser, *subparsers(parser).values()):
        yield from (word for action in each._actions for word in action.option_strings if word.startswith("--"))
