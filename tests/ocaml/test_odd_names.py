"""Names with a special meaning in a shell or in SCons: a module Foo', folders with any name."""

from __future__ import annotations

import json
import shutil
import sys

import pytest

pytestmark = pytest.mark.skipif(not shutil.which("ocamlopt"), reason="ocamlopt is not installed")


@pytest.mark.parametrize("folder", ["a $HOME", "quo'te", 'dou"ble', "semi;colon (x)", "pröj", "a#b", "star *"])
def test_folders_and_modules(project, folder):
    project.write(
        f"{folder}/package.json",
        json.dumps({"name": "app", "rebel": {"targets": [{"target": "default", "entry": "src/index.ml"}]}}),
    )
    project.write(f"{folder}/src/{folder}/foo'.ml", "let v = 1\n")
    project.write(f"{folder}/src/{folder}/bar.mli", "val w : int\n")
    project.write(f"{folder}/src/{folder}/bar.ml", "let w = 2\n")
    project.write(f"{folder}/src/index.ml", "let () = print_int (Foo'.v + Bar.w)\n")
    sconstruct = project.run(sys.executable, "-m", "rebel_tools", "sconstruct").out.strip()
    project.scons("-f", sconstruct, cwd=folder)
    assert project.run("./_build/default/src/app.out", cwd=folder).out == "3"
    assert "is up to date" in project.scons("-f", sconstruct, cwd=folder).out
    project.scons("-f", sconstruct, "-c", cwd=folder)
    assert not project.path(f"{folder}/_build").exists()
