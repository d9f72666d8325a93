"""The verified export table as canonical JSON: what extension modules depend on.

It has nothing that depends on the implementation of a library (no addresses, no sizes of functions, no paths), so
extension modules need not be linked again while it stays the same.
"""

from __future__ import annotations

import json
import os
from typing import Any, NamedTuple

from rebel_tools.binary.model import Export, ExportTable
from rebel_tools.errors import Place, RebelError
from rebel_tools.gate.report import Report, SymbolEvidence

FORMAT = "rebel-exports"
VERSION = 1


class LibraryNames(NamedTuple):
    """The file names of a library and, for Windows, of its import library."""

    library: str
    import_library: str | None


def verified_table(report: Report, table: ExportTable, import_library: str | None = None) -> str:
    """JSON with sorted keys and a newline at the end; only for a report that passed.

    import_library: the name of the file that the linker needs instead of the library. Accepted findings are in the
    table; a symbol whose absence is accepted is not.
    """
    if not report.passed:
        raise ValueError("only a library that keeps its interface gets a table")
    exported = [(evidence, table.find(evidence.name)) for evidence in report.symbols]
    data = {
        "format": FORMAT,
        "version": VERSION,
        "interface": report.digest,
        "library": {
            "file": os.path.basename(table.path),
            "import_library": import_library,
            "format": table.format,
            "machine": table.machine,
            "bits": table.bits,
            "soname": table.soname,
        },
        "evidence": {"required": list(report.required), "reached": list(report.reached)},
        "symbols": [_symbol(evidence, export) for evidence, export in exported if export is not None],
    }
    if report.suppressed:
        data["accepted"] = [{"finding": f.message, "reason": by.reason} for f, by in report.suppressed]
    return json.dumps(data, indent=1, sort_keys=True) + "\n"


def _symbol(evidence: SymbolEvidence, export: Export) -> dict[str, Any]:
    return {
        "name": evidence.name,
        "exported_as": str(export),
        "kind": export.kind,
        "size": export.size if evidence.kind == "object" else None,  # a copy relocation depends on it
        "evidence": list(evidence.evidence),
    }


def read_library_names(path: str) -> LibraryNames:
    """The file names in the export table at `path`. Errors: RebelError if it is not such a table."""
    try:
        with open(path, encoding="utf-8") as stream:
            data = json.load(stream)
    except OSError as error:
        raise _unreadable(path, f"cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:  # not JSON, or not UTF-8
        raise _unreadable(path, f"this is not an export table: {error}") from error
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise _unreadable(path, "this is not an export table")
    if data.get("version") != VERSION:
        raise _unreadable(path, f"this table has the version {data.get('version')}", f"version {VERSION}")
    library = data.get("library")
    names = library if isinstance(library, dict) else {}
    implib = names.get("import_library")
    return LibraryNames(_file_name(names.get("file"), path), _file_name(implib, path) if implib is not None else None)


def _file_name(value: object, path: str) -> str:
    if not isinstance(value, str) or os.path.basename(value) in ("", ".", "..") or os.path.basename(value) != value:
        raise _unreadable(path, "this table does not name its library")
    return value


def _unreadable(path: str, message: str, expected: str = "what env.ExportTable wrote") -> RebelError:
    return RebelError(message, place=Place(path), expected=expected)
