"""Hostile and truncated ELF files: a typed error or a table, in bounded time and memory."""

from __future__ import annotations

import struct

import pytest
from elf_builder import BASE, Elf, Symbol

from rebel_tools.binary import ExportTable, UnreadableBinary, read_table

SOURCE = "int core_add(int a) { return a; } int core_data = 1; __thread int core_tls;"


def said(data: bytes) -> str:
    with pytest.raises(UnreadableBinary) as failure:
        read_table(data, name="bad.so")
    assert failure.value.place.path == "bad.so"
    return str(failure.value)


def test_endless_version_definitions():
    """A count of 2^32-1 and vd_next 0."""
    elf = Elf(symbols=[Symbol("f", version=2)], versions=("V1",), overrides={0x6FFFFFFD: 0xFFFFFFFF})
    table = read_table(elf.build())
    assert [str(e) for e in table.exports] == ["f@@V1"]
    assert "declares 4294967295 versions, its list ends after 2" in table.findings[0].message


def test_version_definitions_that_creep(survive):
    """vd_next 1: each definition overlaps the one before it."""
    blob = (struct.pack("<4H3I", 1, 0, 2, 1, 0, 20, 1) + bytes(8)) * 40_000
    elf = Elf(
        symbols=[Symbol("f", version=2)], versions=("V1",), overrides={0x6FFFFFFD: 0xFFFFFFFF}, blobs={"verdef": blob}
    )
    assert survive(elf.build())


def test_needed_versions_that_loop(survive):
    blob = struct.pack("<2H3I", 1, 0xFFFF, 0, 16, 16) + struct.pack("<I2H2I", 0, 0, 2, 0, 16)
    elf = Elf(symbols=[Symbol("f")], versions=("V1",), blobs={"verdef": blob * 50_000})
    elf.extra_tags = ((0x6FFFFFFE, 0), (0x6FFFFFFF, 0xFFFFFFFF))
    elf.build()
    elf.overrides = {0x6FFFFFFE: elf.at["verdef"] + BASE, 0x6FFFFFFD: 0}
    assert survive(elf.build())


def test_symbols_that_share_one_long_name(survive):
    """20,000 symbols whose names are suffixes of one string of 1 MiB, 20 GB in total; and all with the same name."""
    long = b"\0" + b"x" * (1 << 20) + b"\0"
    tails = Elf(symbols=[Symbol(1 + 50 * i) for i in range(20_000)], soname="", needed=(), blobs={"dynstr": long})
    assert "a name has no end" in survive(tails.build())
    words = b"\0" + (b"x" * 30_000 + b"\0") * 30
    tails = Elf(symbols=[Symbol(1 + 40 * i) for i in range(20_000)], soname="", needed=(), blobs={"dynstr": words})
    assert "names overlap" in survive(tails.build())


def test_an_unterminated_gnu_hash_chain(survive):
    elf = Elf(symbols=[Symbol("f")])
    elf.blobs["gnu_hash"] = struct.pack("<4IQI", 1, 1, 1, 6, 0, 1) + struct.pack("<I", 2) * 1_000_000
    assert "no end" in survive(elf.build())
    elf.blobs["gnu_hash"] = struct.pack("<4IQI", 1, 1, 1, 6, 0, 0xFFFFFFFF)
    assert "DT_GNU_HASH" in survive(elf.build())


@pytest.mark.parametrize("header", [(0xFFFFFFFF, 1, 1, 6), (1, 1, 0xFFFFFFFF, 6), (1, 0xFFFFFFFF, 1, 6), (0, 0, 0, 0)])
def test_bogus_gnu_hash_headers(survive, header):
    elf = Elf(symbols=[Symbol("f")], blobs={"gnu_hash": struct.pack("<4IQII", *header, 0, 1, 3)})
    assert survive(elf.build())


def test_a_bogus_number_of_symbols(survive):
    elf = Elf(symbols=[Symbol("f")], hash_style="sysv", blobs={"hash": struct.pack("<4I", 1, 0xFFFFFFFF, 1, 0)})
    assert "4294967295 dynamic symbols are too many" in survive(elf.build())
    elf.blobs["hash"] = struct.pack("<4I", 1, 400_000, 1, 0)
    assert "DT_SYMTAB reaches outside" in survive(elf.build())


def test_compressed_sections_that_unpack_to_gigabytes(survive, compiled):
    """SHF_COMPRESSED: 1.5 GB in 1.5 MB, with a correct and with a wrong size."""
    import zlib

    packer = zlib.compressobj(9)
    head = packer.compress(b"") + packer.flush(zlib.Z_FULL_FLUSH)
    body = head + (packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)) * 1500
    for size in (1500 << 20, 1000):
        bomb = struct.pack("<IIQQ", 1, 0, size, 1) + body
        data = _with_section(compiled(SOURCE, "-g").read_bytes(), ".debug_info", bomb, 0x800)
        assert ".debug_info" in survive(data, "dwarf")


def _with_section(data: bytes, name: str, content: bytes, flags: int) -> bytes:
    """The file with other bytes for one section, at its end."""
    data = bytearray(data)
    start, count, names = (struct.unpack_from(f, data, at)[0] for f, at in (("<Q", 0x28), ("<H", 0x3C), ("<H", 0x3E)))
    strings = struct.unpack_from("<Q", data, start + 64 * names + 24)[0]
    for header in range(start, start + 64 * count, 64):
        at = strings + struct.unpack_from("<I", data, header)[0]
        if data[at : data.index(0, at)].decode() == name:
            struct.pack_into("<Q", data, header + 8, flags)
            struct.pack_into("<QQ", data, header + 24, len(data), len(content))
    return bytes(data) + content


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({5: 0x7FFFFFFF}, "DT_STRTAB lies at the address 0x7fffffff"),
        ({10: 0x7FFFFFFFFFFF}, "DT_STRTAB reaches outside"),
        ({6: 0}, "DT_SYMTAB lies at the address 0x0"),
        ({11: 25}, "DT_SYMENT is 25"),
        ({14: 0xFFFFFF}, "a name lies outside"),
        ({1: 0xFFFFFF}, "a name lies outside"),
        ({0x6FFFFEF5: 5}, "DT_GNU_HASH lies at"),
        ({0x6FFFFFF0: 5}, "DT_VERSYM lies at"),
        ({0x6FFFFFFC: 5}, "DT_VERDEF lies at"),
        ({0: 1}, "PT_DYNAMIC has no end"),
    ],
)
def test_bogus_dynamic_tags(overrides, message):
    elf = Elf(symbols=[Symbol("f", version=2)], versions=("V1",), overrides=overrides)
    if 0 in overrides:
        elf.build()
        data = bytearray(elf.build())
        data[-16:] = struct.pack("<QQ", 1, 1)
        assert message in said(bytes(data))
    else:
        assert message in said(elf.build())


def test_a_version_that_nobody_defines():
    assert "version index 77" in said(Elf(symbols=[Symbol("f", version=77)], versions=("V1",)).build())


@pytest.mark.parametrize(
    ("at", "value", "message"),
    [
        (4, b"\7", "class 7 and byte order 1"),
        (5, b"\7", "class 2 and byte order 7"),
        (0x36, b"\x39\0", "of 56 bytes each"),
        (0x38, b"\xff\xff", "at most 4096"),
        (0x20, b"\xff\xff\xff\xff", "program header table reaches outside"),
        (0x38, b"\0\0", "no dynamic segment"),
    ],
)
def test_bogus_headers(at, value, message):
    data = bytearray(Elf(symbols=[Symbol("f")]).build())
    data[at : at + len(value)] = value
    assert message in said(bytes(data))


def test_a_million_needed_libraries(survive):
    elf = Elf(extra_tags=((1, 1),) * 200_000)
    assert "PT_DYNAMIC has no end" in survive(elf.build())


def test_half_a_million_symbols(survive):
    """The largest number that is read."""
    elf = Elf(symbols=[], hash_style="sysv", blobs={"hash": struct.pack("<4I", 1, 499_991, 1, 0)})
    elf.blobs["dynsym"] = bytes(24) + struct.pack("<IBBHQQ", 1, 0x12, 0, 1, 0x1234, 8) * 499_990
    assert survive(elf.build()) == "499990 exports"


def test_one_symbol_more_is_too_many():
    elf = Elf(symbols=[], hash_style="sysv", blobs={"hash": struct.pack("<4I", 1, 500_001, 1, 0)})
    assert "500001 dynamic symbols are too many" in said(elf.build())


def test_a_string_table_of_nothing_but_ends(survive):
    elf = Elf(symbols=[Symbol(1)], soname="", needed=(), blobs={"dynstr": bytes(100 << 20)})
    assert survive(elf.build()) == "1 exports"


@pytest.mark.parametrize("made", ["gcc", "bytes64", "bytes32"])
def test_truncation_at_every_boundary(made, compiled):
    if made == "gcc":
        data = compiled(SOURCE, "-Wl,-s").read_bytes()
        lengths = range(0, len(data), 61)
    else:
        elf = Elf(int(made[5:]), ">", symbols=[Symbol("f", version=2)], versions=("V1",))
        data = elf.build()
        lengths = range(len(data))
    whole = read_table(data)
    for length in lengths:
        try:
            table = read_table(data[:length])
        except UnreadableBinary:
            continue
        assert isinstance(table, ExportTable) and table.exports == whole.exports, length


def test_flipped_bits_of_a_small_file():
    data = Elf(symbols=[Symbol("f", version=2), Symbol("g")], versions=("V1",), needed=("a.so",)).build()
    for bit in range(0, len(data) * 8, 5):  # each bit of one byte after another
        broken = bytearray(data)
        broken[bit // 8] ^= 1 << bit % 8
        try:
            assert isinstance(read_table(bytes(broken)), ExportTable)
        except UnreadableBinary as error:
            assert str(error)
