"""Which tests are quick and which are long. The tier of a test depends on its file; `pytest -m quick` runs one tier.

quick: less than a minute for all, on two cores. long: minutes each, or random. real: the rest.
"""

from __future__ import annotations

from fnmatch import fnmatch

TIERS = {
    "quick": "readers, plans and the gate as functions, with few or no processes; all of them in less than a minute",
    "real": "scons, compilers and commands on projects like those of users",
    "long": "RPython, random edits, whole examples",
}

QUICK = (
    "house/*",
    "plan/*",
    "project/*",
    "test_text.py",
    "binary/test_elf.py",
    "binary/test_identify.py",
    "binary/test_pe.py",
    "cli/test_new.py",
    "gate/test_rule_tables.py",
    "gate/test_verify.py",
    "interface/test_codec.py",
    "ocaml/test_javascript.py",
    "remote/test_messages.py",
)
LONG = (
    "rpython/*",
    "examples/*",
    "ocaml/test_edit_sequences.py",
)


def tier(path: str) -> str:
    """The tier of the tests in a file, whose path is relative to `tests/`."""
    for name, patterns in (("quick", QUICK), ("long", LONG)):
        if any(fnmatch(path, pattern) for pattern in patterns):
            return name
    return "real"
