"""Interfaces from C and C++ headers through real compilers, for this machine and for Windows."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from rebel_tools.abi.spell import prototype, spell
from rebel_tools.errors import MissingTool
from rebel_tools.interface import file
from rebel_tools.interface.errors import InterfaceSourceError
from rebel_tools.interface.render import to_text
from rebel_tools.interface.render_header import to_header
from rebel_tools.producers.compiler import Compiler
from rebel_tools.producers.selection import Selection
from rebel_tools.producers.source import read_source

TARGETS = {"": ("x86_64", 8), "x86_64-w64-mingw32-": ("x86_64", 8), "i686-w64-mingw32-": ("i386", 4)}

C_HEADER = """\
#include <stdio.h>
#include "types.h"
typedef struct { short a; double b; } unnamed;
union value { int i; float f; unsigned char bytes[8]; };
struct flags { unsigned one : 1; unsigned three : 3; int : 0; signed five : 5; };
enum mode { FAST = -1, EXACT = 7 };
extern int core_version;
extern const char *const core_names[3];
int core_add(int a, int b);
long core_tell(FILE *stream, unnamed *u);
union value core_value(struct flags f, enum mode m);
void core_log(const char *format, ...);
void core_each(int (*visit)(void *, struct node **), void *data);
int (*core_choose(int which))(double);
static inline int twice(int x) { return 2 * x; }
#define core_macro(x) core_add(x, x)
"""
TYPES = "struct node { struct node *next; long value; };\nint core_nested(struct node *n);\n"


@pytest.fixture(params=TARGETS)
def cross(request):
    if not shutil.which(request.param + "gcc"):
        pytest.skip(f"needs {request.param}gcc")
    return request.param


def read(folder, name: str, command: str, *flags: str, **kw):
    return read_source([name], Compiler((command, *flags), cwd=str(folder)), **kw)


@pytest.fixture
def c_interface(tmp_path, cross):
    (tmp_path / "include").mkdir()
    (tmp_path / "include/types.h").write_text(TYPES)
    (tmp_path / "core.h").write_text(C_HEADER)
    return read(tmp_path, "core.h", cross + "gcc", "-Iinclude", selection=Selection(headers=("include",))), cross


def test_c_functions_with_file_and_line(c_interface):
    interface, _ = c_interface
    functions = interface.declarations.functions
    assert set(functions) == {
        "core_add", "core_tell", "core_value", "core_log", "core_each", "core_choose", "core_nested",
    }  # fmt: skip
    assert prototype(functions["core_add"]) == "int core_add(int, int)"
    assert prototype(functions["core_log"]) == "void core_log(const char *, ...)"
    assert prototype(functions["core_each"]) == "void core_each(int (*)(void *, struct node **), void *)"
    assert prototype(functions["core_choose"]) == "int (*core_choose(int))(double)"
    assert str(functions["core_add"].declared_at) == "core.h:9"
    assert str(functions["core_nested"].declared_at) == "include/types.h:2"


def test_c_data_and_layouts_of_the_target(c_interface):
    interface, cross = c_interface
    machine, pointer = TARGETS[cross]
    assert (interface.target.machine, interface.target.pointer_size) == (machine, pointer)
    assert interface.target.os == ("windows" if cross else "linux")
    assert set(interface.declarations.variables) == {"core_version", "core_names"}
    types = interface.declarations.types
    node = types["struct node"]
    assert node.size == (16 if not cross else 2 * pointer if pointer == 4 else 16)
    assert [field.offset for field in node.fields] == [0, pointer]
    assert node.fields[1].type.size == (8 if not cross else 4)  # long
    assert types["union value"].size == 8
    assert dict(types["enum mode"].values) == {"FAST": -1, "EXACT": 7}
    bits = [(field.name, field.bit_offset, field.bit_size) for field in types["struct flags"].fields]
    assert bits[:2] == [("one", 0, 1), ("three", 1, 3)]
    assert bits[-1] == ("five", 32, 5)


def test_the_c_header_of_an_interface_compiles_and_says_the_same(c_interface, tmp_path):
    interface, cross = c_interface
    (tmp_path / "again.h").write_text(to_header(interface))
    again = read(tmp_path, "again.h", cross + "gcc")
    assert to_text(again).replace("again.h", "").count("core_") >= 9
    assert set(again.symbols) == set(interface.symbols)
    if shutil.which(cross + "g++"):
        subprocess.run([cross + "g++", "-x", "c++", "-fsyntax-only", str(tmp_path / "again.h")], check=True)


def test_alignment_and_complex_numbers_in_the_c_header(tmp_path):
    text = "struct wide { char a; _Alignas(32) int b; }; typedef struct { long c; } __attribute__((aligned(64))) far;\n"
    (tmp_path / "core.h").write_text(f"{text}double _Complex core_turn(struct wide *, far *, float _Complex);\n")
    interface = read(tmp_path, "core.h", "gcc")
    (tmp_path / "again.h").write_text(to_header(interface))
    assert read(tmp_path, "again.h", "gcc") == interface


def test_the_c_header_of_atomic_types_compiles_as_cxx_too(tmp_path):
    """Where there is no _Atomic, with the same layout."""
    text = (
        "struct two { long a, b; }; struct s { _Bool f; _Atomic int a; _Atomic struct two q[2]; _Atomic(int *) p; };\n"
    )
    (tmp_path / "core.h").write_text(f"{text}int core_add(struct s *x, _Atomic int *y);\n")
    interface = read(tmp_path, "core.h", "gcc")
    (tmp_path / "again.h").write_text(to_header(interface) + '_Static_assert(1, "");\n')
    subprocess.run(["gcc", "-Werror", "-fsyntax-only", str(tmp_path / "again.h")], check=True)
    (tmp_path / "again.h").write_text(to_header(interface))
    for compiler in filter(shutil.which, ("g++", "clang++")):
        subprocess.run([compiler, "-x", "c++", "-fsyntax-only", str(tmp_path / "again.h")], check=True)


def test_the_file_is_the_same_wherever_it_is_made(tmp_path):
    files = []
    for folder in (tmp_path / "one", tmp_path / "two" / "deeper"):
        folder.mkdir(parents=True)
        (folder / "core.h").write_text("struct s { int x; };\nint core_add(struct s *a);\nextern int v;\n")
        files.append(file.to_bytes(read(folder, "core.h", "gcc")))
    assert files[0] == files[1]


def test_flags_that_change_the_abi_are_part_of_the_promise(tmp_path):
    (tmp_path / "core.h").write_text("enum e { A, B };\nvoid core_set(enum e *e);\n")
    plain, short = (read(tmp_path, "core.h", "gcc", *flags) for flags in ((), ("-fshort-enums", "-O2")))
    assert plain.declarations.types["enum e"].underlying.size == 4
    assert short.declarations.types["enum e"].underlying.size == 1
    assert short.options == {"flags": ["-fshort-enums"]}
    assert plain != short


def test_the_linkers_name_counts(tmp_path):
    (tmp_path / "core.h").write_text('int core_old(void) __asm__("core_new");\n')
    assert set(read(tmp_path, "core.h", "gcc").symbols) == {"core_new"}


def test_calling_conventions_of_32_bit_windows(tmp_path):
    if not shutil.which("i686-w64-mingw32-gcc"):
        pytest.skip("needs i686-w64-mingw32-gcc")
    (tmp_path / "core.h").write_text(
        "int __stdcall core_std(int a, int b);\nint __fastcall core_fast(int a);\nint core_plain(int a);\n"
        "__declspec(dllimport) int core_import(void);\n__declspec(dllimport) extern int core_data;\n"
    )
    interface = read(tmp_path, "core.h", "i686-w64-mingw32-gcc")
    conventions = {f.name: f.convention for f in interface.declarations.functions.values()}
    assert conventions == {"core_std": "stdcall", "core_fast": "fastcall", "core_plain": None, "core_import": None}
    assert set(interface.declarations.variables) == {"core_data"}


CXX_HEADER = """\
#pragma once
#include <string>
namespace geometry {
inline namespace v1 { void versioned(); }
class Base { public: virtual ~Base(); virtual int pure() = 0; };
struct Shape : Base {
    Shape() = default; Shape(const Shape &) = delete; explicit Shape(int); int pure() override;
    int inside() const { return n; } static int count; static constexpr int k = 3; int n;
    struct Inner { void go(); }; template <class T> T member(T);
};
double area(const Shape &s);
double area(int w, int h);
inline int twice(int x) { return 2 * x; }
template <class T> T id(T x) { return x; }
bool operator==(const Shape &, const Shape &);
std::string name(std::string &&s);
extern int total;
enum class Colour : unsigned char { red, green };
Colour mix(Colour a, Colour b);
namespace { int hidden(); }
}
extern "C" { int plain(int); extern int plain_data; }
"""
CXX_SYMBOLS = {
    "geometry::v1::versioned", "geometry::Base::~Base", "geometry::Shape::Shape", "geometry::Shape::pure",
    "geometry::Shape::count", "geometry::Shape::Inner::go", "geometry::area", "geometry::operator==", "geometry::name",
    "geometry::total", "geometry::mix", "plain", "plain_data",
}  # fmt: skip


def test_cxx_symbols(tmp_path, cross):
    if not shutil.which(cross + "g++"):
        pytest.skip(f"needs {cross}g++")
    (tmp_path / "core.hpp").write_text(CXX_HEADER)
    interface = read(tmp_path, "core.hpp", cross + "g++")
    assert {symbol.display or name for name, symbol in interface.symbols.items()} == CXX_SYMBOLS
    assert {"_ZN8geometry4areaEii", "_ZN8geometry4areaERKNS_5ShapeE"} <= set(interface.symbols)
    assert {"_ZN8geometry4BaseD0Ev", "_ZN8geometry4BaseD1Ev", "_ZN8geometry4BaseD2Ev"} <= set(interface.symbols)
    shape = interface.declarations.types["struct geometry::Shape"]
    assert [(field.name, field.kind) for field in shape.fields] == [("geometry::Base", "base"), ("n", "member")]
    assert interface.language == "c++"


@pytest.mark.parametrize("name, command, text, words", [
    ("core.h", "gcc", "itn x;\n", "itn"),
    ("core.hpp", "g++", "clas X {};\n", "clas"),
    ("core.x", "gcc", "", "no language is known"),
])  # fmt: skip
def test_mistakes_are_told(tmp_path, name, command, text, words):
    (tmp_path / name).write_text(text)
    with pytest.raises(InterfaceSourceError, match=words):
        read(tmp_path, name, command)


def test_a_compiler_that_is_not_there(tmp_path):
    (tmp_path / "core.h").write_text("int f(void);\n")
    with pytest.raises(MissingTool, match="no-such-gcc"):
        read(tmp_path, "core.h", "no-such-gcc")


def test_a_header_that_declares_nothing_is_no_interface(tmp_path):
    (tmp_path / "core.h").write_text("#include <stdio.h>\nstatic int f(void) { return 1; }\n")
    with pytest.raises(InterfaceSourceError, match="declares nothing"):
        read(tmp_path, "core.h", "gcc")


@pytest.mark.parametrize("flag", ["-I.", "-Iinclude/..", "-I{root}", "-I{root}/include/.."])
@pytest.mark.parametrize("suffix, command", [(".h", "gcc"), (".hpp", "g++")])
def test_included_headers_count_however_they_are_found(tmp_path, flag, suffix, command):
    (tmp_path / "include").mkdir()
    (tmp_path / "include" / f"core{suffix}").write_text(f"#include <sub dir/more{suffix}>\nextern int core_a;\n")
    (tmp_path / "sub dir").mkdir()
    (tmp_path / "sub dir" / f"more{suffix}").write_text("int more(void);\nextern int more_data;\n")
    interface = read(tmp_path, f"include/core{suffix}", command, flag.format(root=tmp_path))
    assert {symbol.display or name.strip("_Z4v") for name, symbol in interface.symbols.items()} == {
        "core_a", "more", "more_data",
    }  # fmt: skip
    assert str(interface.symbols["more_data"].declared_at) == f"sub dir/more{suffix}:2"


@pytest.mark.parametrize(
    "flags",
    ["-MMD", "-MD -MF x.d", "-Wp,-MMD,x.d", "--coverage", "-save-temps", "-save-temps=cwd", "-fstack-usage",
     "-fdump-tree-all", "-fdump-lang-all", "-fdump-ada-spec", "-fopt-info-all=x.opt", "-gsplit-dwarf", "-gz", "-flto",
     "-fprofile-generate", "-fcallgraph-info", "-fdiagnostics-color=always", "-pedantic-errors -std=c11",
     "-ffile-prefix-map=core=other -fdebug-prefix-map={root}=/usr/src"],
)  # fmt: skip
@pytest.mark.parametrize("suffix, command", [(".h", "gcc"), (".hpp", "g++")])
def test_flags_leave_nothing_behind_and_change_nothing(tmp_path, flags, suffix, command):
    header = tmp_path / f"core{suffix}"
    header.write_text("struct s { int x; };\nint core_add(struct s *a);\nextern int v;\n")
    flags = flags.replace("c11", "c++14") if "++" in command else flags
    words = flags.format(root=tmp_path).split()
    assert read(tmp_path, header.name, command, *words) == read(tmp_path, header.name, command)
    assert [path.name for path in tmp_path.iterdir()] == [header.name]


@pytest.fixture
def two_libraries(tmp_path):
    """A header that includes one of the project, one of another library in the project, and one by its full path."""
    for name in ("core", "more", "deps/dep", "deps/inner/deep", "src/own"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / f"{name}.h").write_text(f"int {name.rpartition('/')[2]}(void);\n")
    (tmp_path / "core.h").write_text('#include "more.h"\n#include <dep.h>\n#include "src/own.h"\nint core(void);\n')
    (tmp_path / "deps/dep.h").write_text('#include "inner/deep.h"\nint dep(void);\n')
    return tmp_path


@pytest.mark.parametrize(
    "selection, symbols, told",
    [
        (Selection(), {"core", "more", "own"}, ["deps/dep.h", "deps/inner/deep.h"]),
        (Selection(exclude=("deps/inner", "src/*")), {"core", "more"}, ["deps/dep.h"]),
        (Selection(headers=("deps",)), {"core", "dep", "deep"}, []),
        (Selection(headers=("*",), exclude=("deps/*/*",)), {"core", "more", "own", "dep"}, []),
        (Selection(headers=("nothing.h",)), {"core"}, []),
    ],
)
def test_the_headers_of_other_libraries_are_not_part_of_it(two_libraries, selection, symbols, told):
    left_out = []
    found = read(two_libraries, "core.h", "gcc", "-Ideps", selection=selection, left_out=left_out.append)
    assert set(found.symbols) == symbols
    assert left_out == told


def test_a_named_header_below_a_folder_brings_its_neighbours(two_libraries):
    assert set(read(two_libraries, "deps/dep.h", "gcc", "-Ideps").symbols) == {"dep", "deep"}


def test_the_search_folders_of_the_environment_count(two_libraries, monkeypatch):
    monkeypatch.setenv("CPATH", "deps")
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    assert set(read(two_libraries, "core.h", "gcc").symbols) == {"core", "more", "own"}


def test_a_macro_of_the_same_name_and_an_inline_function(tmp_path):
    text = "int core_add(int a);\n#define core_add(a) core_add((a) + 1)\nint core_get(void);\n#define core_get 7\n"
    (tmp_path / "core.h").write_text(text + "static inline int twice(int x) { return 2 * x; }\n")
    assert set(read(tmp_path, "core.h", "gcc").symbols) == {"core_add", "core_get"}


def test_what_is_no_compiler_of_the_kind(tmp_path):
    (tmp_path / "core.h").write_text("int f(void);\n")
    with pytest.raises(InterfaceSourceError, match="cannot be used to read headers") as failure:
        read(tmp_path, "core.h", "true")
    assert "Python file" in failure.value.hint


CATALOGUE = Path(__file__).resolve().parents[1] / "gate" / "catalogue"
CLANGS = [(f"clang{version}", f"clang++{version}") for version in ("", "-19")]


@pytest.fixture(params=CLANGS, ids=[c for c, _ in CLANGS])
def clang(request):
    """Clang for C and for C++."""
    for command in request.param:
        if not shutil.which(command):
            pytest.skip(f"needs {command}")
    return request.param


def lines(interface, *words: str) -> list[str]:
    """An interface as text, without its digest and without lines that have one of the words."""
    return [line for line in to_text(interface).splitlines()[1:] if not any(word in line for word in words)]


def test_clang_reads_c_as_gcc_does(clang, tmp_path):
    (tmp_path / "include").mkdir()
    (tmp_path / "include/types.h").write_text(TYPES)
    (tmp_path / "core.h").write_text(C_HEADER)
    ours, theirs = (read(tmp_path, "core.h", command, "-Iinclude") for command in (clang[0], "gcc"))
    assert lines(ours) == lines(theirs)
    ours, theirs = (read(CATALOGUE, "core.h", command) for command in (clang[0], "gcc"))
    assert lines(ours, "_c(") == lines(theirs, "_c(", "_Float128")  # complex numbers have names of their own


def test_clang_reads_cxx_as_gcc_does(clang, tmp_path):
    (tmp_path / "core.hpp").write_text(CXX_HEADER)
    differences = ("_vptr", "Box<", "std::function<", "std::map<", "operator", "_ZNVK")  # spelled in other ways
    for folder in (tmp_path, CATALOGUE):
        ours, theirs = (read(folder, "core.hpp", command) for command in (clang[1], "g++"))
        templates = {name for name in theirs.symbols if "Box" in name and name not in ours.symbols}
        assert set(theirs.symbols) - templates == set(ours.symbols)
        assert lines(ours, *differences) == lines(theirs, *differences)


@pytest.mark.parametrize("command", ["gcc", "clang"])
def test_declarations_that_are_no_promise_and_those_that_look_like_none(tmp_path, command):
    """What is hidden cannot be exported. A function may be declared by a typedef, and data may have any name."""
    if not shutil.which(command):
        pytest.skip(f"needs {command}")
    (tmp_path / "core.h").write_text(
        "typedef int handler(int);\nhandler first;\nextern __thread int tl, tls, o;\nextern int tlsgd;\n"
        '__attribute__((visibility("hidden"))) int hidden(void);\n#pragma GCC visibility push(hidden)\n'
        "int inside(int);\nextern int data;\n#pragma GCC visibility pop\n"
    )
    interface = read(tmp_path, "core.h", command)
    assert {name: getattr(symbol, "tls", None) for name, symbol in interface.symbols.items()} == {
        "first": None, "tl": True, "tls": True, "o": True, "tlsgd": False,
    }  # fmt: skip


def test_hidden_functions_and_references_to_arrays_of_cxx(clang, tmp_path):
    (tmp_path / "core.hpp").write_text(
        '#define INSIDE __attribute__((visibility("hidden")))\nnamespace n { INSIDE int f(int); extern INSIDE int d;'
        " extern int (&numbers)[3]; extern void (&call)(int); extern int (*table[2])(int &); int g(int); }"
    )
    interface = read(tmp_path, "core.hpp", clang[1])
    assert set(interface.symbols) == {"_ZN1n7numbersE", "_ZN1n4callE", "_ZN1n5tableE", "_ZN1n1gEi"}
    kinds = (spell(interface.symbols[f"_ZN1n{name}E"].type) for name in ("7numbers", "4call", "5table"))
    assert list(kinds) == ["int (&)[3]", "void (&)(int)", "int (*[2])(int &)"]


TEMPLATES = """\
#include <functional>
#include <vector>
struct hidden;
struct item { int number; };
template <class T> struct node { node *next; T content; };
template <class T> struct list { node<T> *first; };
template <class T> struct elsewhere;
int length(list<item> *); int all(const std::vector<item> &); int each(const std::function<void(item *)> &);
int any(list<hidden> *, std::vector<hidden> *); int far(elsewhere<item> *); int text(std::vector<int> *);
"""


@pytest.mark.parametrize("command", ["g++", "clang++"])
def test_templates_that_a_header_only_names_are_completed(tmp_path, command):
    if not shutil.which(command):
        pytest.skip(f"needs {command}")
    (tmp_path / "core.hpp").write_text(TEMPLATES)
    types = read(tmp_path, "core.hpp", command).declarations.types
    known = {key.partition(" ")[2]: (kind.size is not None, kind.left_out) for key, kind in types.items()}
    assert {known[name] for name in ("item", "list<item>", "node<item>")} == {(True, False)}
    assert known["hidden"] == (False, False)  # as the header has it
    assert known["node<hidden>"] == (False, True)  # no program can complete it, and a core may
    assert known["elsewhere<item>"] == (False, False)
    assert all(known[name] == (False, False) for name in known if name.startswith("std::"))


CXX_SCOPES = """\
namespace outer {
class Final final { public: Final(int, double) noexcept; private: struct Inner { Inner(Final *); void go(); }; };
class Held { public: typedef int number; Held(number); Held(number, number) throw(); virtual ~Held(); };
class Derived : public Held { public: using Held::Held; ~Derived(); number twice(number); int twice(long) const; };
double area(Held::number w); double area(const Final &) noexcept; void pack(int, ...); void pack();
union Both { int i; float f; Both(int); };
extern thread_local int counter; extern int &alias; extern const char *names[];
template <class T> T any(T); template <> int any<int>(int);
void later(); inline void later() {}
}
#define DECLARE(name) extern "C" int name(void)
DECLARE(in_macro);
"""


def test_scopes_overloads_and_constructors(clang, tmp_path):
    (tmp_path / "core.hpp").write_text(CXX_SCOPES)
    ours, theirs = (read(tmp_path, "core.hpp", command) for command in (clang[1], "g++"))
    assert set(ours.symbols) == set(theirs.symbols)
    assert lines(ours, "_vptr", "counter") == lines(theirs, "_vptr", "counter")
    assert ours.symbols["_ZN5outer7counterE"].tls
    assert {"_ZN5outer7DerivedD0Ev", "_ZN5outer5Final5Inner2goEv", "in_macro"} <= set(ours.symbols)


@pytest.mark.parametrize("suffix", [".h", ".hpp"])
def test_clang_leaves_nothing_behind(clang, tmp_path, suffix):
    command = clang[suffix == ".hpp"]
    header = tmp_path / f"core{suffix}"
    header.write_text("struct s { int x; };\nint core_add(struct s *a);\nextern int v;\n")
    words = ["-MD", "-MF", "x.d", "--coverage", "-save-temps", "-gsplit-dwarf", "-flto", "-ftime-trace"]
    assert read(tmp_path, header.name, command, *words) == read(tmp_path, header.name, command)
    assert [path.name for path in tmp_path.iterdir()] == [header.name]


def test_clang_tells_mistakes_and_leaves_other_libraries_out(clang, two_libraries):
    left_out = []
    found = read(two_libraries, "core.h", clang[0], "-Ideps", left_out=left_out.append)
    assert set(found.symbols) == {"core", "more", "own"}
    assert left_out == ["deps/dep.h", "deps/inner/deep.h"]
    (two_libraries / "core.h").write_text("itn x;\n")
    with pytest.raises(InterfaceSourceError, match="itn"):
        read(two_libraries, "core.h", clang[0])


def test_clang_for_windows(clang, tmp_path):
    if not shutil.which("i686-w64-mingw32-gcc"):
        pytest.skip("needs i686-w64-mingw32-gcc")
    (tmp_path / "core.h").write_text("int __stdcall core_std(int a, int b);\nint core_plain(int);\nextern int data;\n")
    ours = read(tmp_path, "core.h", clang[0], "--target=i686-w64-mingw32")
    assert lines(ours) == lines(read(tmp_path, "core.h", "i686-w64-mingw32-gcc"))
    assert ours.symbols["core_std"].convention == "stdcall"
