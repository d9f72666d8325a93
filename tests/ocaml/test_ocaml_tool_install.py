"""env.OCamlInstall: findlib finds what an SConstruct builds."""

from __future__ import annotations

import shutil

import pytest
from tool_project import commands, entries, sconstruct

pytestmark = pytest.mark.skipif(not shutil.which("ocamlfind"), reason="ocamlfind is not installed")

BODY = """
    env["OCAMLENGINES"] = ["native", "byte"]
    base = env.OCamlLibrary("base", ["base/word.ml"])
    text = env.OCamlLibrary("text-tools", ["lib/split.ml", "lib/split.mli"], OCAMLLIBS=[base], OCAMLPACKAGES=["str"])
    env.Alias("install", env.OCamlInstall("prefix/lib", base))
    env.Alias("install", env.OCamlInstall("prefix/lib", text, version="1.0", description="splits"))
"""
FILES = {
    "base/word.ml": 'let dash = "-"',
    "lib/split.ml": 'let go text = String.concat Base.Word.dash (Str.split (Str.regexp ",") text)',
    "lib/split.mli": "val go : string -> string",
}
USE = 'let () = print_string (TextTools.Split.go "a,b")'


def files(project) -> set:
    return {path for path in entries(project) if project.path(path).is_file()}


def test_findlib_finds_it(project):
    sconstruct(project, BODY, FILES)
    before = files(project)
    project.scons("install")
    meta = project.path("prefix/lib/text-tools/META").read_text()
    assert 'requires = "base str"' in meta and 'archive(native) = "text-tools.cmxa"' in meta
    for compiler in ("ocamlopt", "ocamlc"):
        project.write("use/a.ml", USE)
        command = ["ocamlfind", compiler, "-package", "text-tools", "-linkpkg", "use/a.ml", "-o", "use/a.out"]
        project.run(*command, env={"OCAMLPATH": str(project.path("prefix/lib"))})
        assert project.run(project.path("use/a.out")).out == "a-b"
    shutil.rmtree(project.path("use"))
    first = project.snapshot("prefix")
    assert commands(project.scons("install")) == []
    project.scons("-c", "install")
    assert files(project) == before
    project.scons("install", "-j8")
    assert project.snapshot("prefix") == first


@pytest.mark.parametrize(
    "call, said",
    [
        ('env.OCamlInstall("p", [base, text])', "env.OCamlInstall installs one library"),
        ('env.OCamlInstall("p", base, name="a.b")', '"a.b" cannot be the name of an installed library'),
        ('env.OCamlInstall("p", "a.ml")', "`a.ml` is not a library of OCaml"),
        ('env.OCamlInstall("prefix/lib", text, name="base")', "two libraries have the same META file"),
    ],
)
def test_wrong_calls(project, call, said):
    sconstruct(project, BODY + f"    {call}\n", FILES)
    assert said in project.scons(rc=2).text
