"""`symbol-audit record`: writes the interface of a library, or of a header."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rebel_tools.cli.symbol_audit_paths import add_debug_options, add_headers, add_patterns, debug_path_of
from rebel_tools.errors import Place, RebelError
from rebel_tools.text import printable

if TYPE_CHECKING:
    from rebel_tools.cli.parser import Commands
    from rebel_tools.interface.model import Interface
    from rebel_tools.producers.record import Recording

HELP = "write the interface of a library, from its exports and its debug information, or of a header"
EPILOG = """\
With --header the words behind -- are a compiler and its flags, or flags for $CC ($CXX for C++; default: gcc, g++):
symbol-audit record --header core.h -o core.interface -- clang -Iinclude
"""


def configure_parser(commands: Commands) -> None:
    parser = commands.add_parser("record", help=HELP, description=HELP, epilog=EPILOG)
    parser.add_argument("words", nargs="*", metavar="LIBRARY", help="an ELF or PE library with DWARF debug information")
    parser.add_argument("-o", "--output", required=True, metavar="FILE", help="the interface file to write")
    kinds = "a pickle, or text for reviews and version control; all commands read both"
    parser.add_argument("--format", choices=("pickle", "text"), default="pickle", help=kinds)
    add_patterns(parser, "--only", "record these exports only")
    parser.add_argument("--partial", action="store_true", help="leave out exports that have no debug information")
    add_headers(parser, "")
    add_debug_options(parser)
    header = parser.add_argument_group("headers")
    header.add_argument("--header", action="append", default=[], metavar="FILE", help="a header, or a Python file")
    header.add_argument("--language", choices=("c", "c++", "python"), help="of the headers (default: by suffix)")
    add_patterns(header, "--include", "included headers that belong to the interface")
    add_patterns(header, "--exclude", "included headers that do not")
    parser.set_defaults(execute=execute)


def execute(args: argparse.Namespace) -> int:
    """Write the file; return 1 and write nothing if exports are not described and --partial does not allow that."""
    if args.header:
        if args.headers:
            raise RebelError("--headers is for a library", hint="--include and --exclude choose included headers")
        return _record_headers(args)
    if len(args.words) != 1:
        raise RebelError(f"record needs one library, not {len(args.words)}", hint="or headers: --header FILE")
    return _record_library(args, args.words[0])


def _record_library(args: argparse.Namespace, library: str) -> int:
    from rebel_tools.producers.record import record

    recording = record(library, tuple(args.only), debug_path_of(args), tuple(args.headers))
    for file in recording.missing:
        text = f"debug information is in {printable(file)}, which cannot be found (--debug-dir)"
        print(f"{printable(library)}: {text}", file=sys.stderr)
    for name in recording.undescribed:
        print(f"{printable(library)}: {printable(name)} has no declaration in the debug information", file=sys.stderr)
    for line in _unverifiable(recording):
        print(f"{printable(library)}: {printable(line)}", file=sys.stderr)
    if recording.undescribed and not args.partial:
        print("nothing was written; compile with -g, or use --partial or --only", file=sys.stderr)
        return 1
    if not recording.interface.symbols:
        raise RebelError("there is nothing to record", place=Place(library), expected="exports with DWARF")
    return _write(recording.interface, args, library)


def _unverifiable(recording: Recording) -> Iterator[str]:
    """The parts of the interface that no check can verify."""
    if not recording.left_out and not recording.vague:
        return
    from rebel_tools.abi.types import spelled
    from rebel_tools.gate.not_compared import how_to_complete

    for key in recording.left_out:
        what = f"{spelled(key)} is not in the debug information, so symbols that use it cannot be checked"
        yield f"{what}; {how_to_complete(key)}"
    for name, reason in recording.vague:
        yield f"{spelled(name)} uses an unknown type ({reason}), and cannot be checked"


def _record_headers(args: argparse.Namespace) -> int:
    from rebel_tools.producers.compiler import Compiler
    from rebel_tools.producers.selection import Selection
    from rebel_tools.producers.source import language_of, read_source

    def left_out(path: str) -> None:
        print(f"{printable(path)} declares functions that are not in the interface (--include)", file=sys.stderr)

    language = args.language or language_of(args.header)
    words = args.words
    if not words or words[0].startswith("-"):
        variable, default = ("CXX", "g++") if language == "c++" else ("CC", "gcc")
        words = [*os.environ.get(variable, default).split(), *words]
    selection = Selection(tuple(args.include), tuple(args.exclude))
    interface = read_source(args.header, Compiler(tuple(words)), language, None, selection, left_out)
    return _write(interface, args, ", ".join(args.header))


def _write(interface: Interface, args: argparse.Namespace, source: str) -> int:
    from rebel_tools.interface.file import write_interface

    write_interface(interface, args.output, as_text=args.format == "text")
    count = len(interface.symbols)
    print(f"{printable(args.output)}: {count} symbols of {printable(source)}, digest {interface.digest[:16]}")
    return 0
