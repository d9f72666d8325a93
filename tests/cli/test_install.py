"""The tools outside of this repository: installed by pip, and site_scons copied or linked."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

from rebel_tools import tools

pytestmark = pytest.mark.skipif(not tools.find("ocamlfind"), reason="ocamlfind is missing")
OUTSIDE = {"PYTHONPATH": ""}
PROGRAM = "./_build/default/src/app.out"
SCONSTRUCT = """
import rebel_tools
DefaultEnvironment(tools=[])
Environment(tools=["default", "rebel"], toolpath=[rebel_tools.TOOLPATH]).Rebel()
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """The programs of a fresh virtual environment after `pip install` of this repository."""
    folder = tmp_path_factory.mktemp("installed")
    copy = folder / "copy"  # pip leaves its own files in the folder that it installs from
    ignored = shutil.ignore_patterns(".*", "build", "*.egg-info", "__pycache__", "examples", "tests", "benchmarks")
    shutil.copytree(ROOT, copy, ignore=ignored)
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    programs = folder / "venv" / "bin"
    subprocess.run([programs / "python", "-m", "pip", "install", "-q", copy], check=True)
    shutil.rmtree(copy)
    return programs


def example(project, name="folders"):
    shutil.copytree(ROOT / "examples" / name, project.root, symlinks=True, dirs_exist_ok=True)


def assert_converts(project):
    assert "ft  6 = VI" in project.run(PROGRAM, "6", "ft").out


def test_installed_command_rebel(project, installed):
    example(project)
    project.run(installed / "rebel", "build", env=OUTSIDE)
    assert_converts(project)


def test_installed_sconstruct_and_scons(project, installed):
    example(project)
    script = project.run(installed / "python", "-m", "rebel_tools", "sconstruct", env=OUTSIDE).out.strip()
    project.run(installed / "scons", "-f", script, env=OUTSIDE)
    assert_converts(project)


def test_installed_toolpath_in_an_sconstruct(project, installed):
    example(project)
    project.write("SConstruct", SCONSTRUCT)
    project.run(installed / "scons", env=OUTSIDE)
    assert_converts(project)


@pytest.mark.skipif(not tools.find("refmt", root=str(ROOT)), reason="refmt is missing")
def test_installed_with_reason(project, installed):
    example(project, "reason")
    refmt = tools.find("refmt", root=str(ROOT))
    project.run(installed / "rebel", "build", env={**OUTSIDE, "REFMT": refmt})
    assert project.path(PROGRAM).exists()


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


def test_copied_site_scons_with_the_package_installed(project, installed):
    example(project)
    project.write("SConstruct", SITE_SCONSTRUCT)
    shutil.copytree(ROOT / "site_scons", project.path("site_scons"))
    project.run(installed / "scons", env=OUTSIDE)
    assert_converts(project)


def test_copied_site_scons_without_the_package(project, installed):
    """An scons whose Python knows nothing of rebel_tools says what is missing."""
    example(project)
    project.write("SConstruct", SITE_SCONSTRUCT)
    shutil.copytree(ROOT / "site_scons", project.path("site_scons"))
    hidden = "import runpy, sys; sys.modules['rebel_tools'] = None; runpy.run_module('SCons', run_name='__main__')"
    run = project.run(installed / "python", "-c", hidden, env=OUTSIDE, rc=2)
    assert "rebel_tools is missing" in run.err and "pip install" in run.err
