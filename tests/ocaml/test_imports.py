"""Import tables of compiled files: the same as printed by the compiler's own ocamlobjinfo, and robust."""

from __future__ import annotations

import random
import shutil
import struct
import subprocess
import time
import tracemalloc
from pathlib import Path

import pytest

from rebel_tools.errors import RebelError
from rebel_tools.ocaml.imports import MarshalError, NotCompiledOCaml, read_imports

SUFFIXES = (".cmi", ".cmo", ".cmx", ".cma", ".cmxa")
SECTIONS = {"Interfaces imported:": 2, "Implementations imported:": 3}

needs_ocaml = pytest.mark.skipif(not shutil.which("ocamlobjinfo"), reason="ocamlobjinfo is not installed")
pytestmark = needs_ocaml


def standard_library() -> Path:
    return Path(subprocess.run(["ocamlc", "-where"], capture_output=True, text=True, check=True).stdout.strip())


def objinfo(files) -> dict:
    """file -> [[unit, crc, interfaces, implementations]] as ocamlobjinfo prints them."""
    command = ["ocamlobjinfo", "-no-approx", "-no-code", *files]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found: dict = {}
    units, section = [], None
    for line in text.splitlines():
        key, _, value = line.partition(": ")
        if key.startswith("File "):
            units = found.setdefault(line[len("File ") :], [])
        elif key in ("Unit name", "Name"):
            units.append([value, None, [], []])
        elif key == "CRC of implementation":
            units[-1][1] = value
        elif not line.startswith("\t"):
            section = SECTIONS.get(line)
        elif section:
            crc, name = line[1:].split("\t")
            units[-1][section].append((name, None if crc.startswith("-") else crc))
    return found


def as_objinfo(path: str) -> list:
    imports = read_imports(path)
    units = imports.units if imports.kind in ("cma", "cmxa") else (imports,)
    return [[u.name, u.crc if u.kind == "cmx" else None, list(u.interfaces), list(u.implementations)] for u in units]


def compiled_files(folder: Path) -> list:
    return sorted(str(p) for p in folder.iterdir() if p.suffix in SUFFIXES)


@pytest.mark.parametrize("folder", [".", "ppxlib", "compiler-libs"])
def test_equals_objinfo(folder):
    path = standard_library() / folder
    if not path.is_dir():
        pytest.skip(f"the OCaml package in {folder} is not installed")
    files = compiled_files(path)
    assert len(files) > 30
    expected = objinfo(files)
    for file in files:
        assert as_objinfo(file) == expected[file], file


@pytest.fixture
def compiled(tmp_path):
    """b.{cmi,cmo,cmx}, which uses a and has constants of every kind, and an archive of both."""
    (tmp_path / "a.ml").write_text("type t = { x : int; y : float }\nlet one = { x = 1; y = 2. }\nlet f x = x + 1\n")
    (tmp_path / "b.ml").write_text(
        "let all = [1; 70; 300; 70000; 1 lsl 40]\nlet boxed = (1l, 2L, 3n)\nlet floats = [|1.; 2.|]\n"
        "let text = String.make 3 'x' ^ \"%s\"\nlet value = A.f A.one.A.x\n" % ("z" * 300)
    )
    for command in (
        ["ocamlc", "-c", "a.ml", "b.ml"],
        ["ocamlopt", "-c", "a.ml", "b.ml"],
        ["ocamlc", "-a", "a.cmo", "b.cmo", "-o", "ab.cma"],
        ["ocamlopt", "-a", "a.cmx", "b.cmx", "-o", "ab.cmxa"],
    ):
        subprocess.run(command, cwd=tmp_path, check=True)
    return tmp_path


def test_fields(compiled):
    interface, native = read_imports(compiled / "a.cmi"), read_imports(compiled / "b.cmx")
    assert (interface.name, interface.kind) == ("A", "cmi")
    assert interface.interfaces[0] == ("A", interface.crc)
    assert ("A", interface.crc) in native.interfaces
    assert ("A", read_imports(compiled / "a.cmx").crc) in native.implementations
    archive = read_imports(compiled / "ab.cmxa")
    assert [u.name for u in archive.units] == ["A", "B"]
    assert ("A", interface.crc) in archive.interfaces
    files = [str(compiled / name) for name in ("b.cmo", "ab.cma", "ab.cmxa")]
    expected = objinfo(files)
    assert [as_objinfo(f) for f in files] == [expected[f] for f in files]


def test_every_truncation_is_one_typed_error(compiled, tmp_path):
    for name in ("a.cmi", "b.cmo", "b.cmx", "ab.cma", "ab.cmxa"):
        whole = (compiled / name).read_bytes()
        tables_end = len(whole) - 40 if name == "a.cmi" else len(whole)  # the flags of a .cmi are not read
        cut = tmp_path / "cut"
        for length in range(0, tables_end, 7):
            cut.write_bytes(whole[:length])
            with pytest.raises(RebelError) as caught:
                read_imports(cut)
            assert caught.value.place.path == str(cut)
            assert caught.value.place.offset is not None


def test_damaged_files_give_a_typed_error_or_another_table(compiled, tmp_path):
    rng = random.Random(1)
    damaged = tmp_path / "damaged"
    for name in ("a.cmi", "b.cmo", "b.cmx", "ab.cma", "ab.cmxa"):
        whole = (compiled / name).read_bytes()
        for _ in range(400):
            data = bytearray(whole)
            for _ in range(rng.choice((1, 3, 20))):
                data[rng.randrange(8, len(data))] = rng.randrange(256)
            damaged.write_bytes(data)
            try:
                read_imports(damaged)
            except RebelError as error:
                assert error.place.offset is not None  # noqa: PT017


def test_other_files_are_named_as_such(tmp_path):
    for content in (b"", b"let x = 1\n", b"Caml1999T030" + b"\0" * 40, b"\x7fELF"):
        path = tmp_path / "other"
        path.write_bytes(content)
        with pytest.raises(NotCompiledOCaml):
            read_imports(path)


# -- files that no compiler wrote: time and memory are proportional to their size

MAGIC = struct.pack(">I", 0x8495A6BE)
CONS, NIL = b"\xa0", b"\x40"


def marshalled(body: bytes) -> bytes:
    return MAGIC + struct.pack(">IIII", len(body), 0, 0, 0) + body


def block(size: int) -> bytes:
    return bytes([0x80 | size << 4]) if size < 8 else b"\x08" + struct.pack(">I", size << 10)


def text(data: bytes) -> bytes:
    return bytes([0x20 | len(data)]) + data if len(data) < 32 else b"\x15" + struct.pack(">Q", len(data)) + data


def shared(distance: int) -> bytes:
    return b"\x06" + struct.pack(">I", distance)


def imports(size: int, name: bytes = b"Abc") -> bytes:
    """A list of about `size` bytes; each item is five objects."""
    item = CONS + block(2) + text(name) + block(1) + text(b"x" * 16)
    return item * (size // len(item)) + NIL


def archive(units: bytes, objects: bytes = NIL) -> bytes:
    """Units, and what the archive needs from C, after a field that is not read."""
    return b"Caml1999A030" + struct.pack(">I", 16) + marshalled(block(5) + units + NIL + objects + NIL * 2)


def unit(table: bytes) -> bytes:
    return CONS + block(5) + text(b"A") + NIL * 3 + table


def tables_in_common(size: int) -> bytes:
    """Many units that all refer to the same long table."""
    table = imports(size // 2)
    objects = 5 * table.count(b"Abc")
    users = (unit(shared(objects + 3 * number)) for number in range(1, size // 30))
    return archive(unit(table) + b"".join(users) + NIL)


def tails_in_common(size: int) -> bytes:
    """Many units whose tables are shorter and shorter tails of one long table."""
    table = imports(size // 2)
    objects = 5 * table.count(b"Abc")
    users = (unit(shared(objects + 3 * number - 5 * number)) for number in range(1, objects // 5))
    return archive(unit(table) + b"".join(users) + NIL)


def table_in_a_circle(size: int) -> bytes:
    table = imports(size)[:-1]
    return archive(unit(table + shared(5 * table.count(b"Abc"))) + NIL)


def name_in_common(size: int) -> bytes:
    """Many items that all refer to the same long name."""
    items = CONS + block(2) + text(b"A" * (size // 2)) + NIL
    items += b"".join(CONS + block(2) + shared(1 + 2 * number) + NIL for number in range(1, size // 20))
    return archive(unit(items + NIL) + NIL)


def digest_in_common(size: int) -> bytes:
    items = CONS + block(2) + text(b"A") + block(1) + text(b"x" * (size // 2))
    items += b"".join(CONS + block(2) + text(b"A") + shared(2 + 3 * number) for number in range(1, size // 20))
    return archive(unit(items + NIL) + NIL)


def text_in_common(size: int) -> bytes:
    """A list of texts that are all the same long text."""
    items = CONS + text(b"a" * (size // 2)) + b"".join(CONS + shared(1 + number) for number in range(1, size // 12))
    return archive(NIL, items + NIL)


COSTLY = {
    "length of any number of bits": lambda size: b"Caml1999I030\x84\x95\xa6\xbd\x3f" + b"\x81" * size,
    "length beyond the end": lambda size: b"Caml1999I030\x84\x95\xa6\xbd\x0f" + b"\xff" * 8 + b"\x7f" + b"a" * size,
    "tables in common": tables_in_common,
    "tails in common": tails_in_common,
    "name in common": name_in_common,
    "digest in common": digest_in_common,
    "text in common": text_in_common,
    "table that runs into itself": table_in_a_circle,
    "units that run into themselves": lambda size: archive(unit(NIL) + shared(3)),
    "block of many fields": lambda size: archive(b"\x13" + struct.pack(">Q", 1 << 60) + NIL * size),
    "string of many bytes": lambda size: archive(b"\x15" + struct.pack(">Q", 1 << 62) + NIL * size),
    "array of many numbers": lambda size: archive(b"\x16" + struct.pack(">Q", 1 << 62) + NIL * size),
    "empty blocks": lambda size: archive(block(size) + b"\x80" * size),
    "blocks in blocks": lambda size: archive(b"\x90" * size + NIL),
    "name of a custom value without end": lambda size: archive(block(3) + b"\x12" + b"_" * size),
    "custom values": lambda size: archive(block(size // 20) + b"\x12_i\0abcd" * (size // 20)),
    "long table": lambda size: b"Caml1999I030" + marshalled(NIL) + marshalled(imports(size)),
}


def test_archives_of_this_shape_are_read(tmp_path):
    """The expensive cases below are expensive because of their tables, and not refused for their shape."""
    path = tmp_path / "ab.cma"
    path.write_bytes(archive(unit(imports(100)) + NIL, CONS + text(b"-lfoo") + NIL))
    found = read_imports(path)
    assert found.needs.objects == ("-lfoo",)
    assert len(found.units) == 1 and found.interfaces == (("Abc", b"x".hex() * 16),)


@pytest.mark.parametrize("make", COSTLY.values(), ids=COSTLY.keys())
def test_time_and_memory_are_in_proportion_to_the_file(tmp_path, make):
    path = tmp_path / "costly"
    path.write_bytes(make(400_000))
    tracemalloc.start()
    started = time.process_time()
    try:
        read_imports(path)
    except RebelError as error:
        assert 0 <= error.place.offset <= path.stat().st_size  # noqa: PT017
        assert len(str(error)) < 1000
    used, (_, peak) = time.process_time() - started, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert used < 5  # 0.1 to 0.5 s; with quadratic time it would be minutes
    assert peak < 120 * 400_000


@pytest.mark.parametrize("name", [b"", b"A\0", b"a\nb", b"\xff", b"A" * 300, b"\x1b[2J"])
def test_names_that_no_unit_has(tmp_path, name):
    path = tmp_path / "odd"
    path.write_bytes(archive(unit(CONS + block(2) + text(name) + NIL * 2) + NIL))
    with pytest.raises(MarshalError):
        read_imports(path)


def test_long_fields_put_into_real_files(compiled, tmp_path):
    """Lengths, distances and sizes of every width, at every byte of the file."""
    rng = random.Random(2)
    codes = [bytes([code]) for code in (*range(0x20), 0x8B, 0xFB)]
    damaged = tmp_path / "damaged"
    for name in ("a.cmi", "b.cmo", "b.cmx", "ab.cma", "ab.cmxa"):
        whole = (compiled / name).read_bytes()
        for _ in range(400):
            at = rng.randrange(8, len(whole))
            number = rng.choice((b"\0", b"\1", b"\x7f", b"\xff")) * rng.choice((1, 2, 4, 8))
            damaged.write_bytes(whole[:at] + rng.choice(codes) + number + whole[at + rng.randrange(9) :])
            try:
                read_imports(damaged)
            except RebelError as error:
                assert 0 <= error.place.offset <= damaged.stat().st_size  # noqa: PT017
