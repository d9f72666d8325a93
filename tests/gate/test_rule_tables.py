"""The rules of the gate are in its documentation, where users find the names for suppressions."""

from __future__ import annotations

from pathlib import Path

from rebel_tools.gate.rule_table import check_table, diff_table

DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_the_tables_are_those_of_the_rules():
    """If not: python -m rebel_tools.gate.rule_table"""
    assert f"\n\n{check_table()}\n" in (DOCS / "interface.md").read_text()
    assert f"\n\n{diff_table()}\n" in (DOCS / "symbol-audit.md").read_text()
