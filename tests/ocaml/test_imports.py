"""Import tables of compiled files: equal to what the compiler's own ocamlobjinfo prints, and hard to crash."""

from __future__ import annotations

import random
import shutil
import subprocess
from pathlib import Path

import pytest

from rebel_tools.errors import RebelError
from rebel_tools.ocaml.imports import NotCompiledOCaml, read_imports

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
    return [
        [u.name, u.crc if u.kind == "cmx" else None, list(u.interfaces), list(u.implementations)] for u in units
    ]


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
    """b.{cmi,cmo,cmx}, which uses a, has constants of every kind, and an archive of both."""
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
