"""The tables of rules in docs/symbol-audit.md and docs/interface.md: `python -m rebel_tools.gate.rule_table`."""

from __future__ import annotations

from collections.abc import Mapping

from rebel_tools.gate.rules import CHECK_RULES, DIFF_RULES, Rule


def check_table() -> str:
    return _table(CHECK_RULES)


def diff_table() -> str:
    return _table(DIFF_RULES)


def _table(rules: Mapping[str, Rule]) -> str:
    rows = (f"| `{rule.name}` | `{rule.level}` | {rule.summary} |" for rule in rules.values())
    return "\n".join(("| rule | level | meaning |", "|---|---|---|", *rows))


if __name__ == "__main__":
    print(check_table(), diff_table(), sep="\n\n")
