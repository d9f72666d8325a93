"""C among the sources of env.OCamlLibrary and env.OCamlProgram."""

from __future__ import annotations

import shutil

import pytest
from tool_project import entries, five_checks, replace, sconstruct, targets

pytestmark = pytest.mark.skipif(not shutil.which("ocamlmklib"), reason="needs ocamlmklib")

BODY = """
    sums = env.OCamlLibrary("lib/sums", ["lib/sums.ml", "lib/adler.c"], OCAMLPUBLICMODULE=True, OCAMLENGINES=%s)
    env.OCamlProgram("main", ["main.ml", "twice.c"], OCAMLLIBS=sums, OCAMLENGINES=%s)
"""
FILES = {
    "lib/sums.ml": 'external adler : string -> int = "sums_adler"\n',
    "lib/adler.c": """\
        #include <caml/mlvalues.h>
        #include "base.h"
        value sums_adler(value text)
        {
            unsigned a = 1, b = 0;
            for (mlsize_t i = 0; i < caml_string_length(text); i++) {
                a = (a + Byte_u(text, i)) % BASE;
                b = (b + a) % BASE;
            }
            return Val_long((long)b << 16 | a);
        }
        """,
    "lib/base.h": "#define BASE 65521\n",
    "main.ml": """\
        external twice : int -> int = "twice"
        let () = Printf.printf "%d" (twice (Sums.adler "Wikipedia"))
        """,
    "twice.c": "#include <caml/mlvalues.h>\nvalue twice(value n) { return Val_long(2 * Long_val(n)); }\n",
}
NATIVE, BYTE = ['["native"]'] * 2, ['["byte"]'] * 2
ADLER = 0x11E60398  # of "Wikipedia", by the article there


def printed(project, program: str = "main") -> int:
    return int(project.run(project.path(program)).out)


@pytest.mark.parametrize("engines", [NATIVE, BYTE, ['["native", "byte"]', '["byte"]']])
def test_a_library_with_c(project, engines):
    sconstruct(project, BODY % tuple(engines), FILES)
    project.scons()
    assert printed(project) == 2 * ADLER
    made = {"lib/libsums_stubs.a", "lib/dllsums_stubs.so", "lib/sums.objs/adler.c.o", "main.objs/twice.c.o"}
    assert made <= entries(project)
    shutil.move(project.path("main"), project.path("elsewhere"))
    assert printed(project, "elsewhere") == 2 * ADLER


@pytest.mark.parametrize("engines, unit", [(NATIVE, "cmx"), (BYTE, "cmo")])
def test_as_any_other_builder(project, engines, unit):
    sconstruct(project, BODY % tuple(engines), FILES)
    edit = lambda p: replace(p, "lib/base.h", "65521", "251")  # noqa: E731
    five_checks(project, "lib/sums.ml", [f"lib/sums.objs/Sums.{unit}"], edit)
    assert printed(project) != 2 * ADLER


def test_an_edited_header_compiles_c_and_links(project):
    sconstruct(project, BODY % tuple(NATIVE), FILES)
    project.scons()
    replace(project, "lib/base.h", "65521", "7")
    assert targets(project.scons()) == ["lib/sums.objs/adler.c.o", "main"]
    replace(project, "lib/base.h", "\n", " /* a comment */\n")
    assert targets(project.scons()) == ["lib/sums.objs/adler.c.o"]


def test_the_archive_alone_has_its_stubs(project):
    sconstruct(project, BODY % tuple(NATIVE), FILES)
    project.scons("lib/sums.cmxa")
    assert "lib/libsums_stubs.a" in entries(project) and "main" not in entries(project)


def test_libraries_that_stubs_need(project):
    """$LIBS and $LIBPATH as in SCons' own links: another library of this build, then one of the system."""
    body = """
        c = Environment(tools=["cc", "ar"], CCFLAGS=["-fPIC"])
        c.StaticLibrary("deep/root", c.Object("deep/root.c"))
        env["OCAMLPUBLICMODULE"] = True
        sums = env.OCamlLibrary("sums", ["sums.ml", "glue.c"], LIBS=["root", "m"], LIBPATH=["deep"])
        env.OCamlProgram("main", ["main.ml"], OCAMLLIBS=sums)
    """
    glue = "#include <caml/mlvalues.h>\nlong root(long);\nvalue glue(value n) { return Val_long(root(Long_val(n))); }\n"
    files = {
        "sums.ml": 'external root : int -> int = "glue"\n',
        "glue.c": glue,
        "deep/root.c": "#include <math.h>\nlong root(long n) { return (long)sqrt((double)n); }\n",
        "main.ml": "let () = print_int (Sums.root 1764)\n",
    }
    sconstruct(project, body, files)
    project.scons()
    assert printed(project) == 42
    replace(project, "deep/root.c", "(long)sqrt", "1 + (long)sqrt")
    project.scons()
    assert printed(project) == 43


@pytest.mark.skipif(not shutil.which("g++"), reason="needs g++")
def test_cxx_and_objects(project):
    """A source of C++ brings its standard library; an object that another builder makes is packed as it is."""
    body = """
        c = Environment(tools=["cc", "c++"], CPPPATH=[env.subst("$OCAMLWHERE")])
        made = c.SharedObject("made.c")
        sums = env.OCamlLibrary("sums", ["sums.ml", "text.cpp", made], OCAMLPUBLICMODULE=True)
        env.OCamlProgram("main", ["main.ml"], OCAMLLIBS=sums)
    """
    files = {
        "sums.ml": 'external digits : int -> int = "digits"\nexternal made : unit -> int = "made"\n',
        "text.cpp": """\
            #include <string>
            #include <caml/mlvalues.h>
            extern "C" value digits(value n) { return Val_long(std::to_string(Long_val(n)).size()); }
            """,
        "made.c": "#include <caml/mlvalues.h>\nvalue made(value u) { return Val_int(100); }\n",
        "main.ml": "let () = print_int (Sums.digits 12345 + Sums.made ())\n",
    }
    sconstruct(project, body, files)
    project.scons()
    assert printed(project) == 105


@pytest.mark.parametrize("compiler", ["ocamlopt", "ocamlc"])
def test_an_installed_library_has_them(project, compiler):
    if not shutil.which("ocamlfind"):
        pytest.skip("needs ocamlfind")
    body = """
        sums = env.OCamlLibrary("lib/sums", ["lib/sums.ml", "lib/adler.c"], OCAMLPUBLICMODULE=True,
                                OCAMLENGINES=["native", "byte"])
        env.Alias("install", env.OCamlInstall("prefix", sums))
    """
    sconstruct(project, body, FILES)
    project.scons("install")
    project.write("use/a.ml", 'let () = print_int (Sums.adler "Wikipedia")')
    command = ["ocamlfind", compiler, "-package", "sums", "-linkpkg", "use/a.ml", "-o", "use/a.out"]
    environment = {
        "OCAMLPATH": str(project.path("prefix")),
        "CAML_LD_LIBRARY_PATH": str(project.path("prefix/stublibs")),
    }
    project.run(*command, env=environment)
    assert int(project.run(project.path("use/a.out"), env=environment).out) == ADLER
    project.scons("-c", "install")
    assert not [path for path in entries(project) if path.startswith("prefix") and project.path(path).is_file()]


WRONG = {
    "two of a name": (
        'env.OCamlLibrary("x", ["a.ml", "a/one.c", "b/one.c"])',
        "`a/one.c` and `b/one.c` have the same name",
    ),
    "only modules": ('env.OCamlObject(["a.ml", "a/one.c"])', "`a/one.c` is not a source of OCaml or Reason"),
    "an archive": ('env.OCamlLibrary("x", ["a.ml", "liby.a"])', "`liby.a` is not a source of OCaml or Reason"),
}


@pytest.mark.parametrize("body, said", WRONG.values(), ids=list(WRONG))
def test_wrong_calls(project, body, said):
    sconstruct(project, body + "\n", {"a.ml": "", "a/one.c": "", "b/one.c": "", "liby.a": ""})
    text = project.scons(rc=2).text
    assert said in text and "Traceback" not in text


def test_a_stub_that_is_not_there(project):
    """The linker's message names the function that a module asks for."""
    sconstruct(project, BODY % tuple(NATIVE), {**FILES, "twice.c": "int nothing;\n"})
    said = project.scons(rc=2).text
    assert "twice" in said and "Traceback" not in said
