"""The command `symbol-audit`: what shared libraries export, and whether they keep their interfaces.

Exit status: 0 clean, 1 findings, 2 wrong command line, 3 a file cannot be read or checked, 4 a diff without types.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence

import rebel_tools
from rebel_tools.errors import RebelError

COMMANDS = ("exports", "check", "diff", "record", "show")
CLEAN, FINDINGS, USAGE, UNREADABLE = 0, 1, 2, 3


def main(argv: Sequence[str] | None = None) -> int:
    """Run `symbol-audit argv` and return the exit status."""
    words = list(sys.argv[1:] if argv is None else argv)
    args = _parser(words).parse_args(words)
    try:
        status = args.execute(args)
        sys.stdout.flush()
        return status
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # so that the interpreter's exit stays silent
        return CLEAN
    except RebelError as error:
        print(f"symbol-audit: error: {error}", file=sys.stderr)
        return UNREADABLE


def _parser(words: Sequence[str]) -> argparse.ArgumentParser:
    """The parser; only the modules that this command line can need are imported."""
    parser = argparse.ArgumentParser(prog="symbol-audit", description=__doc__.splitlines()[0].partition(": ")[2])
    parser.add_argument("--version", action="version", version=f"%(prog)s {rebel_tools.__version__}")
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND")
    chosen = [name for name in COMMANDS if name in words[:1]] or COMMANDS
    for name in chosen:
        command = importlib.import_module(f"rebel_tools.cli.symbol_audit_{name}")
        subparser = subparsers.add_parser(name, help=command.HELP, description=command.HELP)
        command.configure_parser(subparser)
        subparser.set_defaults(execute=command.execute)
    return parser


if __name__ == "__main__":
    sys.exit(main())
