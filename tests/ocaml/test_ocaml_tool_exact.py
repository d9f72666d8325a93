"""What is compiled again after which change: exactly the modules that consulted something that changed."""

from __future__ import annotations

from tool_project import append, commands, outputs, replace, sconstruct, targets
from user_project import unquoted


def test_interface_reached_through_an_alias(project):
    """A uses C only as B.X; B's own interface stays the same when C's changes."""
    sconstruct(
        project,
        """
        base = env.OCamlLibrary("base", ["c.ml", "c.mli", "unrelated.ml", "unrelated.mli"])
        middle = env.OCamlLibrary("middle", ["b.ml", "b.mli"], OCAMLLIBS=base)
        env.OCamlProgram("a", "a.ml", OCAMLLIBS=middle)
        """,
        {
            "c.mli": "val f : int -> int\n",
            "c.ml": "let f x = x + 1\n",
            "unrelated.mli": "val u : int\n",
            "unrelated.ml": "let u = 1\n",
            "b.mli": "module X = Base.C\n",
            "b.ml": "module X = Base.C\n",
            "a.ml": "let () = print_int (Middle.B.X.f 1)\n",
        },
    )
    project.scons()
    replace(project, "c.mli", "val f : int -> int", "val f : int -> string")
    replace(project, "c.ml", "x + 1", "string_of_int x")
    failed = project.scons("-k", rc=2)
    assert 'File "a.ml", line 1' in failed.err and "has type string" in unquoted(failed.err)
    replace(project, "a.ml", "print_int", "print_string")
    project.scons()
    incremental = outputs(project)
    append(project, "unrelated.mli", "val w : int\n")
    append(project, "unrelated.ml", "let w = 2\n")
    assert set(targets(project.scons())) == {
        *("base.objs/Base__Unrelated.cmi", "base.objs/Base__Unrelated.cmx", "base.cmxa", "a")
    }
    project.write("unrelated.mli", "val u : int\n")
    project.write("unrelated.ml", "let u = 1\n")
    project.scons("-c")
    assert "Warning 58" not in project.scons("-j8", "--random").text
    assert outputs(project) == incremental


def test_native_code_that_is_inlined(project):
    """Without the .cmx of a unit that only another interface names, the .o would differ (warning 58)."""
    sconstruct(
        project,
        'env.OCamlProgram("main", Glob("*.ml*"), OCAMLFLAGS="-g -w +58 -bin-annot")',
        {
            "deep.mli": "type t\nval make : int -> t\nval get : t -> int\n",
            "deep.ml": "type t = int\nlet make x = x\nlet get x = x\n",
            "middle.mli": "val default : Deep.t\nval show : Deep.t -> string\n",
            "middle.ml": "let default = Deep.make 1\nlet show t = string_of_int (Deep.get t)\n",
            "main.ml": "let () = print_string (Middle.show Middle.default)\n",
        },
    )
    first = project.scons("-j8", "--random")
    assert "58" not in first.err
    before = outputs(project)
    replace(project, "deep.ml", "let get x = x", "let get x = x + 41")
    assert "main.objs/Main__Middle.cmx" in targets(project.scons())
    assert project.run("./main").out == "42"
    replace(project, "deep.ml", "let get x = x + 41", "let get x = x")
    project.scons("-j8", "--random")
    assert outputs(project) == before


def test_what_a_change_of_settings_reaches(project):
    """Flags of one clone, a compiler that is a script, and packages: only what uses them is built again."""
    sconstruct(
        project,
        """
        fast = env.Clone(OCAMLOPTFLAGS=ARGUMENTS.get("flags", ""), OCAMLOBJDIR="fast")
        fast.OCamlObject("a.ml")
        slow = env.Clone(OCAMLOPT=File("#my-ocamlopt").abspath)
        slow.OCamlObject("b.ml", OCAMLOBJDIR="slow")
        linked = env.Clone(OCAMLLINKFLAGS=Split(ARGUMENTS.get("link", "")))
        linked.OCamlProgram("c", "c.ml")
        """,
        {"a.ml": "let a = 1\n", "b.ml": "let b = 2\n", "c.ml": 'let c = print_string "c"\n'},
    )
    project.write("my-ocamlopt", '#!/bin/sh\nexec ocamlopt "$@"\n').chmod(0o755)
    project.scons()
    assert targets(project.scons("flags=-inline 3")) == ["fast/a.cmx"]
    assert targets(project.scons("flags=-inline 3", "link=-linkall")) == ["c"]
    project.write("my-ocamlopt", '#!/bin/sh\n# another one\nexec ocamlopt "$@"\n')
    explained = project.scons("--debug=explain", "flags=-inline 3", "link=-linkall")
    assert targets(explained) == ["slow/b.cmx"]
    assert "rebuilding `slow/b.cmx' because its command line or the tools changed" in explained.out


def test_user_overrides_of_command_lines(project):
    """$OCAMLOPTCOM and the messages can be set by the user, and so can the compiler's name."""
    sconstruct(
        project,
        """
        env["OCAMLOPTCOM"] = "$OCAMLOPT $OCAMLFLAGS -c -o ${TARGET.abspath} $( -w +3 $) $_OCAMLUNITFLAGS ${SOURCES[0]}"
        env.OCamlObject("a.ml", OCAMLOPTCOMSTR="Compiling ${SOURCE.file} for $TARGET", OCAMLFLAGS="-g")
        env.OCamlProgram("p", "p.ml", OCAMLOPT="ocamlfind ocamlopt", OCAMLOPTLINKCOMSTR="Linking $TARGET",
                         OCAMLALIASCOMSTR="Names in $TARGET")
        """,
        {"a.ml": "let a = 1\n", "p.ml": "let () = print_int 1\n"},
    )
    out = project.scons().out
    assert "Compiling a.ml for a.cmx\n" in out
    assert "Linking p\n" in out and "Names in p.objs/P__.ml\n" in out
    assert "ocamlfind ocamlopt -g -no-keep-locs -c -o " in out and " -bin-annot -I p.objs " in out
    assert not project.path("a.cmt").exists()
    assert project.run("./p").out == "1"
    replace(project, "SConstruct", "-w +3", "-w +4")
    assert commands(project.scons()) == []  # $( ... $) is not compared
    replace(project, "SConstruct", 'OCAMLFLAGS="-g"', 'OCAMLFLAGS="-g -inline 2"')
    assert "Compiling a.ml for a.cmx\n" in project.scons().out


def test_depends_and_ignore(project):
    sconstruct(
        project,
        """
        lib = env.OCamlLibrary("lib", "a.ml", OCAMLOPTFLAGS="-opaque")
        objects = env.OCamlObject("b.ml")
        Depends(objects, ["data.txt", Value(ARGUMENTS.get("v", "1"))])
        app = env.OCamlProgram("app", "app.ml", OCAMLLIBS=lib)
        Depends(app, "more.txt")
        stamp = env.Command("stamp", "other.txt", Copy("$TARGET", "$SOURCE"))
        Ignore(stamp, "other.txt")
        Ignore(app, lib)
        Requires(app, stamp)
        AlwaysBuild(env.OCamlObject("always.ml"))
        """,
        {
            **{"a.ml": "let a = 1\n", "b.ml": "let b = 1\n", "app.ml": "let () = print_int Lib.A.a\n"},
            **{"data.txt": "1", "more.txt": "1", "other.txt": "1", "always.ml": "let x = 1\n"},
        },
    )
    project.scons("lib.cmxa")
    project.scons()
    always = ["always.cmx"]
    assert targets(project.scons()) == always
    project.write("data.txt", "2")
    explained = project.scons("--debug=explain")
    assert targets(explained) == [*always, "b.cmx"] or targets(explained) == ["b.cmx", *always]
    assert "rebuilding `b.cmx' because `data.txt' changed" in explained.out
    assert sorted(targets(project.scons("v=2"))) == ["always.cmx", "b.cmx"]
    project.write("more.txt", "2")
    assert sorted(targets(project.scons("v=2"))) == ["always.cmx", "app"]
    project.write("a.ml", "let a = 2\n")
    assert "app" not in targets(project.scons("v=2", "lib.cmxa"))
    assert "app" not in targets(project.scons("v=2", "app"))
