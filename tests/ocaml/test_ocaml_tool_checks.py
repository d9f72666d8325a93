"""Each builder of the tool `ocaml`: null build, comment-only edit, incremental, parallel and clean builds."""

from __future__ import annotations

from tool_project import append, five_checks, outputs, sconstruct

SHAPES = {
    "lib/shape.mli": "type t = Circle of float | Square of float\nval area : t -> float\n",
    "lib/shape.ml": "type t = Circle of float | Square of float\nlet pi = 3.14\n"
    "let area = function Circle r -> pi *. r *. r | Square a -> a *. a\n",
    "lib/total.ml": "let area shapes = List.fold_left (fun sum s -> sum +. Shape.area s) 0. shapes\n",
    "lib/units.mli": "type metre = float\n",
}


def change_interface(project):
    append(project, "lib/shape.mli", "val pi : float\n")


def test_alias(project):
    sconstruct(
        project,
        """
        env.OCamlAlias("lib/shapes.ml", Glob("lib/*.ml*"))
        """,
        SHAPES,
    )
    sources = outputs(project)
    project.scons()
    text = project.path("lib/shapes.ml").read_text()
    for name in ("Shape", "Total", "Units"):
        assert f"module {name} = Shapes__{name}\n" in text
    assert "up to date" in project.scons().out
    append(project, "lib/total.ml", "(* a comment *)")
    assert "up to date" in project.scons().out
    project.write("lib/extra.ml", "let x = 1\n")
    project.scons()
    incremental = outputs(project)
    assert b"module Extra = Shapes__Extra" in incremental["lib/shapes.ml"]
    project.scons("-c")
    assert outputs(project).keys() == {*sources, "lib/extra.ml"}
    project.scons("-j8")
    assert outputs(project) == incremental


def test_object(project):
    sconstruct(project, 'env.OCamlObject(Glob("lib/*.ml*"), OCAMLENGINES=["native", "byte"])', SHAPES)
    five_checks(project, "lib/shape.ml", ["lib/shape.cmo", "lib/shape.cmx"], change_interface)


def test_library(project):
    sconstruct(project, 'env.OCamlLibrary("shapes", Glob("lib/*.ml*"), OCAMLENGINES=["native", "byte"])', SHAPES)
    five_checks(project, "lib/shape.mli", ["shapes.objs/Shapes__Shape.cmi"], change_interface)


def test_program(project):
    main = 'let () = Printf.printf "%.2f\\n" (Shapes.Total.area [Circle 1.; Square (Twice.of_float 1.)])\n'
    sconstruct(
        project,
        """
        shapes = env.OCamlLibrary("shapes", Glob("lib/*.ml*"), OCAMLENGINES=["native", "byte"])
        for engine in "native", "byte":
            env.OCamlProgram(f"main-{engine}", ["main.ml", "twice.ml"], OCAMLLIBS=shapes, OCAMLENGINES=engine)
        """,
        {
            **SHAPES,
            "main.ml": main.replace("[Circle", "Shapes.Shape.[Circle"),
            "twice.ml": "let of_float x = 2. *. x\n",
        },
    )
    five_checks(
        project,
        "twice.ml",
        ["main-byte.objs/MainByte__Twice.cmo", "main-native.objs/MainNative__Twice.cmx"],
        change_twice,
    )
    assert project.run("./main-native").out == project.run("./main-byte").out == "12.14\n"


def change_twice(project):
    project.write("twice.ml", "let of_float x = x *. 3.\n")
