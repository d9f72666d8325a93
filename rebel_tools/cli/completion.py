"""`rebel completion SHELL`: completion scripts for shells, and the targets that they complete."""

from __future__ import annotations

import optparse
import re
from typing import TYPE_CHECKING

from rebel_tools.cli.described import Option, Program, described

if TYPE_CHECKING:
    from argparse import Namespace

    from rebel_tools.cli.parser import Commands

SHELLS = ("bash", "zsh", "fish")
TARGETS = "targets"
OF_TARGETS = ("build", "watch", "clean")
OF_SCONS = (*OF_TARGETS, "check", "scons")

_PLAIN = re.compile(r"[\w.][\w.-]*")  # names without special characters for any shell


def configure_parser(commands: Commands) -> None:
    parser = commands.add_parser(
        "completion",
        help="print a completion script for bash, zsh or fish",
        description="Print a script that completes the words of rebel and symbol-audit: for bash to be sourced "
        "(. <(rebel completion bash)), for zsh as the file _rebel in a folder of $fpath, for fish as "
        "~/.config/fish/completions/rebel.fish. With `targets`: print the targets of the project.",
        allow_abbrev=False,
    )
    parser.add_argument("shell", metavar="SHELL", choices=(*SHELLS, TARGETS), help="bash, zsh, fish, or targets")
    parser.set_defaults(execute=execute, takes_scons_arguments=False)


def execute(args: Namespace) -> int:
    if args.shell == TARGETS:
        print("\n".join(targets()))
        return 0
    from rebel_tools.cli import shells

    rebel, *others = programs()
    more = {name: scons_options() for name in OF_SCONS}
    commands = tuple(each._replace(options=each.options + more.get(each.name, ())) for each in rebel.commands)
    print(getattr(shells, args.shell)([rebel._replace(commands=commands), *others], OF_TARGETS), end="")
    return 0


def programs() -> list[Program]:
    """The commands, as described by their parsers."""
    from rebel_tools.cli import rebel_commands, symbol_audit_commands

    return [described(rebel_commands.parser()), described(symbol_audit_commands.parser(()))]


def scons_options() -> tuple[Option, ...]:
    """The options of the installed SCons itself."""
    from rebel_tools.scons.compat import own_options

    known = own_options("")
    every = [option for group in (known, *known.option_groups) for option in group.option_list]
    shown = (option for option in every if option.help and option.help != optparse.SUPPRESS_HELP)
    return tuple(_option(option) for option in shown if "--help" not in option._long_opts)


def _option(option: optparse.Option) -> Option:
    text = " ".join((option.help or "").partition("\n")[0].split())
    return Option((*option._short_opts, *option._long_opts), option.metavar or "" if option.nargs else "", text)


def targets() -> list[str]:
    """The names of the project's targets; none if the project cannot be read: a completion must not print errors."""
    from rebel_tools.errors import RebelError
    from rebel_tools.project import load_project
    from rebel_tools.sconstruct import project_folder

    folder = project_folder()
    try:
        project = load_project(folder) if folder else None
    except RebelError:
        project = None
    names = [target.name for target in (*project.targets, *project.check)] if project else []
    return [name for name in names if _PLAIN.fullmatch(name)]
