"""Errors of users: place, reason and remedy, and never a traceback."""

from __future__ import annotations

import os
import re

import pytest
from tool_project import HEAD, ocaml_free_path, sconstruct

FILES = {
    **{"a.ml": "let a = 1\n", "b.ml": "let b = A.a\n", "sub/a.ml": "", "my-file.ml": "", "c.txt": "", "only.mli": ""},
    **{"e.ml": "let e = 1\n", "e.mli": "val e : int\n"},
}

TWICE = "env.OCamlProgram('p', 'a.ml'); env.OCamlProgram('p', {})"

# Lines of an SConscript, and the beginning of the message.
WRONG = {
    "env.OCamlLibrary('l', [])": "a builder of OCaml got no sources",
    "env.OCamlLibrary('l')": "`l` is not a source of OCaml or Reason\n  expected: .ml, .re, .mli, .rei",
    "env.OCamlProgram()": "a builder of OCaml got no sources",
    "env.OCamlObject(None)": "a builder of OCaml got no sources",
    "env.OCamlLibrary(None, 'a.ml')": "a builder of OCaml makes one target, not 0\n  expected: one name",
    "env.OCamlObject('x', 'a.ml')": "the names of OCaml's compiled files follow from",
    "env.OCamlLibrary(['l', 'm'], 'a.ml')": "a builder of OCaml makes one target, not 2\n  expected: one name",
    "env.OCamlLibrary('l', 'sub')": "the source `sub` is a folder",
    "env.OCamlProgram('sub', 'a.ml')": "the target `sub` is a folder",
    "env.OCamlLibrary('l', Value('a.ml'))": "the source `a.ml` is not a file",
    "env.OCamlLibrary('l', ['a.ml', 'sub/a.ml'])": "`a.ml` and `sub/a.ml` are both the module A\n  hint: rename one",
    "env.OCamlLibrary('l', 'my-file.ml')": "the name of `my-file.ml` cannot be the name of a module",
    "env.OCamlLibrary('3d', 'a.ml')": "the name of `3d.cmxa` cannot be the name of a module\n  expected: letters",
    "env.OCamlLibrary('l', 'c.txt')": "`c.txt` is not a source of OCaml or Reason\n  expected: .ml, .re, .mli, .rei",
    "env.OCamlLibrary('l', 'e.ml')": "`e.mli` is not among the sources, but `e.ml` is\n  hint: add it",
    "env.OCamlLibrary('l', 'a.ml', OCAMLENGINES='jvm')": "unknown engine `jvm` in $OCAMLENGINES\n  expected: native",
    "env.OCamlLibrary('l', 'a.ml', OCAMLENGINES=[])": "$OCAMLENGINES is empty",
    "env.OCamlLibrary('l', 'a.ml', OCAMLPACKAGES='uinx')": "there is no findlib package `uinx`\n  expected: ",
    "env.OCamlLibrary('l', 'a.ml', OCAMLLIBS='c.txt')": "`c.txt` is not a library of OCaml\n  expected: what env.",
    "env.OCamlLibrary('l', 'a.ml', OCAMLPUBLICMODULE=1)": "OCAMLPUBLICMODULE is set, but no source of `l.cmxa` is the",
    "env.OCamlProgram('p', 'only.mli')": "the program `p` has no implementation",
    "env.OCamlProgram('p', 'c.txt')": "`c.txt` is not a source of OCaml or Reason",
    "env.OCamlObject(['a.ml', 'stubs.c'])": "`stubs.c` is not a source of OCaml or Reason\n  expected: .ml, .re, "
    ".mli, .rei\n  hint: C is given to env.OCamlLibrary or env.OCamlProgram",
    "env.OCamlProgram('p', 'e.mli')": "the program `p` has no implementation",
    "env.OCamlProgram('p', ['a.ml~', 'a.mld'])": "none of the sources is code",
    "env.OCamlObject('a.ml', chdir=1)": "OCaml is compiled in the folder of the SConstruct\n  hint: leave out chdir=",
    "env.OCamlProgram('p', [env.OCamlObject('a.ml'), env.OCamlObject('sub/a.ml')])": "objects from `.` and `sub`",
    "env.OCamlObject('a.ml'); env.OCamlObject('b.ml', OCAMLFLAGS='-w -a')": "two environments with",
    "env.OCamlProgram('p', env.OCamlObject('a.ml'), OCAMLENGINES='byte')": "`p` needs objects for the engine byte, and",
    "env.OCamlObject('e.mli'); env.OCamlObject('e.ml')": "`e.mli` and `e.ml` go into one call of a builder",
    "env.OCamlProgram('p', 'a.ml', OCAMLLIBS=env.OCamlLibrary('l', 'b.ml'), OCAMLENGINES='byte')": "the library L is "
    "not built for the engine byte\n  hint: add 'byte' to the OCAMLENGINES of its env.OCamlLibrary",
    TWICE.format("['b.ml', 'a.ml']"): "there are two ways to build `p`\n  hint: give one of them another name",
    TWICE.format("'a.ml', OCAMLLINKFLAGS='-linkall'"): "there are two ways to build `p`",
    "env.OCamlFiles('a.ml')": "`a.ml` is not a library of OCaml",
    "env.OCamlObject('a.ml', OCAMLOPT='no-ocamlopt')": "$OCAMLOPT is no-ocamlopt, which is not a program on",
    "env.OCamlObject('a.ml', OCAMLOPT='')": "$OCAMLOPT is empty\n  expected: the name or path of a program",
}


def test_wrong_arguments(project):
    """Each call in a folder of its own; the message is in SCons' own error class."""
    for number, call in enumerate(WRONG):
        project.write(f"{number}/SConscript", f"Import('env')\n{call}\n")
        for path, text in FILES.items():
            project.write(f"{number}/{path}", text)
    loop = """
        import SCons.Errors
        for number in range(%d):
            try:
                SConscript(f"{number}/SConscript", exports={"env": env})
            except SCons.Errors.UserError as error:
                print(f"ANSWER {number}: {error} END")
    """
    sconstruct(project, loop % len(WRONG) + "        Alias('calls')\n")
    run = project.scons("-n", "calls")
    answers = dict(re.findall(r"^ANSWER (\d+): (.*?) END$", run.out, re.MULTILINE | re.DOTALL))
    assert run.err == ""
    for number, (call, expected) in enumerate(WRONG.items()):
        answer = answers.get(str(number), "").replace(f"`{number}/", "`").replace(f"`{number}`", "`.`")
        assert answer.startswith(expected), f"{call}\n{answer}"


@pytest.mark.parametrize("call", ["env.OCamlObject([])", "env.OCamlProgram('x', [\n  'missing.txt'])"])
def test_place_of_an_error_in_the_sconstruct(project, call):
    sconstruct(project, call)
    run = project.scons(rc=2)
    assert "Traceback" not in run.text
    assert f'\nFile "{project.root}/SConstruct", line 4, in <module>\n' in run.err
    assert run.err.startswith("\nscons: *** ")


def test_missing_sources_and_cycles(project):
    sconstruct(
        project,
        'env.OCamlProgram("p", ["p.ml", "gone.ml"])\nenv.OCamlLibrary("l", Glob("l/*.ml"))',
        {
            "p.ml": "",
            "l/a.ml": "let a = B.b\n",
            "l/b.ml": "let b = C.c\n",
            "l/c.ml": "let c = A.a\n",
            "l/list.ml": "",
        },
    )
    run = project.scons("p", rc=2)
    assert "Source `gone.ml' not found, needed by target" in run.err and "Traceback" not in run.text
    run = project.scons("l.cmxa", rc=2)
    assert "dependency cycle between modules: A (l/a.ml) -> B (l/b.ml) -> C (l/c.ml) -> A (l/a.ml)" in run.err
    assert "move the code that they share into a separate module" in run.err and "Traceback" not in run.text
    assert run.err.count("cycle") == 2  # the second one is in the summary


def test_machine_without_ocaml(project, tmp_path_factory):
    project.write("p.ml", "")
    path = ocaml_free_path(tmp_path_factory.mktemp("bin") / "bin")
    head = HEAD.replace('["ocaml"]', f'["ocaml"], ENV={{"PATH": {path!r}}}')
    project.write("SConstruct", head + 'env.OCamlProgram("p", "p.ml")\n')
    run = project.scons(rc=2, env={"PATH": path})
    assert re.search(r"ocaml\w* is (not installed|missing); .*\n  hint: apt-get install ocaml", run.err), run.err
    assert "Traceback" not in run.text and 'SConstruct", line 4' in run.err


def test_state_that_cannot_be_read_or_written(project):
    """A damaged state only costs a full build; one that cannot be written is reported."""
    sconstruct(project, 'env.OCamlProgram("p", "p.ml")', {"p.ml": "let () = print_int 1"})
    project.scons()
    for damage in (
        "",
        "{",
        "[]",
        '{"format": "other"}',
        "\x00\xff",
        project.path(".rebel-tools.json").read_text()[:200],
    ):
        project.path(".rebel-tools.json").write_text(damage)
        assert "Traceback" not in project.scons("p").text
    project.path(".rebel-tools.json").unlink()
    project.path(".rebel-tools.json").mkdir()
    run = project.scons(rc=None)
    assert "Traceback" not in run.text and ".rebel-tools.json" in run.err
    assert project.run("./p").out == "1"


def test_a_source_that_is_a_fifo(project):
    """Reading it would never end."""
    sconstruct(project, 'env.OCamlProgram("app", Glob("*.ml"))', {"a.ml": ""})
    os.mkfifo(project.path("b.ml"))
    assert "the source `b.ml` is not a file" in project.scons(rc=2).text
