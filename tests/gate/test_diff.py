"""Pairs of libraries: the name and the level of a change, and differences that are no changes."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from rebel_tools.gate.diff import diff
from rebel_tools.gate.diff_report import DiffReport
from rebel_tools.gate.render_diff import to_text
from rebel_tools.gate.sides import read_side


class Pair:
    """Compiles two sources and compares the libraries."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def library(self, name: str, source: str, *flags: str, cc: str = "gcc") -> str:
        if not shutil.which(cc):
            pytest.skip(f"needs {cc}")
        path = self.root / f"lib{name}.so"
        language = "c++" if "++" in cc else "c"
        command = [cc, "-x", language, "-w", "-g", "-shared", "-fPIC", "-o", str(path), "-", *flags]
        subprocess.run(command, input=source, text=True, check=True)
        return str(path)

    def diff(self, old: str, new: str, *flags: str, cc: str = "gcc") -> DiffReport:
        paths = [self.library(name, source, *flags, cc=cc) for name, source in (("old", old), ("new", new))]
        return diff(*map(read_side, paths))

    def told(self, old: str, new: str, *flags: str, cc: str = "gcc") -> list[tuple[str, str, str, str]]:
        """(level, rule, symbol, field) of each change; every message is checked."""
        report = self.diff(old, new, *flags, cc=cc)
        for change in report.changes:
            assert change.old != change.new, change.message
        assert not report.not_compared, to_text(report)
        return [(c.level, c.rule, c.symbol, c.field) for c in report.changes]


@pytest.fixture
def pair(tmp_path):
    return Pair(tmp_path)


USE = "int f(struct s *p) { return p->a; }"
BREAKS = {
    "constants of an enumeration that only a typedef names": (
        "typedef enum { RED, GREEN } colour; int f(colour c) { return c; }",
        "typedef enum { GREEN, RED } colour; int f(colour c) { return c; }",
        [("constant-changed", "colour", "RED"), ("constant-changed", "colour", "GREEN")],
    ),
    "constants of an enumeration inside of a record": (
        "struct s { enum { A, B } a; };" + USE,
        "struct s { enum { B, A } a; };" + USE,
        [("layout-changed", "struct s", "a")],
    ),
    "a constant that is gone": (
        "enum e { A, B }; int f(enum e x) { return x; }",
        "enum e { A }; int f(enum e x) { return x; }",
        [("constant-changed", "enum e", "B")],
    ),
    "data that became read-only": (
        "int data = 1;", "const int data = 1;",
        [("memory-changed", "data", "memory"), ("qualifier-changed", "data", "type")],
    ),
    "a table of pointers that the loader protects": (
        "int x; int *table[] = {&x};", "int x; int *const table[] = {&x};",
        [("memory-changed", "table", "memory"), ("qualifier-changed", "table", "type")],
    ),
    "alignment of a record": (
        "struct __attribute__((aligned(8))) s { int a[16]; }; int f(struct s *p) { return 1; }",
        "struct __attribute__((aligned(64))) s { int a[16]; }; int f(struct s *p) { return 1; }",
        [("alignment-changed", "struct s", "alignment")],
    ),
    "alignment that a member asks for": (
        "struct s { int a; int b[15]; };" + USE,
        "struct s { int a __attribute__((aligned(64))); int b[15]; };" + USE,
        [("alignment-changed", "struct s", "alignment")],
    ),
    "an atomic member": (
        "struct s { int a; };" + USE, "struct s { _Atomic int a; };" + USE, [("layout-changed", "struct s", "a")],
    ),
    "a volatile member": (
        "struct s { int a; };" + USE, "struct s { volatile int a; };" + USE, [("volatile-field", "struct s", "a")],
    ),
    "the argument of a function pointer behind a typedef": (
        "typedef int (*cb)(int); int f(cb c) { return c(1); }",
        "typedef int (*cb)(long); int f(cb c) { return c(1); }",
        [("prototype-changed", "f", "argument 1 (c), argument 1")],
    ),
    "a member of a record without a tag": (
        "typedef struct { int a; int b; } s; int f(s *p) { return p->a; }",
        "typedef struct { int a; long b; } s; int f(s *p) { return p->a; }",
        [("layout-changed", "s", "size"), ("layout-changed", "s", "b"), ("layout-changed", "s", "b")],
    ),
    "another type of a member under another name": (
        "struct s { int a; int b; };" + USE, "struct s { int a; float c; };" + USE,
        [("layout-changed", "struct s", "b")],
    ),
    "members that swapped their places": (
        "struct s { int a; int b; };" + USE, "struct s { int b; int a; };" + USE,
        [("layout-changed", "struct s", "a"), ("layout-changed", "struct s", "b")],
    ),
    "another record in place of one": (
        "struct a { int x; }; int f(struct a *p) { return p->x; }",
        "struct b { long x; }; int f(struct b *p) { return p->x; }",
        [("prototype-changed", "f", "argument 1 (p)")],
    ),
    "a record that grows and is returned": (
        "struct s { int a; }; struct s f(void) { struct s x = {1}; return x; }",
        "struct s { int a; int b; }; struct s f(void) { struct s x = {1}; return x; }",
        [("field-appended", "struct s", "size"), ("field-appended", "struct s", "b")],
    ),
    "a record that grows and that the library initializes for programs": (
        "struct s { int a; }; void s_init(struct s *p) { p->a = 1; }",
        "struct s { int a; int b; }; void s_init(struct s *p) { p->a = 1; }",
        [("field-appended", "struct s", "size"), ("field-appended", "struct s", "b")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BREAKS)
def test_breaks(pair, name):
    old, new, expected = BREAKS[name]
    told = pair.told(old, new)
    assert [row[1:] for row in told] == expected
    assert "break" in [row[0] for row in told]


HARMLESS = {
    "an anonymous union around a member": (
        "struct s { int a; int b; };" + USE, "struct s { int a; union { int b; float c; }; };" + USE,
        [("note", "union-grown", "struct s", "c")],
    ),
    "anonymous records inside of each other": (
        "struct s { int a; struct { int b; union { int c; }; }; };" + USE, "struct s { int a; int b; int c; };" + USE,
        [],
    ),
    "a tag": (
        "typedef struct { int a; int b; } s; int f(s *p) { return p->a; }",
        "typedef struct s { int a; int b; } s; int f(s *p) { return p->a; }",
        [],
    ),
    "another tag under the same typedef": (
        "typedef struct _s { int a; } s; int f(s *p) { return p->a; }",
        "typedef struct s_ { int a; } s; int f(s *p) { return p->a; }",
        [],
    ),
    "an enumeration that gets a tag": (
        "typedef enum { A, B } e; int f(e x) { return x; }", "typedef enum e { A, B } e; int f(e x) { return x; }", [],
    ),
    "a union that grows within its size": (
        "union u { long a; }; int f(union u *p) { return p->a; }",
        "union u { long a; int b; }; int f(union u *p) { return p->a; }",
        [("note", "union-grown", "union u", "b")],
    ),
    "a member with another name": (
        "struct s { int a; int b; };" + USE, "struct s { int a; int c; };" + USE,
        [("note", "field-renamed", "struct s", "b")],
    ),
    "reserved room that is used": (
        "struct s { int a; int reserved; };" + USE, "struct s { int a; float limit; };" + USE,
        [("note", "reserved-used", "struct s", "reserved")],
    ),
    "reserved room that is used by several": (
        "struct s { int a; int __reserved[3]; };" + USE, "struct s { int a; short b, c; int d; int e; };" + USE,
        [("note", "reserved-used", "struct s", "__reserved")],
    ),
    "reserved room that is used in part": (
        "struct s { int a; int reserved[3]; };" + USE, "struct s { int a; int b; int reserved[2]; };" + USE,
        [("note", "reserved-used", "struct s", "reserved")],
    ),
    "padding that is used": (
        "struct s { long a; int b; };" + USE, "struct s { long a; int b; int c; };" + USE,
        [("risk", "padding-used", "struct s", "c")],
    ),
    "a record that grows and is only used by pointer": (
        "struct s { int a; };" + USE, "struct s { int a; int b; };" + USE,
        [("risk", "field-appended", "struct s", "size"), ("risk", "field-appended", "struct s", "b")],
    ),
    "a constant more": (
        "enum e { A }; int f(enum e x) { return x; }", "enum e { A, B }; int f(enum e x) { return x; }",
        [("note", "constant-added", "enum e", "B")],
    ),
    "a constant with another name": (
        "enum e { A, B }; int f(enum e x) { return x; }", "enum e { A, C }; int f(enum e x) { return x; }",
        [("note", "constant-renamed", "enum e", "B")],
    ),
    "a constant that counts the others": (
        "enum e { A, E_MAX }; int f(enum e x) { return x; }", "enum e { A, B, E_MAX }; int f(enum e x) { return x; }",
        [("risk", "count-changed", "enum e", "E_MAX"), ("note", "constant-added", "enum e", "B")],
    ),
    "const that an argument gains": (
        "int f(char *s) { return *s; }", "int f(const char *s) { return *s; }",
        [("note", "qualifier-changed", "f", "argument 1 (s)")],
    ),
    "const that an argument loses": (
        "int f(const char *s) { return *s; }", "int f(char *s) { return *s; }",
        [("source", "qualifier-changed", "f", "argument 1 (s)")],
    ),
    "const of an argument itself": ("int f(int a) { return a; }", "int f(const int a) { return a; }", []),
    "data that became writable": (
        "const int data = 1;", "int data = 1;",
        [("note", "memory-changed", "data", "memory"), ("note", "qualifier-changed", "data", "type")],
    ),
    "another typedef of the same type": (
        "typedef int t; int f(t a) { return a; }", "typedef int u; int f(u a) { return a; }", [],
    ),
    "another name of a record with the same layout": (
        "struct a { int x; }; int f(struct a *p) { return p->x; }",
        "struct b { int x; }; int f(struct b *p) { return p->x; }",
        [("note", "type-renamed", "f", "argument 1 (p)")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("cc", ["gcc", "clang"])
@pytest.mark.parametrize("name", HARMLESS)
def test_breaks_nobody(pair, name, cc):
    old, new, expected = HARMLESS[name]
    assert pair.told(old, new, cc=cc) == expected


CLASS = "struct K { virtual ~K(); virtual int m(int); int z; }; K::~K() {} int K::m(int a) { return a; }"
CLASSES = {
    "a virtual function in front": (
        CLASS, CLASS.replace("virtual int m", "virtual int n(); virtual int m") + "int K::n() { return 1; }",
        [("virtual-moved", "virtual m"), ("virtual-added", "virtual n")],
    ),
    "a virtual function behind": (
        CLASS, CLASS.replace("int z", "virtual int n(); int z") + "int K::n() { return 1; }",
        [("virtual-added", "virtual n")],
    ),
    "a function that is not virtual any more": (
        CLASS, CLASS.replace("virtual int m", "int m"), [("virtual-removed", "virtual m")],
    ),
    "a destructor that is not virtual any more": (
        CLASS, CLASS.replace("virtual ~K", "~K"), [("virtual-moved", "virtual m"), ("virtual-removed", "virtual ~K")],
    ),
    "bases in another order": (
        "struct A { int a; }; struct B { int b; }; struct D : A, B {}; int f(D *d) { return d->b; }",
        "struct A { int a; }; struct B { int b; }; struct D : B, A {}; int f(D *d) { return d->b; }",
        [("layout-changed", "<base A>"), ("layout-changed", "<base B>")],
    ),
    "a base that became virtual": (
        "struct A { int a; }; struct D : A { int d; }; int f(D *d) { return d->a; }",
        "struct A { int a; }; struct D : virtual A { int d; }; int f(D *d) { return d->a; }",
        [("layout-changed", "<base A>")],
    ),
    "a destructor in a class that is passed by value": (
        "struct P { double x, y; }; double f(P p) { return p.x; }",
        "struct P { double x, y; ~P() {} }; double f(P p) { return p.x; }",
        [("passing-changed", "passing")],
    ),
    "a copy constructor in a member of a class that is returned": (
        "struct Q { int a; }; struct P { Q q; }; P f() { return P(); }",
        "struct Q { Q(); Q(const Q &); int a; }; Q::Q() {} Q::Q(const Q &) {} struct P { Q q; }; P f() { return P(); }",
        [("passing-changed", "passing"), ("passing-changed", "passing")],
    ),
    "a member in the padding at the end of a class that can have derived ones": (
        CLASS, CLASS.replace("int z", "int z; int more"), [("layout-changed", "more")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("cc", ["g++", "clang++"])
@pytest.mark.parametrize("name", CLASSES)
def test_classes(pair, name, cc):
    old, new, expected = CLASSES[name]
    told = pair.told(old, new, "-fno-limit-debug-info" if "clang" in cc else "-femit-class-debug-always", cc=cc)
    found = [(rule, field) for _, rule, _, field in told if rule not in ("symbol-added", "symbol-removed")]
    assert set(expected) <= set(found)
    assert "break" in [level for level, *_ in told]


def test_an_overriding_function_is_a_risk(pair):
    base = "struct B { virtual int m(); int z; }; int B::m() { return 1; } struct D : B { %s int y; }; %s"
    told = pair.told(
        base % ("", "int f(D *d) { return d->y; }"),
        base % ("int m();", "int D::m() { return 2; } int f(D *d) { return d->y; }"),
        "-femit-class-debug-always",
        cc="g++",
    )
    assert [row for row in told if row[0] != "note"] == [("risk", "override-changed", "struct D", "virtual m")]


@pytest.mark.parametrize("cc", ["g++", "clang++"])
def test_a_class_that_is_defaulted_stays_in_registers(pair, cc):
    told = pair.told(
        "struct P { double x, y; }; double f(P p) { return p.x; }",
        "struct P { double x, y; P() = default; P(const P &) = default; ~P() = default; };"
        "double f(P p) { return p.x; }",
        cc=cc,
    )
    assert told == []


def test_a_library_of_c_plus_plus_against_itself_lacks_nothing(pair):
    path = pair.library("same", CLASS, cc="g++")
    report = diff(read_side(path), read_side(path))
    assert (report.changes, report.not_compared) == ((), ())


def test_an_ifunc_does_not_have_the_prototype_of_its_resolver(pair):
    if not shutil.which("gcc"):
        pytest.skip("needs gcc")
    report = pair.diff(
        "int work(void) { return 1; } int other(int a) { return a; }",
        "static int g(void) { return 1; } static void *r(void) { return g; }"
        'int work(void) __attribute__((ifunc("r"))); int other(int a) { return a; }',
    )
    assert report.changes == ()
    assert [entry.symbols for entry in report.not_compared] == [("work",)]
    assert not report.says_nothing_about_types


ASSEMBLY = """.text
.globl f
.type f, @function
f: mov %edi, %eax
 ret
.size f, .-f
.section .note.GNU-stack,"",@progbits
"""


def test_an_assembler_says_nothing_about_types(pair, tmp_path):
    old = pair.library("old", "int f(int a) { return a; } int g(int a) { return a; }")
    (tmp_path / "f.s").write_text(ASSEMBLY)
    (tmp_path / "g.c").write_text("int g(int a) { return a; }\n")
    command = ["gcc", "-g", "-shared", "-fPIC", "-o", "libnew.so", "f.s", "g.c"]
    subprocess.run(command, cwd=tmp_path, check=True)
    report = diff(read_side(old), read_side(str(tmp_path / "libnew.so")))
    assert report.changes == ()
    assert [entry.symbols for entry in report.not_compared] == [("f",)]


def test_what_the_loader_does_is_mentioned(pair):
    plain = "int g(void) { return 1; }"
    old = pair.library("old", plain)
    new = pair.library("new", plain, "-Wl,-z,execstack,-rpath,/opt/x,--no-as-needed", "-lm")
    report = diff(read_side(old), read_side(new))
    told = {c.field: (c.level, c.old, c.new) for c in report.changes}
    assert told["executable stack"] == ("risk", "no", "yes")
    assert told["RUNPATH"] == ("note", "no", "/opt/x")
    assert told["needs libm.so.6"] == ("note", "no", "yes")
    assert report.compatible
    assert diff(read_side(new), read_side(old)).compatible


@pytest.mark.parametrize(
    "old, new, level", [("", "-Wl,-soname,a.so", "risk"), ("-Wl,-soname,a.so.1", "-Wl,-soname,a.so.2", "break")]
)
def test_a_soname(pair, old, new, level):
    source = "int g(void) { return 1; }"
    report = diff(*(read_side(pair.library(n, source, *f.split())) for n, f in (("old", old), ("new", new))))
    assert [(c.rule, c.level) for c in report.changes] == [("soname-changed", level)]


def test_advice(pair):
    def advice(old, new):
        report = pair.diff(old, new)
        return report.advice, report.soname

    f, g = "int f(int a) { return a; }", "int g(int a) { return a; }"
    assert advice(f, f) == ("patch", "keep")
    assert advice(f, f + g) == ("minor", "keep")
    assert advice(f + g, f) == ("major", "change")


def test_two_translation_units_may_each_have_a_record_of_one_name(pair, tmp_path):
    """A record that is private to one file is not affected by a change in another file."""
    (tmp_path / "more.c").write_text("struct s { double d; }; double g(struct s *p) { return p->d; }")
    source = "struct s { int a; };" + USE
    report = diff(*(read_side(pair.library(n, source, "-x", "c", str(tmp_path / "more.c"))) for n in ("old", "new")))
    assert report.changes == ()
