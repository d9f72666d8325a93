"""`rebel.stubs` of package.json: which files it selects, where headers are searched, and what is refused."""

from __future__ import annotations

import json

import pytest

from rebel_tools.ocaml import c_messages
from rebel_tools.ocaml.flags import first_program_of_c
from rebel_tools.project import ProjectError, load_project


def load(project, *files: str, rules: tuple = (), **stubs):
    rebel = {"targets": [], "stubs": stubs, "rules": [*rules]}
    project.write("package.json", json.dumps({"name": "@acme/app", "rebel": rebel}, indent=1))
    for name in files:
        project.write(name, "")
    return load_project(str(project.root)).root


def test_files_and_folders(project):
    made = {"command": ["make"], "targets": ["gen/made.c", "gen/config.h"]}
    package = load(
        project,
        *("c/a.c", "c/deep/b.cpp", "c/a.h", "c/README", "inc/x.h", "one.h", "c/.b.c"),
        rules=(made,),
        sources=["c", "!c/no.c", "gen/made.c"],
        headers=["inc", "one.h", "c/*.h"],
        flags=["-Ic", "-I", "gen/", "-O2"],
    )
    stubs = package.stubs
    assert stubs.sources == ("c/a.c", "c/deep/b.cpp", "gen/made.c")
    assert stubs.headers == ("inc", ".", "c")
    assert (stubs.folders, stubs.flags, stubs.made_folders) == (("c", "gen"), ("-O2",), ("gen",))
    assert package.stub_library == "acme_app_stubs"
    assert load(project, libraries=["z"]).stubs.is_linked
    assert not load(project, headers=["inc"]).stubs.is_linked


@pytest.mark.parametrize(
    "stubs, message",
    [
        ({"sources": ["none.c"]}, '"none.c" selects no file'),
        ({"sources": ["a.h"]}, '"a.h" is not a C or C++ source'),
        ({"sources": ["-x.c"]}, "begins with a dash"),
        ({"headers": ["none"]}, '"none" selects no file'),
        ({"libraries": ["-lz"]}, '"-lz" cannot be the name of a C library'),
        ({"pkgConfig": ["--libs"]}, '"--libs" cannot be the name of a pkg-config package'),
        ({"source": ["a.c"]}, 'unknown key "rebel"."stubs"."source"'),
    ],
)
def test_mistakes(project, stubs, message):
    with pytest.raises(ProjectError) as raised:
        load(project, "a.h", "-x.c", **stubs)
    assert message in raised.value.message
    assert raised.value.place.line > 1 and raised.value.source


def test_two_packages_with_libraries_of_one_name(project):
    project.write("package.json", json.dumps({"dependencies": {"@a/b": "*", "a_b": "*"}, "rebel": {"targets": []}}))
    for name in ("@a/b", "a_b"):
        said = {"name": name, "rebel": {"stubs": {"sources": ["x.c"]}}}
        project.write(f"node_modules/{name}/package.json", json.dumps(said))
        project.write(f"node_modules/{name}/x.c", "")
    with pytest.raises(ProjectError) as raised:
        load_project(str(project.root))
    assert "liba_b_stubs.a" in raised.value.message


def test_flags_that_may_start_programs():
    assert first_program_of_c(["-O2", "-DX=$(x)", "-Wall", "-std=c11", "-march=native", "-fno-common", "-Ix"]) is None
    for word in ("-fplugin=x", "-B.", "@file", "-specs=x", "-Wl,-plugin,x", "-Wa,x", "-wrapper", "x.c", "-fuse-ld=x"):
        assert first_program_of_c(["-O2", word]) == 1


COMPLAINTS = {
    "GCC": "a.c:1:10: fatal error: x/y.h: No such file or directory\n",
    "Clang": "a.c:1:10: fatal error: 'x/y.h' file not found\n",
    "GCC with colours": "a.c:1:10: \x1b[01;31m\x1b[Kfatal error: \x1b[m\x1b[Kx/y.h: No such file or directory\n",
}


@pytest.mark.parametrize("name", COMPLAINTS)
def test_headers_that_are_missing(name):
    assert c_messages.missing_header(COMPLAINTS[name]) == "x/y.h"


def test_symbols_that_are_missing():
    text = "ld: _build/a/libfoo_stubs.a(x.o): in function `f':\nx.c:3: undefined reference to `deflate'\n"
    assert list(c_messages.undefined(text + text)) == [("deflate", "foo_stubs")]
    assert list(c_messages.undefined("ld.lld: error: undefined symbol: g\n>>> referenced by x\n")) == [("g", "")]
    assert list(c_messages.undefined("Error: The external function `h' is not available\n")) == [("h", "")]
    assert c_messages.missing_library("/usr/bin/ld: cannot find -lzx: No such file or directory") == "zx"


def test_where_an_external_is_declared(project):
    source = project.write("a.ml", 'let x = "f"\nexternal g : int -> int = "g_byte" "f"\n')
    assert c_messages.declared_at("f", [str(source)]) == (str(source), 2)
    assert c_messages.declared_at("x", [str(source), "none"]) is None
