"""The subcommands of `symbol-audit`: what shared libraries export, and whether they keep their interfaces.

Exit status: 0 clean, 1 findings, 2 wrong command line, 3 a file cannot be read or checked, 4 a diff without types.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence

import rebel_tools
from rebel_tools.cli.parser import CommandParser, check_command, subparsers

COMMANDS = ("exports", "check", "diff", "record", "show")


def main(words: Sequence[str]) -> int:
    """Run `symbol-audit words`; the exit status. Errors: RebelError."""
    check_command("symbol-audit", words, COMMANDS)
    args = parser(words).parse_args(words)
    return int(args.execute(args))


def parser(words: Sequence[str]) -> CommandParser:
    """The parser; imports only the modules that this command line can need."""
    first, _, exit_status = (__doc__ or "").partition("\n\n")
    about, exit_status = first.partition(": ")[2], exit_status.strip()
    found = CommandParser(prog="symbol-audit", description=about[0].upper() + about[1:], epilog=exit_status)
    found.add_argument("--version", action="version", version=f"%(prog)s {rebel_tools.__version__}")
    commands = found.add_subparsers(prog=found.prog, required=True, metavar="COMMAND")
    chosen = [name for name in COMMANDS if name in words[:1]] or COMMANDS
    for name in chosen:
        command = importlib.import_module(f"rebel_tools.cli.symbol_audit_{name}")
        command.configure_parser(commands)
    for each in subparsers(found).values():
        each.epilog = " ".join(filter(None, (each.epilog, exit_status)))
    return found
