"""findlib packages, ppx, and hints about modules that are not found."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from needs import missing_for_reason
from tool_project import commands, replace, sconstruct, targets
from user_project import unquoted


def need(*packages: str) -> None:
    if shutil.which("ocamlfind") is None:
        pytest.skip("ocamlfind is not installed")
    for package in packages:
        if subprocess.run(["ocamlfind", "query", package], capture_output=True).returncode:
            pytest.skip(f"the findlib package {package} is not installed")


def test_findlib_packages(project):
    """Packages of libraries are linked into the programs that use them; threads need a flag and come first."""
    need("re", "unix", "threads.posix")
    sconstruct(
        project,
        """
        names = env.OCamlLibrary("names", "names.ml", OCAMLPACKAGES=["re", "unix"], OCAMLENGINES="native byte")
        for engine in "native", "byte":
            env.OCamlProgram(engine, "main.ml", OCAMLLIBS=names, OCAMLPACKAGES="threads.posix str", OCAMLENGINES=engine)
        """,
        {
            "names.ml": "let words s = Re.split (Re.compile (Re.char " + "' '" + ")) s\nlet pid = Unix.getpid ()\n",
            "main.ml": "let show () = List.iter print_endline (Names.Names.words (Str.(global_replace (regexp "
            '"-") " " "a-b")))\nlet () = assert (Names.Names.pid > 0); Thread.join (Thread.create show ())\n',
        },
    )
    project.scons("-j2")
    assert project.run("./native").out == project.run("./byte").out == "a\nb\n"
    assert commands(project.scons()) == []


def test_threads_that_a_package_requires(project):
    """threads.posix is linked if a package requires `threads`, although nobody names it."""
    need("threads.posix")
    folder = project.path("lib/waits")
    project.write("lib/waits/META", 'requires = "threads"\narchive(native) = "waits.cmxa"\n')
    project.write("lib/waits/waits.ml", "let forever f = Thread.join (Thread.create f ())\n")
    compile_ = ["ocamlfind", "ocamlopt", "-thread", "-package", "threads"]
    project.run(*compile_, "-c", "waits.ml", cwd=folder)
    project.run("ocamlopt", "-a", "waits.cmx", "-o", "waits.cmxa", cwd=folder)
    sources = {"main.ml": 'let () = Waits.forever (fun () -> print_string "waited")\n'}
    sconstruct(project, 'env.OCamlProgram("main", "main.ml", OCAMLPACKAGES="waits", OCAMLENGINES="native")', sources)
    project.scons(env={"OCAMLPATH": str(project.path("lib"))})
    assert project.run("./main").out == "waited"


def test_ppx(project):
    need("ppxlib.metaquot")
    sconstruct(
        project,
        'env.OCamlProgram("main", Glob("*.ml"), OCAMLPACKAGES="ppxlib ppxlib.metaquot")',
        {
            "main.ml": "open Ppxlib\nlet loc = Location.none\nlet () = print_string (Quoted.show [%expr 1 + x])\n",
            "quoted.ml": "open Ppxlib\nlet loc = Location.none\nlet _unused = [%expr Main_only.y]\n"
            "let show e = Ppxlib.Pprintast.string_of_expression e\n",
        },
    )
    project.scons()
    assert project.run("./main").out == "1 + x"
    assert commands(project.scons()) == []
    with open(project.path("quoted.ml"), "a") as file:
        file.write("(* a comment *)")
    assert targets(project.scons()) == ["main.objs/Main__Quoted.cmx"]


def hints(run) -> list[str]:
    return [line.strip() for line in run.err.splitlines() if line.startswith("  hint:")]


def test_hints_about_modules_that_are_not_found(project):
    need("re", "str")
    sconstruct(
        project,
        """
        table = env.OCamlLibrary("table", ["cell.ml", "row.ml"])
        other = env.OCamlLibrary("other", "thing.ml")
        Default(env.OCamlProgram("main", Glob("src/*.ml*"), OCAMLLIBS=table, OCAMLOPTFLAGS="-w -a"))
        env.OCamlProgram("byte", Glob("src/*.ml*"), OCAMLENGINES="byte", OCAMLOBJDIR="byte.objs")
        """,
        {
            "cell.ml": "let c = 1\n",
            "row.ml": "let r = Cell.c\n",
            "thing.ml": "let t = 1\n",
            "src/main.ml": "",
            "src/report.ml": "let x = 1\n",
            "src/only.mli": "val x : int\n",
        },
    )
    wanted = {
        "Cell.c": "hint: module Cell is in the package Table: Table.Cell",
        "Other.Thing.t": "hint: the package Other is not a dependency of this one; add it to OCAMLLIBS",
        "Thing.t": "hint: module Thing is in the package Other: Other.Thing; add it to OCAMLLIBS",
        "Table.Rwo.r": "hint: the package Table has no module Rwo; did you mean Row?",
        "Re.compile": "hint: module Re is in the findlib package re; add re to OCAMLPACKAGES",
        "Str.regexp": "hint: module Str is in the findlib package str; add str to OCAMLPACKAGES",
        "Only.x": "hint: module Only has an interface (src/only.mli) and no implementation",
        "Reprot.x": None,  # the compiler found that one itself
    }
    for code, expected in wanted.items():
        project.write("src/main.ml", f"let _ = {code}\n")
        run = project.scons(rc=2)
        assert hints(run) == ([expected] if expected else []), run.err
        assert "Error: " in run.err
    assert "Did you mean Report?" in unquoted(run.err)
    project.write("src/main.ml", "let _ = Only.x\n")
    assert hints(project.scons("byte", rc=2)) == [wanted["Only.x"]]
    project.write("src/table.ml", "let mine = 1\n")
    project.write("src/main.ml", "let _ = Table.Row.r\n")
    assert hints(project.scons(rc=2)) == [
        "hint: `Table' is src/table.ml here, which hides the package Table; rename that file"
    ]


REWRITER = """\
open Ppxlib

let expand ~ctxt = Ast_builder.Default.eint ~loc:(Expansion_context.Extension.extension_point_loc ctxt) 42

let rule =
  Context_free.Rule.extension
    (Extension.V3.declare "answer" Extension.Context.expression Ast_pattern.(pstr nil) expand)

let () = Driver.register_transformation "answer" ~rules:[ rule ]
let () = Driver.standalone ()
"""


@pytest.mark.skipif("ppxlib" in missing_for_reason(), reason="needs ppxlib 0.22")
def test_a_rewriter_of_the_same_sconstruct(project):
    """It is built before what it rewrites, and an edit of it compiles that again."""
    body = """
        env.OCamlProgram("ppx/answer", ["ppx/answer.ml"], OCAMLPACKAGES=["ppxlib"])
        rewritten = ["-ppx", "ppx/answer --as-ppx"]
        env.OCamlProgram("main", ["main.ml"], OCAMLFLAGS=env["OCAMLFLAGS"] + rewritten, OCAMLDEPFLAGS=rewritten)
    """
    files = {"ppx/answer.ml": REWRITER, "main.ml": "let () = print_int [%answer]\n"}
    sconstruct(project, body, files)
    project.scons("main")
    assert project.run(project.path("main")).out == "42"
    assert commands(project.scons("main")) == []
    replace(project, "ppx/answer.ml", "ctxt) 42", "ctxt) 43")
    project.scons("main")
    assert project.run(project.path("main")).out == "43"
