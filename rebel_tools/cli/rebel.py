"""The command `rebel`: one module per subcommand, each with `configure_parser` and `execute`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

import rebel_tools
from rebel_tools.cli import build, clean, doctor, new, sconstruct, watch
from rebel_tools.errors import RebelError

COMMANDS = (build, watch, clean, doctor, new, sconstruct)


def main(argv: Sequence[str] | None = None) -> int:
    """Run `rebel argv`; 0 when all went well, 1 after an error, 2 for a wrong command line."""
    parser = _parser()
    words = list(sys.argv[1:] if argv is None else argv) or ["build"]
    args, rest = parser.parse_known_args(words)
    if rest and not args.takes_scons_arguments:
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    args.scons_arguments = rest
    try:
        return args.execute(args)
    except RebelError as error:
        print(f"rebel: error: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="rebel",
        description="Build OCaml and Reason packages with SCons.",
        epilog="Without a command: build. The project is the package.json of the current folder.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"rebel {rebel_tools.__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.configure_parser(commands)
    return parser
