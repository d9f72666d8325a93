"""The verified export table: what an extension module may rely on, as canonical JSON.

It holds nothing that changes with the implementation of a library (no addresses, no sizes of functions, no paths), so
that a library whose table stays the same needs no relinking of what links against it.
"""

from __future__ import annotations

import json

from rebel_tools.binary.model import ExportTable
from rebel_tools.gate.report import Report

FORMAT = "rebel-exports"
VERSION = 1


def verified_table(report: Report, table: ExportTable) -> str:
    """JSON with sorted keys and a newline at the end; only for a report that passed."""
    if not report.passed:
        raise ValueError("only a library that keeps its interface gets a table")
    symbols = [_symbol(evidence, table) for evidence in report.symbols]
    data = {
        "format": FORMAT,
        "version": VERSION,
        "interface": report.digest,
        "library": {"format": table.format, "machine": table.machine, "bits": table.bits, "soname": table.soname},
        "evidence": {"required": list(report.required), "reached": list(report.reached)},
        "symbols": symbols,
    }
    return json.dumps(data, indent=1, sort_keys=True) + "\n"


def _symbol(evidence, table: ExportTable) -> dict:
    export = table.find(evidence.name)
    return {
        "name": evidence.name,
        "exported_as": str(export),
        "kind": export.kind,
        "size": export.size if evidence.kind == "object" else None,  # a copy relocation depends on it
        "evidence": list(evidence.evidence),
    }
