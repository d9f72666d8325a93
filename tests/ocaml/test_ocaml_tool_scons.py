"""The builders of the tool `ocaml` with SCons' own features: variants, options, Install, Alias, CacheDir, C."""

from __future__ import annotations

import os
import shutil

import pytest
from tool_project import HEAD, append, commands, entries, outputs, replace, sconstruct, targets
from user_project import unquoted

GREETING = {
    "src/word.mli": "val word : string\n",
    "src/word.ml": 'let word = "hello"\n',
    "src/main.ml": "let () = print_endline Word.word\n",
}


@pytest.mark.parametrize("duplicate", [0, 1])
def test_variant_folders(project, duplicate):
    """Two variants with different flags from one set of sources, one of which is generated."""
    project.write(
        "SConstruct",
        HEAD + "for name, flags in ('debug', '-g'), ('fast', '-unsafe -inline 9'):\n"
        "    variant = env.Clone(OCAMLOPTFLAGS=flags.split())\n"
        f"    SConscript('src/SConscript', variant_dir=f'build/{{name}}', duplicate={duplicate}, exports='variant')\n",
    )
    project.write(
        "src/SConscript",
        "Import('variant')\nvariant.Command('word.ml', 'word.txt', 'sed \"s/^/let word = /\" $SOURCE > $TARGET')\n"
        "variant.OCamlProgram('main', Glob('*.ml') + ['word.mli'])\n",
    )
    project.write("src/word.txt", '"hello"\n')
    for name in ("src/word.mli", "src/main.ml"):
        project.write(name, GREETING[name])
    before = entries(project)
    first = project.scons("-j4")
    assert sum(" -unsafe " in line for line in commands(first)) == 4, first.out
    assert project.run("build/fast/main").out == project.run("build/debug/main").out == "hello\n"
    assert commands(project.scons()) == []
    assert project.path("build/fast/main.ml").exists() == bool(duplicate)
    assert {e for e in entries(project) if e.startswith("src/")} == {e for e in before if e.startswith("src/")}
    project.write("src/word.txt", '"bye"\n')
    assert "build/debug/main" not in targets(project.scons("build/fast"))
    project.scons()
    assert project.run("build/debug/main").out == "bye\n"
    syntax = project.write("src/main.ml", "let () = print_endline Word.wrd\n")
    shown = f"{'build/debug' if duplicate else 'src'}/main.ml"
    assert f'File "{shown}", line 1, characters 23-31:' in project.scons(rc=2).err
    syntax.write_text(GREETING["src/main.ml"])
    project.scons("-c")
    left = {e for e in entries(project) if project.path(e).is_file() and not e.startswith("src/")}
    assert left == ({"SConstruct"} if not duplicate else left)
    assert not any(e.endswith((".cmx", ".o", ".cmi", ".json", "main")) for e in left)


def test_dry_runs_questions_and_trees(project):
    sconstruct(project, 'env.Alias("all", env.OCamlProgram("main", Glob("src/*.ml*")))', GREETING)
    sources = entries(project)
    dry = project.scons("-n")
    assert len(commands(dry)) == 6
    assert entries(project) == sources
    assert commands(project.scons("-q", rc=1)) == [] and entries(project) == sources
    tree = project.scons("--tree=all", "-n", "all").out
    assert "+-main.objs/Main__Word.cmi\n" in tree and "+-src/word.mli\n" in tree and "+-all\n" in tree
    project.scons("-s", "all")
    made = outputs(project)
    assert project.scons("-q", "all").rc == 0
    project.write("src/word.ml", 'let word = "bye"\n')
    assert project.scons("-q", rc=1).rc == 1
    assert targets(project.scons("-n"))[0] == "main.objs/Main__Word.cmx"
    assert {**made, "src/word.ml": b""} == {**outputs(project), "src/word.ml": b""}
    explained = project.scons("--debug=explain", "-j2")
    assert "rebuilding `main.objs/Main__Word.cmx' because `src/word.ml' changed" in explained.out
    assert "rebuilding `main.objs/Main__Main.cmx' because the native code of `Main__Word' changed" in explained.out
    project.path("main.objs/Main__Word.cmi").unlink()
    assert "building `main.objs/Main__Word.cmi' because it doesn't exist" in project.scons("--debug=explain").out
    project.path("main").write_text("damaged")
    damaged = project.scons("--debug=explain")
    assert "rebuilding `main' because `main' was changed by something else" in damaged.out
    assert project.run("./main").out == "bye\n"
    one = project.scons("-c", "main")
    assert "Removed main\n" in one.out
    assert entries(project) == sources


def test_suffixes_spawn_and_added_actions(project):
    sconstruct(
        project,
        """
        def spawn(shell, escape, command, arguments, environment):
            import subprocess
            print("mine:", command, flush=True)
            return subprocess.call([shell, "-c", " ".join(arguments)], env=environment)
        env.Clone(SPAWN=spawn).OCamlObject("a.ml")
        env["PROGSUFFIX"] = ".exe"
        program = env.OCamlProgram("tool", "b.ml")
        env.AddPostAction(program, f"echo post {ARGUMENTS.get('x')} $TARGET")
        env.OCamlProgram("other.out", "b.ml")
        env.OCamlLibrary("lib.v2", "a.ml", OCAMLNAMESPACE="Lib")
        """,
        {"a.ml": "let a = 1\n", "b.ml": "let () = print_int 1\n"},
    )
    out = project.scons("x=1").out
    assert out.count("mine: ocamlopt\n") == 1 and "\npost 1 tool.exe\n" in out
    made = entries(project)
    assert {"tool.exe", "tool.objs", "other.out", "other.out.objs", "lib.v2.cmxa", "lib.v2.a", "lib.v2.objs"} <= made
    assert targets(project.scons("x=2")) == ["tool.exe"]
    assert commands(project.scons("x=2")) == []


def test_keep_going(project):
    sconstruct(
        project,
        'env.OCamlLibrary("lib", Glob("*.ml"))\nenv.OCamlProgram("ok", "app/ok.ml")',
        {"a.ml": "let a : int = not true\n", "b.ml": "let b = A.a\n", "c.ml": "let c = 1\n", "app/ok.ml": ""},
    )
    failed = project.scons("-k", rc=2)
    assert 'File "a.ml", line 1, characters 14-22:' in failed.err
    said = unquoted(failed.err)
    assert said.count("This expression has type bool") == 2  # once in full, and once in the summary
    assert "1 step failed:\n  a.ml:1: Error: This expression has type bool" in said
    assert project.path("ok").exists() and project.path("lib.objs/Lib__C.cmx").exists()
    assert not project.path("lib.objs/Lib__B.cmx").exists()
    again = project.scons("-k", rc=2)
    assert targets(again) == ["lib.objs/Lib__A.cmx"]
    project.write("a.ml", "let a = 1\n")
    assert sorted(targets(project.scons())) == ["lib.cmxa", "lib.objs/Lib__A.cmx", "lib.objs/Lib__B.cmx"]


def test_install(project):
    sconstruct(
        project,
        """
        lib = env.OCamlLibrary("word", ["src/word.ml", "src/word.mli"])
        app = env.OCamlProgram("main", "app.ml", OCAMLLIBS=lib)
        env.Install("prefix/bin", app)
        env.InstallAs("prefix/bin/greet", app)
        env.Install("prefix/lib", [lib, env.OCamlFiles(lib)])
        env.Alias("install", "prefix")
        Default(app)
        """,
        {**GREETING, "app.ml": "let () = print_endline Word.Word.word\n"},
    )
    text = project.path("SConstruct").read_text()
    project.write("SConstruct", text.replace('tools=["ocaml"]', 'tools=["install", "ocaml"]'))
    project.scons()
    assert not project.path("prefix").exists()
    project.scons("install")
    assert project.run("prefix/bin/greet").out == "hello\n"
    names = {
        "Word.cmi",
        "Word.cmt",
        "Word.cmx",
        "Word__Word.cmi",
        "Word__Word.cmt",
        "Word__Word.cmti",
        "Word__Word.cmx",
    }
    assert set(os.listdir(project.path("prefix/lib"))) == {*names, "word.a", "word.cmxa"}
    assert commands(project.scons("install")) == []
    # The installed files are enough for a compiler that knows nothing of the build.
    project.write("else/where.ml", "let () = print_endline Word.Word.word\n")
    project.run("ocamlopt", "-I", "../prefix/lib", "word.cmxa", "where.ml", "-o", "where", cwd="else")
    assert project.run("else/where").out == "hello\n"
    project.scons("-c", "install")
    assert not any(p.is_file() for p in project.path("prefix").rglob("*"))


def test_cache(project, tmp_path_factory):
    """A second checkout takes everything from the cache, and with another flag nothing."""
    cache = tmp_path_factory.mktemp("cache")
    body = f"""
        CacheDir({str(cache)!r})
        env.OCamlProgram("main", Glob("src/*.ml*"), OCAMLLIBS=env.OCamlLibrary("l", "l.ml"))
    """
    sconstruct(project, body, {**GREETING, "l.ml": "let x = 1\n", "src/word.ml": "let word = string_of_int L.L.x\n"})
    first = project.scons("-j2")
    made = outputs(project)
    shutil.rmtree(project.path("main.objs"))
    for name in ("main", "l.a", "l.cmxa", ".rebel-tools.json", ".sconsign.dblite"):
        project.path(name).unlink()
    second = project.scons("-j2")
    lines = commands(second)
    assert lines and all(line.startswith("Retrieved ") for line in lines if "l.objs" not in line), second.out
    assert outputs(project) == made
    assert project.run("./main").out == "1\n"
    assert commands(project.scons()) == []
    project.write("l.ml", "let x = 2\n")
    assert "main" in targets(project.scons()) and project.run("./main").out == "2\n"
    project.write("l.ml", "let x = 1\n")
    back = project.scons("--debug=explain")
    assert any(line == "Retrieved `main' from cache" for line in commands(back)), back.out
    replace(project, "SConstruct", "env.OCamlProgram(", 'env.Append(OCAMLFLAGS=["-w", "+a"])\nenv.OCamlProgram(')
    other = commands(project.scons(rc=None))
    assert sum("Retrieved" in line and ".cmx" in line for line in other) == 0, other
    assert len(commands(first)) > 5


@pytest.mark.skipif(not shutil.which("gcc"), reason="gcc is not installed")
def test_c_and_ocaml_in_one_sconstruct(project):
    """A C program, an OCaml program, and OCaml that calls C code from the same SConstruct."""
    sconstruct(
        project,
        """
        c = env.Clone(tools=["default"], CPPPATH=["$OCAMLWHERE"])
        c.Program("plain", "plain.c")
        stubs = c.Object("stubs.c")
        env.OCamlProgram("fast", ["main.ml", stubs])
        env.OCamlProgram("slow", ["main.ml", stubs], OCAMLENGINES="byte", OCAMLLINKFLAGS="-custom")
        archive = c.StaticLibrary("more", "more.c")
        env.OCamlProgram("both", ["both.ml", stubs, archive])
        """,
        {
            "plain.c": '#include <stdio.h>\nint main(void) { puts("c"); return 0; }\n',
            "stubs.c": '#include <caml/mlvalues.h>\n#include "amount.h"\nvalue add(value a, value b)\n'
            "{ return Val_int(Int_val(a) + Int_val(b) + AMOUNT); }\n",
            "more.c": "#include <caml/mlvalues.h>\nvalue neg(value a) { return Val_int(-Int_val(a)); }\n",
            "amount.h": "#define AMOUNT 0\n",
            "main.ml": 'external add : int -> int -> int = "add"\nlet () = print_int (add 40 2)\n',
            "both.ml": 'external add : int -> int -> int = "add"\nexternal neg : int -> int = "neg"\n'
            "let () = print_int (neg (add 40 2))\n",
        },
    )
    project.scons("-j4")
    assert [project.run(f"./{name}").out for name in ("plain", "fast", "slow", "both")] == ["c\n", "42", "42", "-42"]
    assert commands(project.scons()) == []
    project.write("amount.h", "#define AMOUNT 1\n")
    assert {"fast", "slow", "both"} <= set(targets(project.scons()))
    assert project.run("./slow").out == "43"
    append(project, "plain.c", "\n")
    assert not any(line.startswith("ocaml") for line in commands(project.scons()))


def test_an_interface_goes_from_a_variant_folder(project):
    """SCons copied it there, and removes the copy when it evaluates it."""
    body = "SConscript('src/SConscript', variant_dir='build', exports='env')\n"
    sources = {"src/main.ml": "let () = print_int A.x\n", "src/a.ml": "let x = 1\n", "src/a.mli": "val x : int\n"}
    sconstruct(project, body, sources)
    for names in (["main.ml", "a.ml", "a.mli"], ["main.ml", "a.ml"]):
        project.write("src/SConscript", f"Import('env')\nenv.OCamlProgram('p', {names})\n")
        if "a.mli" not in names:
            project.path("src/a.mli").unlink()
        project.scons()
        assert project.run(project.path("build/p")).out == "1"
        assert commands(project.scons()) == []


@pytest.mark.parametrize("variable", ["OCAMLFLAGS", "OCAMLOPTFLAGS"])
@pytest.mark.parametrize("form", ["one word with spaces", "on the PATH of the build"])
def test_preprocessors(project, variable, form):
    """ocamldep and the compilers run the same one, in the same environment; a different one is a different command."""
    command = "./bin/pp x" if form == "one word with spaces" else "pp"
    flags = ", ".join(f"{name}=['-pp', {command!r}]" for name in (variable, "OCAMLDEPFLAGS"))
    body = f"env.PrependENVPath('PATH', Dir('#bin').abspath)\nenv.Append({flags})\n"
    body += "env.OCamlProgram('p', ['main.ml', 'a.ml', 'b.ml'])\n"
    sconstruct(project, body, {"main.ml": "let () = print_int NAME.x\n", "a.ml": "let x = 1\n", "b.ml": "let x = 2\n"})
    for name, output in (("A", "1"), ("B", "2")):
        text = f'#!/bin/sh\nfor file; do :; done\nsed s/NAME/{name}/ "$file"\n'
        project.write("bin/pp", text).chmod(0o755)
        project.scons()
        assert project.run(project.path("p")).out == output
        assert commands(project.scons()) == []


def test_a_preprocessor_of_the_same_sconstruct(project):
    """The dependencies of a source are computed again after the preprocessor was built."""
    body = """\
    pp = env.OCamlProgram('pp', ['pp.ml'])
    env = env.Clone(OCAMLDEPFLAGS=['-pp', './pp'])
    env.Append(OCAMLFLAGS=['-pp', './pp'])
    for name in ('one', 'two'):
        objects = env.OCamlObject([name + '.ml', 'a.ml', 'b.ml'], OCAMLOBJDIR=name + '.d')
        env.Depends(objects, pp)
        env.OCamlProgram(name, objects)
    """
    use = "let () = print_int NAME.x\n"
    sconstruct(project, body, {"one.ml": use, "two.ml": use, "a.ml": "let x = 1\n", "b.ml": "let x = 2\n"})
    for name, output in (("A", "1"), ("B", "2"), ("A", "1")):
        command = f"sed s/NAME/{name}/ "
        project.write("pp.ml", f'let () = exit (Sys.command ("{command}" ^ Filename.quote Sys.argv.(1)))\n')
        project.scons("-j4")
        for program in ("one", "two"):
            assert project.run(project.path(program)).out == output
        assert commands(project.scons()) == []
