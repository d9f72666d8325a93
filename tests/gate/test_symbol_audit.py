"""The command symbol-audit: its subcommands, formats and exit statuses."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from rebel_tools.cli import symbol_audit
from rebel_tools.interface.file import write_interface
from rebel_tools.producers.compiler import Compiler
from rebel_tools.producers.source import read_source

HEADER = """\
struct point { int x; int y; };
int core_add(int a, int b);
int core_area(const struct point *p);
extern int core_version;
"""
CORE = """\
struct point { int x; int y; };
int core_version = 1;
int core_add(int a, int b) { return a + b; }
int core_area(const struct point *p) { return p->x * p->y; }
"""


class Audit:
    """A folder, a compiler, and the command."""

    def __init__(self, root: Path, capsys) -> None:
        self.root = root
        self.capsys = capsys

    def compile(self, name: str, source: str = CORE, *flags: str) -> str:
        """Compile a library and return its path."""
        path = self.root / name
        command = ["gcc", "-x", "c", "-g", "-shared", "-fPIC", *flags, "-o", str(path), "-"]
        subprocess.run(command, input=source, text=True, check=True)
        return str(path)

    def interface(self, text: str = HEADER) -> str:
        """Write the interface of a header and return its path."""
        (self.root / "core.h").write_text(text)
        path = self.root / "core.interface"
        write_interface(read_source(["core.h"], Compiler(("gcc",), cwd=str(self.root))), path)
        return str(path)

    def run(self, *words: str, rc: int = 0) -> str:
        """Standard output of a run with this exit status; `err` is what it wrote to standard error."""
        self.capsys.readouterr()
        try:
            status = symbol_audit.main(words)
        except SystemExit as stop:  # argparse
            status = stop.code
        captured = self.capsys.readouterr()
        self.err = captured.err
        assert status == rc, captured.out + captured.err
        return captured.out


@pytest.fixture
def audit(tmp_path, capsys):
    return Audit(tmp_path, capsys)


def test_exports_as_json(audit):
    path = audit.compile("libcore.so", CORE, "-Wl,-soname,libcore.so.1")
    (table,) = json.loads(audit.run("exports", "--format", "json", path))["libraries"]
    assert (table["path"], table["format"], table["machine"], table["soname"]) == (
        path,
        "ELF",
        "x86_64",
        "libcore.so.1",
    )
    assert [e["name"] for e in table["exports"]] == ["core_add", "core_area", "core_version"]
    assert set(table["exports"][0]) == {"name", "version", "default", "kind", "binding", "size", "ordinal", "forwarder"}
    assert table["exports"][2]["kind"] == "object"
    assert table["exports"][2]["size"] == 4


def test_exports_of_several_libraries_and_of_archives(audit):
    one, two = audit.compile("one.so"), audit.compile("two.so")
    with zipfile.ZipFile(audit.root / "both.whl", "w") as archive:
        archive.write(one, "a/one.so")
        archive.write(two, "a/two.so")
        archive.writestr("a/readme.txt", "text")
    tables = json.loads(audit.run("exports", "--format", "json", one, str(audit.root / "both.whl")))["libraries"]
    assert [t["path"].rpartition("/")[2] for t in tables] == ["one.so", "one.so", "two.so"]
    assert "core_add" in audit.run("exports", f"{audit.root}/both.whl!a/two.so")


@pytest.mark.parametrize(
    "content, words",
    [(b"just text\n", "text"), (b"!<arch>\n", "ar"), (b"\xcf\xfa\xed\xfe" + bytes(60), "Mach-O"), (b"", "empty")],
)
def test_what_is_no_library_is_named(audit, content, words):
    path = audit.root / "x.so"
    path.write_bytes(content)
    audit.run("exports", str(path), rc=3)
    assert words in audit.err


def test_one_unreadable_library_does_not_hide_the_others(audit):
    good = audit.compile("good.so")
    out = audit.run("exports", "/nonexistent.so", good, rc=3)
    assert "core_add" in out
    assert "/nonexistent.so" in audit.err


def test_check_passes_with_the_evidence_that_there_is(audit):
    interface, library = audit.interface(), audit.compile("libcore.so")
    out = audit.run("check", "--evidence", "layout", "--complete", interface, library)
    assert "3 symbols, evidence for all of them: name, kind, prototype, layout" in out


def test_check_without_debug_information(audit):
    interface = audit.interface()
    stripped = audit.compile("libcore.so", CORE, "-s")
    assert "evidence for all of them: name, kind\n" in audit.run("check", interface, stripped)
    out = audit.run("check", "--evidence", "prototype", interface, stripped, rc=1)
    assert f"{stripped} has no debug information, so prototypes cannot be checked; compile with -g (3 symbols)" in out
    assert out.count("[not-checked]") == 1
    assert "[not-checked]" in audit.run("check", "--evidence", "contents", interface, stripped, rc=1)


BROKEN = CORE.replace("int a, int b", "long a, int b").replace("int x; int y;", "int x; int z; int y;")


def test_check_finds_and_explains_in_every_format(audit):
    interface, library = audit.interface(), audit.compile("bad.so", BROKEN)
    text = audit.run("check", interface, library, rc=1)
    assert "core_add: argument 1 (a): interface says int (4 bytes), library has long (8 bytes)" in text
    assert "(declared at core.h:2)" in text
    assert "struct point: y: interface says offset 4, library has offset 8" in text
    (report,) = json.loads(audit.run("check", "--format", "json", interface, library, rc=1))["reports"]
    assert report["passed"] is False
    first = report["findings"][0]
    assert (first["symbol"], first["field"], first["expected"], first["found"], first["path"], first["line"]) == (
        "core_add", "argument 1 (a)", "int (4 bytes)", "long (8 bytes)", "core.h", 2,
    )  # fmt: skip
    sarif = json.loads(audit.run("check", "--format", "sarif", interface, library, rc=1))
    (run,) = sarif["runs"]
    assert sarif["version"] == "2.1.0"
    assert run["results"][0]["ruleId"] == "wrong-prototype"
    assert run["results"][0]["locations"][0]["physicalLocation"]["region"] == {"startLine": 2}
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert all(rules[result["ruleIndex"]] == result["ruleId"] for result in run["results"])
    html = audit.run("check", "--format", "html", interface, library, rc=1)
    assert "core_add: argument 1" in html
    assert "http" not in html and "src=" not in html  # nothing is loaded


def test_check_for_another_platform(audit):
    interface = audit.interface()
    data = bytearray(Path(audit.compile("libcore.so")).read_bytes())
    data[18:20] = (183).to_bytes(2, "little")  # e_machine: AArch64
    other = audit.root / "arm.so"
    other.write_bytes(data)
    out = audit.run("check", interface, str(other), rc=1)
    assert "machine: interface says x86_64, library has aarch64 [target]" in out


def test_check_forbids_exports(audit):
    interface, library = audit.interface(), audit.compile("libcore.so", CORE + "int debug_dump;")
    audit.run("check", interface, library)
    assert "debug_dump" in audit.run("check", "--forbid", "debug_*", interface, library, rc=1)


@pytest.mark.parametrize("words", [(), ("check",), ("check", "--evidence", "certain", "a", "b"), ("frobnicate",)])
def test_wrong_command_lines(audit, words):
    audit.run(*words, rc=2)


def test_an_interface_that_cannot_be_read(audit):
    path = Path(audit.interface())
    library = audit.compile("libcore.so")
    path.write_bytes(path.read_bytes()[:-20])
    audit.run("check", str(path), library, rc=3)
    assert f"{path}: offset" in audit.err
    assert "expected:" in audit.err


def test_diff_says_what_changed_and_what_it_breaks(audit):
    old = audit.compile("old.so")
    new = audit.compile("new.so", BROKEN.replace("int core_version = 1;", "long core_version; int core_new;"))
    out = audit.run("diff", old, new, rc=1)
    assert "core_add: argument 1 (a) was int (4 bytes), is long (8 bytes)" in out
    assert "core_version: size was 4 bytes, is 8 bytes" in out
    assert "struct point: y was offset 4, is offset 8" in out
    assert "core_new: added (object)" in out
    assert "incompatible (1 added, 0 removed" in out
    data = json.loads(audit.run("diff", "--format", "json", old, new, rc=1))
    assert data["verdict"] == "incompatible"
    assert [c["symbol"] for c in data["changes"] if not c["breaking"]] == ["core_new"]
    results = json.loads(audit.run("diff", "--format", "sarif", old, new, rc=1))["runs"][0]["results"]
    assert {result["level"] for result in results} == {"error", "note"}
    assert "core_new" in audit.run("diff", "--format", "html", old, new, rc=1)


def test_diff_of_compatible_versions(audit):
    old = audit.compile("old.so")
    new = audit.compile("new.so", CORE.replace("a + b", "b + a") + "int core_more(void) { return 1; }")
    assert "compatible (1 added, 0 removed, 0 changed; types compared for 3 of 3" in audit.run("diff", old, new)
    assert audit.run("diff", new, old, rc=1).startswith("core_more: removed (function)")


def test_diff_does_not_take_what_it_could_not_compare_for_equal(audit):
    old, new = audit.compile("old.so"), audit.compile("new.so", BROKEN, "-s")
    out = audit.run("diff", old, new, rc=4)
    assert f"{new} has no debug information, so types cannot be compared; compile with -g (3 symbols)" in out
    assert "types compared for 0 of 3" in out
    assert "advice: none" in out
    audit.run("diff", "--evidence", "kind", old, new)
    audit.run("diff", "--evidence", "layout", old, new, rc=1)


def test_diff_of_symbol_versions(audit):
    script = audit.root / "map"
    script.write_text("V1 { core_add; core_area; core_version; };\n")
    old = audit.compile("old.so", CORE, f"-Wl,--version-script={script}")
    script.write_text("V2 { core_add; core_area; core_version; };\n")
    new = audit.compile("new.so", CORE, f"-Wl,--version-script={script}")
    assert "core_add@V1: removed (symbol version)" in audit.run("diff", old, new, rc=1)


def test_diff_of_interfaces(audit):
    old = Path(audit.interface()).rename(audit.root / "old.interface")
    new = audit.interface(HEADER.replace("int core_area", "long core_area"))
    assert "core_area: result was int (4 bytes), is long (8 bytes)" in audit.run("diff", str(old), new, rc=1)


def test_diff_deep_names_the_extra_that_it_needs(audit, monkeypatch):
    monkeypatch.setitem(sys.modules, "abicheck", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    old = audit.compile("old.so")
    audit.run("diff", "--deep", old, old, rc=3)
    assert "pip install abicheck" in audit.err


def test_diff_deep_hands_over(audit):
    pytest.importorskip("abicheck", reason="needs the package abicheck")
    old, new = audit.compile("old.so"), audit.compile("new.so", BROKEN)
    audit.run("diff", "--deep", old, old)
    audit.run("diff", "--deep", old, new, rc=1)
    audit.run("diff", "--deep", old, "/nonexistent.so", rc=3)


def test_record_writes_what_check_accepts(audit):
    library, path = audit.compile("libcore.so"), str(audit.root / "recorded.interface")
    assert "3 symbols" in audit.run("record", library, "-o", path)
    audit.run("check", "--evidence", "layout", "--complete", path, library)
    assert "argument 1" in audit.run("check", path, audit.compile("bad.so", BROKEN), rc=1)


def test_record_without_debug_information_writes_nothing(audit):
    path = audit.root / "recorded.interface"
    audit.run("record", audit.compile("libcore.so", CORE, "-s"), "-o", str(path), rc=1)
    assert "core_add has no declaration in the debug information" in audit.err
    assert not path.exists()


def test_record_tells_what_cannot_be_checked(audit):
    """A class whose virtual table is elsewhere: GCC describes the member that is compiled here, but not the class."""
    source = "struct s { virtual void key(); int f(); int x; }; int s::f() { return x; }"
    library = audit.compile("libcore.so", source, "-x", "c++")
    audit.run("record", library, "-o", str(audit.root / "recorded.interface"))
    assert "struct s is not in the debug information, so symbols that use it cannot be checked" in audit.err
    whole = audit.compile("whole.so", source + " void s::key() {}", "-x", "c++")
    audit.run("record", whole, "-o", str(audit.root / "whole.interface"))
    assert "cannot be checked" not in audit.err


def test_constructors_of_a_class_with_a_virtual_base_have_the_arguments_of_the_source(audit, monkeypatch):
    """GCC adds arguments, with names in the definition and without in the declaration."""
    monkeypatch.chdir(audit.root)
    header = "struct A { int a; }; struct B : virtual A { int b; B(int x); virtual ~B(); };"
    Path("core.hpp").write_text(header)
    library = audit.compile("core.so", header + " B::B(int x) : b(x) {} B::~B() {}", "-x", "c++")
    audit.run("record", "--header", "core.hpp", "-o", "core.interface")
    audit.run("check", "--evidence", "layout", "core.interface", library)
    audit.run("check", "core.interface", audit.compile("bad.so", header.replace("int x", "long x"), "-x", "c++"), rc=1)


def test_record_of_a_32_bit_dll_has_the_conventions_of_its_names(audit):
    if not shutil.which("i686-w64-mingw32-gcc"):
        pytest.skip("i686-w64-mingw32-gcc is missing")
    shown = "__declspec(dllexport) int"
    source = f"{shown} __stdcall core_std(int a) {{ return a; }} {shown} core_c(int a) {{ return a; }}"
    command = ["i686-w64-mingw32-gcc", "-x", "c", "-g", "-shared", "-o", "core.dll", "-"]
    subprocess.run(command, input=source, text=True, check=True, cwd=audit.root)
    library, path = str(audit.root / "core.dll"), str(audit.root / "core.interface")
    audit.run("record", library, "-o", path)
    audit.run("check", "--evidence", "layout", path, library)
    assert "__attribute__((stdcall)) int core_std" in audit.run("show", path)


def test_symbols_of_a_fortran_module_are_described(audit):
    if not shutil.which("gfortran"):
        pytest.skip("gfortran is missing")
    source = """module m
 use iso_c_binding
 type, bind(c) :: pt
  integer(c_int) :: x
 end type
contains
 integer(c_int) function first(p) bind(c)
  type(pt) :: p
  first = p%x
 end function
end module
"""
    for name, kind in (("old.so", "c_int"), ("new.so", "c_long")):
        text = source.replace("integer(c_int) :: x", f"integer({kind}) :: x")
        command = ["gfortran", "-x", "f95", "-g", "-shared", "-fPIC", "-J", str(audit.root), "-o", name, "-"]
        subprocess.run(command, input=text, text=True, check=True, cwd=audit.root)
    old, new = (str(audit.root / name) for name in ("old.so", "new.so"))
    assert "struct pt: x was integer(kind=4) (4 bytes), is integer(kind=8) (8 bytes)" in audit.run(
        "diff", old, new, rc=1
    )


def test_record_of_headers(audit, monkeypatch):
    monkeypatch.chdir(audit.root)
    (audit.root / "core.h").write_text(HEADER)
    (audit.root / "core.hpp").write_text("#ifdef EXTRA\nint extra();\n#endif\nnamespace n { int add(int a, int b); }\n")
    library = audit.compile("libcore.so")
    assert audit.run("record", "--header", "core.h", "-o", "c.interface").startswith("c.interface: 3 symbols of core.h")
    audit.run("check", "--evidence", "layout", "--complete", "c.interface", library)
    audit.run("record", "--header", "core.hpp", "-o", "cxx.interface", "--", "-DEXTRA")
    assert "int n::add(int, int)" in audit.run("show", "cxx.interface")
    assert "extra" in audit.run("show", "cxx.interface")
    monkeypatch.setenv("CXX", "g++ -DEXTRA")
    audit.run("record", "--header", "core.h", "--language", "c++", "-o", "cxx.interface")
    audit.run("record", "--header", "core.hpp", "-o", "cxx.interface", "--", "g++", "-UEXTRA")
    assert "extra" not in audit.run("show", "cxx.interface")


@pytest.mark.parametrize(
    "words, message",
    [
        (["--header", "none.h"], "none.h: there is no such file"),
        (["--header", "core.x"], "no language is known for the suffix '.x'"),
        (["--header", "core.h", "--", "no-such-compiler"], "no-such-compiler cannot be run"),
        (["--header", "core.h", "--", "gcc", "-no-such-flag"], "no-such-flag"),
        (["--header", "core.h", "--", "true"], "cannot be used to read headers"),
        ([], "record needs one library, not 0"),
        (["core.h"], "this is a text file"),
    ],
)
def test_record_tells_mistakes(audit, monkeypatch, words, message):
    monkeypatch.chdir(audit.root)
    (audit.root / "core.h").write_text(HEADER)
    audit.run("record", "-o", "x.interface", *words, rc=3)
    assert message in audit.err
    audit.run("record", "-o", "none/x.interface", "--header", "core.h", rc=3)
    assert "none/x.interface: cannot be written: No such file" in audit.err


@pytest.mark.parametrize(
    "data, words",
    [
        (b"#define X 1\n", ["core.h: this is text (a header?)", "symbol-audit record --header core.h -o FILE"]),
        (b"\x7fELF" + bytes(60), ["core.h: this is a library", "symbol-audit record core.h -o FILE"]),
        (b"PK\3\4" + bytes(60), ["core.h: this is data of another kind"]),
    ],
)
def test_something_else_in_place_of_an_interface(audit, monkeypatch, data, words):
    monkeypatch.chdir(audit.root)
    (audit.root / "core.h").write_bytes(data)
    audit.run("check", "core.h", audit.compile("libcore.so"), rc=3)
    assert all(word in audit.err for word in words)
    assert "opcode" not in audit.err


def test_show(audit):
    interface = audit.interface()
    out = audit.run("show", interface)
    assert "int core_add(int, int)  (core.h:2)" in out
    assert "struct point { int x @0; int y @4 } (8 bytes)" in out
    assert "core_add" in json.loads(audit.run("show", "--format", "json", interface))["functions"]
    assert "extern int core_add(int, int);" in audit.run("show", "--format", "header", interface)


def test_an_interface_as_text(audit):
    library, changed = audit.compile("old.so"), audit.compile("new.so", BROKEN)
    path = str(audit.root / "core.txt")
    audit.run("record", library, "-o", path, "--format", "text")
    assert "# int core_add(int a, int b)" in Path(path).read_text()
    audit.run("check", "--evidence", "layout", path, library)
    audit.run("diff", path, changed, rc=1)
    pickle = str(audit.root / "core.interface")
    audit.run("record", library, "-o", pickle)
    assert audit.run("show", path) == audit.run("show", pickle)


def test_a_name_that_is_not_text_is_an_error_and_not_a_traceback(audit):
    """A library may have one; an interface file cannot."""
    library = Path(audit.compile("core.so", "int core_a(void) { return 0; } int core_zz(void) { return 0; }"))
    library.write_bytes(library.read_bytes().replace(b"core_zz", b"core_\xff("))
    target = str(audit.root / "core.interface")
    for form in ("pickle", "text"):
        audit.run("record", "--partial", str(library), "-o", target, "--format", form, rc=3)
        assert "--only" in audit.err and not Path(target).exists()
    audit.run("record", "--only", "core_a", str(library), "-o", target)
    audit.run("check", "--evidence", "layout", target, str(library))
    for form in ("text", "json", "sarif", "html"):
        audit.run("diff", "--format", form, str(library), str(library)).encode()


def test_a_folder_whose_name_is_not_text(audit):
    """Places of declarations are for people, so they are escaped."""
    folder = audit.root / os.fsdecode(b"d\xff")
    folder.mkdir()
    source = folder / "core.c"
    source.write_text("int core_a(void) { return 0; }")
    library = folder / "core.so"
    subprocess.run(["gcc", "-g", "-shared", "-fPIC", "-o", library, source], check=True)
    target = str(folder / "core.interface")
    audit.run("record", str(library), "-o", target)
    assert "d\\xff/core.c:1" in audit.run("show", target)
    audit.run("check", "--evidence", "layout", target, str(library))
