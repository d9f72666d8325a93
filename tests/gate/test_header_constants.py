"""Enumeration constants to which no symbol leads: programs are compiled with them, so an interface promises them."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from rebel_tools.abi import types as t
from rebel_tools.cli import symbol_audit
from rebel_tools.interface import codec
from rebel_tools.interface.errors import UnreadableInterface
from rebel_tools.interface.file import read_interface, write_interface
from rebel_tools.interface.model import Interface, Producer, Target

HEADER = """\
enum colour { RED, GREEN };
enum { FIRST = 5 };
typedef enum { LOW, HIGH } level;
enum used { U };
int core_set(int colour, enum used u);
"""
SOURCE = "int core_set(int c, enum used u) { return c == GREEN || c == FIRST || c == HIGH; }\n"
CXX_HEADER = """\
namespace core { enum class colour : char { RED, GREEN }; enum { FIRST = 5 }; int set(int colour); }
"""
CXX_SOURCE = "int core::set(int c) { return c == int(colour::GREEN) || c == FIRST; }\n"


class Bench:
    """A folder with headers, libraries and the command."""

    def __init__(self, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.root = root
        self.capsys = capsys

    def library(self, name: str, header: str, source: str = SOURCE, compiler: str = "gcc") -> str:
        suffix, code = (".hpp", ".cpp") if "++" in compiler else (".h", ".c")
        folder = self.root / name
        folder.mkdir()
        (folder / f"core{suffix}").write_text(header)
        (folder / f"core{code}").write_text(f'#include "core{suffix}"\n{source}')
        words = [*compiler.split(), "-g", "-shared", "-fPIC", "-o", "libcore.so", f"core{code}"]
        subprocess.run(words, cwd=folder, check=True)
        return str(folder / "libcore.so")

    def run(self, *words: str, rc: int = 0) -> str:
        self.capsys.readouterr()
        status = symbol_audit.main(words)
        out, err = self.capsys.readouterr()
        assert status == rc, out + err
        return out

    def findings(self, *words: str) -> list[tuple[str, str, str, str]]:
        """(level, type, field, found) of each."""
        symbol_audit.main(["check", "--format", "json", *words])
        (report,) = json.loads(self.capsys.readouterr().out)["reports"]
        return [(f["level"], f["symbol"], f["field"], f["found"]) for f in report["findings"]]


@pytest.fixture
def bench(tmp_path, capsys):
    return Bench(tmp_path, capsys)


def compilers(*names: str):
    return [
        pytest.param(name, marks=pytest.mark.skipif(not shutil.which(name), reason=f"needs {name}")) for name in names
    ]


@pytest.mark.parametrize("compiler", compilers("gcc", "clang", "x86_64-w64-mingw32-gcc"))
def test_a_header_promises_its_constants(bench, compiler):
    library = bench.library("old", HEADER, compiler=compiler)
    file = str(bench.root / "core.interface")
    bench.run("record", "--header", str(bench.root / "old/core.h"), "-o", file, "--", compiler)
    names = {enum.values[0][0] for enum in read_interface(file).declarations.enumerations}
    assert names == {"RED", "FIRST", "LOW"}  # a symbol leads to U
    assert bench.findings("--evidence", "layout", file, library) == []
    changed = HEADER.replace("RED, GREEN", "GREEN, RED, BLUE").replace("= 5", "= 6").replace("HIGH", "HIGH = 7")
    other = bench.library("new", changed, compiler=compiler)
    assert sorted(bench.findings(file, other)) == [
        ("break", "enum colour", "GREEN", "0"),
        ("break", "enum colour", "RED", "1"),
        ("break", "enum of FIRST", "FIRST", "6"),
        ("break", "enum of LOW", "HIGH", "7"),
    ]


@pytest.mark.parametrize("compiler", compilers("g++", "clang++"))
def test_a_cxx_header_promises_its_constants(bench, compiler):
    library = bench.library("old", CXX_HEADER, CXX_SOURCE, compiler)
    file = str(bench.root / "core.interface")
    bench.run("record", "--header", str(bench.root / "old/core.hpp"), "-o", file, "--", compiler)
    assert bench.findings("--evidence", "layout", file, library) == []
    changed = CXX_HEADER.replace("RED, GREEN", "GREEN, RED").replace("= 5", "= 6")
    other = bench.library("new", changed, CXX_SOURCE, compiler)
    assert sorted(bench.findings(file, other)) == [
        ("break", "enum core::colour", "GREEN", "0"),
        ("break", "enum core::colour", "RED", "1"),
        ("break", "enum of FIRST", "FIRST", "6"),
    ]


def test_record_takes_those_of_the_named_headers(bench):
    library = bench.library("old", HEADER)
    other = bench.library("new", HEADER.replace("RED, GREEN", "GREEN, RED"))
    plain, whole = str(bench.root / "plain"), str(bench.root / "whole")
    bench.run("record", library, "-o", plain)
    bench.run("record", library, "--headers", "core.h", "--format", "text", "-o", whole)
    assert bench.findings(plain, other) == []
    assert [found[1:3] for found in bench.findings(whole, other)] == [("enum colour", "RED"), ("enum colour", "GREEN")]
    assert bench.findings("--headers", "old/core.h", whole, other) == []  # the library's header is new/core.h
    assert bench.findings("--headers", "other.h", whole, other) == []
    assert len(bench.findings("--headers", "c*.h", whole, other)) == 2
    assert "# enum colour { RED = 0, GREEN = 1 }" in Path(whole).read_text()
    assert "enum { FIRST = 5 }" in bench.run("show", whole)
    header = bench.run("show", "--format", "header", whole)
    subprocess.run(["gcc", "-x", "c", "-fsyntax-only", "-"], input=header, text=True, check=True)


def test_headers_of_a_library_are_no_headers_to_read(bench):
    bench.library("old", HEADER)
    words = ("--header", str(bench.root / "old/core.h"), "--headers", "core.h", "-o", str(bench.root / "x"))
    bench.run("record", *words, rc=3)
    assert not (bench.root / "x").exists()


def test_an_interface_on_one_side_of_a_diff(bench):
    library = bench.library("old", HEADER)
    other = bench.library("new", HEADER.replace("RED, GREEN", "GREEN, RED"))
    file = str(bench.root / "core.interface")
    bench.run("record", "--header", str(bench.root / "old/core.h"), "-o", file)
    assert "enum colour: RED was 0, is 1" in bench.run("diff", file, other, rc=1)
    assert "enum colour: RED was 1, is 0" in bench.run("diff", other, file, rc=1)
    assert "enum colour" not in bench.run("diff", library, other)


def test_a_symbol_need_not_lead_to_it_on_both_sides(bench):
    """The argument becomes an int, which does not matter to compiled programs; the constants are compared as before."""
    old, new = "(enum colour c", "(unsigned c"
    library = bench.library("old", HEADER.replace("(int colour", old), SOURCE.replace("(int c", old))
    changed = HEADER.replace("RED, GREEN", "GREEN, RED")
    other = bench.library("new", changed.replace("(int colour", new), SOURCE.replace("(int c", new))
    file = str(bench.root / "core.interface")
    bench.run("record", "--headers", "core.h", library, "-o", file)
    assert ("break", "enum colour", "RED", "1") in bench.findings(file, other)


def test_what_the_library_does_not_use_is_told_as_not_compared(bench):
    library = bench.library("old", HEADER, "int core_set(int c, enum used u) { return 0; }")
    file = str(bench.root / "core.interface")
    bench.run("record", "--header", str(bench.root / "old/core.h"), "-o", file)
    document = json.loads(bench.run("check", "--format", "json", file, library))
    (entry,) = document["reports"][0]["not_compared"]
    assert entry["symbols"] == ["enum colour", "enum of FIRST", "enum of LOW"]
    assert "-fno-eliminate-unused-debug-types" in entry["remedy"]


def test_another_enumeration_of_the_same_tag_is_another_one(bench):
    """A file of the library that does not include the header has a different type with the same tag."""
    source = "int core_set(int c, enum used u) { return 0; }"
    library = bench.library("old", HEADER.replace("enum colour { RED, GREEN };", ""), source)
    (bench.root / "old/more.c").write_text("enum colour { IDLE, BUSY }; int more(int x) { return x == BUSY; }")
    words = ["gcc", "-g", "-shared", "-fPIC", "-o", library, "core.c", "more.c"]
    subprocess.run(words, cwd=bench.root / "old", check=True)
    header = bench.root / "core.h"
    header.write_text(HEADER)
    file = str(bench.root / "core.interface")
    bench.run("record", "--header", str(header), "-o", file)
    assert bench.findings(file, library) == []


def test_a_python_file_promises_the_enumerations_that_it_declares(bench):
    library = bench.library("old", HEADER)
    source = bench.root / "core.py"
    source.write_text(
        "from rebel_tools.interface.declare import cint, enum, export\n"
        "enum('colour', RED=0, GREEN=2)\n"
        "used = enum('used', U=0)\n"
        "@export(cint, used, result=cint)\ndef core_set(colour, u): pass\n"
    )
    file = str(bench.root / "core.interface")
    bench.run("record", "--header", str(source), "-o", file)
    assert bench.findings(file, library) == [("break", "enum colour", "GREEN", "1")]


@pytest.mark.parametrize("kind", ["text", "header"])
def test_names_of_an_interface_do_not_reach_the_terminal_as_they_are(bench, kind):
    """Nor can they become code in the header."""
    bad, integer = "x\x1b[31m\u202e*/ int evil;\n", t.Integer(4, True, "int")
    enums = (
        t.Enum(bad, integer, (("A", 1),)),
        t.Enum(None, integer, ((bad, 2),)),
        t.Enum("good", integer, (("B", 3),)),
    )
    record = t.Record("struct", "s", 4, (t.Field(bad, integer, 0),))
    used = t.Function("f", integer, (t.Parameter(None, t.Pointer(t.Ref("struct s"), 8)),))
    functions = {bad: t.Function(bad, integer), "f": used}
    declarations = t.Declarations(functions, {}, {"struct s": record}, enumerations=enums)
    file = bench.root / "bad.interface"
    write_interface(Interface(Target("x86_64", 8, os="linux"), Producer("p", "1"), declarations), file)
    text = bench.run("show", "--format", kind, str(file))
    assert all(line.isprintable() for line in text.splitlines())
    assert "enum good { B = 3 }" in text
    if kind == "header":
        words = ["gcc", "-x", "c", "-E", "-P", "-"]
        code = subprocess.run(words, input=text, text=True, check=True, capture_output=True).stdout
        assert "evil" not in code and "int f(struct s *)" in code


@pytest.mark.parametrize(
    "enumerations, expected",
    [
        ([], "a dictionary"),
        ({}, "enumerations, or no such key"),
        ({"enum x": ["enum", "y", [4, True, "int"], [["A", 1]]]}, '"enum x"'),
        ({"enum of A": ["enum", None, [4, True, "int"], []]}, "an enum with constants"),
        ({"enum of A": ["void"]}, "an enum with constants"),
        ({"enum of A": ["enum", None, [4, True, "int"], [["A", "1"]]]}, "an integer"),
    ],
)
def test_enumerations_that_are_none(bench, enumerations, expected):
    file = bench.root / "core.interface"
    declarations = t.Declarations({"f": t.Function("f", t.Void())})
    interface = Interface(Target("x86_64", 8), Producer("p", "1"), declarations)
    data = {**interface.plain, "enumerations": enumerations}
    file.write_bytes(codec.seal(data, {"name": "p", "version": "1"}, {}))
    with pytest.raises(UnreadableInterface) as error:
        read_interface(file)
    assert error.value.expected == expected and "enumerations" in error.value.message
