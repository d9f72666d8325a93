"""Hostile debugging information, assembled by hand so that each defect occurs alone."""

from __future__ import annotations

import struct

import pytest
from hang import no_hang

from rebel_tools.abi import types as t
from rebel_tools.binary import UnreadableBinary
from rebel_tools.binary.dwarf import read_declarations
from rebel_tools.binary.dwarf_constants import At, Form, Tag
from rebel_tools.binary.dwarf_find import Finder
from rebel_tools.binary.dwarf_reader import Dwarf
from rebel_tools.binary.dwarf_types import TypeReader

SOURCE = "struct s { struct s *next; struct { int a; } in; }; int f(struct s *p, int q) { return q; }"


def uleb(value: int) -> bytes:
    out = bytearray()
    while True:
        out.append(value & 127 | (128 if value > 127 else 0))
        value >>= 7
        if not value:
            return bytes(out)


def abbrev(code: int, tag: int, children: bool, *specs: tuple[int, int]) -> bytes:
    return uleb(code) + uleb(tag) + bytes([children]) + b"".join(uleb(a) + uleb(f) for a, f in specs) + b"\0\0"


def unit(body: bytes, abbrev_offset: int = 0) -> bytes:
    return struct.pack("<IHIB", len(body) + 7, 4, abbrev_offset, 8) + body


# The typedef is needed because a unit without any types, as with -g1, is skipped.
UNIT = abbrev(1, Tag.COMPILE_UNIT, True) + abbrev(99, Tag.TYPEDEF, False, (At.TYPE, Form.REF4))
FUNCTION = abbrev(
    2, Tag.SUBPROGRAM, False, (At.NAME, Form.STRING), (At.EXTERNAL, Form.FLAG_PRESENT), (At.TYPE, Form.REF4)
)


def read(body: bytes, abbrevs: bytes, **sections: bytes) -> t.Function | None:
    """Read the function `f` of one unit; the test is about its type, or about what the type leads to."""
    return read_info(unit(body), abbrevs, **sections)


def read_info(info: bytes, abbrevs: bytes, **sections: bytes) -> t.Function | None:
    named = {".debug_info": info, ".debug_abbrev": abbrevs + b"\0", **{f".{k}": v for k, v in sections.items()}}
    with no_hang():
        found = Finder(Dwarf(named, "little", "bad.so"), frozenset({"f"}), {}).search()
        reader = TypeReader()
        function = reader.function("f", found["f"].die) if "f" in found else None
        reader.finish()
        return function


HEADER = 11


def test_an_assembled_function():
    body = b"\1\2f\0" + struct.pack("<I", HEADER + 8) + b"\3\4\5" + b"i\0" + b"\0"
    base = abbrev(3, Tag.BASE, False, (At.BYTE_SIZE, Form.DATA1), (At.ENCODING, Form.DATA1), (At.NAME, Form.STRING))
    assert read(body, UNIT + FUNCTION + base).result == t.Integer(4, True, "i")


def test_a_sibling_that_points_to_itself():
    """A walk that trusts DW_AT_sibling never ends."""
    struct_type = abbrev(3, Tag.STRUCTURE, True, (At.SIBLING, Form.REF4))
    for target in (HEADER + 1, 0, 0xFFFFFFFF):
        body = b"\1\3" + struct.pack("<I", target) + b"\0" + b"\2f\0" + struct.pack("<I", HEADER + 1) + b"\0"
        function = read(body, UNIT + struct_type + FUNCTION)
        assert function.result == t.Record("struct", None, 0)


@pytest.mark.parametrize("tag", [Tag.TYPEDEF, Tag.CONST, Tag.POINTER, Tag.ARRAY])
def test_a_type_that_is_itself(tag):
    loop = abbrev(3, tag, False, (At.TYPE, Form.REF4))
    body = b"\1\2f\0" + struct.pack("<I", HEADER + 8) + b"\3" + struct.pack("<I", HEADER + 8) + b"\0"
    assert "Unknown" in repr(read(body, UNIT + FUNCTION + loop).result)


def test_a_record_without_name_that_holds_itself():
    record = abbrev(3, Tag.STRUCTURE, True) + abbrev(4, Tag.MEMBER, False, (At.TYPE, Form.REF4))
    body = b"\1\2f\0" + struct.pack("<I", HEADER + 8) + b"\3\4" + struct.pack("<I", HEADER + 8) + b"\0\0"
    assert "it refers to itself" in repr(read(body, UNIT + FUNCTION + record).result)


def test_records_that_double_with_every_level():
    """40 records that each contain the next one twice are 2^40 types."""
    record = abbrev(3, Tag.STRUCTURE, True) + abbrev(4, Tag.MEMBER, False, (At.TYPE, Form.REF4))
    body, size = b"\1\2f\0" + struct.pack("<I", HEADER + 8), 12
    for level in range(40):
        following = struct.pack("<I", HEADER + 8 + size * (level + 1))
        body += b"\3\4" + following + b"\4" + following + b"\0"
    result = read(body + b"\3\0\0", UNIT + FUNCTION + record).result
    assert len(repr(result)) < 10_000_000 and "it is too large" in repr(result)


def test_a_chain_of_ten_thousand_pointers():
    pointer = abbrev(3, Tag.POINTER, False, (At.TYPE, Form.REF4))
    body = b"\1\2f\0" + struct.pack("<I", HEADER + 8)
    for level in range(10_000):
        body += b"\3" + struct.pack("<I", HEADER + 8 + 5 * (level + 1))
    assert "nested too deeply" in repr(read(body + b"\3" + bytes(4) + b"\0", UNIT + FUNCTION + pointer).result)


def test_specifications_that_go_round():
    loop = abbrev(2, Tag.SUBPROGRAM, False, (At.SPECIFICATION, Form.REF4), (At.EXTERNAL, Form.FLAG_PRESENT))
    assert read(b"\1\2" + struct.pack("<I", HEADER + 1) + b"\0", UNIT + loop) is None


@pytest.mark.parametrize("depth", [5_000, 300_000])
def test_records_nested_in_records(depth):
    record = abbrev(3, Tag.STRUCTURE, True)
    body = b"\1\2f\0" + struct.pack("<I", HEADER + 8) + b"\3" * depth + b"\0" * depth + b"\0"
    if depth > 10_000:
        with pytest.raises(UnreadableBinary, match="nested too deeply"):
            read(body, UNIT + FUNCTION + record)
    else:
        assert read(body, UNIT + FUNCTION + record).result.size == 0


def test_work_that_grows_with_the_square_of_the_file():
    """3,000 nested records, each of them the type of a parameter: each parameter would visit all records below."""
    depth = 3_000
    function = abbrev(2, Tag.SUBPROGRAM, True, (At.NAME, Form.STRING), (At.EXTERNAL, Form.FLAG_PRESENT))
    parameter = abbrev(4, Tag.FORMAL_PARAMETER, False, (At.TYPE, Form.REF4))
    start = HEADER + 4 + 5 * depth + 1
    body = b"\1\2f\0" + b"".join(b"\4" + struct.pack("<I", start + i) for i in range(depth)) + b"\0"
    body += b"\3" * depth + b"\0" * depth + b"\0"
    with pytest.raises(UnreadableBinary, match="nested or shared beyond reason"):
        read(body, UNIT + function + abbrev(3, Tag.STRUCTURE, True) + parameter)


def test_an_abbreviation_with_many_attributes_of_no_size():
    specs = [(At.EXTERNAL, Form.FLAG_PRESENT)] * 513
    with pytest.raises(UnreadableBinary, match="an abbreviation is too long"):
        read(b"\1\2", UNIT + abbrev(2, Tag.VARIABLE, False, *specs))
    many = UNIT + abbrev(2, Tag.VARIABLE, False, *specs[:511])
    with pytest.raises(UnreadableBinary, match="beyond reason"):
        read(b"\1" + b"\2" * 200_000, many)


def test_units_that_share_overlapping_abbreviations():
    table = abbrev(1, Tag.VARIABLE, False) * 20_000
    info = b"".join(unit(b"\1", 5 * i) for i in range(20_000))
    with pytest.raises(UnreadableBinary, match="the tables overlap"):
        read_info(info, table)


def test_strings_that_overlap():
    name = abbrev(2, Tag.VARIABLE, False, (At.NAME, Form.STRP))
    text = (b"x" * 30_000 + b"\0") * 40
    body = b"\1" + b"".join(b"\2" + struct.pack("<I", 40 * i) for i in range(30_000))
    with pytest.raises(UnreadableBinary, match="the strings overlap"):
        read(body, UNIT + name, debug_str=text)


@pytest.mark.parametrize(
    ("body", "specs", "message"),
    [
        (b"\1\7", (), "the abbreviation 7 is not defined"),
        (b"\1\2abc", ((At.NAME, Form.STRING),), "a string has no end"),
        (b"\1\2\x00", ((At.NAME, Form.STRP),), "cut off"),
        (b"\1\2\xff\xff\xff\xff", ((At.NAME, Form.STRP),), "a string lies outside"),
        (b"\1\2\xff\xff\xff\xff\x0f", ((At.LOCATION, Form.BLOCK),), "a block of"),
        (b"\1\2" + b"\xff" * 11 + b"\0", ((At.NAME, Form.UDATA),), "too long"),
        (b"\1\2\x16\x16\x08", ((At.NAME, Form.INDIRECT),), "the form 0x16 is unknown"),
        (b"\1\2" + bytes(4), ((At.NAME, 0x77),), "the form 0x77 is unknown"),
        (b"\1\2\xff\xff\xff\x7f", ((At.SPECIFICATION, Form.REF4),), "a DIE lies outside"),
        (b"\1\2\x00\x00\x00\x70", ((At.SPECIFICATION, Form.REF_ADDR),), "a DIE lies outside|cut off"),
    ],
)
def test_damaged_dies(body, specs, message):
    with pytest.raises(UnreadableBinary, match=message):
        read(body, UNIT + abbrev(2, Tag.VARIABLE, False, *specs))


@pytest.mark.parametrize(
    ("info", "message"),
    [
        (b"\xff\xff\xff\x7f" + bytes(20), "a unit of 2147483647 bytes"),
        (b"\0\0\0\0" + bytes(20), "a unit of 0 bytes"),
        (struct.pack("<IHIB", 8, 9, 0, 8) + b"\1", "DWARF version 9"),
        (struct.pack("<IHIB", 8, 4, 0, 3) + b"\1", "addresses of 3 bytes"),
        (struct.pack("<IHIB", 8, 4, 0xFFFF, 8) + b"\1", "a table is cut off"),
        (b"\xff\xff\xff\xff" + b"\xff" * 8, "a unit of"),
        (b"\1\2", "cut off"),
    ],
)
def test_damaged_units(info, message):
    with pytest.raises(UnreadableBinary, match=message):
        read_info(info, UNIT)


@pytest.mark.parametrize("flag", ["-gdwarf-4", "-gdwarf-5"])
def test_damaged_real_files(compiled, flag):
    """The debug sections of a real compiler, with one byte after another changed."""
    data = compiled(SOURCE, flag, "-nostdlib").read_bytes()
    start, end = _debug_range(data)
    assert read_declarations(data, {"f"}).functions["f"]
    step = max(1, (end - start) // 700)
    for at in range(start, end, step):
        broken = bytearray(data)
        broken[at] ^= (0xFF, 0x80, 0x01)[at % 3]
        try:
            assert isinstance(read_declarations(bytes(broken), {"f"}), t.Declarations)
        except UnreadableBinary as error:
            assert str(error)


def _debug_range(data: bytes) -> tuple[int, int]:
    """The range from the first to the last debug section of an ELF file, according to pyelftools."""
    import io

    from elftools.elf.elffile import ELFFile

    sections = [s for s in ELFFile(io.BytesIO(data)).iter_sections() if s.name.startswith(".debug")]
    return min(s["sh_offset"] for s in sections), max(s["sh_offset"] + s["sh_size"] for s in sections)
