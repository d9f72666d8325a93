"""C and C++ of packages: `rebel.stubs`, compiled and linked without settings in the SConstruct of a user."""

from __future__ import annotations

import json
import os
import shutil

import pytest
from package_app import App, edit, steps

from rebel_tools import tools

pytestmark = [
    pytest.mark.skipif(not tools.find("ocamlfind"), reason="needs ocamlfind"),
    pytest.mark.skipif(not shutil.which("gcc"), reason="needs gcc"),
]
needs_pkg_config = pytest.mark.skipif(not shutil.which("pkg-config"), reason="needs pkg-config")

ADD = """\
#include <caml/mlvalues.h>
#include "limits.h"
#include <pub/add.h>
value c_add(value a, value b) { return Val_int(add_two(Int_val(a), Int_val(b)) + LIMIT); }
"""
INDEX = 'let () = print_int (Adder.Api.add 20 (String.length (Adder.Api.name "C")))\n'


@pytest.fixture
def app(project) -> App:
    return App(project)


def adder(app: App, targets: list | None = None, **stubs) -> None:
    """A package with stubs, and a program that uses it."""
    app.package(dependencies={"adder": "*"}, **({"targets": targets} if targets else {}))
    said = {"sources": ["c"], "headers": ["include"], "flags": ["-Ic/own"], **stubs}
    app.write("node_modules/adder/package.json", json.dumps({"name": "adder", "rebel": {"stubs": said}}, indent=1))
    app.write("node_modules/adder/c/add.c", ADD)
    app.write("node_modules/adder/c/own/limits.h", "#define LIMIT 0\n")
    app.write("node_modules/adder/include/pub/add.h", "static int add_two(int a, int b) { return a + b; }\n")
    cxx = '#include <string>\nextern "C" {\n#include <caml/alloc.h>\n'
    cxx += 'value c_name(value v) { return caml_copy_string((std::string(String_val(v)) + "++").c_str()); }\n}\n'
    app.write("node_modules/adder/c/name.cpp", cxx)
    api = 'external add : int -> int -> int = "c_add"\nexternal name : string -> string = "c_name"\n'
    app.write("node_modules/adder/src/api.ml", api)
    app.write("src/index.ml", INDEX)


def byte() -> list:
    return [{"target": "default", "engine": "byte", "entry": "src/index.ml"}]


@pytest.mark.parametrize("engine", ["native", "byte"])
def test_a_package_with_c_needs_nothing_in_who_uses_it(app, engine):
    adder(app, byte() if engine == "byte" else None)
    app.build()
    moved = app.path("moved.out")
    shutil.copy(app.path("_build/default/src/app.out"), moved)
    assert app.output() == app.project.run(moved).out == "23"
    assert sorted(path.name for path in app.path("_build/default/adder").glob("*_stubs.*")) == [
        "dlladder_stubs.so",
        "libadder_stubs.a",
    ]
    app.settle()
    app.equals_a_clean_build()


def test_an_sconstruct_with_tools_for_c_and_none_for_others(app):
    adder(app)
    tools = '["gcc", "ar", "gnulink", "rebel"]'
    script = f"env = Environment(tools={tools}, toolpath=[rebel_tools.TOOLPATH])\nenv.Rebel()\n"
    app.write("SConstruct", f"import rebel_tools\nDefaultEnvironment(tools=[])\n{script}")
    app.project.scons()
    assert app.output() == "23"


def test_the_program_itself_has_c(app):
    app.package(stubs={"sources": ["src/*.c"]}, targets=[{"entry": "src/index.ml"}, *byte()][:1])
    app.write("src/one.c", "#include <caml/mlvalues.h>\nvalue one(value u) { return Val_int(1); }\n")
    app.write("src/index.ml", 'external one : unit -> int = "one"\nlet () = print_int (one ())\n')
    app.build()
    assert app.output() == "1"
    app.package(stubs={"sources": ["src/*.c"]}, targets=byte())
    app.build()
    assert app.output() == "1"


RELINKED = ["cc add.c", "ocamlmklib libadder_stubs.a", "link app.out"]
EDITS = {
    "comment in C": ("c/add.c", "value c_add", "/* adds */ value c_add", ["cc add.c"]),
    "another body": ("c/add.c", "+ LIMIT", "+ LIMIT + 1", RELINKED),
    "own header": ("c/own/limits.h", "0", "5", RELINKED),
    "public header": ("include/pub/add.h", "a + b", "b - a", RELINKED),
    "comment in OCaml": ("src/api.ml", "external name", "external name (* a comment *)", ["ocamlopt api.ml"]),
}  # fmt: skip


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_makes_what_a_clean_build_makes(app, name):
    adder(app, flags=["-Ic/own", "-g0"])
    app.settle()
    file, old, new, expected = EDITS[name]
    edit(app, f"node_modules/adder/{file}", old, new)
    assert steps(app.build()) == expected
    app.equals_a_clean_build()


def test_a_header_that_hides_another_counts(app):
    adder(app)
    app.settle()
    app.write("node_modules/adder/c/limits.h", "#define LIMIT 100\n")
    app.build()
    assert app.output() == "123"
    app.equals_a_clean_build()
    app.path("node_modules/adder/c/limits.h").unlink()
    app.build()
    assert app.output() == "23"


def test_sources_come_and_go(app):
    adder(app)
    app.settle()
    before = app.made()
    app.write("node_modules/adder/c/more.c", "int more = 1;\n")
    assert "cc more.c" in steps(app.build())
    app.equals_a_clean_build()
    app.path("node_modules/adder/c/more.c").unlink()
    app.build()
    assert app.made() == before
    app.write("node_modules/adder/package.json", '{"name": "adder", "rebel": {}}')
    app.write("src/index.ml", "let () = print_int 1\n")
    app.build()
    assert not [path for path in app.made() if "stubs" in path or path.endswith(".c.o")]
    app.equals_a_clean_build()


def test_many_jobs_make_what_one_makes(app):
    adder(app)
    app.is_made_alike_by_many_jobs()


def test_clean_leaves_nothing(app):
    adder(app)
    before = sorted(str(path) for path in app.project.root.rglob("*"))
    app.build()
    app.project.run("rebel", "clean")
    left = {str(path) for path in app.project.root.rglob("*")} - {*before}
    assert {os.path.basename(path) for path in left} <= {".sconsign.dblite"}


def test_what_somebody_changed_is_made_again(app):
    adder(app)
    app.settle()
    made = app.made()
    for name in ("adder/libadder_stubs.a", "adder/dlladder_stubs.so", ".generated/adder/c/add.c.o"):
        file = app.path(f"_build/default/{name}")
        status, data = file.stat(), file.read_bytes()
        file.write_bytes(data[:-1] + b"?")
        os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
        app.build()
        assert app.made() == made
        file.unlink()
        app.build()
        assert app.made() == made


@pytest.mark.parametrize("folder", ["another folder", "a $(touch ran) `touch ran`", "$) 100% ${x}"])
def test_a_moved_tree_is_built_to_the_same(app, folder):
    adder(app)
    app.build()
    made = {path: data for path, data in app.made().items() if path.endswith((".o", ".a", ".so", ".out"))}
    other = app.project.root.parent / folder
    shutil.copytree(app.project.root, other, symlinks=True, ignore=shutil.ignore_patterns("_build"))
    app.project.root = other
    app.path = app.project.path
    app.build()
    assert {path: app.made()[path] for path in made} == made


def test_a_program_of_two_packages_with_c_in_any_folder(app):
    """The second package includes a header of the first one, and names that a shell would split are harmless."""
    adder(app)
    app.package(dependencies={"@acme/user": "*", "adder": "*"})
    user = {
        "name": "@acme/user",
        "dependencies": {"adder": "*"},
        "rebel": {"stubs": {"sources": ["c $(touch x)"], "headers": ["c $(touch x)"]}},
    }
    app.write("node_modules/@acme/user/package.json", json.dumps(user))
    text = "#include <caml/mlvalues.h>\n#include <pub/add.h>\n"
    text += "value user(value v) { return Val_int(add_two(Int_val(v), 1)); }\n"
    app.write("node_modules/@acme/user/c $(touch x)/a ${touch} b.c", text)
    app.write("node_modules/@acme/user/src/api.ml", 'external user : int -> int = "user"\n')
    app.write("src/index.ml", INDEX + "let () = print_int (User.Api.user 1)\n")
    app.build()
    assert app.output() == "232"
    assert not app.path("x").exists()
    assert app.path("_build/default/@acme/user/libacme_user_stubs.a").exists()
    edit(app, "node_modules/adder/include/pub/add.h", "a + b", "a + b + 1")
    app.build()
    assert app.output() == "243"


def test_a_library_alone_is_packed_for_both_engines(app):
    app.package(targets=[], stubs={"sources": ["src/one.c"], "libraries": ["m"]})
    app.write(
        "src/one.c",
        "#include <math.h>\n#include <caml/mlvalues.h>\nvalue one(value v) { return Val_int(cos(Int_val(v))); }\n",
    )
    app.write("src/index.ml", 'external one : int -> int = "one"\n')
    app.settle()
    said = app.project.run("ocamlobjinfo", "_build/default/app/App.cma").out
    assert "-lapp_stubs -lm" in said.partition("Extra C object files:")[2].partition("\n")[0]
    assert "-lapp_stubs" in said.partition("Extra dynamically-loaded libraries:")[2].partition("\n")[0]
    app.equals_a_clean_build()
    edit(app, "src/one.c", "cos", "sin")
    assert steps(app.build()) == ["cc one.c", "ocamlmklib libapp_stubs.a"]


def test_c_that_a_rule_makes(app):
    command = [
        "sh",
        "-c",
        "echo '#define ONE 1' > c/one.h; echo '#include \"one.h\"' > c/made.c; cat part.txt >> c/made.c",
    ]
    rule = {"command": command, "sources": ["part.txt"], "targets": ["c/one.h", "c/made.c"]}
    app.package(rules=[rule], stubs={"sources": ["c/made.c", "c/hand.c"]})
    app.write("part.txt", "#include <caml/mlvalues.h>\nvalue one(value u) { return Val_int(ONE); }\n")
    app.write("c/hand.c", '#include "one.h"\nint hand = ONE;\n')
    app.write("src/index.ml", 'external one : unit -> int = "one"\nlet () = print_int (one ())\n')
    app.build()
    assert app.output() == "1"
    edit(app, "part.txt", "Val_int(ONE)", "Val_int(ONE + 1)")
    app.build()
    assert app.output() == "2"
    app.equals_a_clean_build()


@needs_pkg_config
def test_what_pkg_config_knows(app):
    app.write("pc/fine.pc", "Name: fine\nDescription: -\nVersion: 1\nCflags: -DFINE=7\nLibs: -lm\n")
    app.environment["PKG_CONFIG_PATH"] = str(app.path("pc"))
    app.package(stubs={"sources": ["src/one.c"], "pkgConfig": ["fine"]})
    app.write("src/one.c", "#include <caml/mlvalues.h>\nvalue one(value u) { return Val_int(FINE); }\n")
    app.write("src/index.ml", 'external one : unit -> int = "one"\nlet () = print_int (one ())\n')
    app.settle()
    assert app.output() == "7"
    edit(app, "pc/fine.pc", "FINE=7", "FINE=8")
    app.build()
    assert app.output() == "8"
    app.equals_a_clean_build()


def number(app: App, header: str, **stubs) -> None:
    """A program that prints a number from a header which is not in the package."""
    app.package(stubs={"sources": ["src/one.c"], **stubs})
    app.write("src/one.c", f"#include <caml/mlvalues.h>\n{header}\nvalue one(value u) {{ return Val_int(NUMBER); }}\n")
    app.write("src/index.ml", 'external one : unit -> int = "one"\nlet () = print_int (one ())\n')


def installed(app: App, folder: str, value: int) -> str:
    app.write(f"{folder}/number.h", f"#define NUMBER {value}\n")
    return str(app.path(folder))


@pytest.mark.parametrize("variable", ["CPATH", "C_INCLUDE_PATH"])
def test_a_header_in_a_folder_of_the_environment_counts(app, variable):
    number(app, "#include <number.h>")
    app.environment[variable] = f"{app.path('none')}:{installed(app, 'inc', 1)}"
    app.settle()
    installed(app, "inc", 2)
    app.build()
    assert app.output() == "2"
    app.environment[variable] = f"{installed(app, 'inc2', 3)}:{app.environment[variable]}"
    app.build()
    assert app.output() == "3"
    app.equals_a_clean_build()
    app.path("inc2/number.h").unlink()
    app.build()
    assert app.output() == "2"
    installed(app, "none", 4)
    app.build()
    assert app.output() == "4"
    app.equals_a_clean_build()


@pytest.mark.parametrize("first", ["c", "inc"])
def test_a_header_that_appears_in_a_folder_below_counts(app, first):
    number(app, "#include <sub/number.h>", flags="-I inc", headers=["c"])
    app.environment["CPATH"] = str(app.path("inc2"))
    app.write("c/sub/other.h", "")
    app.write("inc/sub/other.h", "")
    installed(app, "inc2/sub", 1)
    app.settle()
    installed(app, f"{first}/sub", 2)
    app.build()
    assert app.output() == "2"
    app.equals_a_clean_build()


@needs_pkg_config
def test_a_header_of_a_package_of_pkg_config_counts(app):
    folder = installed(app, "inc", 1)
    app.write("pc/fine.pc", f"Name: fine\nDescription: -\nVersion: 1\nCflags: -I{folder}\n")
    app.environment["PKG_CONFIG_PATH"] = str(app.path("pc"))
    number(app, "#include <number.h>", pkgConfig=["fine"])
    app.settle()
    installed(app, "inc", 2)
    app.build()
    assert app.output() == "2"
    app.write("pc2/fine.pc", "Name: fine\nDescription: -\nVersion: 1\nCflags: -I" + installed(app, "inc2", 3))
    app.environment["PKG_CONFIG_PATH"] = str(app.path("pc2"))
    app.build()
    assert app.output() == "3"
    app.equals_a_clean_build()


@pytest.mark.parametrize("flag", ["-include inc/number.h", "-isystem inc -include number.h", "@words"])
def test_a_file_in_flags_counts(app, flag):
    installed(app, "inc", 1)
    app.write("words", "-DNUMBER=1\n")
    number(app, "", flags=flag)
    app.settle()
    installed(app, "inc", 2)
    app.write("words", "-DNUMBER=2\n")
    app.build()
    assert app.output() == "2"
    app.equals_a_clean_build()


@pytest.mark.parametrize("program", ["as", "gcc"])
def test_another_program_of_the_c_compiler_makes_all_again(app, program):
    number(app, "#define NUMBER 1")
    app.settle()
    for name in (program, f"x86_64-linux-gnu-{program}"):
        app.script(f"bin/{name}", "")
    assert "cc one.c" in steps(app.build())
    app.equals_a_clean_build()


def test_the_date_counts(app):
    number(app, "#define NUMBER (__DATE__[10] - '0')")
    app.environment["SOURCE_DATE_EPOCH"] = "0"
    app.settle()
    assert app.output() == "0"
    app.environment["SOURCE_DATE_EPOCH"] = str(366 * 24 * 3600)
    app.build()
    assert app.output() == "1"


def test_javascript_needs_no_c(app):
    if not tools.find("js_of_ocaml"):
        pytest.skip("needs js_of_ocaml")
    adder(app, [{"target": "default", "engine": "jsoo", "entry": "src/index.ml"}])
    app.write("src/index.ml", "let () = print_int 3\n")
    app.build()
    assert app.path("_build/default/src/app.js").exists()


# Errors


@needs_pkg_config
def test_mistakes_are_at_their_keys(app):
    adder(app, pkgConfig=["no-such-library"])
    said = app.build(rc=2)
    assert 'adder/package.json:15:5: pkg-config has no package "no-such-library"\n  15 |     "no-such' in said
    adder(app, libraries=["no_such_library"])
    said = app.build(rc=2)
    assert 'adder/package.json:15:5: there is no C library called "no_such_library"' in said


def test_a_header_that_is_nowhere(app):
    adder(app)
    edit(app, "node_modules/adder/c/add.c", "pub/add.h", "no/such.h")
    said = app.build(rc=2)
    assert (
        'node_modules/adder/package.json:4:3: the C of the package adder includes "no/such.h", which is nowhere' in said
    )
    assert "node_modules/adder/c/add.c:3:10: fatal error: no/such.h" in said
    app.write("node_modules/other/package.json", '{"name": "other", "rebel": {"stubs": {"headers": ["h"]}}}')
    app.write("node_modules/other/h/no/such.h", "static int add_two(int a, int b) { return a + b; }\n")
    app.package(dependencies={"adder": "*", "other": "*"})
    assert "hint: the package other has it: add it to `dependencies`" in app.build(rc=2)


@pytest.mark.parametrize("engine", ["native", "byte"])
def test_a_function_that_no_c_has(app, engine):
    adder(app, byte() if engine == "byte" else None)
    edit(app, "node_modules/adder/c/add.c", "c_add", "c_sub")
    said = app.build(rc=2)
    text = 'the function "c_add", which node_modules/adder/src/api.ml:1 declares, is in no C of the package adder'
    assert f"node_modules/adder/package.json:5:15: {text}" in said
    edit(app, "node_modules/adder/c/add.c", "c_sub(value a, value b) {", "c_add(value a, value b) { no_such();")
    edit(app, "node_modules/adder/c/add.c", "value c_", "extern int no_such(void);\nvalue c_")
    assert 'the C of the package adder needs "no_such", which is not linked' in app.build(rc=2)


def test_a_package_without_stubs_is_told_where_they_belong(app):
    app.write("src/index.ml", 'external f : unit -> int = "not_there"\nlet () = print_int (f ())\n')
    said = app.build(rc=2)
    assert (
        'package.json:1:37: the function "not_there", which src/index.ml:1 declares, is in no C of the package' in said
    )


def test_flags_that_start_programs_are_refused_where_packages_may_start_none(app):
    adder(app, flags=["-Ic/own", "-O2", "-fplugin=./x.so"])
    said = app.build("--package-programs=none", rc=2)
    assert 'may start a program with "rebel"."stubs"."flags"[2]' in said or "-fplugin" in said
    adder(app)
    app.build("--package-programs=none")
    assert app.output() == "23"
