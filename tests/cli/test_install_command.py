"""The tools outside this repository: installed by pip, and with site_scons copied or linked."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from needs import needs_reason
from user_project import ROOT

from rebel_tools import tools

pytestmark = pytest.mark.skipif(not tools.find("ocamlfind"), reason="ocamlfind is missing")
OUTSIDE = {"PYTHONPATH": ""}
PROGRAM = "./_build/default/src/app.out"
SCONSTRUCT = """
import rebel_tools
DefaultEnvironment(tools=[])
Environment(tools=["default", "rebel"], toolpath=[rebel_tools.TOOLPATH]).Rebel()
"""


def example(project, name="folders"):
    shutil.copytree(ROOT / "examples" / name, project.root, symlinks=True, dirs_exist_ok=True)


def assert_converts(project):
    assert "ft  6 = VI" in project.run(PROGRAM, "6", "ft").out


@pytest.fixture(scope="module")
def programs(tmp_path_factory) -> Path:
    """The programs of a fresh virtual environment after `pip install` of this repository."""
    folder = tmp_path_factory.mktemp("installed")
    copy = folder / "copy"  # pip leaves files of its own in the folder that it installs from
    ignored = shutil.ignore_patterns(".*", "build", "*.egg-info", "__pycache__", "examples", "tests", "benchmarks")
    shutil.copytree(ROOT, copy, ignore=ignored)
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    programs = folder / "venv" / "bin"
    subprocess.run([programs / "python", "-m", "pip", "install", "-q", copy], check=True)
    shutil.rmtree(copy)
    return programs


def test_the_source_distribution(tmp_path):
    """It contains what a packager needs, and no outputs of a build; its links work on PyPI."""
    pytest.importorskip("setuptools", reason="needs setuptools, which pip fetches otherwise")
    copy = tmp_path / "copy"
    ignored = shutil.ignore_patterns(".git", ".venv", ".tools", "build", "*.egg-info", "__pycache__", "_build")
    shutil.copytree(ROOT, copy, ignore=ignored, symlinks=True)
    make = "from setuptools import build_meta; print(build_meta.build_sdist('.'))"
    made = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", make], cwd=copy, stdout=subprocess.PIPE, text=True, check=True
    )
    with tarfile.open(copy / made.stdout.splitlines()[-1]) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
        top = archive.getnames()[0].partition("/")[0]
        metadata = archive.extractfile(f"{top}/PKG-INFO").read().decode()
    wanted = ["tests/conftest.py", "docs/command.md", "examples/markdown/package.json", "bootstrap.py", "setup.py"]
    assert names.issuperset(wanted) and not [name for name in names if "__pycache__" in name or "/_build/" in name]
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, stdout=subprocess.PIPE, text=True).stdout.split("\n")
    assert [
        name for name in tracked if name.startswith(("rebel_tools/", "tests/", "docs/")) and name not in names
    ] == []
    links = re.findall(r"\]\(([^)]+)\)", metadata)
    assert links and all(link.startswith(("https:", "http:", "#")) for link in links)
    assert "Classifier: Topic :: Software Development :: Build Tools" in metadata and "Project-URL:" in metadata


def test_installed_by_pip(project, programs):
    """All three ways of use."""
    example(project)
    project.run(programs / "rebel", "build", env=OUTSIDE)
    assert_converts(project)
    project.run(programs / "rebel", "clean", env=OUTSIDE)

    script = project.run(programs / "python", "-m", "rebel_tools", "sconstruct", env=OUTSIDE).out.strip()
    project.run(programs / "scons", "-f", script, env=OUTSIDE)
    assert_converts(project)
    project.run(programs / "scons", "-f", script, "-c", env=OUTSIDE)

    project.write("SConstruct", SCONSTRUCT)
    project.run(programs / "scons", env=OUTSIDE)
    assert_converts(project)


@needs_reason()
def test_reason_finds_its_data_file_when_installed(project, programs):
    example(project, "reason")
    refmt = tools.find("refmt", root=str(ROOT))
    project.run(programs / "rebel", "build", env={**OUTSIDE, "REFMT": refmt})


SITE_SCONSTRUCT = """
DefaultEnvironment(tools=[])
Environment(tools=["rebel"]).Rebel()
"""


def test_linked_site_scons_needs_no_installation(project):
    example(project)
    project.write("SConstruct", SITE_SCONSTRUCT)
    project.path("site_scons").symlink_to(ROOT / "site_scons")
    project.scons(env=OUTSIDE)
    assert_converts(project)


def test_copied_site_scons_with_the_package_inside(project):
    example(project)
    project.write("SConstruct", SITE_SCONSTRUCT)
    shutil.copytree(ROOT / "site_scons", project.path("site_scons"))
    shutil.copytree(ROOT / "rebel_tools", project.path("site_scons/rebel_tools"))
    project.scons(env=OUTSIDE, cwd=".")
    assert_converts(project)


def test_copied_site_scons_with_the_package_installed(project):
    example(project)
    project.write("SConstruct", SITE_SCONSTRUCT)
    shutil.copytree(ROOT / "site_scons", project.path("site_scons"))
    project.scons()
    assert_converts(project)


def test_copied_site_scons_without_the_package(project):
    """If scons' Python does not have rebel_tools, the error says what is missing."""
    project.write("SConstruct", SITE_SCONSTRUCT)
    shutil.copytree(ROOT / "site_scons", project.path("site_scons"))
    hidden = "import runpy, sys; sys.modules['rebel_tools'] = None; runpy.run_module('SCons', run_name='__main__')"
    run = project.run(sys.executable, "-c", hidden, env=OUTSIDE, rc=2)
    assert "rebel_tools is missing" in run.err and "pip install" in run.err
