"""Levels of `diff` and verdicts of the gate for pairs of libraries that differ in one thing."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from pairs import CXX, C, Pair

from rebel_tools.binary.dwarf_headers import is_header
from rebel_tools.binary.library import open_library
from rebel_tools.cli import symbol_audit
from rebel_tools.gate.check import check
from rebel_tools.gate.diff import diff
from rebel_tools.gate.evidence import required
from rebel_tools.gate.render import to_text
from rebel_tools.gate.rules import BREAK, LEVELS, NOTE, SOURCE
from rebel_tools.gate.sides import read_side
from rebel_tools.gate.verify import Policy
from rebel_tools.producers.record import record

KINDS = (("old", "int"), ("new", "long"))


def build(folder: Path, name: str, source: str, command: str) -> str:
    """A library of one file that includes a header, and programs that see all of its types."""
    suffix = ".cpp" if "++" in command else ".c"
    (folder / f"{name}.h").write_text(source + "\n")
    (folder / f"{name}{suffix}").write_text(f'#include "{name}.h"\n')
    words = [*command.split(), "-w", "-g", "-shared", "-fPIC", "-o", f"{name}.so", f"{name}{suffix}"]
    subprocess.run(words, cwd=folder, check=True)
    return str(folder / f"{name}.so")


def compare(folder: Path, pair: Pair, command: str) -> None:
    old, new = (
        build(folder, name, pair.before + source + pair.use, command)
        for name, source in (("old", pair.old), ("new", pair.new))
    )
    report = diff(read_side(old), read_side(new))
    worst = min((change.level for change in report.changes), key=LEVELS.index, default=None)
    assert worst == pair.level, [change.message for change in report.changes]
    assert not report.not_compared
    with open_library(new) as library:
        checked, _ = check(record(old).interface, library, Policy(required("layout")), "old.interface")
    assert checked.passed == pair.passes, to_text(checked)


@pytest.mark.parametrize("pair", C, ids=lambda pair: pair.name)
def test_c(tmp_path: Path, pair: Pair) -> None:
    compare(tmp_path, pair, "gcc")


@pytest.mark.parametrize("pair", CXX, ids=lambda pair: pair.name)
def test_cxx(tmp_path: Path, pair: Pair) -> None:
    compare(tmp_path, pair, "g++ -std=c++20")


@pytest.mark.parametrize(
    "command", ["gcc -g1", "gcc -g -ggdb1", "gcc -g1 -gno-record-gcc-switches", "g++ -g1", "clang -O2 -g1 {profiling}"]
)
def test_functions_and_lines_alone_are_no_types(tmp_path: Path, command: str) -> None:
    """With -g1, each function looks like void f(void)."""
    compiler, *flags = command.format(profiling="-fdebug-info-for-profiling").split()
    if not shutil.which(compiler):
        pytest.skip(f"{compiler} is missing")
    source = 'extern "C" int f(int x) { return x; }' if compiler == "g++" else "int f(int x) { return x; } int d;"
    whole = build(tmp_path, "whole", source, compiler)
    words = [compiler, "-shared", "-fPIC", *flags, "-o", "lines.so", Path(whole).with_suffix(".h").name]
    language = "c++" if compiler == "g++" else "c"
    subprocess.run([*words[:-1], "-x", language, words[-1]], cwd=tmp_path, check=True)
    report = diff(read_side(whole), read_side(str(tmp_path / "lines.so")))
    assert [gap.symbols for gap in report.not_compared] == [("f",) if compiler == "g++" else ("d", "f")]
    assert not report.changes and report.says_nothing_about_types


def test_a_file_of_functions_without_types_is_known(tmp_path: Path) -> None:
    """It looks similar, but is not."""
    library = build(tmp_path, "library", "void f(void) {} void g() {}", "gcc")
    report = diff(read_side(library), read_side(library))
    assert report.compared == 2 and not report.not_compared


def test_a_class_that_the_compiler_leaves_out_is_not_known(tmp_path: Path) -> None:
    """GCC describes it where its virtual table is; other files contain only the members that they compile."""
    bases = "struct a { virtual int x(); int i; }; struct b { virtual int y(); int j; };"
    sources = (f"{bases} struct s : a, b {{ int f(); }};", f"{bases} struct s : b, a {{ int f(); }};")
    old, new = (
        build(tmp_path, name, f"{source} int s::f() {{ return i; }}", "g++")
        for name, source in zip(("old", "new"), sources)
    )
    report = diff(read_side(old), read_side(new))
    assert report.compatible
    (gap,) = report.not_compared
    assert gap.symbols == ("_ZN1s1fEv",)
    assert "the layout of struct s" in gap.reason.text
    with open_library(new) as library:
        checked, _ = check(record(old).interface, library, Policy(required("layout")), "old.interface")
    assert [finding.rule for finding in checked.findings] == ["not-checked"]


@pytest.mark.parametrize(
    "source, knows",
    [
        ("class b : a { int y; };", False),
        ("namespace n { struct b : a { int y; }; } using namespace n;", False),
        ("struct b : a { int y; };", False),
        ("struct b;", False),  # it could be one that the compiler left out
        ("class b { int y; };", True),
    ],
)
def test_a_class_whose_virtual_table_is_elsewhere_is_not_known(tmp_path: Path, source: str, knows: bool) -> None:
    """GCC describes it like a class that the source only declares; it does not where it is told to keep all."""
    library = build(tmp_path, "l", f"struct a {{ virtual int k(); }}; {source} int f(b *x) {{ return 0; }}", "g++")
    report = diff(read_side(library), read_side(library))
    assert [gap.symbols for gap in report.not_compared] == (
        [] if knows else [("_Z1fPN1n1bE" if "namespace" in source else "_Z1fP1b",)]
    )
    (tmp_path / "more").mkdir()
    whole = build(tmp_path / "more", "l", (tmp_path / "l.h").read_text(), "g++ -femit-class-debug-always")
    assert not diff(read_side(whole), read_side(whole)).not_compared


@pytest.mark.parametrize(
    "kind, uses, knows",
    [
        ("box<item> *", "", False),
        ("box<item> *", "x->content", True),
        ("std::vector<item> &", "", False),
        ("std::vector<item> &", "x.size()", True),
        ("std::vector<int> &", "", True),  # it is nothing but the standard library's
    ],
)
def test_a_template_that_nothing_completes_is_not_known(tmp_path: Path, kind: str, uses: str, knows: bool) -> None:
    """Programs complete it themselves: it is no handle."""
    types = "#include <vector>\nstruct item { int a; }; template <class T> struct box { T content; };"
    old, new = (
        build(tmp_path, name, f"{types.replace('int', number)} int f({kind}x) {{ {uses}; return 0; }}", "g++")
        for name, number in KINDS
    )
    report = diff(read_side(old), read_side(old))
    gaps = [gap.symbols for gap in report.not_compared]
    assert gaps == ([] if knows else [(next(iter(read_side(old).items)),)])
    assert knows or "uses the size or members" in report.not_compared[0].reason.remedy
    if uses:
        assert not diff(read_side(old), read_side(new)).compatible


PASSED = "int f(s x) { return x.a; }"


@pytest.mark.parametrize("compiler", ["g++", "clang++"])
@pytest.mark.parametrize(
    "members, use, knows",
    [
        ("~s() = default;", PASSED, False),
        ("s(s &&) = default; s(const s &) = delete;", PASSED, False),
        ("s(const s &) = delete;", "int f(s &x) { return x.a; }", True),  # nobody passes one
        ("", PASSED, True),
    ],
)
def test_strict_debug_information_does_not_tell_how_a_class_is_passed(
    tmp_path: Path, compiler: str, members: str, use: str, knows: bool
) -> None:
    """With -gstrict-dwarf, DWARF 4 says neither that a function is defaulted nor that it is deleted."""
    if not shutil.which(compiler):
        pytest.skip(f"{compiler} is missing")
    source = f"struct s {{ int a; {members} }}; {use}"
    whole = build(tmp_path, "whole", source, f"{compiler} -gdwarf-4")
    strict = build(tmp_path, "strict", source, f"{compiler} -gdwarf-4 -gstrict-dwarf")
    for sides in ((whole, strict), (strict, whole), (strict, strict)):
        report = diff(*map(read_side, sides))
        assert not report.changes
        told = [gap.reason.text for gap in report.not_compared]
        assert told == ["alignment of struct s is not known on both sides"]  # which it does not tell of any record
    layouts = [name for name in ("whole", "strict") if passing_is_known(str(tmp_path / f"{name}.so"))]
    assert layouts == (["whole", "strict"] if knows else ["whole"])


def passing_is_known(library: str) -> bool:
    """Whether a library whose records all have a known alignment could be compared with itself."""
    side = read_side(library)
    assert side.declarations
    types = {key: replace(kind, alignment=None) for key, kind in side.declarations.types.items()}
    known = replace(side, declarations=replace(side.declarations, types=types))
    return not diff(known, known).not_compared


@pytest.mark.parametrize("more", ["", " -fdebug-types-section", " -gno-record-gcc-switches"])
def test_strict_debug_information_does_not_tell_alignment(tmp_path: Path, more: str) -> None:
    """Neither that of a record nor that of data; the gate says so and what to do."""
    source = "struct {} s {{ long a, b; }}; {} int v; int f(struct s *x) {{ return v; }}"
    aligned = "__attribute__((aligned(16)))"
    command = f"gcc -gdwarf-4 -gstrict-dwarf{more}"
    plain, strict, old = (
        build(tmp_path, name, source.format(*where), how)
        for name, where, how in (
            ("plain", ("", ""), command),
            ("strict", (aligned, aligned), command),
            ("old", (aligned, aligned), "gcc -gdwarf-4"),
        )
    )
    for sides in ((plain, strict), (strict, plain), (old, plain), (plain, old)):
        report = diff(*map(read_side, sides))
        assert not report.changes
        assert sorted(symbol for gap in report.not_compared for symbol in gap.symbols) == ["f", "v"]
    with open_library(strict) as library:
        checked, _ = check(record(old).interface, library, Policy(required("layout")), "old.interface")
    assert [finding.rule for finding in checked.findings] == ["not-checked"] * 2
    assert "-gdwarf-5" in to_text(checked)


def test_a_constructor_with_further_arguments_may_copy(tmp_path: Path) -> None:
    """It does if these have defaults, which debug information does not tell; Clang tells how the class is passed."""
    source = "struct s {{ int a; s(const s &, int{}); }}; int f(s x) {{ return x.a; }}"
    old, new = (
        build(tmp_path, name, source.format(default), "g++") for name, default in (("old", ""), ("new", " = 0"))
    )
    report = diff(read_side(old), read_side(new))
    assert not report.changes
    assert [gap.reason.text for gap in report.not_compared] == ["passing of struct s is not known on both sides"]


def test_an_atomic_type_that_the_other_side_cannot_tell_is_not_known(tmp_path: Path) -> None:
    """DWARF before version 5 has no word for it."""
    source = "struct s { _Atomic int a; }; int f(struct s *x) { return 0; }"
    old = build(tmp_path, "old", source, "gcc -gdwarf-4")
    new = build(tmp_path, "new", source, "gcc -gdwarf-5")
    for sides in ((old, new), (new, old)):
        report = diff(*map(read_side, sides))
        assert not report.changes
        assert [gap.symbols for gap in report.not_compared] == [("f",)]
    assert not diff(read_side(old), read_side(old)).not_compared


def test_that_a_function_never_returns_is_told_by_gcc_in_every_version_of_dwarf(tmp_path: Path) -> None:
    old = build(tmp_path, "old", "_Noreturn void f(void) { for (;;); }", "gcc -gdwarf-4")
    new = build(tmp_path, "new", "void f(void) { for (;;); }", "gcc -gdwarf-4")
    assert [change.rule for change in diff(read_side(old), read_side(new)).changes] == ["noreturn-removed"]
    assert [change.rule for change in diff(read_side(new), read_side(old)).changes] == ["noreturn-added"]


def test_the_type_of_an_ifunc_is_not_known(tmp_path: Path) -> None:
    old = build(tmp_path, "old", "int f(int x) { return 0; }", "gcc")
    chosen = (
        'static int g(int x) { return 0; } static void *r(void) { return g; } int f(int) __attribute__((ifunc("r")));'
    )
    new = build(tmp_path, "new", chosen, "gcc")
    report = diff(read_side(old), read_side(new))
    (gap,) = report.not_compared
    assert report.compatible and "(ifunc)" in gap.reason.text and not gap.reason.remedy
    with open_library(new) as library:
        checked, _ = check(record(old).interface, library, Policy(required("layout")), "old.interface")
    (finding,) = checked.findings
    assert finding.rule == "not-checked" and "(ifunc)" in finding.message


@pytest.mark.parametrize(
    "source, status",
    [
        ('__asm__(".globl f\\n.type f,@function\\nf: ret");', 4),
        ('static void g(void) {} static void *r(void) { return g; } void f(void) __attribute__((ifunc("r")));', 0),
    ],
    ids=["assembler", "ifunc"],
)
def test_symbols_of_which_no_type_is_known_say_nothing(tmp_path: Path, source: str, status: int) -> None:
    """There is debugging information, but not about the exports: status 4, as without any.

    It never describes the types of functions that are selected when programs are loaded, so -g does not help.
    """
    library = build(tmp_path, "l", source, "gcc")
    report = diff(read_side(library), read_side(library))
    assert report.compatible and report.symbols == 1 and report.compared == 0
    assert symbol_audit.main(["diff", library, library]) == status
    assert symbol_audit.main(["diff", "--evidence", "kind", library, library]) == 0


def test_records_of_headers_that_options_leave_out_are_not_known(tmp_path: Path) -> None:
    """They look like handles that only have a declaration."""
    (tmp_path / "s.h").write_text("struct s { T a; };")
    source = '#include "s.h"\nint f(struct s *x) { return 0; }'
    old, new = (build(tmp_path, n, source, f"gcc -DT={kind} -femit-struct-debug-baseonly") for n, kind in KINDS)
    report = diff(read_side(old), read_side(new))
    assert report.compatible and [gap.symbols for gap in report.not_compared] == [("f",)]


def test_the_element_of_a_container_that_is_nowhere_is_not_known(tmp_path: Path) -> None:
    """GCC leaves out the elements of a container in a container that nothing uses."""
    source = "#include <map>\n#include <vector>\nstruct P { %s x; };\nusing M = std::map<int, std::vector<P>>;\n"
    used = "int f(M &x) { return x.empty(); }"
    old, new = (build(tmp_path, name, source % kind + used, "g++") for name, kind in KINDS)
    gaps = diff(read_side(old), read_side(new)).not_compared
    assert any(gap.reason.text.startswith("the element type P of struct std::map<") for gap in gaps)
    with open_library(new) as library:
        checked, _ = check(record(old).interface, library, Policy(required("layout")), "old.interface")
    assert [finding.rule for finding in checked.findings] == ["not-checked"]


def test_members_beyond_those_that_are_compared_are_not_known(tmp_path: Path) -> None:
    source = (
        "struct s {" + "".join(f"int m{i};" for i in range(10_500)) + "%s last; }; int f(struct s *x) { return 0; }"
    )
    old, new = (build(tmp_path, name, source % kind, "gcc") for name, kind in (("old", "int"), ("new", "float")))
    report = diff(read_side(old), read_side(new))
    assert report.compatible and [gap.symbols for gap in report.not_compared] == [("f",)]


@pytest.mark.parametrize("other", ["gcc", "clang"])
def test_members_that_are_not_told_are_not_known(tmp_path: Path, other: str) -> None:
    """GCC describes a union that a typedef makes transparent without its members."""
    if not shutil.which(other):
        pytest.skip(f"needs {other}")
    source = "typedef union {{ int *a; long b{}; }} u __attribute__((transparent_union)); int f(u x) {{ return 0; }}"
    old = build(tmp_path, "old", source.format(""), "gcc")
    new = build(tmp_path, "new", source.format(""), other)
    for report in (diff(read_side(old), read_side(new)), diff(read_side(new), read_side(old))):
        assert [gap.symbols for gap in report.not_compared] == [("f",)]
        assert not [change for change in report.changes if change.is_type]
    with open_library(new) as library:
        checked, _ = check(record(old).interface, library, Policy(required("layout")), "old.interface")
    assert [finding.rule for finding in checked.findings] == ["not-checked"]
    plain = build(tmp_path, "plain", "int f(int *x) { return 0; }", "gcc")
    report = diff(read_side(old), read_side(plain))  # a transparent union is passed like its members
    assert not report.changes and [gap.symbols for gap in report.not_compared] == [("f",)]
    (tmp_path / "more").mkdir()
    larger = build(
        tmp_path / "more", "new", source.replace("__attribute__((transparent_union))", "").format("[2]"), other
    )
    assert not diff(read_side(old), read_side(larger)).compatible


def test_what_initializes_thread_local_data_may_go(tmp_path: Path) -> None:
    """Programs call it only if it exists, and it is not part of an interface."""
    old = build(tmp_path, "old", "int i(); thread_local int v = i(); int i() { return 1; }", "g++")
    new = build(tmp_path, "new", "thread_local int v = 1; int i() { return 1; }", "g++")
    report = diff(read_side(old), read_side(new))
    assert report.compatible
    assert {c.level for c in report.changes if c.rule == "symbol-removed"} == {NOTE}
    assert "_ZTH1v" not in record(old).interface.symbols


@pytest.mark.skipif(not shutil.which("clang++"), reason="needs clang++")
def test_classes_that_clang_leaves_out_are_not_known(tmp_path: Path) -> None:
    """By default, clang describes no class to which only pointers lead."""
    sources = {name: f"struct s {{ {kind} a; }}; int f(s *x) {{ return 0; }}" for name, kind in KINDS}

    def report(flags: str):
        paths = [build(tmp_path, name, source, f"clang++ {flags}") for name, source in sources.items()]
        return diff(*map(read_side, paths))

    limited, whole = report("-flimit-debug-info"), report("-fno-limit-debug-info")
    assert limited.compatible and [gap.symbols for gap in limited.not_compared] == [("_Z1fP1s",)]
    assert not whole.compatible and not whole.not_compared


@pytest.mark.skipif(not shutil.which("clang++"), reason="needs clang++")
def test_arguments_that_clang_leaves_out_are_not_known(tmp_path: Path) -> None:
    """Without optimization it leaves out some that a function does not use; those of a member function are declared."""
    types = "struct a { a(const a &); ~a(); int x; }; a::a(const a &) {} a::~a() {} struct b { long x[3]; };"
    functions = (
        "int f(b x, a y, int z) { return %s; } struct s { int m(b, a, int); }; int s::m(b x, a y, int z) { return %s; }"
    )
    for optimize, lacking in ((" -O0", [("_Z1f1b1ai",)]), (" -O1", [])):
        old, new = (
            build(tmp_path, name, types + functions % (used, used), f"clang++ -fno-limit-debug-info{optimize}")
            for name, used in (("old", "z"), ("new", "y.x"))
        )
        report = diff(read_side(old), read_side(new))
        assert not report.changes and [gap.symbols for gap in report.not_compared] == lacking


@pytest.mark.skipif(not shutil.which("clang"), reason="needs clang, which describes calling conventions")
@pytest.mark.parametrize(
    "old, new, breaks",
    [
        ("int f(int x) { return x; }", "__attribute__((ms_abi)) int f(int x) { return x; }", True),
        ("__attribute__((ms_abi)) int f(int x) { return x; }", "int f(int x) { return x; }", True),
        ("int f(int (*g)(int)) { return 0; }", "int f(int (__attribute__((ms_abi)) *g)(int)) { return 0; }", True),
        ("int f(int x) { return x; }", "__attribute__((sysv_abi)) int f(int x) { return x; }", False),
    ],
)
def test_calling_conventions(tmp_path: Path, old: str, new: str, breaks: bool) -> None:
    sides = [read_side(build(tmp_path, name, source, "clang")) for name, source in (("old", old), ("new", new))]
    report = diff(*sides)
    assert report.compatible != breaks, [change.message for change in report.changes]
    assert not report.not_compared


def test_a_convention_that_the_interface_could_not_know_is_not_proved(tmp_path: Path) -> None:
    if not shutil.which("clang"):
        pytest.skip("needs clang, which describes calling conventions")
    old = build(tmp_path, "old", "int f(int x) { return x; }", "gcc")
    new = build(tmp_path, "new", "__attribute__((ms_abi)) int f(int x) { return x; }", "clang")
    with open_library(new) as library:
        checked, _ = check(record(old).interface, library, Policy(required("prototype")), "old.interface")
    assert [finding.rule for finding in checked.findings] == ["not-checked"]


@pytest.mark.parametrize(
    "old, new, found",
    [
        ("enum e { A, B };", "enum e { B, A };", ["enum e: A was 0, is 1", "enum e: B was 1, is 0"]),
        ("enum { A, B }; enum { C };", "enum { C }; enum { A, B = 5 };", ["enum of A: B was 1, is 5"]),
        ("typedef enum { A, B } e;", "typedef enum { A } e;", ["enum of A: B was 1, is nothing"]),
        ("enum e { A, B };", "enum e { A, B, C };", ["enum e: C: added (2)"]),
        ("enum e { A, B };", "enum e { A, BB };", ["enum e: B was B, is BB"]),
        ("enum e { A, B };", "enum f { A, B };", []),
        ("enum { A, B };", "enum { Z };", []),
    ],
)
def test_enumerations_of_headers(tmp_path: Path, old: str, new: str, found: list[str]) -> None:
    """The functions take an int, so no symbol leads to the constants."""
    paths = []
    for name, source in (("old", old), ("new", new)):
        constants = [word for word in ("A", "B", "BB", "C", "Z") if f" {word} " in source.replace(",", " ")]
        users = "".join(f" int f{word}(int x) {{ return x == {word}; }}" for word in constants)
        paths.append(build(tmp_path, name, source + users, "gcc"))

    def messages(headers: tuple[str, ...]) -> list[str]:
        report = diff(*(read_side(path, headers=headers) for path in paths))
        return [change.message for change in report.changes if change.is_type]

    assert messages(("*.h",)) == messages(("old.h", "new.h")) == found
    assert messages(()) == messages(("include", "ld.h", "other/*.h")) == []


@pytest.mark.parametrize(
    "path, pattern, fits",
    [
        ("/usr/include/core/core.h", "core.h", True),
        ("/usr/include/core/core.h", "include", True),
        ("/usr/include/core/core.h", "/usr/include/core/", True),
        ("src/../include/core.h", "include/*.h", True),
        ("include/core.h", "include/core.h", True),
        ("core.h", "core.h", True),
        ("/usr/include/core/core.h", "ore.h", False),
        ("/usr/include/core/core.h", "clude", False),
        ("core.c", "*.h", False),
    ],
)
def test_patterns_of_headers(path: str, pattern: str, fits: bool) -> None:
    assert is_header(path, (pattern,)) == fits


V1, V2 = "V1 { global: f; local: *; };", "V1 { global: f; local: *; }; V2 { global: f; } V1;"
ALONE = (V1, "int f(int x) { return x; }")


def two_versions(old: str, new: str) -> tuple[str, str]:
    """A library with two versions of `f`, which take and return these types."""
    first = f'{old} f_old({old} x) {{ return x; }} __asm__(".symver f_old,f@V1");'
    return V2, f'{first} {new} f_new({new} x) {{ return x; }} __asm__(".symver f_new,f@@V2");'


@pytest.mark.parametrize(
    "old, new, found",
    [
        (ALONE, two_versions("int", "long"), {"default-version-changed": SOURCE}),
        (ALONE, two_versions("int", "int"), {"default-version-changed": NOTE}),
        (ALONE, two_versions("long", "int"), {"prototype-changed": BREAK}),
        (two_versions("int", "int"), two_versions("long", "int"), {"prototype-changed": BREAK}),
        (two_versions("int", "int"), two_versions("int", "int"), {}),
        (two_versions("int", "int"), ALONE, {"version-removed": BREAK}),
    ],
)
def test_programs_keep_the_version_that_they_were_linked_against(tmp_path, old, new, found):
    paths = []
    for name, (script, source) in (("old", old), ("new", new)):
        (tmp_path / f"{name}.map").write_text(script)
        paths.append(build(tmp_path, name, source, f"gcc -Wl,--version-script={name}.map"))
    report = diff(*map(read_side, paths))
    assert not report.not_compared
    levels = {change.rule: change.level for change in report.changes}
    assert found.items() <= levels.items()
    assert report.compatible == (BREAK not in found.values())
