"""Configure(), Variables, SConsignFile and Help() with the tool `ocaml`."""

from __future__ import annotations

import os
import stat

import pytest
from tool_project import HEAD, commands, sconstruct
from user_project import Project

CHECKING = """
from rebel_tools.scons.checks import CHECKS
conf = Configure(env, custom_tests=CHECKS)
{}
env = conf.Finish()
print("NOW", env["OCAMLPACKAGES"])
"""
MAIN = 'let () = print_endline (Str.global_replace (Str.regexp "a") "b" "aaa")\n'


def found(project: Project, *calls: str, **kw) -> str:
    project.write("SConstruct", HEAD + CHECKING.format("\n".join(f"print('FOUND', {call})" for call in calls)))
    return project.scons(**kw).out


def test_checks_that_succeed(project: Project) -> None:
    found_packages = 'conf.CheckFindlib("str")', 'conf.CheckFindlib("unix", "4.0", autoadd=False)'
    calls = "conf.CheckOCaml()", 'conf.CheckOCaml("4.1.2")', "conf.CheckFindlib()", *found_packages, "conf.CheckRefmt()"
    out = found(project, *(f"{call} != ''" for call in calls))
    assert out.count("FOUND True") == 6 and "Checking for OCaml >= 4.1.2... yes (" in out and "(cached)" not in out
    assert "NOW ['str']" in out


def test_checks_that_fail(project: Project) -> None:
    calls = (
        'conf.CheckOCaml("99")',
        'conf.CheckFindlib("no-such")',
        'conf.CheckFindlib("-h")',
        'conf.CheckFindlib("x; ls")',
    )
    out = found(project, *(f"repr({call})" for call in calls))
    assert out.count("FOUND ''") == 4 and "is too old)" in out and "NOW []" in out
    assert "there is no findlib package `no-such`" in project.path("config.log").read_text()
    gone = 'env.Replace(OCAMLOPT="no-such", OCAMLFIND="no-such")'
    out = found(project, gone, "repr(conf.CheckOCaml())", "repr(conf.CheckFindlib())")
    assert out.count("FOUND ''") == 2 and "Traceback" not in out


def test_what_a_check_has_found_is_used(project: Project) -> None:
    body = CHECKING.format("assert conf.CheckFindlib('str')") + 'env.OCamlProgram("p", "main.ml")\n'
    sconstruct(project, body, {"main.ml": MAIN})
    project.scons()
    assert project.run("./p").out == "bbb\n" and project.up_to_date()
    before = commands(project.scons("--config=force"))
    assert before == []


def test_variables_and_help(project: Project) -> None:
    body = """
        variables = Variables("my.py")
        variables.AddVariables(
            ("OCAMLFLAGS", "flags of both compilers", "-g"),
            ListVariable("OCAMLENGINES", "engines", ["native"], ["native", "byte"]),
            PathVariable("OCAMLOBJDIR", "objects", "objs", PathVariable.PathAccept),
            ("OCAMLPACKAGES", "packages", ""),
        )
        variables.Update(env)
        Help(variables.GenerateHelpText(env))
        env.OCamlProgram("p", "main.ml")
    """
    sconstruct(project, body, {"main.ml": MAIN, "my.py": 'OCAMLPACKAGES = "str"\n'})
    assert "flags of both compilers" in project.scons("-h").out
    run = project.scons("OCAMLENGINES=byte", "OCAMLFLAGS=-g -w +a")
    assert "ocamlc -g -w +a" in run.out and "objs" in run.out and project.run("./p").out == "bbb\n"
    assert "ocamlopt -g " in project.scons().out


@pytest.mark.parametrize("name", ["state/db", "sub/../state/db", "{root}/state/db", "db"])
def test_the_state_lies_where_scons_database_does(project: Project, name: str) -> None:
    project.path("state").mkdir()
    project.path("sub").mkdir()
    head = HEAD + f'SConsignFile("{name.format(root=project.root)}")\n'
    project.write("SConstruct", head + 'env.OCamlProgram("p", "main.ml", OCAMLPACKAGES="str")\n')
    project.write("main.ml", MAIN)
    project.scons()
    where = "." if name == "db" else "state"
    assert {"db.dblite", "db.rebel-tools.json"} <= set(os.listdir(project.path(where)))
    assert not project.path(".rebel-tools.json").exists()
    assert project.up_to_date() and commands(project.scons()) == []
    project.scons("-c")
    assert "db.rebel-tools.json" not in os.listdir(project.path(where))


def test_two_sconstructs_beside_each_other(project: Project) -> None:
    for name in ("one", "two"):
        text = HEAD + f'SConsignFile(".{name}")\nenv.OCamlProgram("{name}", "main.ml", OCAMLPACKAGES="str")\n'
        project.write(f"{name}.py", text)
    project.write("main.ml", MAIN)
    for name in ("one", "two", "one"):
        project.scons("-f", f"{name}.py")
    assert project.up_to_date("-f", "one.py") and project.up_to_date("-f", "two.py")


def test_a_tree_that_cannot_be_written(project: Project) -> None:
    """Sources are in a read-only tree; outputs and records are elsewhere."""
    project.write("tree/SConstruct", HEAD + 'SConsignFile("../out/db")\nVariantDir("../out/b", "src", duplicate=0)\n'
                  'env.OCamlProgram("../out/b/p", "../out/b/main.ml", OCAMLPACKAGES="str")\n')  # fmt: skip
    project.write("tree/src/main.ml", MAIN)
    project.path("out").mkdir()
    before = project.snapshot("tree")
    for folder in ("tree/src", "tree"):
        project.path(folder).chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        project.scons("../out", cwd="tree")
        assert project.run("out/b/p").out == "bbb\n"
        assert project.scons("-q", "../out", cwd="tree", rc=None).rc == 0
    finally:
        for folder in ("tree", "tree/src"):
            project.path(folder).chmod(stat.S_IRWXU)
    after = project.snapshot("tree")
    assert {path: after[path] for path in before} == before
    assert set(after) - set(before) <= {".rebel-tools.editors.json"}  # for root, who may write everywhere
