"""Trees of C and OCaml whose SConstruct has the tool `remote`."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Callable

import pytest
from c_project import HEAD
from user_project import Project


@pytest.fixture
def tree(tmp_path: Path) -> Callable[..., Project]:
    """Makes a project: the text of its SConstruct after the environment, and its files by name."""

    def make(script: str, head: str = HEAD, **files: str) -> Project:
        for program in ("bwrap", "strace", "gcc"):
            if not shutil.which(program):
                pytest.skip(f"{program} is not installed")
        project = Project(tmp_path / "tree")
        project.write("SConstruct", head + script)
        for name, text in files.items():
            project.write(name, text)
        return project

    return make
