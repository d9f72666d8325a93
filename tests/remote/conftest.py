"""C trees that stand for several machines, which share a server of results."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Callable

import pytest
from c_project import FILES, HEAD, PROGRAM
from casd import Casd, running_casd
from faulty_server import Server, running
from nginx_cache import running_nginx
from user_project import Project


@pytest.fixture
def tree(tmp_path: Path) -> Callable[..., Project]:
    """Makes a project in the folder `at`. script: the SConstruct after `head`; files: name -> text."""

    def make(script: str = PROGRAM, at: str = "one", head: str = HEAD, **files: str) -> Project:
        for program in ("strace", "gcc"):
            if not shutil.which(program):
                pytest.skip(f"{program} is not installed")
        project = Project(tmp_path / at)
        project.write("SConstruct", head + script)
        for name, text in (files or FILES).items():
            project.write(name, text)
        return project

    return make


@pytest.fixture
def server() -> Iterator[Server]:
    with running() as found:
        yield found


@pytest.fixture
def nginx(tmp_path: Path) -> Iterator[str]:
    with running_nginx(tmp_path / "nginx") as url:
        yield url


@pytest.fixture
def casd(tmp_path: Path) -> Iterator[Casd]:
    with running_casd(tmp_path / "casd") as found:
        yield found
