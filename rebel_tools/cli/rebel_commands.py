"""The subcommands of `rebel`: one module per subcommand, each with `configure_parser` and `execute`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING

import rebel_tools
from rebel_tools.errors import RebelError

if TYPE_CHECKING:
    from rebel_tools.cli.parser import CommandParser

COMMANDS = (
    "build",
    "check",
    "scons",
    "watch",
    "test",
    "promote",
    "clean",
    "install",
    "opam",
    "exec",
    "top",
    "doc",
    "fmt",
    "describe",
    "graph",
    "why",
    "doctor",
    "new",
    "server",
    "cache",
    "sconstruct",
    "ocaml_merlin",
    "completion",
    "manual",
)
ALIASES = {"run": "exec"}
_FOR_SCONS = ("build", "scons")
_FOR_PROGRAMS = ("exec", "top")
_HELP = ("-h", "--help")
_OWN = (*_HELP, "--version")
EXIT_STATUS = (
    "Exit status: 0 on success; 1 for an error of the system, and for doctor if something is missing; "
    "2 if a step failed, for an error in package.json, and for a wrong command line; 128 + the number of a signal, "
    "or that signal itself, when interrupted."
)


def main(words: Sequence[str]) -> int:
    """Run `rebel words`; return 0 on success, 2 for a wrong command line. Errors: RebelError."""
    words = list(words) or ["build"]
    if words[0].startswith("-") and words[0] not in _OWN:
        words = ["build", *words]
    words[0] = ALIASES.get(words[0], words[0])
    _check_folder()
    asks_for_help = not set(_HELP).isdisjoint(words[: words.index("--")] if "--" in words else words)
    if words[0] in (*_FOR_SCONS, *_FOR_PROGRAMS) and not asks_for_help:
        # Not parsed with argparse: that takes time, and the words are for scons or for a program.
        return int(import_module(f"rebel_tools.cli.{words[0]}").run(words[1:]))
    return _parse_and_execute(words)


def _check_folder() -> None:
    try:
        os.getcwd()
    except OSError as error:
        raise RebelError(f"the current folder cannot be used: {error.strerror}", hint="cd to another one") from None


def _parse_and_execute(words: list[str]) -> int:
    from rebel_tools.cli.parser import check_command

    check_command("rebel", words, (*(name.replace("_", "-") for name in COMMANDS), *ALIASES))
    whole = parser()
    args, rest = whole.parse_known_args(words)
    if rest and not args.takes_scons_arguments:
        whole.error(f"unrecognized arguments: {' '.join(rest)}")
    args.scons_arguments = [*(getattr(args, "presentation", None) or []), *rest]
    return int(args.execute(args))


def parser() -> CommandParser:
    """The parser of the whole command line."""
    from rebel_tools.cli.parser import CommandParser, subparsers  # imported late: a build does not need it

    found = CommandParser(
        prog="rebel",
        description="Build OCaml and Reason packages with SCons.",
        epilog="Without a command: build. The project is the package.json in the current or a parent folder. "
        + EXIT_STATUS,
        allow_abbrev=False,
    )
    found.add_argument("--version", action="version", version=f"rebel {rebel_tools.__version__}")
    commands = found.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in COMMANDS:
        import_module(f"rebel_tools.cli.{command}").configure_parser(commands)
    for each in subparsers(found).values():
        each.epilog = each.epilog or EXIT_STATUS
    return found
