"""ELF export tables: compared with nm and the compiler for this machine, and made byte by byte for others."""

from __future__ import annotations

import json
import re
import struct

import pytest
from elf_builder import Elf, Symbol

from rebel_tools.binary import read_table

SOURCE = """
#include <stdlib.h>
int core_add(int a, int b) { return a + b + abs(atoi(getenv("X"))); }
int core_data[10] = {1};
__thread int core_tls = 3;
__attribute__((weak)) void core_weak(void) {}
__attribute__((visibility("hidden"))) void core_hidden(void) {}
__attribute__((visibility("protected"))) void core_protected(void) {}
static void *resolve(void) { return core_add; }
int core_ifunc(int, int) __attribute__((ifunc("resolve")));
static void core_static(void) {}
"""

VERSIONED = """
__asm__(".symver old, core_f@V1");
__asm__(".symver new, core_f@@V2");
void old(void) {}
void new(void) {}
void core_g(void) {}
"""
MAP = "V1 { global: core_g; core_f; local: *; }; V2 { global: core_f; } V1;"


@pytest.fixture
def table(compiled):
    return read_table(compiled(SOURCE, "-Wl,-soname,libcore.so.1", "-O0"))


def test_kinds_bindings_and_visibility(table):
    found = {e.name: (e.kind, e.binding, e.visibility) for e in table.exports if e.name.startswith("core")}
    assert found == {
        "core_add": ("function", "global", "default"),
        "core_data": ("object", "global", "default"),
        "core_ifunc": ("ifunc", "global", "default"),
        "core_protected": ("function", "global", "protected"),
        "core_tls": ("tls", "global", "default"),
        "core_weak": ("function", "weak", "default"),
    }
    assert table.find("core_data").size == 40
    assert table.find("core_hidden") is None


def test_header_fields(table):
    assert (table.format, table.machine, table.bits, table.byteorder) == ("ELF", "x86_64", 64, "little")
    assert table.soname == "libcore.so.1"
    assert table.needed == ("libc.so.6",)
    assert table.findings == ()


def test_gnu_unique(compiled):
    source = "template<class T> struct S { static int n; }; template<class T> int S<T>::n = 1;"
    source += "int *f() { return &S<int>::n; }"
    table = read_table(compiled(source, cc="g++"))
    assert table.find("_ZN1SIiE1nE").binding == "unique"


def test_versions_and_the_hidden_bit(compiled):
    table = read_table(compiled(VERSIONED, version_script=MAP))
    found = [(e.name, e.version, e.default) for e in table.exports]
    assert found == [("core_f", "V1", False), ("core_f", "V2", True), ("core_g", "V1", True)]
    assert [str(e) for e in table.exports] == ["core_f@V1", "core_f@@V2", "core_g@@V1"]
    assert table.find("core_f").version == "V2"
    assert table.find("core_f", "V1").default is False


@pytest.mark.parametrize("library", ["/lib/x86_64-linux-gnu/libc.so.6", "/usr/lib/x86_64-linux-gnu/libstdc++.so.6"])
def test_the_same_as_nm(tool, library):
    listing = tool("nm", "-D", "--defined-only", "--with-symbol-versions", library)
    lines = [line.split()[-2:] for line in listing.splitlines()]
    nm = sorted(re.sub("@@?Base$", "", name) for kind, name in lines if kind != "A")
    assert sorted(map(str, read_table(library).exports)) == nm


def test_the_same_as_pyelftools(compiled):
    from elftools.elf.elffile import ELFFile

    path = compiled(SOURCE, "-Wl,-soname,libcore.so.1", "-O0")
    with open(path, "rb") as stream:
        symbols = ELFFile(stream).get_section_by_name(".dynsym").iter_symbols()
        expected = {s.name: (s["st_value"], s["st_size"]) for s in symbols if s["st_shndx"] != "SHN_UNDEF"}
    assert {e.name: (e.address, e.size) for e in read_table(path).exports} == expected


@pytest.mark.parametrize("style", ["gnu", "sysv", "both"])
def test_hash_styles(compiled, style):
    table = read_table(compiled(SOURCE, f"-Wl,--hash-style={style}", "-O0"))
    assert table.find("core_add") and table.find("core_tls") and not table.findings


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("style", ["gnu", "sysv"])
def test_classes_and_byte_orders(bits, order, style):
    symbols = [Symbol("alpha", version=2), Symbol("beta", kind=1, size=77, version=0x8002), Symbol("gamma", section=0)]
    elf = Elf(bits, order, symbols=symbols, hash_style=style, versions=("V1",))
    table = read_table(elf.build(), name="made.so")
    assert (table.bits, table.byteorder) == (bits, "little" if order == "<" else "big")
    assert [(str(e), e.kind, e.size, e.address) for e in table.exports] == [
        ("alpha@@V1", "function", 8, 0x1234),
        ("beta@V1", "object", 77, 0x1234),
    ]
    assert (table.soname, table.needed, table.path) == ("libtest.so.1", ("libc.so.6",), "made.so")


@pytest.mark.parametrize(
    ("machine", "bits", "order", "name"),
    [(3, 32, "<", "i386"), (183, 64, "<", "aarch64"), (22, 64, ">", "s390x"), (22, 32, ">", "s390")]
    + [(21, 64, "<", "ppc64le"), (21, 64, ">", "ppc64"), (0x9026, 64, "<", "alpha"), (999, 64, "<", "machine-999")],
)
def test_machines(machine, bits, order, name):
    """s390x and Alpha have 64-bit words in DT_HASH."""
    elf = Elf(bits, order, machine, symbols=[Symbol("f"), Symbol("g")], hash_style="sysv")
    table = read_table(elf.build())
    assert table.machine == name
    assert [e.name for e in table.exports] == ["f", "g"]


def test_st_other_of_other_machines_is_masked():
    table = read_table(Elf(machine=21, symbols=[Symbol("f", other=0x60), Symbol("hidden", other=0x62)]).build())
    assert [(e.name, e.visibility) for e in table.exports] == [("f", "default")]


def test_what_is_no_export():
    symbols = [
        Symbol("local", binding=0),
        Symbol("undefined", section=0),
        Symbol("section", kind=3),
        Symbol("without_address", value=0),
        Symbol("V1", kind=1, section=0xFFF1, value=0, size=0, version=2),
        Symbol("absolute", section=0xFFF1, value=0),
        Symbol("tls", kind=6, value=0),
    ]
    table = read_table(Elf(symbols=symbols, versions=("V1",)).build())
    assert [e.name for e in table.exports] == ["absolute", "tls"]


def test_a_local_version_counts_as_none():
    """As in glibc, whatever the name of VER_NDX_LOCAL is."""
    table = read_table(Elf(symbols=[Symbol("f", version=0)], versions=("V1",)).build())
    assert [(e.name, e.version, e.default) for e in table.exports] == [("f", None, True)]


def test_a_copy_of_versioned_data_is_no_default(compiled, tool):
    """An executable with a copy of `stdout` has a symbol with a version that it only needs."""
    source = "#include <stdio.h>\nint main(void) { return stdout == stderr; }"
    path = compiled(source, "-no-pie", "-fno-pic", shared=False, suffix="")
    found = {str(e) for e in read_table(path).exports}
    rows = [line.split() for line in tool("readelf", "--wide", "--dyn-syms", path).splitlines()]
    copies = {row[7] for row in rows if len(row) > 7 and row[7].startswith("std")}
    assert copies and copies == {name for name in found if name.startswith("std")}


def test_no_hash_table_means_that_nothing_is_found():
    table = read_table(Elf(symbols=[Symbol("f")], hash_style="none").build())
    assert table.exports == ()
    assert "no hash table" in table.findings[0].message


def test_without_section_headers(compiled):
    data = bytearray(compiled(SOURCE, "-Wl,-soname,libcore.so.1", "-O0").read_bytes())
    whole = read_table(bytes(data))
    data[0x28:0x30] = bytes(8)  # e_shoff
    data[0x3C:0x40] = bytes(4)  # e_shnum, e_shstrndx
    assert read_table(bytes(data)) == whole


def test_sections_that_disagree_are_a_finding(compiled):
    """A patched .dynsym: the dynamic linker uses PT_DYNAMIC."""
    data = bytearray(compiled(SOURCE, "-O0").read_bytes())
    whole = read_table(bytes(data))
    for header in _section_headers(data):
        if struct.unpack_from("<I", data, header + 4)[0] == 11:  # SHT_DYNSYM
            struct.pack_into("<Q", data, header + 32, 24 * 3)
    table = read_table(bytes(data))
    assert table.exports == whole.exports
    assert [f.rule for f in table.findings] == ["section-headers"]
    assert ".dynsym has 3 symbols" in table.findings[0].message


def test_a_moved_section_is_a_finding(compiled):
    data = bytearray(compiled(SOURCE, "-O0").read_bytes())
    for header in _section_headers(data):
        if struct.unpack_from("<I", data, header + 4)[0] == 6:  # SHT_DYNAMIC
            struct.pack_into("<Q", data, header + 24, 0x40)
    assert any(".dynamic is at" in f.message for f in read_table(bytes(data)).findings)


def test_defined_symbols_that_are_not_hashed_are_a_finding():
    """The static linker sees them in the section, but the dynamic linker never does."""
    elf = Elf(symbols=[Symbol("lost"), Symbol("found")])
    elf.blobs["gnu_hash"] = struct.pack("<4IQI", 1, 2, 1, 6, 0, 2) + struct.pack("<I", 3)
    table = read_table(elf.build())
    assert [e.name for e in table.exports] == ["found"]
    assert "1 defined symbols are not in the hash table" in table.findings[0].message


def test_a_dynamic_segment_with_another_offset_is_a_finding():
    """Tools use its offset, the dynamic linker its address."""
    data = bytearray(Elf(symbols=[Symbol("f")]).build())
    struct.pack_into("<Q", data, 64 + 56 + 8, 0x40)
    table = read_table(bytes(data))
    assert table.find("f")
    assert "PT_DYNAMIC has the offset 0x40" in table.findings[0].message


def test_damaged_section_headers_are_a_finding(compiled):
    data = bytearray(compiled(SOURCE, "-O0").read_bytes())
    struct.pack_into("<Q", data, 0x28, len(data) + 5)
    table = read_table(bytes(data))
    assert table.find("core_add")
    assert "outside of the file" in table.findings[0].message


def _section_headers(data):
    start = struct.unpack_from("<Q", data, 0x28)[0]
    count = struct.unpack_from("<H", data, 0x3C)[0]
    return [start + 64 * n for n in range(count)]


def test_an_executable_exports_too(compiled):
    path = compiled("int shown(void){return 1;} int main(void){return 0;}", "-rdynamic", shared=False, suffix="")
    assert read_table(path).find("shown")


def test_a_library_without_exports(compiled):
    assert [e for e in read_table(compiled("static int a;")).exports if not e.name.startswith("_")] == []


def test_names_that_are_no_ascii():
    table = read_table(Elf(symbols=[Symbol("größe"), Symbol("bad\udcff")]).build())
    assert [e.name for e in table.exports] == ["bad\udcff", "größe"]
    assert json.dumps(table.as_dict())


def test_json_of_an_export(table):
    whole = table.as_dict()
    assert whole["format"] == "ELF" and whole["soname"] == "libcore.so.1" and whole["needed"] == ["libc.so.6"]
    added = next(e for e in whole["exports"] if e["name"] == "core_add")
    assert list(added) == ["name", "version", "default", "kind", "binding", "size", "ordinal", "forwarder"]
    assert (added["ordinal"], added["forwarder"], added["version"]) == (None, None, None)
    assert [e["name"] for e in whole["exports"]] == sorted(e["name"] for e in whole["exports"])


def test_the_table_is_frozen(table):
    with pytest.raises(AttributeError):
        table.soname = "other"
    with pytest.raises(AttributeError):
        table.exports[0].name = "other"
    assert hash(table) == hash(read_table(table.path))


def test_contents_of_data(compiled):
    from rebel_tools.binary import open_library

    path = compiled('const char core_digest[9] = "abcdefgh"; char core_zero[4];')
    with open_library(path) as library:
        assert library.contents(library.table.find("core_digest")) == b"abcdefgh\0"
