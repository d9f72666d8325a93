"""`scons --interactive`: several builds in one process, with edits in between, for each of the tools."""

from __future__ import annotations

import json
import shutil
import sys

import pytest
from tool_project import HEAD, commands, sconstruct
from user_interactive import Interactive
from user_project import Project, Run

MAIN = "let () = print_int A.v; print_newline ()\n"


def said(text: str) -> list[str]:
    """The commands in the output."""
    run = Run.__new__(Run)
    run.out = text
    return commands(run)


def test_ocaml_sees_edits_cleans_and_builds_again(project: Project) -> None:
    sconstruct(project, 'env.OCamlProgram("p", ["a.ml", "main.ml"])', {"a.ml": "let v = 1\n", "main.ml": MAIN})
    sources = set(project.snapshot())
    with Interactive(project) as scons:
        assert len(said(scons("build"))) == 5
        assert project.run("./p").out == "1\n"
        assert said(scons("build")) == []
        project.write("a.ml", "let v = 22\n")
        assert len(said(scons("build p"))) == 3
        assert project.run("./p").out == "22\n"
        project.write("a.ml", "let v = 22 (* a comment *)\n")
        assert len(said(scons("b"))) == 1  # the compiler's output is the same
        scons("clean")
        assert set(project.snapshot()) == sources
        assert said(scons("build -n")) and not project.path("p").exists()
        assert len(said(scons("build -j4"))) == 5
        assert project.run("./p").out == "22\n"
        project.path("p").unlink()
        assert len(said(scons("build"))) == 1
    assert commands(project.scons()) == []  # the next process knows what the session has built
    project.scons("-c")
    assert set(project.snapshot()) == sources


def test_ocaml_after_an_error_and_with_new_dependencies(project: Project) -> None:
    files = {"a.ml": "let v = 1\n", "b.ml": "let w = 5\n", "main.ml": MAIN}
    sconstruct(project, 'env.OCamlProgram("p", ["a.ml", "b.ml", "main.ml"])', files)
    with Interactive(project) as scons:
        scons("build")
        project.write("a.ml", "let v = B.w +\n")
        assert "Syntax error" in scons("build")
        assert "Syntax error" in scons("build")
        project.write("a.ml", "let v = B.w + 2\n")  # from now on A comes after B
        scons("build -j4")
        assert project.run("./p").out == "7\n"
        project.write("b.ml", "let w = true\n")
        assert "bool" in scons("build -k -j4")
        project.write("b.ml", "let w = 6\n")
        scons("build -j4")
        assert project.run("./p").out == "8\n"
    assert project.up_to_date()


def test_ocaml_with_generated_sources_variants_and_a_library(project: Project) -> None:
    body = """
        env.VariantDir("out", "src", duplicate=0)
        word = env.Command("out/word.ml", "word.txt", 'sed "s/^/let v = /" $SOURCE > $TARGET')
        library = env.OCamlLibrary("out/words", [word, "out/more.ml"])
        env.OCamlProgram("out/p", "out/main.ml", OCAMLLIBS=[library])
    """
    main = "let () = print_int Words.More.v\n"
    sconstruct(project, body, {"word.txt": "1\n", "src/more.ml": "let v = Word.v\n", "src/main.ml": main})
    with Interactive(project) as scons:
        scons("build")
        for number in "23":
            project.write("word.txt", f"{number}\n")
            scons("build out/p")
            assert project.run("out/p").out == number
            assert said(scons("build")) == []
        scons("clean out")
        assert not project.path("out/p").exists()
        scons("build out")
        assert project.run("out/p").out == "3"
    assert project.up_to_date()


def test_packages(project: Project) -> None:
    targets = {"name": "app", "rebel": {"targets": [{"target": "app", "engine": "native", "entry": "src/main.ml"}]}}
    project.write("package.json", json.dumps({"name": "app", "version": "1.0.0", **targets}))
    project.write("SConstruct", HEAD.replace('"ocaml"', '"rebel"') + "env.Rebel()\n")
    project.write("src/main.ml", MAIN)
    project.write("src/a.ml", "let v = 1\n")
    project.write("src/deep/er/lexer.mll", "rule all = parse eof { 1 }\n")
    program = "_build/app/src/app.out"
    with Interactive(project) as scons:
        scons("build")
        assert project.run(program).out == "1\n"
        assert "ocamlopt" not in scons("build")
        project.write("src/a.ml", "let v = 2\n")
        scons("build app -j4")
        assert project.run(program).out == "2\n"
        project.write("src/a.ml", "let v = 4\n")
        project.run(sys.executable, "-m", "rebel_tools", "build")  # the folder is free while nobody builds
        assert project.run(program).out == "4\n"
        assert "ocamlopt" not in scons("build")
        assert scons("build -n --clean") and project.path(program).exists()
        scons("clean")
        assert not project.path("_build").exists()
        scons("build")
        assert project.run(program).out == "4\n"
        shutil.rmtree(project.path("_build"))
        scons("build")
        assert project.run(program).out == "4\n"
        project.write("src/a.ml", "let v = tru\n")
        assert "Unbound value tru" in scons("build")
        project.write("src/a.ml", "let v = 3\n")
        scons("build")
        assert project.run(program).out == "3\n"
    assert project.up_to_date()


@pytest.mark.skipif(not shutil.which("menhir"), reason="menhir is not installed")
def test_whatever_a_rule_has_made_is_made_again(project: Project) -> None:
    """Also unused outputs, such as menhir's report; and outputs of rules that make two files, one of which is used."""
    made = ["src/made.ml", "src/report.txt"]
    rule = {"sources": ["n.txt", "make.sh"], "targets": made, "command": ["sh", "make.sh", *made]}
    targets = [{"target": engine, "engine": engine, "entry": "src/Index.ml"} for engine in ("native", "byte")]
    package = {"name": "app", "dependencies": {"lib": "*"}, "rebel": {"targets": targets}}
    project.write("package.json", json.dumps(package))
    project.write("SConstruct", HEAD.replace('"ocaml"', '"rebel"') + "env.Rebel()\n")
    project.write("src/Index.ml", "let () = ignore Lib.Parser.main; print_int Lib.Made.v\n")
    library = project.path("node_modules/lib")
    project.write(library / "package.json", json.dumps({"rebel": {"grammars": "menhir", "rules": [rule]}}))
    project.write(library / "make.sh", 'cp n.txt "$1"; echo a report > "$2"\n')
    project.write(library / "n.txt", "let v = 1\n")
    text = "%token A B END\n%start main\n%type <unit> main\n%%\n\nmain: list END { () };\n\n"
    project.write(library / "src/parser.mly", text + "list: A { () }\n  | list B list { () };\n")
    with Interactive(project) as scons:
        scons("build native byte")
        files = sorted(path for path in project.path("_build").glob("*/.generated/lib/**/*") if path.is_file())
        names = {"parser.ml", "parser.mli", "parser.conflicts", "made.ml", "report.txt"}
        assert all(sum(path.name == name for path in files) == 2 for name in names)
        before = {path: path.read_bytes() for path in files}
        for file in files:
            file.unlink()
            scons("build native byte")
            assert {path: path.read_bytes() for path in files if path.exists()} == before, file
        assert not said(scons("build native byte"))
        project.write(library / "n.txt", "let v = 2\n")
        scons("build native byte")
        assert {project.run(f"_build/{each['target']}/src/app.out").out for each in targets} == {"2"}
    assert project.up_to_date()


def test_packages_that_are_not_as_they_were_read(project: Project) -> None:
    """Because SCons has read them only once, nothing may be built from data that does not hold any more."""
    manifest = project.write("package.json", '{"name": "app", "rebel": {}}').read_text()
    script = 'env.Command("src/made.ml", "n.txt", "cat $SOURCE > $TARGET")\nenv.Rebel()\n'
    project.write("SConstruct", HEAD.replace('"ocaml"', '"rebel"') + script)
    project.write("n.txt", "let v = 1\n")
    project.write("src/Index.ml", "let () = print_int Made.v\n")
    program = "_build/default/src/app.out"
    with Interactive(project) as scons:
        scons("build")
        project.write("n.txt", "let v = 2\n")
        scons("build")
        assert project.run(program).out == "2"
        project.write("src/list.ml", "let length _ = 3\n")
        assert "start scons --interactive again" in scons("build")
        project.path("src/list.ml").unlink()
        assert "start scons" not in scons("build")
        project.write("package.json", manifest.replace("{}", '{"flags": {"compile": "-w -8"}}'))
        assert "start scons --interactive again" in scons("build")
        project.write("package.json", "{")
        assert "package.json:1:2" in scons("build")
        scons("clean")
        assert not project.path("_build").exists()


def test_what_targets_have_made_that_are_gone_is_removed(project: Project) -> None:
    targets = [{"target": name, "entry": "src/main.ml"} for name in ("one", "two")]
    manifest = {"name": "app", "rebel": {"targets": targets}}
    project.write("package.json", json.dumps(manifest))
    project.write("SConstruct", HEAD.replace('"ocaml"', '"rebel"') + "env.Rebel()\n")
    project.write("src/main.ml", "let () = print_int 1\n")
    project.scons()
    targets.pop()
    project.write("package.json", json.dumps(manifest))
    with Interactive(project) as scons:
        scons("build -n")
        assert project.path("_build/two").exists()
        scons("build")
        assert not project.path("_build/two").exists() and project.path("_build/one/src/app.out").exists()


def test_what_targets_share_moves_to_a_new_one(project: Project) -> None:
    """Folders are removed and made again in one build."""
    targets = [{"target": name, "entry": "src/main.ml"} for name in ("one", "two")]
    manifest = {"name": "app", "dependencies": {"@s/lib": "*"}, "rebel": {"targets": targets}}
    project.write("package.json", json.dumps(manifest))
    project.write("SConstruct", HEAD.replace('"ocaml"', '"rebel"') + "env.Rebel()\n")
    project.write("node_modules/@s/lib/package.json", '{"name": "@s/lib", "rebel": {"targets": []}}')
    project.write("node_modules/@s/lib/src/a.ml", "let v = 1\n")
    project.write("src/main.ml", "let () = print_int Lib.A.v\n")
    project.scons()
    targets.insert(0, {"target": "aaa", "entry": "src/main.ml"})
    project.write("package.json", json.dumps(manifest))
    with Interactive(project) as scons:
        scons("build one two aaa")
        for name in ("aaa", "one", "two"):
            assert project.run(f"_build/{name}/src/app.out").out == "1"


def test_the_gate(project: Project) -> None:
    project.write(
        "SConstruct",
        HEAD.replace('"ocaml"', '"default", "export_table"') + 'core = env.SharedLibrary("core", "core.c")\n'
        'interface = env.Interface("core.interface", "core.h")\n'
        'table = env.ExportTable("core.exports", [core, interface])\n'
        'env.ExtensionModule("ext", "ext.c", CORE=table)\n',
    )
    good = project.write("core.h", "int answer(int);\n").read_text()
    body = project.write("core.c", '#include "core.h"\nint answer(int x) { return x + 1; }\n').read_text()
    project.write("ext.c", '#include "core.h"\nint ask(void) { return answer(1); }\n')
    with Interactive(project) as scons:
        assert "Verifying" in scons("build")
        assert "Verifying" not in scons("build")
        project.write("core.c", body.replace("+ 1", "+ 2"))
        told = scons("build")
        assert "Verifying" in told and "-o libext.so" not in told
        project.write("core.h", good + "int other(int);\n")
        assert "other" in scons("build") and not project.path("core.exports").exists()
        project.write("core.h", good)
        scons("build")
        scons("clean")
        assert not project.path("libext.so").exists()
        scons("build")
        assert project.path("libext.so").exists()
    assert project.up_to_date()
