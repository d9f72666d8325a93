"""`rebel.linker`: the linker that the C compiler runs for a program."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from package_app import PROGRAM, App

from rebel_tools import tools

pytestmark = pytest.mark.skipif(
    not tools.find("ocamlfind") or not shutil.which("ld.lld"), reason="needs ocamlfind and ld.lld (package lld)"
)


@pytest.fixture
def app(project) -> App:
    return App(project)


def made_by_lld(app: App) -> bool:
    """lld records itself in the section .comment."""
    said = subprocess.run(["readelf", "-p", ".comment", app.path(PROGRAM)], check=True, capture_output=True, text=True)
    return "LLD" in said.stdout


def test_a_program_is_linked_by_the_linker_that_is_named(app):
    app.package(linker="lld")
    app.settle()
    assert made_by_lld(app) and app.output() == "built"
    app.equals_a_clean_build()
    app.is_made_alike_by_many_jobs()
    app.package(linker="bfd")
    app.settle()
    assert not made_by_lld(app)
    app.package(linker="lld")
    app.write("src/index.ml", '(* a comment *) let () = print_string "built"\n')
    app.settle()
    assert made_by_lld(app)
    app.project.run("rebel", "clean")
    assert not app.path("_build").exists()


@pytest.mark.parametrize("engine", ["byte", "jsoo"])
def test_bytecode_is_linked_as_ever(app, engine):
    if engine == "jsoo" and not tools.find("js_of_ocaml"):
        pytest.skip("needs js_of_ocaml")
    app.package(linker="lld", targets=[{"target": "default", "entry": "src/index.ml", "engine": engine}])
    app.settle()
    app.equals_a_clean_build()


def test_auto_takes_what_is_installed_and_sees_what_comes(app):
    app.environment["PATH"] = f"{app.path('bin')}{os.pathsep}{without(app, 'ld.mold')}"
    app.package(linker="auto")
    app.settle()
    assert made_by_lld(app)
    # It is found first, and links like GNU ld.
    app.write("bin/ld.mold", '#!/bin/sh\nexec ld.bfd "$@"\n').chmod(0o755)
    assert "link " in app.build() and not made_by_lld(app)
    app.settle()
    app.path("bin/ld.mold").unlink()
    assert "link " in app.build() and made_by_lld(app)


def test_auto_without_any(app):
    app.environment["PATH"] = without(app, "ld.mold", "ld.lld")
    app.package(linker="auto")
    app.settle()
    assert not made_by_lld(app) and app.output() == "built"


def test_a_linker_that_is_not_installed(app):
    app.environment["PATH"] = without(app, "ld.gold")
    app.package(linker="gold")
    said = app.build(rc=2)
    assert "package.json:1:" in said and '"linker": "gold"' in said and "    ^" in said
    assert "the linker gold is not installed" in said and "hint: apt-get install binutils" in said
    told = app.project.run("rebel", "doctor", rc=1, env=app.environment).out
    assert "! missing     ld.gold" in told


def test_a_linker_that_nobody_knows(app):
    app.package(linker="ld")
    assert "mold or lld or gold or bfd or auto" in app.build(rc=2)


def without(app: App, *names: str) -> str:
    """A PATH without programs of these names."""
    folder = app.path("programs")
    folder.mkdir()
    for place in reversed(os.environ["PATH"].split(os.pathsep)):
        for file in Path(place).iterdir() if Path(place).is_dir() else ():
            link = folder / file.name
            if file.name not in names:
                link.unlink(missing_ok=True)
                link.symlink_to(file)
    return str(folder)
