"""The table of tiers names existing files, each of them once."""

from __future__ import annotations

from fnmatch import fnmatch
from pathlib import Path

import pytest
from tiers import LONG, QUICK, tier

TESTS = Path(__file__).resolve().parent.parent
FILES = sorted(path.relative_to(TESTS).as_posix() for path in TESTS.rglob("test_*.py"))


@pytest.mark.parametrize("pattern", [*QUICK, *LONG])
def test_each_pattern_is_of_use(pattern: str) -> None:
    files = [path for path in FILES if fnmatch(path, pattern)]
    assert files
    others = [other for other in (*QUICK, *LONG) if other != pattern]
    assert not [path for path in files if any(fnmatch(path, other) for other in others)]


def test_most_files_run_real_tools() -> None:
    assert tier("ocaml/test_reason_builds.py") == "real"
    assert {tier(path) for path in FILES} == {"quick", "real", "long"}


def test_each_file_has_a_name_of_its_own() -> None:
    """Test files and the modules beside them are imported by name only, and so is a conftest.py: only the one
    beside a test is certain to be found.
    """
    folders = {(TESTS / path).parent for path in FILES} | {TESTS}
    names = [path.name for folder in folders for path in folder.glob("*.py")]
    assert {name for name in names if names.count(name) > 1} <= {"conftest.py", "__init__.py"}
    importing = [TESTS / path for path in FILES if "\nfrom conftest import" in (TESTS / path).read_text()]
    assert [path for path in importing if not path.with_name("conftest.py").is_file()] == []
