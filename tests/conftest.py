"""Fixtures for all subjects, the tiers of tests, and `--keep`."""

from __future__ import annotations

import os
import re
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from tiers import TIERS, tier
from user_project import ROOT, Project

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as in a process that a shell starts in the background
    signal.signal(signal.SIGINT, signal.default_int_handler)

os.environ.pop("REBEL_PROFILE", None)  # the personal preferences of the user are not tested
os.environ["REBEL_SERVER"] = "0"  # the server of a project that is built twice would outlive its test
os.environ["REBEL_CACHE"] = "0"  # tests of the cache turn it on, in a folder of their own

KEPT = ROOT / "kept"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--keep", action="store_true", help=f"copy the project of each test that fails into {KEPT}")


def pytest_configure(config: pytest.Config) -> None:
    for name, meaning in TIERS.items():
        config.addinivalue_line("markers", f"{name}: {meaning}")


@pytest.hookimpl(tryfirst=True)  # before -m selects tests
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        path = Path(item.path).relative_to(ROOT / "tests").as_posix()
        item.add_marker(getattr(pytest.mark, tier(path)))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Keep the project of a failed test, and say where."""
    report = (yield).get_result()
    folder = getattr(item, "funcargs", {}).get("tmp_path")
    if report.when == "call" and report.failed and folder and item.config.option.keep:
        target = KEPT / re.sub(r"[^\w.-]+", "_", item.nodeid)[-150:]
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(folder, target, symlinks=True, copy_function=_copy_file)
        report.sections.append(("project kept", str(target)))


def _copy_file(source: str, target: str) -> None:
    """Copy a file, but not FIFOs and sockets."""
    if os.path.isfile(source):
        shutil.copy2(source, target)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """An empty project folder."""
    return Project(tmp_path)
