"""PE export tables: mingw's DLLs compared with objdump and pefile, and byte by byte what mingw does not make."""

from __future__ import annotations

import re

import pytest
from pe_builder import DATA, TEXT, Dll

from rebel_tools.binary import UnreadableBinary, open_library, read_table, undecorate

SOURCE = """
__declspec(dllexport) int core_add(int a, int b) { return a + b; }
__declspec(dllexport) int core_data = 42;
__declspec(dllexport) int __stdcall core_std(int a, int b) { return a; }
__declspec(dllexport) int __fastcall core_fast(int a, int b) { return a; }
"""
X64, X86 = "x86_64-w64-mingw32-gcc", "i686-w64-mingw32-gcc"


def test_mingw_x64(compiled):
    table = read_table(compiled(SOURCE, cc=X64, suffix=".dll"))
    assert (table.format, table.machine, table.bits, table.soname) == ("PE", "x86_64", 64, "core.dll")
    assert "KERNEL32.dll" in table.needed
    assert [(e.name, e.kind, e.ordinal) for e in table.exports] == [
        ("core_add", "function", 1),
        ("core_data", "object", 2),
        ("core_fast", "function", 3),
        ("core_std", "function", 4),
    ]
    assert table.exports[0].as_dict() == {
        "name": "core_add", "version": None, "default": None, "kind": "function", "binding": None, "size": None,
        "ordinal": 1, "forwarder": None,
    }  # fmt: skip


def test_mingw_x86_decoration(compiled):
    table = read_table(compiled(SOURCE, cc=X86, suffix=".dll"))
    assert (table.machine, table.bits) == ("i386", 32)
    assert [e.name for e in table.exports] == ["@core_fast@8", "core_add", "core_data", "core_std@8"]
    assert table.find("core_std").name == "core_std@8"
    assert table.find("core_fast").name == "@core_fast@8"
    assert table.find("core_std@8") is table.find("core_std")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("core_std@8", ("core_std", "stdcall", 8)),
        ("_core_std@8", ("core_std", "stdcall", 8)),
        ("@core_fast@12", ("core_fast", "fastcall", 12)),
        ("core_vec@@16", ("core_vec", "vectorcall", 16)),
        ("core_add", ("core_add", None, None)),
        ("?f@@YAHH@Z", ("?f@@YAHH@Z", None, None)),
    ],
)
def test_undecorate(name, expected):
    assert undecorate(name) == expected


@pytest.mark.parametrize("folder", ["x86_64-w64-mingw32", "i686-w64-mingw32"])
def test_the_same_as_objdump(tool, folder):
    from glob import glob

    dlls = glob(f"/usr/lib/gcc/{folder}/*-posix/libstdc++-6.dll")
    if not dlls:
        pytest.skip(f"g++ for {folder} is not installed")
    listing = tool("x86_64-w64-mingw32-objdump", "-p", dlls[0])
    names = listing.partition("[Ordinal/Name Pointer] Table")[2].partition("\n\n")[0]
    expected = sorted(re.findall(r"\[ *\d+\] (?:\+base\[ *\d+\] +[0-9a-f]+ )?(\S+)$", names, re.M))
    assert len(expected) > 5000
    assert [e.name for e in read_table(dlls[0]).exports] == expected


def test_ordinals_without_names_and_forwarders(compiled, tmp_path):
    source = "int f(void) { return 1; } int g(void) { return 2; } int d = 3;"
    (tmp_path / "core.def").write_text("EXPORTS\nf @7\ng @9 NONAME\nd @11 DATA\nw = KERNEL32.Sleep @12\n")
    table = read_table(compiled(source, str(tmp_path / "core.def"), cc=X64, suffix=".dll"))
    assert [(e.name, e.ordinal, e.kind, e.forwarder, e.noname) for e in table.exports] == [
        ("#9", 9, "function", None, True),
        ("d", 11, "object", None, False),
        ("f", 7, "function", None, False),
        ("w", 12, "unknown", "KERNEL32.Sleep", False),
    ]
    assert table.as_dict()["exports"][0]["name"] is None


@pytest.mark.parametrize(
    ("machine", "name"), [(0x14C, "i386"), (0x8664, "x86_64"), (0xAA64, "aarch64"), (7, "machine-0x7")]
)
def test_machines(machine, name):
    table = read_table(Dll(machine).build(), name="made.dll")
    assert (table.machine, [e.name for e in table.exports]) == (name, ["f"])


def test_every_kind_of_slot():
    dll = Dll(0xAA64, functions=(TEXT, DATA, 0, "other.dll_f", TEXT + 4), names=(("f", 0), ("d", 1), ("w", 3)), base=5)
    found = [(e.name, e.ordinal, e.kind, e.forwarder) for e in read_table(dll.build()).exports]
    assert found == [
        ("#9", 9, "function", None),
        ("d", 6, "object", None),
        ("f", 5, "function", None),
        ("w", 8, "unknown", "other.dll_f"),
    ]


def test_more_than_8192_exports_and_long_names():
    """pefile silently drops names beyond 8192 and cuts names at 512 characters."""
    names = tuple((f"f{i:05}" + "x" * (3000 if i == 7 else 0), i) for i in range(12000))
    table = read_table(Dll(functions=(TEXT,) * 12000, names=names).build())
    assert [e.name for e in table.exports] == [name for name, _ in names]


def test_two_names_for_one_function():
    table = read_table(Dll(names=(("a", 0), ("b", 0))).build())
    assert [(e.name, e.ordinal) for e in table.exports] == [("a", 1), ("b", 1)]


def test_no_exports_at_all(compiled):
    table = read_table(compiled("int main(void) { return 0; }", cc=X64, suffix=".exe", shared=False))
    assert (table.exports, table.soname) == ((), None)


def test_names_out_of_order_are_a_finding():
    table = read_table(Dll(names=(("b", 0), ("a", 0)), keep_order=True).build())
    assert [f.rule for f in table.findings] == ["export-order"]


def test_a_name_without_address_is_a_finding_and_no_export():
    table = read_table(Dll(functions=(TEXT, 0), names=(("a", 0), ("b", 1))).build())
    assert [e.name for e in table.exports] == ["a"]
    assert "the name b has no address" in table.findings[0].message


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ({"name_count": 0xFFFFFFFF}, "declares 4294967295 names"),
        ({"name_count": 1 << 16}, "the export name table reaches outside"),
        ({"function_count": 0x10000000}, "declares 268435456 functions"),
        ({"function_count": 0}, "ordinal index 0"),
        ({"functions": 0x7FFFFFFF}, "the export address table lies at the address 0x7fffffff"),
        ({"names": 0x5000}, "the export name table lies at"),
        ({"ordinals": 0}, "the export ordinal table lies at"),
        ({"name": 0xFFFFFFFF}, "the DLL name lies at"),
    ],
)
def test_bogus_directories_fail_closed(override, said):
    with pytest.raises(UnreadableBinary, match=said) as failure:
        read_table(Dll(overrides=override).build(), name="bogus.dll")
    assert failure.value.place.path == "bogus.dll"
    assert failure.value.expected


def test_contents_of_data(compiled):
    path = compiled('__declspec(dllexport) char core_digest[9] = "abcdefgh";', cc=X64, suffix=".dll")
    with open_library(path) as library:
        export = library.table.find("core_digest")
        assert library.contents(export, 9) == b"abcdefgh\0"
        with pytest.raises(UnreadableBinary, match="contents of core_digest"):
            library.contents(export)
