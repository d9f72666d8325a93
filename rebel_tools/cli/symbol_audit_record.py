"""`symbol-audit record`: the interface that a library has today."""

from __future__ import annotations

import argparse
import sys

from rebel_tools.errors import Place, RebelError

HELP = "write the interface of a library, from its exports and its debug information"


def configure_parser(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("library", metavar="LIBRARY", help="an ELF or PE library with DWARF debug information")
    parser.add_argument("-o", "--output", required=True, metavar="FILE", help="the interface file to write")
    parser.add_argument("--only", action="append", default=[], metavar="PATTERN", help="record these exports only")
    parser.add_argument("--partial", action="store_true", help="leave out exports that have no debug information")


def execute(args: argparse.Namespace) -> int:
    """Write the file; 1 and no file when exports are not described and --partial does not allow that."""
    from rebel_tools.interface.file import write_interface
    from rebel_tools.producers.record import record

    recording = record(args.library, tuple(args.only))
    symbols = recording.interface.symbols
    for name in recording.undescribed:
        print(f"{args.library}: {name} has no declaration in the debug information", file=sys.stderr)
    if recording.undescribed and not args.partial:
        print("nothing was written; compile with -g, or use --partial or --only", file=sys.stderr)
        return 1
    if not symbols:
        raise RebelError("there is nothing to record", place=Place(args.library), expected="exports with DWARF")
    write_interface(recording.interface, args.output)
    print(f"{args.output}: {len(symbols)} symbols of {args.library}, digest {recording.interface.digest[:16]}")
    return 0
