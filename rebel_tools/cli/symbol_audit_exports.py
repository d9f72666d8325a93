"""`symbol-audit exports`: the export tables of libraries."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from rebel_tools.binary.model import Export, ExportTable
from rebel_tools.errors import RebelError
from rebel_tools.text import printable_lines

if TYPE_CHECKING:
    from rebel_tools.cli.parser import Commands

HELP = "list what libraries export"
FORMAT, VERSION = "symbol-audit-exports", 1


def configure_parser(commands: Commands) -> None:
    parser = commands.add_parser("exports", help=HELP, description=HELP)
    parser.add_argument("libraries", nargs="+", metavar="LIBRARY", help="an ELF or PE library, or an archive of such")
    parser.add_argument("--format", choices=("text", "json"), default="text")
    parser.set_defaults(execute=execute)


def execute(args: argparse.Namespace) -> int:
    """Print the tables that can be read; errors of the others go to standard error."""
    from rebel_tools.cli.symbol_audit_paths import read_each

    tables, errors = read_each(args.libraries, lambda library: library.table)
    for error in errors:
        print(f"symbol-audit: error: {error}", file=sys.stderr)
    print(to_json(tables, errors) if args.format == "json" else "\n\n".join(map(to_text, tables)))
    if errors:
        return 3
    return 1 if any(table.findings for table in tables) else 0


def to_json(tables: list[ExportTable], errors: list[RebelError]) -> str:
    """The tables, and the errors of what could not be read (docs/symbol-audit.schema.json has the format)."""
    import json

    libraries = [table.as_dict() for table in tables]
    unread = [error.as_dict() for error in errors]
    return json.dumps({"format": FORMAT, "version": VERSION, "errors": unread, "libraries": libraries}, indent=1)


def to_text(table: ExportTable) -> str:
    """A few lines about the library, then a line for each export: kind, size, name."""
    head = [
        f"{table.path}: {table.format} {table.machine}, {len(table.exports)} exports",
        *([f"  soname {table.soname}"] if table.soname else []),
        *(f"  needs {name}" for name in table.needed),
        *(f"  warning: {finding.message} [{finding.rule}]" for finding in table.findings),
    ]
    return printable_lines(head + [_line(export) for export in table.exports])


def _line(export: Export) -> str:
    size = "" if export.size is None else str(export.size)
    ordinal = "" if export.ordinal is None else f" #{export.ordinal}"
    forwarder = f" -> {export.forwarder}" if export.forwarder else ""
    binding = f" ({export.binding})" if export.binding not in (None, "global") else ""
    return f"  {export.kind:<8} {size:>8} {export}{ordinal}{binding}{forwarder}"
