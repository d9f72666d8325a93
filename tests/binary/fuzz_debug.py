"""What `fuzz` breaks in addition to libraries: files of debugging information beside them, and interface files."""

from __future__ import annotations

import copy
import json
import random
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from fuzz import SOURCE, Subject

from rebel_tools.binary.debug_search import DebugPath, debug_path
from rebel_tools.binary.dwarf import DebugInformation, read_debug_information
from rebel_tools.binary.dwarf import debug_files as files_of
from rebel_tools.binary.dwarf_headers import EVERY
from rebel_tools.binary.library import open_library
from rebel_tools.gate.diff import diff
from rebel_tools.gate.render_diff import to_text
from rebel_tools.gate.side import Side
from rebel_tools.gate.sides import interface_side
from rebel_tools.interface import codec
from rebel_tools.interface.file import from_bytes, to_bytes
from rebel_tools.interface.text_form import to_text_form
from rebel_tools.producers.record import record

NAMES = {"core_add", "core_data"}


def debug_files(folder: Path) -> list[Subject]:
    """The files beside a library that contain its debugging information, and the library that refers to them."""
    found: list[Subject] = []
    for number, make in enumerate(TOOLS):
        home = folder / str(number)
        home.mkdir()
        (home / "core.c").write_text(SOURCE)
        (home / "other.c").write_text(SOURCE.replace("core_", "more_"))
        if all(shutil.which(tool) for tool in TOOLS[make]):
            library, path, names = make(home)
            for name in names:
                read = partial(replaced, home / name, library, path)
                assert read((home / name).read_bytes()).is_there
                found.append(Subject(f"{make.__name__}-{Path(name).name}", (home / name).read_bytes(), read))
    return found


def replaced(target: Path, library: Path, path: DebugPath, data: bytes) -> DebugInformation:
    """Read the library's debugging information while one of its files contains `data`, and restore the file."""
    kept = target.read_bytes()
    target.write_bytes(data)
    try:
        with open_library(library) as opened:
            files_of(opened, path)
            return read_debug_information(opened, NAMES, path, EVERY)
    finally:
        target.write_bytes(kept)


Made = tuple[Path, DebugPath, list[str]]


def run(home: Path, *command: str) -> None:
    subprocess.run(command, cwd=home, check=True, capture_output=True)


def compile_core(home: Path, *flags: str) -> Path:
    run(home, "gcc", "-w", "-g", "-shared", "-fPIC", "-nostdlib", *flags, "-o", "libcore.so", "core.c")
    return home / "libcore.so"


def linked(home: Path) -> Made:
    """A debug link."""
    library = compile_core(home)
    run(home, "objcopy", "--only-keep-debug", "libcore.so", "libcore.debug")
    run(home, "objcopy", "--strip-debug", "--add-gnu-debuglink=libcore.debug", "libcore.so")
    return library, debug_path([]), ["libcore.so", "libcore.debug"]


def by_build_id(home: Path) -> Made:
    """A folder of debug files by build id; the reader continues although the checksum of the link is wrong."""
    library = compile_core(home, "-Wl,--build-id")
    notes = subprocess.run(["readelf", "-n", str(library)], capture_output=True, text=True).stdout
    build_id = re.search(r"Build ID: (\w+)", notes)[1]  # type: ignore[index]
    name = f".build-id/{build_id[:2]}/{build_id[2:]}.debug"
    (home / name).parent.mkdir(parents=True)
    run(home, "objcopy", "--only-keep-debug", "libcore.so", name)
    run(home, "objcopy", "--strip-debug", "libcore.so")
    return library, debug_path([str(home)]), [name]


def shared(home: Path) -> Made:
    """The file into which dwz moved common parts of two libraries."""
    library = compile_core(home)
    run(home, "gcc", "-w", "-g", "-shared", "-fPIC", "-nostdlib", "-o", "libother.so", "other.c")
    run(home, "dwz", "-m", "shared.debug", "-M", str(home / "shared.debug"), "libcore.so", "libother.so")
    return library, debug_path([]), ["libcore.so", "shared.debug"]


def split(home: Path) -> Made:
    """Split DWARF."""
    run(home, "gcc", "-w", "-g", "-gsplit-dwarf", "-fPIC", "-c", "core.c")
    run(home, "gcc", "-shared", "-nostdlib", "-o", "libcore.so", "core.o")
    return home / "libcore.so", debug_path([]), ["libcore.so", "core.dwo"]


def packed(home: Path) -> Made:
    """A package of split DWARF for two units, of version 4, because dwp 2.40 fails with 5."""
    return _packed(home, "dwp", 4)


def packed_by_llvm(home: Path) -> Made:
    """A package of version 5."""
    return _packed(home, "llvm-dwp", 5)


def _packed(home: Path, tool: str, version: int) -> Made:
    run(home, "gcc", "-w", f"-gdwarf-{version}", "-gsplit-dwarf", "-fPIC", "-c", "core.c", "other.c")
    run(home, "gcc", "-shared", "-nostdlib", "-o", "libcore.so", "core.o", "other.o")
    run(home, tool, "-o", "libcore.so.dwp", "core.dwo", "other.dwo")
    for name in ("core.dwo", "other.dwo"):
        (home / name).unlink()
    return home / "libcore.so", debug_path([]), ["libcore.so.dwp"]


TOOLS: dict[Callable[[Path], Made], tuple[str, ...]] = {
    linked: ("gcc", "objcopy"),
    by_build_id: ("gcc", "objcopy", "readelf"),
    shared: ("gcc", "dwz"),
    split: ("gcc",),
    packed: ("gcc", "dwp"),
    packed_by_llvm: ("gcc", "llvm-dwp"),
}
"""The tools that each needs; subjects whose tools are missing are left out."""


def interfaces(folder: Path) -> list[Subject]:
    """An interface in both forms, and its data with one or two changed values and a correct digest."""
    (folder / "core.c").write_text(SOURCE)
    interface = record(str(compile_core(folder)), headers=EVERY).interface
    assert interface.declarations.enumerations
    whole = to_bytes(interface)
    text = to_text_form(interface, whole).encode()
    mine = interface_side(interface, "whole")
    return [
        Subject("interface-pickle", whole, partial(from_bytes, name="fuzz")),
        Subject("interface-text", text, partial(from_bytes, name="fuzz")),
        Subject("interface-data", json.dumps(codec.loads(whole)).encode(), partial(compared, mine), exchanged),
    ]


def compared(mine: Side, data: bytes) -> object:
    """Compare the interface of these data with a sound one in both directions, and as text."""
    found = json.loads(data)
    try:
        sealed = codec.seal(found["interface"], found["producer"], found["places"])
    except codec.CodecError:
        return None  # something that no writer would write
    interface = from_bytes(sealed, "fuzz")
    assert from_bytes(to_text_form(interface, to_bytes(interface)).encode(), "fuzz") == interface
    side = interface_side(interface, "fuzz")
    return [to_text(diff(*pair)) for pair in ((mine, side), (side, mine))]


def exchanged(data: bytes, chance: random.Random) -> bytes:
    """The data with one to three places replaced by other parts of it, or by odd numbers."""
    found = json.loads(data)
    for _ in range(chance.randint(1, 3)):
        places = list(_places(found["interface"]))
        holder, key = chance.choice(places)
        alike = [other[name] for other, name in places if _kind(other[name]) == _kind(holder[key])]
        holder[key] = copy.deepcopy(chance.choice(alike)) if chance.random() < 0.9 else chance.choice(ODD)
    return json.dumps(found).encode()


ODD = (0, 1, -1, 1 << 62, None, "", "struct node", "*", [], {}, True)


def _kind(value: object) -> object:
    """The rough kind of a value in the schema: types are lists that begin with a tag."""
    is_type = isinstance(value, list) and value and isinstance(value[0], str)
    return str if is_type else type(value)


def _places(value: object) -> Iterator[tuple]:
    """Every place in nested lists and dictionaries: the container, and the index or key."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield value, key
        yield from _places(item)
