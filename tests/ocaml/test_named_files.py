"""Files in flags: those that the same SConstruct builds are made first, and they count by their contents."""

from __future__ import annotations

import json
import os
import shutil
import sys

import pytest
from tool_project import commands, entries, outputs, targets
from user_interactive import Interactive

from rebel_tools import tools

pytestmark = pytest.mark.skipif(not tools.find("ocamlfind"), reason="needs ocamlfind")

HEAD = """\
import os, rebel_tools
DefaultEnvironment(tools=[])
env = Environment(tools=["gcc", "ar", "gnulink", "THE-TOOL"], toolpath=[rebel_tools.TOOLPATH], ENV=os.environ)
env["CPPPATH"] = [env.subst("$OCAMLWHERE")] if "OCAMLWHERE" in env else []
"""
MAIN = 'external answer : unit -> int = "answer"\nlet () = print_int (answer ())\n'


def c_source(project, number: int, name: str = "stub.c") -> None:
    body = f"value answer(value unit) {{ return Val_int({number}); }}"
    project.write(name, f"#include <caml/mlvalues.h>\n{body}\n")


def ocaml(project, body: str, **files: str) -> None:
    project.write("SConstruct", HEAD.replace("THE-TOOL", "ocaml") + body)
    for name, text in files.items():
        project.write(name.replace("_", "."), text)


def rebel(project, body: str, **keys) -> None:
    project.write("SConstruct", HEAD.replace("THE-TOOL", "rebel") + body)
    project.write("package.json", json.dumps({"name": "x", "rebel": keys}))


# C objects and libraries

IN_FLAGS = {
    "path": ('env.StaticLibrary("foo", "stub.c")', ["libfoo.a"]),
    "object": ('env.Object("stub.o", "stub.c")', ["stub.o"]),
    "library": ('env.StaticLibrary("foo", "stub.c")', ["-ccopt", "-L.", "-cclib", "-lfoo"]),
    "folder": ('env.StaticLibrary("c/foo", "stub.c")', ["-I", "c", "-cclib", "-lfoo"]),
    "cclib": ('env.StaticLibrary("c/foo", "stub.c")', ["-cclib", "c/libfoo.a"]),
    "quoted": ('env.Object("c d/x.o", "stub.c")', ["-ccopt", "-g 'c d/x.o'"]),
    "linker": ('env.StaticLibrary("c/foo", "stub.c")', ["-ccopt", "-Wl,-Lc", "-cclib", "-l:libfoo.a -lm"]),
}


@pytest.mark.parametrize("kind", IN_FLAGS)
@pytest.mark.parametrize("first", [True, False])
def test_code_of_c_that_the_same_sconstruct_builds(project, kind: str, first: bool) -> None:
    make, flags = IN_FLAGS[kind]
    program = f'env.OCamlProgram("p", ["p.ml"], OCAMLLINKFLAGS={flags!r})'
    c_source(project, 1)
    ocaml(project, "\n".join([make, program] if first else [program, make]), p_ml=MAIN)
    sources = entries(project)
    project.scons("p", "-j4")
    assert project.run("./p").out == "1"
    assert project.up_to_date()
    c_source(project, 22)
    assert "p" in targets(project.scons("p"))
    assert project.run("./p").out == "22"
    assert project.up_to_date("p")
    before = outputs(project)
    project.scons("-c", "p")
    assert entries(project) - sources <= {"c", "c d", "p.objs", ".rebel-tools.json", ".rebel-tools.editors.json"}
    project.scons("p", "-j8", "--random")
    assert outputs(project) == before


def test_what_an_archive_wants_is_made_before_programs_with_it(project) -> None:
    body = """
library = env.OCamlLibrary("lib/words", "a.ml", OCAMLARCHIVEFLAGS=["-ccopt", "-Lc", "-cclib", "-lfoo"])
env.OCamlProgram("p", ["p.ml"], OCAMLLIBS=[library])
env.StaticLibrary("c/foo", "stub.c")
"""
    c_source(project, 1)
    ocaml(project, body, a_ml=MAIN.splitlines()[0] + "\n", p_ml="let () = print_int (Words.A.answer ())\n")
    project.scons("p")
    assert project.run("./p").out == "1"
    c_source(project, 2)
    assert targets(project.scons("p"))[-1] == "p"
    assert project.run("./p").out == "2"
    assert project.up_to_date()


def test_a_library_in_libpath_is_made_first(project) -> None:
    body = """
env["LIBPATH"] = ["c"]
env.OCamlProgram("p", ["p.ml"], OCAMLLINKFLAGS=["-cclib", "-lfoo", "-ccopt", "-L${LIBPATH[0]}"])
env.StaticLibrary("c/foo", "stub.c")
"""
    c_source(project, 5)
    ocaml(project, body, p_ml=MAIN)
    project.scons("p")
    assert project.run("./p").out == "5"


def test_a_library_comes_into_a_folder_that_is_searched_earlier(project) -> None:
    flags = ["-ccopt", "-Lone -Ltwo", "-cclib", "-lfoo"]
    ocaml(project, f'env.OCamlProgram("p", ["p.ml"], OCAMLLINKFLAGS={flags!r})', p_ml=MAIN)
    where = project.run("ocamlc", "-where").out.strip()
    for number, folder in ((1, "one"), (2, "two")):
        c_source(project, number, f"{folder}/s.c")
        project.run("gcc", "-c", "-I", where, "s.c", cwd=folder)
        project.run("ar", "rcs", "libfoo.a", "s.o", cwd=folder)
    project.path("one/libfoo.a").rename(project.path("later"))
    project.scons()
    assert project.run("./p").out == "2"
    project.path("later").rename(project.path("one/libfoo.a"))
    assert targets(project.scons()) == ["p"]
    assert project.run("./p").out == "1"
    project.path("two/libfoo.a").unlink()  # which is not read
    assert project.up_to_date()
    project.path("one/libfoo.a").unlink()
    project.scons(rc=2)


def test_what_a_shared_library_needs_counts_for_the_link(project) -> None:
    flags = ["-ccopt", "-L. -Wl,-rpath-link,deep", "-cclib", "-lfoo"]
    ocaml(project, f'env.OCamlProgram("p", ["p.ml"], OCAMLLINKFLAGS={flags!r})', p_ml=MAIN)
    project.write("foo.c", "long inner(void);\nlong answer(long unit) { return inner(); }\n")
    project.path("deep").mkdir()

    def inner(name: str) -> None:
        project.write("bar.c", f"long {name}(void) {{ return 15; }}\n")
        project.run("gcc", "-shared", "-fPIC", "-o", "deep/libbar.so", "bar.c")

    inner("inner")
    project.run("gcc", "-shared", "-fPIC", "-o", "libfoo.so", "foo.c", "-Ldeep", "-lbar")
    project.scons()
    assert project.run("./p", env={"LD_LIBRARY_PATH": ".:deep"}).out == "7"
    assert project.up_to_date()
    inner("other")
    assert "undefined reference to `inner'" in project.scons(rc=2).err
    inner("inner")
    assert targets(project.scons()) == ["p"]
    project.path("deep/libbar.so").unlink()
    project.scons(rc=2)


def test_packages_wait_for_an_object_in_link(project) -> None:
    flags = {"link": "stub.o"}
    rebel(project, 'env.Rebel()\nenv.Object("stub.o", "stub.c")\n', flags=flags, sources=["lib", "src"])
    c_source(project, 1)
    project.write("src/Index.ml", MAIN)
    for number in (1, 2, 3):
        c_source(project, number)
        project.scons("-j4")
        assert project.run("_build/default/src/app.out").out == str(number)
        assert project.up_to_date()
        assert commands(project.scons()) == []
    built = project.snapshot("_build/default/src")
    project.scons("-c")
    assert not project.path("_build").exists() and not project.path("stub.o").exists()
    project.scons("-j8")
    assert project.snapshot("_build/default/src") == built


def test_interactive_sees_an_edit_of_a_named_library(project) -> None:
    make, flags = IN_FLAGS["library"]
    c_source(project, 1)
    ocaml(project, f'env.OCamlProgram("p", ["p.ml"], OCAMLLINKFLAGS={flags!r})\n{make}', p_ml=MAIN)
    with Interactive(project) as scons:
        for number in (1, 2, 3):
            c_source(project, number)
            scons("build")
            assert project.run("./p").out == str(number)
            assert "ocamlopt" not in scons("build")


# Preprocessors


def test_each_word_of_a_preprocessor_counts(project) -> None:
    flags = 'OCAMLFLAGS=["-pp", "sh tools/pp.sh"], OCAMLDEPFLAGS=["-pp", "sh tools/pp.sh"]'
    ocaml(project, f'env.OCamlProgram("p", ["p.ml", "a.ml", "b.ml"], {flags})', p_ml="let () = print_string NAME.v\n")
    for name in "ab":
        project.write(f"{name}.ml", f'let v = "{name}"\n')
    for name in "AB":
        project.write("tools/pp.sh", f'sed s/NAME/{name}/ "$1"\n')
        project.scons()
        assert project.run("./p").out == name.lower()
        assert project.up_to_date()


def test_a_preprocessor_that_is_built_is_made_before_sources_are_read(project) -> None:
    """Wherever its builder is called, for one scope and not for others."""
    body = """
env.OCamlProgram("p", ["p.ml", "a.ml", "b.ml"], OCAMLFLAGS=["-pp", "sh gen/pp"], OCAMLDEPFLAGS=["-pp", "sh gen/pp"])
env.OCamlProgram("q", ["a.ml"])
env.Command("gen/pp", "pp.in", Copy("$TARGET", "$SOURCE"))
"""
    ocaml(project, body, p_ml="let () = print_string NAME.v\n", a_ml='let v = "a"\n', b_ml='let v = "b"\n')
    for name in "ABA":
        project.write("pp.in", f'sed s/NAME/{name}/ "$1"\n')
        project.scons("-j4")
        assert project.run("./p").out == name.lower()
        assert project.up_to_date()
    project.write("pp.in", f'sed s/NAME/{name}/ "$1" # nothing else\n')
    assert not any(target.startswith("q") for target in targets(project.scons()))
    project.scons("-c")
    assert not project.path("gen/pp").exists() and not project.path("p").exists()


@pytest.mark.parametrize("asked", [[], ["gen/pp", "p"], ["p", "-n"]])
def test_a_missing_preprocessor_does_not_disturb(project, asked) -> None:
    body = 'env.OCamlProgram("p", "p.ml", OCAMLFLAGS=["-pp", "gen/pp"], OCAMLDEPFLAGS=["-pp", "gen/pp"])\n'
    body += 'env.Command("gen/pp", "pp.in", [Copy("$TARGET", "$SOURCE"), Chmod("$TARGET", 0o755)])\n'
    ocaml(project, body, p_ml="let () = print_string NAME\n")
    project.write("pp.in", "#!/bin/sh\nsed s/NAME/Sys.os_type/ $1\n")
    project.scons(*asked)
    assert project.path("p").exists() == ("-n" not in asked)


def test_what_a_preprocessor_reads_is_declared_by_a_variable(project) -> None:
    flags = 'OCAMLFLAGS=["-pp", "sh pp"], OCAMLDEPFLAGS=["-pp", "sh pp"], OCAMLPPDEPS=["inc/*.txt", made, "later"]'
    body = 'made = env.Command("made.h", "made.in", Copy("$TARGET", "$SOURCE"))\n'
    ocaml(project, body + f'env.OCamlProgram("p", ["p.ml"], {flags})', p_ml="let () = print_string NAME\n")
    read = "cat inc/*.txt made.h > all; if [ -e later ]; then cat later >> all; fi"
    project.write("pp", f"""{read}; sed "s/NAME/\\"$(tr -d '\\n' < all)\\"/" $1""")
    for name, text in (("inc/a.txt", "1"), ("made.in", "2"), ("inc/b.txt", "3"), ("later", "4"), ("made.in", "5")):
        project.write(name, text)
        project.write("made.in", project.path("made.in").read_text() if project.path("made.in").exists() else "0")
        project.scons()
        expected = [
            project.path(each).read_text()
            for each in ("inc/a.txt", "inc/b.txt", "made.in", "later")
            if project.path(each).exists()
        ]
        assert project.run("./p").out == "".join(expected)
        assert project.up_to_date()


def build(project, *arguments: str, rc: int = 0) -> str:
    return project.run(sys.executable, "-m", "rebel_tools", "build", *arguments, rc=rc).text


BY_PREPROCESSOR = {
    "package": {"flags": {"compile": ["-pp", "sh tools/pp.sh"], "dep": ["-pp", "sh tools/pp.sh"]}},
    "module": {"moduleFlags": {"Index": ["-pp", "sh tools/pp.sh"]}},
}


@pytest.mark.parametrize("keys", BY_PREPROCESSOR.values(), ids=BY_PREPROCESSOR)
def test_what_a_preprocessor_of_a_package_reads(project, tmp_path, monkeypatch, keys) -> None:
    monkeypatch.setenv("REBEL_CACHE", str(tmp_path / "cache"))  # an output of a preprocessor does not belong there
    keys = {**keys, "preprocessorDependencies": ["config/**/*.txt", "version", "!config/old"]}
    project.write("package.json", json.dumps({"name": "x", "rebel": keys}))
    project.write("src/Index.ml", "let () = print_string NAME\n")
    script = 'cat version $(find config -name "*.txt" | sort) 2> /dev/null | tr -d "\\n" > all\n'
    project.write("tools/pp.sh", script + 'sed "s/NAME/\\"$(cat all)\\"/" $1\n')
    project.path("config").mkdir()
    expected = ""
    for name, text in (("config/b.txt", "b"), ("config/deep/c.txt", "c"), ("config/a.txt", "a"), ("version", "v")):
        project.write(name, text)
        build(project)
        expected = {"b": "b", "c": "bc", "a": "abc", "v": "vabc"}[text]
        assert project.run("_build/default/src/app.out").out == expected
        build(project)
        assert build(project) == "_build/default/src/app.out is up to date\n"
    project.write("config/old/x.txt", "x")
    build(project)
    assert build(project) == "_build/default/src/app.out is up to date\n"
    project.path("config/a.txt").unlink()
    build(project)
    assert project.run("_build/default/src/app.out").out.startswith("vbc")


def test_what_a_preprocessor_of_a_package_reads_is_built(project) -> None:
    flags = {"compile": ["-pp", "sh pp.sh"], "dep": ["-pp", "sh pp.sh"]}
    rule = 'env.Rebel()\nenv.Command("gen/v.txt", "v.in", Copy("$TARGET", "$SOURCE"))\n'
    rebel(project, rule, flags=flags, preprocessorDependencies=["gen/*.txt"])
    project.write("src/Index.ml", "let () = print_string NAME\n")
    project.write("pp.sh", 'sed "s/NAME/\\"$(cat gen/v.txt)\\"/" $1\n')
    for text in ("one", "two"):
        project.write("v.in", text)
        project.scons("-j4")
        assert project.run("_build/default/src/app.out").out == text
        assert project.up_to_date()


def test_a_runtime_in_javascript_counts(project) -> None:
    if not tools.find("js_of_ocaml") or not shutil.which("node"):
        pytest.skip("needs js_of_ocaml and node")
    target = {"target": "js", "engine": "jsoo", "entry": "src/Index.ml", "unstable_flags": {"jsoo": ["gen/run.js"]}}
    make = 'env.Command("gen/run.js", "run.in", Copy("$TARGET", "$SOURCE"))\n'
    rebel(project, f"env.Rebel()\n{make}", targets=[target])
    project.write("src/Index.ml", MAIN.replace('"answer"', '"caml_ml_debug_info_status"'))
    for number in "12":
        name = "caml_ml_debug_info_status"
        project.write("run.in", f"//Provides: {name}\nfunction {name}(unit) {{ return {number}; }}\n")
        project.scons("-j4")
        assert project.run("node", "_build/js/src/app.js").out.strip() == number
        assert project.up_to_date()


@pytest.mark.parametrize("pattern", ["../x", "/etc/passwd", "a/../../b", ""])
def test_a_pattern_outside_of_the_package_is_an_error(project, pattern) -> None:
    project.write("package.json", json.dumps({"name": "x", "rebel": {"preprocessorDependencies": [pattern]}}))
    project.write("src/Index.ml", "")
    text = build(project, rc=2)
    assert "package.json:1:" in text and "below the folder of the package" in text


def test_a_rewriter_that_another_target_of_the_package_is(project) -> None:
    ppx = """let () = Ast_mapper.register "p" (fun _ -> { Ast_mapper.default_mapper with expr = fun m e ->
      match e.Parsetree.pexp_desc with
      | Parsetree.Pexp_ident { txt = Longident.Lident "here"; _ } ->
        Ast_helper.Exp.constant (Ast_helper.Const.string NAME)
      | _ -> Ast_mapper.default_mapper.expr m e })\n"""
    flags = dict.fromkeys(("compile", "dep"), ["-ppx", "_build/ppx/src/app.out"])
    found = [
        {"target": "app", "engine": "native", "entry": "src/main.ml", "unstable_flags": flags},
        {"target": "ppx", "engine": "byte", "entry": "src/ppx.ml"},
    ]
    rebel(project, "env.Rebel()\n", targets=found, ocamlfindDependencies=["compiler-libs.common"])
    project.write("src/main.ml", 'let here = ""\nlet () = print_string here\n')
    for text in ("one", "two"):
        project.write("src/ppx.ml", ppx.replace("NAME", json.dumps(text)))
        project.scons("app", "-j4", rc=None)
        project.scons("-j4")
        assert project.run("_build/app/src/app.out").out == text


# Interfaces in flags


def test_interfaces_in_a_folder_of_a_flag_are_made_first(project) -> None:
    body = """
env.OCamlProgram("p", ["p.ml"], OCAMLFLAGS=["-I", "ext"], OCAMLLINKFLAGS=["-I", "ext", "ext.cmx"])
env.Command(["ext/ext.cmi", "ext/ext.cmx", "ext/ext.o"], "ext.ml", "ocamlopt -c -o ext/ext.cmx $SOURCE")
"""
    ocaml(project, body, p_ml="let () = print_string (string_of_int Ext.v)\n")
    for number in (1, 2, 34):
        project.write("ext.ml", f"let v = {number}\n")
        project.scons("-j4")
        assert project.run("./p").out == str(number)
        assert project.up_to_date()


def test_folders_that_name_each_other_are_no_circle(project) -> None:
    body = """
env.Append(OCAMLFLAGS=["-I", "inst"])
one = env.OCamlLibrary("lib/one", "a.ml")
two = env.OCamlLibrary("lib/two", "b.ml", OCAMLLIBS=[one])
env.Install("inst", [one, two, env.OCamlFiles(one), env.OCamlFiles(two)])
env.OCamlProgram("p", "p.ml", OCAMLLIBS=[two])
"""
    ocaml(project, body, a_ml="let v = 1\n", b_ml="let v = One.A.v\n", p_ml="let () = print_int Two.B.v\n")
    project.scons("-j4")
    assert project.run("./p").out == "1"
    project.write("a.ml", "let v = 7\n")
    project.scons("-j4")
    assert project.run("./p").out == "7"
    project.scons()
    assert project.up_to_date()


# Files that the C compiler adds by itself


def test_the_files_of_the_c_toolchain_count(project) -> None:
    found = project.run("gcc", "-print-file-name=crti.o").out.strip()
    shutil.copy(found, project.write("own/note", "").parent / "crti.o")
    ocaml(project, 'env.OCamlProgram("p", "p.ml", OCAMLLINKFLAGS=["-ccopt", "-Bown"])', p_ml="let () = print_int 1\n")
    project.scons()
    assert project.up_to_date()
    project.run("strip", "--strip-debug", "--remove-section=.comment", "own/crti.o")
    with open(project.path("own/crti.o"), "ab") as file:
        file.write(b"\0")
    assert targets(project.scons()) == ["p"]
    assert project.up_to_date()


@pytest.mark.parametrize("program", ["gcc", "as", "ld"])
def test_another_program_of_the_c_toolchain(project, program: str) -> None:
    """Including one that is added to an earlier folder of the PATH."""
    config = project.run("ocamlopt", "-config").out
    values = dict(line.partition(": ")[::2] for line in config.splitlines())
    names = {"gcc": values["native_c_compiler"].split()[0], "as": values["asm"].split()[0], "ld": "ld"}
    real = shutil.which(names[program])
    project.path("bin").mkdir()
    path = {"PATH": f"{project.path('bin')}{os.pathsep}{os.environ['PATH']}"}
    ocaml(project, 'env.OCamlProgram("p", "p.ml")', p_ml="let () = print_int 1\n")
    project.scons(env=path)
    for text in ("", "# another one\n"):
        project.write(f"bin/{names[program]}", f'#!/bin/sh\n{text}exec {real} "$@"\n').chmod(0o755)
        assert "p" in targets(project.scons(env=path)) or program == "as"
        assert commands(project.scons(env=path)) == []


@pytest.mark.parametrize("pattern", ["*.txt", "odd.txt"])
@pytest.mark.parametrize("key", ["preprocessor", "flags", "rules"])
def test_what_would_read_a_fifo(project, pattern, key) -> None:
    data: dict = {"preprocessor": {"Index": ["cat"]}, "preprocessorDependencies": [pattern]}
    if key == "flags":
        data = {"flags": {"compile": "-pp cat"}, "preprocessorDependencies": [pattern]}
    elif key == "rules":
        data = {"rules": [{"command": ["cat", pattern], "sources": [pattern], "stdout": "src/made.ml"}]}
    project.write("package.json", json.dumps({"name": "app", "rebel": data}))
    project.write("src/index.ml", "let () = ()\n")
    os.mkfifo(project.path("odd.txt"))
    done = project.run(sys.executable, "-m", "rebel_tools", "build", rc=2)
    assert "odd.txt: this is a FIFO" in done.err and "Traceback" not in done.err
