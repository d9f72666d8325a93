"""Writes an outcome as SARIF 2.1.0 (OASIS standard), for code scanning services and editors.

Requirements of services beyond the standard: "SARIF support for code scanning" in GitHub's documentation.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cache
from hashlib import sha256
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

import rebel_tools
from rebel_tools.gate.outcome import Outcome
from rebel_tools.gate.rows import BARE, Row, rows
from rebel_tools.gate.rules import ALL_RULES, BREAK, NOTE, RISK, SOURCE
from rebel_tools.gate.rules import LEVELS as ORDER
from rebel_tools.gate.suppressions import Suppression

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
INFORMATION = "https://pypi.org/project/rebel-tools/"
LEVELS = {BREAK: "error", RISK: "warning", SOURCE: "warning", NOTE: "note"}
ROOT = "%SRCROOT%"
MAX_ALIKE, MAX_RESULTS = 1000, 25_000
"""The most results of one rule that contain only a name (more become one result), and the most that services accept."""
Json = dict[str, Any]


def to_sarif(outcome: Outcome) -> str:
    """One run with a result for each finding or change; it is unsuccessful if something could not be read."""
    all_rows = _ordered(row for report in outcome.reports for row in rows(report))
    found = all_rows[:MAX_RESULTS]
    problems = list(map(_problem, outcome.unreadable()))
    if len(all_rows) > len(found):
        left = f"{len(all_rows) - len(found)} more results were left out, the least serious: --format json has all"
        problems.append({"level": "warning", "message": {"text": left}})
    names = sorted({row.rule for row in found})
    run = {
        "tool": {"driver": _driver(names)},
        "invocations": [{"executionSuccessful": not any(outcome.unreadable()), "toolExecutionNotifications": problems}],
        "originalUriBaseIds": {ROOT: {"description": {"text": "The folder in which symbol-audit was started."}}},
        "columnKind": "unicodeCodePoints",
        "results": list(_results(found, names)),
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1, sort_keys=True)


def _driver(names: Sequence[str]) -> Json:
    return {
        "name": "symbol-audit",
        "version": rebel_tools.__version__,
        "semanticVersion": rebel_tools.__version__,
        "informationUri": INFORMATION,
        "rules": [_rule(name) for name in names],
    }


def _rule(name: str) -> Json:
    rule = ALL_RULES[name]
    concerns = f"This concerns {rule.affects}: {rule.why}."
    advice = f"What to do: {rule.remedy}."
    return {
        "id": name,
        "name": "".join(word.capitalize() for word in name.split("-")),
        "shortDescription": {"text": rule.summary},
        "fullDescription": {"text": f"{rule.summary} {concerns}"},
        "help": {"text": f"{concerns} {advice}", "markdown": f"{rule.summary}\n\n{concerns}\n\n{advice}"},
        "helpUri": INFORMATION,
        "defaultConfiguration": {"level": LEVELS[rule.level]},
    }


def _problem(text: str) -> Json:
    return {"level": "error", "message": {"text": text}, "descriptor": {"id": "unreadable"}}


def _ordered(found: Iterable[Row]) -> list[Row]:
    """The rows, the most serious first; very many rows of one rule that only name a symbol become one row."""
    groups: dict[tuple[str, str, Suppression | None], list[Row]] = {}
    others: list[Row] = []
    for row in found:
        key = (row.rule, row.checked, row.accepted)
        (groups.setdefault(key, []) if row.rule in BARE else others).append(row)
    lists = [row for group in groups.values() for row in (group if len(group) <= MAX_ALIKE else [_summed(group)])]
    return sorted((*lists, *others), key=lambda row: ORDER.index(row.level))


def _summed(group: Sequence[Row]) -> Row:
    some = ", ".join(row.subject for row in group[:10])
    message = f"{len(group)} symbols, among them {some} (--format json has all)"
    return replace(group[0], subject="", place=None, message=message)


def _results(found: Iterable[Row], names: Sequence[str]) -> Iterable[Json]:
    seen: Counter[str] = Counter()
    for row in found:
        identity = "\0".join((row.rule, _uri(row.checked)["uri"], row.subject, row.field))
        seen[identity] += 1
        yield _result(row, names, f"{identity}\0{seen[identity]}")


def _result(row: Row, names: Sequence[str], identity: str) -> Json:
    why = f" ({row.why})" if row.why else ""
    result: Json = {
        "ruleId": row.rule,
        "ruleIndex": names.index(row.rule),
        "level": LEVELS[row.level],
        "message": {"text": f"{row.checked}: {row.message}{why}."},
        "locations": [_location(row)],
        "relatedLocations": [
            {"physicalLocation": {"artifactLocation": _uri(row.checked)}, "message": {"text": "the library"}}
        ],
        "partialFingerprints": {"librarySymbol/v1": sha256(identity.encode("utf-8", "surrogateescape")).hexdigest()},
    }
    if row.accepted is not None:
        result["suppressions"] = [{"kind": "external", "justification": row.accepted.reason}]
    return result


def _location(row: Row) -> Json:
    """The place of the declaration if it is known, otherwise the library; and the symbol or type."""
    place = row.place
    physical: Json = {"artifactLocation": _uri(place.path if place else row.checked)}
    if place and place.line:
        physical["region"] = {"startLine": place.line}
    logical = [{"name": os.path.basename(row.checked), "fullyQualifiedName": row.checked, "kind": "module"}]
    if row.subject:
        kind = "type" if row.is_type else "member"
        logical.insert(0, {"name": row.subject, "fullyQualifiedName": f"{row.checked}:{row.subject}", "kind": kind})
    return {"physicalLocation": physical, "logicalLocations": logical}


@cache
def _uri(path: str) -> dict[str, str]:
    """A path as a URI, relative if it is below the current folder, so that a service finds it in its own checkout."""
    whole = os.path.abspath(path)
    below = os.path.relpath(whole) if os.path.splitdrive(whole)[0] == os.path.splitdrive(os.getcwd())[0] else ".."
    if below.split(os.sep)[0] == os.pardir:
        return {"uri": f"file://{_quoted(whole)}"}
    return {"uri": _quoted(below), "uriBaseId": ROOT}


def _quoted(path: str) -> str:
    text = PurePath(path).as_posix()
    return quote(text.encode("utf-8", "surrogateescape"))
