"""`rebel manual`: the manual pages of the commands, in the format of man(7)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

import rebel_tools
from rebel_tools.cli.completion import programs
from rebel_tools.cli.described import Command, Option, Program

if TYPE_CHECKING:
    from argparse import Namespace

    from rebel_tools.cli.parser import Commands

NAMES = ("rebel", "symbol-audit")


def configure_parser(commands: Commands) -> None:
    parser = commands.add_parser(
        "manual",
        help="print a manual page",
        description="Print the manual page of rebel or of symbol-audit, for man: rebel manual | man -l -, or as a file "
        "rebel.1 in ~/.local/share/man/man1.",
        allow_abbrev=False,
    )
    parser.add_argument("name", metavar="NAME", nargs="?", default="rebel", choices=NAMES, help="rebel or symbol-audit")
    parser.set_defaults(execute=execute, takes_scons_arguments=False)


def execute(args: Namespace) -> int:
    print(page(next(program for program in programs() if program.name == args.name)), end="")
    return 0


def page(program: Program) -> str:
    """The manual page of a program, in section 1."""
    first = program.description.partition(". ")[0].rstrip(".")
    lines = [
        f'.TH {program.name.upper()} 1 "" "rebel-tools {rebel_tools.__version__}"',
        ".SH NAME",
        f"{_text(program.name)} \\- {_text(first[:1].lower() + first[1:])}",
        ".SH SYNOPSIS",
        f".B {_text(program.name)}\n.I COMMAND\n[\\fIARGUMENT\\fR ...]",
        ".SH DESCRIPTION",
        _text(program.description),
        *_options(program.options),
        ".SH COMMANDS",
    ]
    for command in program.commands:
        lines += _command(command)
    lines += [".SH NOTES", _text(program.epilog), ".SH SEE ALSO", ".BR scons (1)"]
    return "\n".join(lines) + "\n"


def _command(command: Command) -> Iterable[str]:
    yield f".SS {_text(command.usage)}"
    yield _text(command.description or command.help)
    for argument in command.arguments:
        yield f".TP\n.I {_text(argument.value)}\n{_text(argument.help)}"
    yield from _options(command.options)


def _options(options: Iterable[Option]) -> Iterable[str]:
    for option in options:
        value = f" \\fI{_text(option.value)}\\fR" if option.value else ""
        names = ", ".join(f"\\fB{_text(name)}\\fR" for name in option.names)
        yield f".TP\n{names}{value}\n{_text(option.help)}"


def _text(text: str) -> str:
    """Text that man shows literally: special characters and requests at the start of a line are escaped (groff(7))."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace("`", "\\(ga")
    return re.sub(r"^\.", r"\\&.", " ".join(text.split()), flags=re.MULTILINE)
