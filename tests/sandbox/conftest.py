"""C and OCaml trees whose SConstruct uses the tool `remote`."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Callable

import pytest
from c_project import HEAD
from user_project import Project


@pytest.fixture
def tree(tmp_path: Path) -> Callable[..., Project]:
    """Makes a project. script: the SConstruct after `head`; files: name -> text."""

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
