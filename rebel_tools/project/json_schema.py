"""The JSON Schema of package.json and the tables of docs/packages.md, from the model that reads the file (`keys.py`).

`python -m rebel_tools.project.json_schema` prints the schema, for editors.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from rebel_tools.project.keys import GRAMMAR_KEYS, RULE_KEYS, STUBS_KEYS, TARGET_KEYS, TEST_KEYS, TESTS, TOP
from rebel_tools.project.shapes import Key, Members, Schema

DRAFT = "https://json-schema.org/draft/2020-12/schema"
HEADER = "| key | meaning | default |\n|---|---|---|\n"


def json_schema() -> Schema:
    """The schema of a whole package.json: other keys may have any value."""
    return {"$schema": DRAFT, "title": "package.json with the key rebel", **TOP.schema()}


def schema_text() -> str:
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


def keys_table() -> str:
    """The table of all keys except those of targets, in Markdown."""
    return HEADER + "".join(_rows(TOP))


def targets_table() -> str:
    """The table of the keys of a target, in Markdown."""
    return HEADER + "".join(_rows(TARGET_KEYS))


def rules_table() -> str:
    """The table of the keys of a rule, in Markdown."""
    return HEADER + "".join(_rows(RULE_KEYS))


def grammars_table() -> str:
    """The table of the keys of a grammar, in Markdown."""
    return HEADER + "".join(_rows(GRAMMAR_KEYS))


def stubs_table() -> str:
    """The table of the keys of stubs, in Markdown."""
    return HEADER + "".join(_rows(STUBS_KEYS))


def table_of_tests() -> str:
    """The table of the keys of `rebel.tests`, in Markdown."""
    return HEADER + "".join(_rows(TESTS))


def table_of_one_test() -> str:
    """The table of the keys of one test, in Markdown."""
    return HEADER + "".join(_rows(TEST_KEYS))


def _rows(members: Members, prefix: str = "") -> Iterator[str]:
    for key in members.keys.values():
        if members is TOP and isinstance(key.shape, Members):
            yield from _rows(key.shape, f"{key.name}.")
        else:
            yield _row(key, prefix)


def _row(key: Key, prefix: str) -> str:
    return f"| `{prefix}{key.name}` | {key.meaning} | {key.default} |\n"


if __name__ == "__main__":
    print(schema_text(), end="")
