"""The sources for Python 2.7 pass linters that run under Python 2.7; ruff and mypy cannot check them."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from rebel_tools.rpython.python27 import find_python27

ROOT = Path(__file__).resolve().parent.parent.parent
TOOLS = ROOT / ".tools"
SEPCOMP = ROOT / "rebel_tools" / "rpython" / "sepcomp"
LINTERS = {"pyflakes": (), "pycodestyle": ("--max-line-length=120",)}


@pytest.mark.parametrize("linter", LINTERS)
def test_no_complaint(linter: str) -> None:
    python = os.environ.get("PYTHON27") or find_python27((str(TOOLS),))
    if python is None:
        pytest.skip("Python 2.7 is not installed (python bootstrap.py test)")
    if not list((TOOLS / "lint27").glob(f"{linter}*")):
        pytest.skip(f"{linter} for Python 2.7 is not in .tools/lint27 (python bootstrap.py test)")
    command = [python, "-B", "-m", linter, *LINTERS[linter], str(SEPCOMP)]
    environ = {**os.environ, "PYTHONPATH": str(TOOLS / "lint27")}
    done = subprocess.run(command, capture_output=True, text=True, env=environ)
    assert done.stderr == "" and complaints(done.stdout) == []


def complaints(text: str) -> list[str]:
    """The complaints, except those about lines with `noqa`, which pyflakes does not support."""
    found = []
    for line in text.splitlines():
        path, number, *_ = line.split(":")
        if "noqa" not in Path(path).read_text().splitlines()[int(number) - 1]:
            found.append(line)
    return found


def test_a_folder_has_one_subject() -> None:
    """Beside the folders, there are only the module that users import and the one that starts the command."""
    assert {path.name for path in SEPCOMP.glob("*.py")} == {"__init__.py", "__main__.py", "api.py"}
    folders = [path for path in SEPCOMP.iterdir() if path.is_dir() and path.name != "__pycache__"]
    text = (SEPCOMP / "__init__.py").read_text()
    assert all((folder / "__init__.py").is_file() and f"    {folder.name}/ " in text for folder in folders)
