"""Modules of every shape: interfaces only, split, self-named, public interfaces, generated sources, odd places."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tool_project import HEAD, commands, outputs, replace, sconstruct, targets
from user_project import unquoted


def test_modules_of_every_shape(project):
    """In one library: an interface only, .ml and .mli in different folders, List that uses List, a public interface."""
    sconstruct(
        project,
        """
        sources = Glob("src/*.ml*") + Glob("interfaces/*.mli")
        store = env.OCamlLibrary("data-store", sources, OCAMLENGINES="native byte", OCAMLPACKAGES="str")
        face = env.OCamlLibrary("face", Glob("face/*.ml*"), OCAMLPUBLICMODULE=True, OCAMLLIBS=store)
        env.OCamlProgram("app", "main.ml", OCAMLLIBS=[face])
        """,
        {
            "interfaces/key.mli": "type t = string\n",
            "interfaces/table.mli": "type t\nval empty : t\nval add : Key.t -> int -> t -> t\n"
            "val keys : t -> Key.t list\n",
            "src/table.ml": "type t = (Key.t * int) list\nlet empty = []\nlet add k v t = (k, v) :: t\n"
            "let keys = List.firsts\n",
            "src/list.ml": "include List\nlet firsts l = List.map fst l\n",
            "face/face.ml": "module Inner = Inner\nlet all s = Inner.table s |> DataStore.Table.keys\n",
            "face/face.mli": "module Inner = Inner\nval all : string -> string list\n",
            "face/inner.ml": "open DataStore\n"
            'let table s = List.fold_left (fun t k -> Table.add k 1 t) Table.empty (Str.split (Str.regexp "-") s)\n',
            "main.ml": 'let () = print_endline (String.concat " " (Face.all "a-b-c"))\nmodule I = Face.Inner\n',
        },
    )
    project.scons("-j2")
    assert project.run("./app").out == "c b a\n"
    assert project.path("data-store.objs/DataStore__Key.cmi").exists()
    assert project.path("data-store.cma").exists()
    assert not project.path("data-store.objs/DataStore__Key.cmx").exists()
    assert (project.path("face.objs/Face.cmi")).exists()
    assert (project.path("face.objs/Face__.cmi")).exists()
    assert commands(project.scons()) == []

    first = outputs(project)
    replace(project, "interfaces/key.mli", "string", "string (* ! *)")
    assert targets(project.scons()) == ["data-store.objs/DataStore__Key.cmi"]
    project.scons("-c")
    project.scons()
    again = outputs(project)
    assert {k for k in again if again[k] != first.get(k)} <= {
        "interfaces/key.mli",
        "data-store.objs/DataStore__Key.cmti",
    }


def test_a_module_comes_that_has_the_name_of_what_it_uses(project):
    """The need for its alias file is found during the build, and the file has to be made before it is compiled."""
    sources = {"src/main.ml": "let () = print_int A.x\n", "src/a.ml": "let x = List.length [ 1 ]\n"}
    sconstruct(project, 'env.OCamlProgram("main", Glob("src/*.ml"))', sources)
    project.scons()
    project.write("src/list.ml", "let n = List.length [ 1; 2 ]\n")
    project.write("src/a.ml", "let x = List.n\n")
    project.scons()
    assert project.run("./main").out == "2" and project.up_to_date()


@pytest.mark.skipif(not (shutil.which("ocamllex") and shutil.which("menhir")), reason="no ocamllex or menhir")
def test_generated_sources(project):
    """A lexer and a parser that do not exist yet when the SConstruct is read."""
    sconstruct(
        project,
        """
        env.Command("lexer.ml", "lexer.mll", "ocamllex -q $SOURCE -o $TARGET")
        env.Command(["parser.ml", "parser.mli"], "parser.mly", "menhir $SOURCE")
        calc = env.OCamlLibrary("calc", ["lexer.ml", "parser.ml", "parser.mli", "ast.ml"])
        env.OCamlProgram("run", "run.ml", OCAMLLIBS=calc)
        """,
        {
            "lexer.mll": "{ open Parser }\nrule token = parse ['0'-'9']+ as n { INT (int_of_string n) }\n"
            "| '+' { PLUS } | eof { EOF }\n",
            "parser.mly": "%token <int> INT\n%token PLUS EOF\n%start sum\n%type <Ast.t> sum e\n%left PLUS\n%%\n"
            "sum: e EOF { $1 };\ne: INT { Ast.Int $1 } | e PLUS e { Ast.Plus ($1, $3) };\n",
            "ast.ml": "type t = Int of int | Plus of t * t\n"
            "let rec eval = function Int n -> n | Plus (a, b) -> eval a + eval b\n",
            "run.ml": "let () = print_int Calc.(Ast.eval (Parser.sum Lexer.token (Lexing.from_channel stdin)))\n",
        },
    )
    project.scons("-j4")
    assert commands(project.scons()) == []
    replace(
        project,
        "lexer.mll",
        "| '+'",
        "| '#' [^ '\\n']* { token lexbuf }\n| [' ' '\\n'] { Trace.saw lexbuf; token lexbuf } | '+'",
    )
    failed = project.scons(rc=2)
    assert "Unbound module Trace" in unquoted(failed.err)
    project.write("ast.ml", project.path("ast.ml").read_text() + "let saw _ = ()\n")
    replace(project, "lexer.mll", "Trace", "Ast")
    project.scons("-j4")
    incremental = outputs(project)
    assert project.run("sh", "-c", "echo '1 + 2' | ./run").out == "3"
    project.scons("-c")
    assert not project.path("lexer.ml").exists()
    project.scons()
    assert outputs(project) == incremental


def test_places(project, tmp_path_factory):
    """Folders with spaces, sources outside the tree, SConscripts in subfolders, the working directory."""
    outside = tmp_path_factory.mktemp("shared code")
    (outside / "text.ml").write_text("let twice s = s ^ s\n")
    (outside / "text.mli").write_text("val twice : string -> string\n")
    project.write("SConstruct", HEAD + 'Export("env")\nSConscript("my part/SConscript")\n')
    project.write(
        "my part/SConscript",
        f"""Import("env")
shared = env.OCamlLibrary("shared", Glob({str(outside / "*.ml*")!r}))
objects = env.OCamlObject(["deep/a.ml", "deep/a.mli"], OCAMLLIBS=shared)
env.OCamlProgram("my app", ["main.ml", "other place/helper.ml"], OCAMLLIBS=[shared])
env.OCamlProgram("second", [*objects, "deep/second.ml"])
env.OCamlProgram("#third", "main.ml", OCAMLLIBS=shared, OCAMLOBJDIR="#objs dir/third")
""",
    )
    project.write("my part/deep/a.mli", "val a : string\n")
    project.write("my part/deep/a.ml", 'let a = Shared.Text.twice "a"\n')
    project.write("my part/deep/second.ml", "let () = print_string A.a\n")
    project.write("my part/main.ml", "let () = print_string (Shared.Text.twice Sys.argv.(1))\n")
    project.write("my part/other place/helper.ml", "let unused = ()\n")
    project.scons()
    assert project.run("my part/my app", "x").out == "xx"
    assert project.run("my part/second").out == "aa"
    assert project.run("./third", "y").out == "yy"
    assert project.path("my part/deep/a.cmi").exists()
    assert commands(project.scons()) == []
    (outside / "text.ml").write_text("let twice s = s ^ s ^ s\n")
    project.scons("-C", "my part", "-u", "-s")
    assert project.run("my part/my app", "x").out == "xxx"
    project.scons("-c")
    assert {p.name for p in project.root.rglob("*") if p.is_file()} == {
        *("SConstruct", "SConscript", "a.ml", "a.mli", "second.ml", "main.ml", "helper.ml", ".sconsign.dblite")
    }
    assert sorted(p.name for p in outside.iterdir()) == ["text.ml", "text.mli"]


def test_library_in_a_folder_of_its_name_and_objects_outside(project, tmp_path_factory):
    outside = tmp_path_factory.mktemp("elsewhere")
    sconstruct(
        project,
        f"""
        lib = env.OCamlLibrary("geometry", Glob("geometry/*.ml"))
        env.OCamlProgram("app", "app.ml", OCAMLLIBS="geometry.cmxa", OCAMLOBJDIR={str(outside)!r})
        env.OCamlProgram("tool.ml", OCAMLNAMESPACE="")
        """,
        {
            "geometry/point.ml": "let zero = 0\n",
            "app.ml": "let () = print_int Geometry.Point.zero\n",
            "tool.ml": "let () = print_int 7\n",
        },
    )
    project.scons()
    assert project.run("./app").out == "0"
    assert project.run("./tool").out == "7"
    assert (outside / "App__App.cmx").exists()
    project.scons("-c")
    assert list(outside.iterdir()) == []


def test_example_of_the_documentation(project):
    """The SConstruct in docs/ocaml.md, both orders of engines, and one file that is built by its path."""
    text = (Path(__file__).parents[2] / "docs/ocaml.md").read_text()
    project.write("SConstruct", text.split("```python\n")[1].split("```")[0])
    project.write("lib/split.ml", 'let words = Str.split (Str.regexp "-")\n')
    project.write("main.ml", "let () = List.iter print_endline (TextTools.Split.words Options.text)\n")
    project.write("options.mli", "val text : string\n")
    project.write("options.ml", "let text = Sys.argv.(1)\n")
    one = project.scons("words.objs/Words__Options.cmi")
    assert targets(one) == ["words.objs/Words__.ml", "words.objs/Words__.cmx", "words.objs/Words__Options.cmi"]
    project.scons()
    assert project.run("./words", "a-b").out == "a\nb\n"
    replace(project, "SConstruct", "OCAMLPACKAGES", 'OCAMLENGINES=["byte", "native"], OCAMLPACKAGES')
    project.scons("-j4")
    assert project.run("./words", "a-b").out == "a\nb\n"
    assert project.path("text-tools.cma").exists() and commands(project.scons()) == []
