"""Reports and diffs as SARIF 2.1.0 (OASIS standard), for code scanning services and editors."""

from __future__ import annotations

import json
from collections.abc import Sequence
from urllib.parse import quote

import rebel_tools
from rebel_tools.gate.rows import ALL_RULES, Row, rows

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def to_sarif(reports: Sequence) -> str:
    """One run with a result for each finding or change."""
    found = [row for report in reports for row in rows(report)]
    rules = sorted({row.rule for row in found})
    driver = {
        "name": "symbol-audit",
        "version": rebel_tools.__version__,
        "rules": [{"id": rule, "shortDescription": {"text": ALL_RULES[rule]}} for rule in rules],
    }
    run = {"tool": {"driver": driver}, "results": [_result(row, rules) for row in found]}
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1, sort_keys=True)


def _result(row: Row, rules: list[str]) -> dict:
    return {
        "ruleId": row.rule,
        "ruleIndex": rules.index(row.rule),
        "level": row.level,
        "message": {"text": row.message},
        "locations": [_location(row)],
        "partialFingerprints": {"symbol/v1": f"{row.rule}:{row.message}"},
    }


def _location(row: Row) -> dict:
    """The declaration where the interface knows it, else the library."""
    place = row.place
    path = place.path if place else row.library
    physical: dict = {"artifactLocation": {"uri": quote(path.replace("\\", "/"))}}
    if place and place.line:
        physical["region"] = {"startLine": place.line}
    location: dict = {"physicalLocation": physical}
    if row.subject:
        location["logicalLocations"] = [{"fullyQualifiedName": row.subject}]
    return location
