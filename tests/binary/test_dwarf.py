"""Prototypes and layouts from the real output of gcc, g++ and mingw."""

from __future__ import annotations

import os
import re
import shutil
import subprocess

import pytest

from rebel_tools.abi import types as t
from rebel_tools.binary import open_library
from rebel_tools.binary.dwarf import has_debug_information, read_declarations
from rebel_tools.errors import Place

SOURCE = """
#include <stddef.h>
struct point { int x; double y; struct point *next; unsigned a : 3, b : 5; char buf[4][2]; };
union either { int i; float f; };
enum color { RED = -1, GREEN };
typedef struct { short s; union { int a; long b; }; } anonymous_t;
struct opaque;
int core_add(int a, long b) { return a + b; }
void core_fill(struct point *p, const anonymous_t *q, enum color c, ...) { }
double (*core_callback(int (*cmp)(const void *, const void *)))(float) { return 0; }
union either core_either(_Bool flag, unsigned char c) { union either e; return e; }
struct opaque *core_open(size_t n) { return 0; }
const char core_digest[9] = "abcdefgh";
__thread int core_tls;
static int core_static(int a) { return a; }
int (*core_keep)(int) = core_static;
"""
NAMES = {"core_add", "core_fill", "core_callback", "core_either", "core_open", "core_digest", "core_tls", "core_static"}
INT, CHAR = t.Integer(4, True, "int"), t.Integer(1, True, "char")
COMPILERS = ["gcc", "x86_64-w64-mingw32-gcc", "i686-w64-mingw32-gcc"]


@pytest.fixture(params=[2, 3, 4, 5])
def version(request):
    return f"-gdwarf-{request.param}"


def read(compiled, *flags, cc="gcc", source=SOURCE, names=NAMES):
    suffix = ".dll" if "mingw" in cc else ".so"
    export_all = ["-Wl,--export-all-symbols"] if "mingw" in cc else []
    return read_declarations(compiled(source, *flags, *export_all, cc=cc, suffix=suffix), names)


@pytest.mark.parametrize("cc", COMPILERS)
def test_prototypes(compiled, version, cc):
    found = read(compiled, version, cc=cc).functions
    long = t.Integer(8 if cc == "gcc" else 4, True, "long int")
    pointer = 4 if cc.startswith("i686") else 8
    assert sorted(found) == ["core_add", "core_callback", "core_either", "core_fill", "core_open"]
    add = found["core_add"]
    assert (add.result, add.varargs, add.convention, add.display) == (INT, False, None, None)
    assert add.parameters == (t.Parameter("a", INT), t.Parameter("b", long))
    assert add.declared_at == Place("core.c", line=8)
    fill = found["core_fill"]
    assert isinstance(fill.result, t.Void) and fill.varargs
    assert fill.parameters[0] == t.Parameter("p", t.Pointer(t.Ref("struct point"), pointer))
    assert fill.parameters[2] == t.Parameter("c", t.Ref("enum color"))
    constant = t.Pointer(t.Qualified(t.Void(), "const"), pointer)
    compare = t.Pointer(t.FunctionType(INT, (constant, constant)), pointer)
    assert found["core_callback"].parameters == (t.Parameter("cmp", compare),)
    callback = t.FunctionType(t.Float(8, "double"), (t.Float(4, "float"),))
    assert found["core_callback"].result == t.Pointer(callback, pointer)
    assert found["core_either"].parameters[0].type == t.Bool()
    assert found["core_either"].parameters[1].type == t.Integer(1, False, "unsigned char")


@pytest.mark.parametrize("cc", COMPILERS)
def test_layouts(compiled, version, cc):
    types = read(compiled, version, cc=cc).types
    wide = not cc.startswith("i686")
    assert sorted(types) == ["enum color", "struct opaque", "struct point", "typedef anonymous_t", "union either"]
    point = types["struct point"]
    assert point.size == (40 if wide else 32)
    offsets = [(f.name, f.offset, f.bit_size, f.bit_offset) for f in point.fields]
    assert offsets == [
        ("x", 0, None, None),
        ("y", 8, None, None),
        ("next", 16, None, None),
        ("a", 24 if wide else 20, 3, 192 if wide else 160),
        ("b", 24 if wide else 20, 5, 195 if wide else 163),
        ("buf", 25 if cc == "gcc" else 28 if wide else 24, None, None),  # Windows fills the whole storage unit
    ]
    assert point.fields[5].type == t.Array(t.Array(CHAR, 2), 4)
    assert point.declared_at == Place("core.c", line=3)
    assert types["struct opaque"] == t.Record("struct", "opaque", None)
    assert types["union either"].fields[1] == t.Field("f", t.Float(4, "float"), 0)
    assert types["enum color"] == t.Enum("color", INT, (("RED", -1), ("GREEN", 0)))


def test_a_record_without_a_tag_has_the_name_of_its_typedef_or_stands_inline(compiled):
    found = read(compiled, "-g")
    q = found.functions["core_fill"].parameters[1].type
    assert q.target.target == t.Typedef("anonymous_t", t.Ref("typedef anonymous_t"))
    record = found.types["typedef anonymous_t"]
    assert (record.name, record.tagged, record.size) == ("anonymous_t", False, 16)
    assert [f.name for f in record.fields] == ["s", None]
    assert [f.name for f in record.fields[1].type.fields] == ["a", "b"]


def test_data(compiled):
    found = read(compiled, "-g").variables
    assert found["core_digest"].type == t.Array(t.Qualified(CHAR, "const"), 9)
    assert (found["core_tls"].tls, found["core_digest"].tls) == (True, False)


def test_static_functions_are_no_symbols(compiled):
    assert "core_static" not in read(compiled, "-g").functions


def test_all_that_is_external(compiled):
    found = read(compiled, "-g", names=None)
    assert {"core_add", "core_open"} <= set(found.functions)
    assert set(found.variables) == {"core_digest", "core_tls", "core_keep"}


def test_only_declared(compiled, tool):
    """Declarations in headers that a program uses."""
    if int(tool("gcc", "-dumpversion").partition(".")[0]) < 11:
        pytest.skip("GCC before 11 does not describe functions that are only declared")
    source = "struct s { int a; }; extern int f(struct s *, ...); extern int d; void *probe[] = { (void *)f, &d };"
    found = read(compiled, "-g", source=source, names=None)
    assert found.functions["f"].varargs
    assert found.types["struct s"].size == 4
    assert found.variables["d"].type == INT


def test_without_debug_information(compiled):
    path = compiled(SOURCE, "-g0")
    with open_library(path) as library:
        assert not has_debug_information(library)
        assert read_declarations(library, NAMES) == t.Declarations()
    with open_library(compiled(SOURCE, "-g")) as library:
        assert has_debug_information(library)


def test_clang(compiled):
    """No DW_AT_sibling, addresses and strings by index."""
    plain, other = read(compiled, "-gdwarf-5"), read(compiled, "-gdwarf-5", cc="clang")
    assert sorted(other.functions) == sorted(plain.functions)
    assert [f.offset for f in other.types["struct point"].fields] == [
        f.offset for f in plain.types["struct point"].fields
    ]
    assert other.functions["core_fill"].varargs


@pytest.mark.parametrize("flag", ["-gz=zlib", "-gdwarf64", "-g3", "-O2", "-fdebug-types-section", "-gstrict-dwarf"])
def test_other_ways_to_write_the_same(compiled, flag):
    if subprocess.run(["gcc", flag, "-E", "-x", "c", os.devnull], capture_output=True).returncode:
        pytest.skip(f"this gcc does not know {flag}")
    plain = read(compiled, "-g")
    other = read(compiled, "-g", flag)
    assert other.types == plain.types
    assert other.functions == plain.functions


def test_aliases_and_versions_are_found_by_their_address(compiled):
    source = """
    int real(int a, long b) { return a; }
    int other(int, long) __attribute__((alias("real")));
    __asm__(".symver old, core_f@V1"); __asm__(".symver new, core_f@@V2");
    int old(int a) { return a; }
    int new(int a, int b) { return a; }
    """
    script = "V1 { global: core_f; real; other; local: *; }; V2 { } V1;"
    found = read_declarations(compiled(source, "-g", version_script=script), {"other", "core_f", "real"}).functions
    assert len(found["other"].parameters) == 2
    assert [p.name for p in found["core_f"].parameters] == ["a", "b"]


def test_two_units_that_disagree(compiled, tmp_path, tool):
    for name, member in (("a", "int x;"), ("b", "long x;"), ("c", "int x;")):
        (tmp_path / f"{name}.c").write_text(f"struct shared {{ {member} }}; void use_{name}(struct shared *s) {{}}")
    sources = [tmp_path / f"{name}.c" for name in "abc"]
    tool("gcc", "-g", "-shared", "-fPIC", "-o", tmp_path / "x.so", *sources)
    found = read_declarations(tmp_path / "x.so", {"use_a", "use_b", "use_c"})
    assert [key for key, _ in found.conflicts] == ["struct shared"]


def test_an_opaque_and_a_complete_definition_are_no_conflict(tmp_path, tool):
    (tmp_path / "a.c").write_text("struct shared; void use_a(struct shared *s) {}")
    (tmp_path / "b.c").write_text("struct shared { int x; }; void use_b(struct shared *s) {}")
    tool("gcc", "-g", "-shared", "-fPIC", "-o", tmp_path / "x.so", tmp_path / "a.c", tmp_path / "b.c")
    found = read_declarations(tmp_path / "x.so", {"use_a", "use_b"})
    assert (found.conflicts, found.types["struct shared"].size) == ((), 4)


def test_partial_units(compiled, tmp_path):
    """dwz moves common parts of units into partial units."""
    if not shutil.which("dwz"):
        pytest.skip("dwz is not installed")
    import subprocess

    path = shutil.copy(compiled(CXX, "-g", cc="g++"), tmp_path / "x.so")
    plain = read_declarations(path, CXX_NAMES)
    subprocess.run(["dwz", path], check=True)
    assert read_declarations(path, CXX_NAMES) == plain


CXX = """
namespace geometry {
struct Shape { virtual ~Shape(); virtual double area() const = 0; int id; };
class Square : public Shape {
 public:
  Square(double side);
  double area() const override;
 private:
  double side_; static int count; struct Inner { int k; } inner;
};
struct Virtual : virtual Shape { double area() const override; int q; };
Shape::~Shape() {}
Square::Square(double side) : side_(side) {}
double Square::area() const { return side_ * side_; }
double Virtual::area() const { return 0; }
int Square::count;
double total(const Shape &one, Square &&other) { return one.area(); }
template <class T> T twice(T a) { return a + a; }
template int twice<int>(int);
enum class Level : unsigned char { low, high };
int (Square::*member);
double (Square::*method)() const;
void set(Level level) {}
}
extern "C" int plain(geometry::Square *s) { return 0; }
"""
CXX_NAMES = {
    "_ZN8geometry5totalERKNS_5ShapeEONS_6SquareE",
    "_ZN8geometry6SquareC1Ed",
    "_ZN8geometry6SquareC2Ed",
    "_ZNK8geometry6Square4areaEv",
    "_ZNK8geometry7Virtual4areaEv",
    "_ZN8geometry5twiceIiEET_S1_",
    "_ZN8geometry6Square5countE",
    "_ZN8geometry6memberE",
    "_ZN8geometry6methodE",
    "_ZN8geometry3setENS_5LevelE",
    "plain",
}


@pytest.mark.parametrize(
    ("cc", "flags"),
    [
        ("g++", ("-gdwarf-4",)),
        ("g++", ("-gdwarf-5",)),
        ("g++", ("-gdwarf-4", "-fdebug-types-section")),
        ("g++", ("-gdwarf-5", "-fdebug-types-section")),
        ("clang++", ("-gdwarf-5",)),
        ("x86_64-w64-mingw32-g++", ("-gdwarf-5",)),
    ],
)
def test_cxx(compiled, cc, flags):
    found = read(compiled, *flags, cc=cc, source=CXX, names=CXX_NAMES)
    assert set(found.functions) | set(found.variables) == CXX_NAMES
    total = found.functions["_ZN8geometry5totalERKNS_5ShapeEONS_6SquareE"]
    assert total.display == "geometry::total"
    assert [p.type.kind for p in total.parameters] == ["&", "&&"]
    for number in "12":
        constructor = found.functions[f"_ZN8geometry6SquareC{number}Ed"]
        assert [p.name for p in constructor.parameters] == ["this", "side"]
        assert constructor.display == "geometry::Square::Square"
    assert found.functions["_ZN8geometry5twiceIiEET_S1_"].display == "geometry::twice<int>"
    assert found.functions["plain"].parameters[0].type.target == t.Ref("struct geometry::Square")
    assert found.variables["_ZN8geometry6Square5countE"].display == "geometry::Square::count"
    assert found.variables["_ZN8geometry6memberE"].type.size == 8
    assert found.variables["_ZN8geometry6methodE"].type.size == 16


def test_cxx_layouts(compiled):
    types = read(compiled, "-g", cc="g++", source=CXX, names=CXX_NAMES).types
    square = types["struct geometry::Square"]
    assert [(f.name, f.offset, f.kind) for f in square.fields] == [
        ("geometry::Shape", 0, "base"),
        ("side_", 16, "member"),
        ("inner", 24, "member"),
    ]
    assert types["struct geometry::Shape"].fields[0].kind == "vptr"
    assert types["struct geometry::Virtual"].fields[0].kind == "virtual base"
    assert types["struct geometry::Square::Inner"].size == 4
    level = types["enum geometry::Level"]
    assert level.underlying == t.Integer(1, False, "unsigned char") and level.values == (("low", 0), ("high", 1))


def test_big_endian(compiled):
    """Bit-fields are counted from the other end; the cross compiler does not need its C library."""
    source = "struct bits { unsigned a : 3; unsigned b : 5; int whole; }; int f(struct bits *p) { return p->b; }"
    for flag in ("-gdwarf-2", "-gdwarf-5"):
        path = compiled(source, flag, "-nostdlib", cc="powerpc-linux-gnu-gcc")
        found = read_declarations(path, {"f"})
        fields = found.types["struct bits"].fields
        assert [(f.name, f.bit_offset, f.bit_size) for f in fields] == [("a", 0, 3), ("b", 3, 5), ("whole", None, None)]


def test_the_same_as_pahole_says(compiled, tool):
    """An independent reader. With -C, pahole 1.20 prints nothing, and 1.30 fails after a whole listing."""
    path = compiled(SOURCE, "-g")
    listing = tool("pahole", "-F", "dwarf", path, check=False)
    size = read_declarations(path, NAMES).types["struct point"].size
    said = re.search(r"^struct point \{.*?/\* size: (\d+),", listing, re.DOTALL | re.MULTILINE)
    assert said and int(said[1]) == size
