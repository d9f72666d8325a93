"""The options and subcommands of a parser as plain data, for completions and manual pages."""

from __future__ import annotations

import argparse
from typing import NamedTuple

from rebel_tools.cli.parser import subparsers


class Option(NamedTuple):
    """names: such as `-o`, `--output`; value: the placeholder of its value in help, '' for a flag."""

    names: tuple[str, ...]
    value: str
    help: str
    choices: tuple[str, ...] = ()


class Command(NamedTuple):
    """A subcommand. arguments: placeholders of its positional arguments; choices: possible values of the first one."""

    name: str
    usage: str
    help: str
    description: str
    options: tuple[Option, ...]
    choices: tuple[str, ...] = ()
    arguments: tuple[Option, ...] = ()


class Program(NamedTuple):
    name: str
    description: str
    epilog: str
    options: tuple[Option, ...]
    commands: tuple[Command, ...]


def described(parser: argparse.ArgumentParser) -> Program:
    """The description of a program from its parser."""
    helps = {
        action.dest: action.help or ""
        for group in parser._actions
        if isinstance(group, argparse._SubParsersAction)
        for action in group._choices_actions
    }
    commands = tuple(_command(name, each, helps.get(name, "")) for name, each in subparsers(parser).items())
    return Program(parser.prog, parser.description or "", parser.epilog or "", _options(parser), commands)


def _command(name: str, parser: argparse.ArgumentParser, text: str) -> Command:
    words = [action for action in parser._actions if not action.option_strings]
    choices = tuple(str(choice) for choice in words[0].choices or ()) if words else ()
    usage = " ".join(parser.format_usage().partition(": ")[2].split())
    return Command(name, usage, text, parser.description or "", _options(parser), choices, tuple(map(_option, words)))


def _options(parser: argparse.ArgumentParser) -> tuple[Option, ...]:
    shown = (a for a in parser._actions if a.option_strings and a.help != argparse.SUPPRESS)
    return tuple(map(_option, shown))


def _option(action: argparse.Action) -> Option:
    metavar = action.metavar if isinstance(action.metavar, str) else (action.dest or "").upper()
    choices = tuple(str(choice) for choice in action.choices or ())
    value = "" if action.nargs == 0 else metavar
    text = (action.help or "") % {"default": action.default, "prog": ""} if "%(" in (action.help or "") else action.help
    return Option(tuple(action.option_strings), value, (text or "").replace("%%", "%"), choices)
