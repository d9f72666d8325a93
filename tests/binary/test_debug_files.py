"""Debugging information outside the library: separate, shared, split or compressed. It is read as with -g alone."""

from __future__ import annotations

import gc
import os
import shutil
import subprocess
import zlib
from pathlib import Path

import pytest

from rebel_tools.abi.types import Declarations
from rebel_tools.binary import UnreadableBinary, open_library
from rebel_tools.binary.debug_search import DebugPath, debug_path
from rebel_tools.binary.dwarf import DebugInformation, debug_files, read_debug_information, read_declarations
from rebel_tools.binary.dwarf_headers import EVERY
from rebel_tools.binary.dwarf_reader import Dwarf
from rebel_tools.binary.dwarf_unit import Unit

C = """
#include "core.h"
enum color { RED, GREEN };
union value { int i; double d; };
int core_add(struct node *n, long b, int (*call)(union value *)) { return n->bits; }
enum color core_color(const struct node *const *list) { return GREEN; }
int core_data[4] = {1};
__thread struct node core_node;
"""
HEADER = "struct node { struct node *next; unsigned bits : 3; char text[3][5]; };\n"
CXX = """
#include "core.h"
namespace core {
class Shape { public: virtual int area() const; int width; node *first; Shape(int); };
enum class Kind : short { Round, Square = 7 };
template <class T> struct Box { T value; Kind kind; };
int Shape::area() const { return width; }
Shape::Shape(int w) : width(w) {}
Box<node> boxed(Kind k, const Shape &s, Box<int> *b) { return {}; }
}
"""
SOURCES = {"gcc": ("core.c", C), "clang": ("core.c", C), "g++": ("core.cc", CXX), "clang++": ("core.cc", CXX)}
NOWHERE = DebugPath((), ())
OTHER = HEADER.replace("bits : 3", "bits : 5")


def run(*command: str, cwd: Path) -> None:
    if not shutil.which(command[0]):
        pytest.skip(f"needs {command[0]}")
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True)
    assert done.returncode == 0, f"{command}\n{done.stderr}"


class Build:
    """A folder in which a library is compiled, and its declarations with the debugging information in the library."""

    def __init__(self, root: Path, cc: str = "gcc", *flags: str, header: str = HEADER) -> None:
        self.root, self.cc = root, cc
        root.mkdir(parents=True, exist_ok=True)
        self.source, text = SOURCES[cc]
        (root / self.source).write_text(text)
        (root / "core.h").write_text(header)
        self.other = f"other{Path(self.source).suffix}"
        (root / self.other).write_text('#include "core.h"\nint other(struct node *n, short s) { return s; }\n')
        self.plain = self.declarations(*flags)

    @property
    def built(self) -> Path:
        return self.root / "libcore.so"

    def compile(self, *flags: str) -> None:
        """Two objects, compiled as build systems do, because .dwo files are named after objects."""
        objects = []
        for source in (self.source, self.other):
            objects.append(f"{Path(source).stem}.o")
            run(self.cc, "-g", "-fPIC", "-w", *flags, "-c", source, "-o", objects[-1], cwd=self.root)
        run(self.cc, "-shared", "-Wl,--build-id", *flags, "-o", "libcore.so", *objects, cwd=self.root)

    def declarations(self, *flags: str) -> Declarations:
        """The declarations of two sources, which shows what is missing if only one of them is read."""
        self.compile(*flags)
        return read_declarations(self.built)

    def read(self, path: DebugPath = NOWHERE) -> DebugInformation:
        with open_library(self.built) as library:
            return read_debug_information(library, library.table.by_name, path)

    def holds(self, path: DebugPath = NOWHERE) -> bool:
        """Whether everything is found and correct."""
        found = self.read(path)
        assert found.is_there and not found.missing
        mine = found.declarations
        for ours, plain in ((mine.functions, self.plain.functions), (mine.variables, self.plain.variables)):
            assert ours == {name: plain[name] for name in ours}
        assert mine.types == self.plain.types
        return len(mine.functions) > 1

    def separate(self, place: str, link: str = "core.debug") -> Path:
        """Move the debugging information into a file, with the debug link `link`."""
        target = self.root / place
        target.parent.mkdir(parents=True, exist_ok=True)
        run("objcopy", "--only-keep-debug", "libcore.so", link, cwd=self.root)
        run("strip", "-g", "libcore.so", cwd=self.root)
        run("objcopy", f"--add-gnu-debuglink={link}", "libcore.so", cwd=self.root)
        if place != link:
            (self.root / link).replace(target)
        return target

    def build_id(self) -> str:
        notes = subprocess.run(["readelf", "-n", self.built], capture_output=True, text=True, check=True).stdout
        return notes.partition("Build ID: ")[2].split()[0]


@pytest.mark.parametrize("place", ["core.debug", ".debug/core.debug"])
def test_beside_the_library(tmp_path, place):
    build = Build(tmp_path)
    build.separate(place)
    assert build.holds()
    with open_library(build.built) as library:
        assert debug_files(library, NOWHERE) == (str(tmp_path / place),)


def test_a_file_beside_it_without_debug_information(tmp_path):
    """Only the abbreviations are left, which could belong to split debugging information."""
    build = Build(tmp_path, "gcc", "-gsplit-dwarf")
    target = build.separate("core.debug")
    run("objcopy", "--remove-section=.debug_info", "core.debug", cwd=tmp_path)
    with open_library(build.built) as library:
        assert debug_files(library, NOWHERE) == (str(target),)
    assert not build.read().is_there


@pytest.mark.parametrize("flags", [(), ("-gsplit-dwarf",), ("-fdebug-types-section",)])
def test_nothing_is_left_in_memory(tmp_path, flags):
    """A process that reads many libraries must free their sections without the garbage collector."""
    build = Build(tmp_path, "gcc", *flags)
    gc.collect()
    gc.disable()
    try:
        assert build.read().declarations.functions
        assert not [kept for kept in gc.get_objects() if isinstance(kept, (Dwarf, Unit))]
    finally:
        gc.enable()


def test_through_a_symbolic_link(tmp_path):
    build = Build(tmp_path / "real")
    build.separate("core.debug")
    link = tmp_path / "libcore.so"
    link.symlink_to(build.built)
    with open_library(link) as library:
        assert read_debug_information(library, None, NOWHERE).declarations.functions


PLACES = ["debug{root}/core.debug", "debug/core.debug", "debug/.build-id/{id:.2}/{rest}.debug"]


@pytest.mark.parametrize("place", PLACES)
def test_in_a_folder_of_debug_files(tmp_path, place):
    build = Build(tmp_path / "build")
    identity = build.build_id()
    file = build.separate("core.debug")
    target = tmp_path / place.format(root=build.root, id=identity, rest=identity[2:])
    target.parent.mkdir(parents=True)
    file.replace(target)
    assert build.read().missing == ("core.debug",)
    assert build.holds(DebugPath((str(tmp_path / "debug"),)))


def test_in_the_cache_of_debuginfod(tmp_path, monkeypatch):
    build = Build(tmp_path / "build")
    cache = tmp_path / "cache" / build.build_id()
    cache.mkdir(parents=True)
    build.separate("core.debug").replace(cache / "debuginfo")
    assert build.holds(debug_path((), {"DEBUGINFOD_CACHE_PATH": str(cache.parent)}))
    assert build.holds(debug_path((), {"XDG_CACHE_HOME": str(tmp_path)})) if rename(cache.parent) else False
    (tmp_path / "debuginfod_client" / build.build_id() / "debuginfo").write_bytes(b"")  # "the servers have none"
    assert build.read(debug_path((), {"XDG_CACHE_HOME": str(tmp_path)})).missing == ("core.debug",)


def rename(cache: Path) -> bool:
    cache.rename(cache.parent / "debuginfod_client")
    return True


def test_of_another_build(tmp_path):
    """The link's checksum shows that a file does not belong to the library; the right one is in a later place."""
    build = Build(tmp_path / "build")
    file = build.separate("core.debug")
    right = tmp_path / "core.debug"
    shutil.copy(file, right)
    Build(tmp_path / "other", header=OTHER).separate("core.debug").replace(file)
    crc = zlib.crc32(right.read_bytes())
    with pytest.raises(UnreadableBinary, match=f"another build .its CRC is .*, not {crc:08x}"):
        build.read()
    assert build.holds(DebugPath((str(tmp_path),)))


def test_of_another_build_by_its_id(tmp_path):
    build, other = Build(tmp_path / "build"), Build(tmp_path / "other", header=OTHER)
    identity = build.build_id()
    target = tmp_path / "debug" / ".build-id" / identity[:2] / f"{identity[2:]}.debug"
    target.parent.mkdir(parents=True)
    shutil.copy(other.built, target)
    run("strip", "-g", "libcore.so", cwd=build.root)
    with pytest.raises(UnreadableBinary, match=f"another build .build id {other.build_id()}, not {identity}"):
        build.read(DebugPath((str(tmp_path / "debug"),)))


@pytest.mark.parametrize("damage", [b"", b"\x7fELF", b"not an object file"])
def test_that_is_damaged(tmp_path, damage):
    build = Build(tmp_path)
    identity = build.build_id()
    build.separate("core.debug").unlink()
    target = tmp_path / "debug" / ".build-id" / identity[:2] / f"{identity[2:]}.debug"
    target.parent.mkdir(parents=True)
    target.write_bytes(damage)
    path = DebugPath((str(tmp_path / "debug"),))
    if not damage:
        return None if build.read(path).missing == ("core.debug",) else pytest.fail("an empty file was taken for one")
    with pytest.raises(UnreadableBinary) as caught:
        build.read(path)
    assert str(target) in str(caught.value)


@pytest.mark.skipif(not shutil.which("x86_64-w64-mingw32-gcc"), reason="needs x86_64-w64-mingw32-gcc")
def test_of_a_dll(tmp_path):
    (tmp_path / "core.c").write_text("struct s { int a; }; int core_f(struct s *p) { return p->a; }")
    prefix = "x86_64-w64-mingw32-"
    run(f"{prefix}gcc", "-g", "-shared", "-o", "core.dll", "core.c", "-Wl,--export-all-symbols", cwd=tmp_path)
    plain = read_declarations(tmp_path / "core.dll", {"core_f"})
    run(f"{prefix}objcopy", "--only-keep-debug", "core.dll", "core.debug", cwd=tmp_path)
    run(f"{prefix}strip", "core.dll", cwd=tmp_path)
    run(f"{prefix}objcopy", "--add-gnu-debuglink=core.debug", "core.dll", cwd=tmp_path)
    assert plain.functions and read_declarations(tmp_path / "core.dll", {"core_f"}) == plain


# ---------------------------------------------------------------- dwz


@pytest.fixture(params=["gcc", "g++"])
def shared(request, tmp_path):
    """Two libraries whose common parts dwz moved into `common`, below `debug`."""
    build = Build(tmp_path / "build", request.param)
    other = Build(tmp_path / "other", request.param)
    assert build.plain.functions and other.plain.functions
    libraries = [build.built, other.built]
    run("dwz", "-m", str(tmp_path / "common"), *map(str, libraries), cwd=tmp_path)
    return build


def test_what_dwz_shares(shared, tmp_path):
    assert shared.holds()
    with open_library(shared.built) as library:
        assert debug_files(library, NOWHERE) == (str(tmp_path / "common"),)


def test_what_dwz_shares_is_missing(shared, tmp_path):
    (tmp_path / "common").unlink()
    found = shared.read()
    assert found == DebugInformation(False, Declarations(), (str(tmp_path / "common"),))


def test_what_dwz_shares_by_its_build_id(shared, tmp_path):
    notes = subprocess.run(["readelf", "-n", tmp_path / "common"], capture_output=True, text=True, check=True).stdout
    identity = notes.partition("Build ID: ")[2].split()[0]
    target = tmp_path / "debug" / ".build-id" / identity[:2] / f"{identity[2:]}.debug"
    target.parent.mkdir(parents=True)
    (tmp_path / "common").replace(target)
    assert shared.holds(DebugPath((str(tmp_path / "debug"),)))


def test_what_dwz_shares_is_of_another_build(shared, tmp_path):
    shutil.copy(shared.built, tmp_path / "common")
    with pytest.raises(UnreadableBinary, match="another build .build id"):
        shared.read()


def test_data_and_enumerations_that_dwz_shares(tmp_path):
    """dwz shares more than types: if a location is not an address, the symbol itself is in the shared file."""
    if not shutil.which("dwz"):
        pytest.skip("needs dwz")
    source = "enum colour { RED, GREEN }; __thread int t; int f(int x) { return x == GREEN; }"
    (tmp_path / "core.c").write_text(source)
    libraries = [f"lib{number}.so" for number in range(4)]
    for library in libraries:
        run("gcc", "-g", "-shared", "-fPIC", "-o", library, "core.c", cwd=tmp_path)
    plain = read_declarations(tmp_path / libraries[0], {"t", "f"}, EVERY)
    run("dwz", "-m", str(tmp_path / "common"), *libraries, cwd=tmp_path)
    dumped = subprocess.run(
        ["readelf", "--debug-dump=info", tmp_path / "common"], capture_output=True, text=True
    ).stdout
    assert "DW_TAG_variable" in dumped and "DW_TAG_enumerator" in dumped
    assert plain.variables["t"].tls and plain.enumerations
    assert read_declarations(tmp_path / libraries[0], {"t", "f"}, EVERY) == plain


def test_dwz_and_a_separate_file(shared, tmp_path):
    """As in Debian; the link is followed from the file of the debugging information, relative to its folder."""
    shared.separate(".debug/core.debug")
    assert shared.holds()


# ---------------------------------------------------------------- split


SPLIT = [
    (cc, version, *more)
    for cc in ("gcc", "g++", "clang", "clang++")
    for version in ("-gdwarf-4", "-gdwarf-5")
    for more in ([], ["-fdebug-types-section"], ["-gz"])
]


@pytest.mark.parametrize("flags", SPLIT, ids="".join)
def test_split(tmp_path, flags):
    cc, *flags = flags
    build = Build(tmp_path, cc, *[flag for flag in flags if flag != "-fdebug-types-section"])
    build.compile("-gsplit-dwarf", *flags)
    assert build.holds()
    with open_library(build.built) as library:
        assert debug_files(library, NOWHERE) == (str(tmp_path / "core.dwo"), str(tmp_path / "other.dwo"))


PACKED = [(tool, *flags) for tool in ("llvm-dwp", "dwp") for flags in SPLIT if "-gz" not in flags]
PACKED = [case for case in PACKED if case[0] != "dwp" or "-gdwarf-5" not in case]  # dwp 2.40 crashes on DWARF 5


@pytest.mark.parametrize("flags", PACKED, ids="".join)
def test_packed(tmp_path, flags):
    tool, cc, *flags = flags
    build = Build(tmp_path, cc, *[flag for flag in flags if flag != "-fdebug-types-section"])
    build.compile("-gsplit-dwarf", *flags)
    run(tool, "-e", "libcore.so", "-o", "libcore.so.dwp", cwd=tmp_path)
    for file in tmp_path.glob("*.dwo"):
        file.unlink()
    assert build.holds()


def test_split_in_the_object_file(tmp_path):
    build = Build(tmp_path, "clang", "-gdwarf-5")
    build.compile("-gsplit-dwarf=single", "-gdwarf-5")
    assert build.holds()


def test_split_and_separate(tmp_path):
    """The skeleton units are in one file and the units that complete them in others, in a folder of debug files."""
    build = Build(tmp_path / "build")
    build.compile("-gsplit-dwarf")
    build.separate("core.debug")
    assert build.holds()
    (tmp_path / "debug").mkdir()
    for name in ("core.debug", "core.dwo", "other.dwo"):
        (build.root / name).replace(tmp_path / "debug" / name)
    assert build.holds(DebugPath((str(tmp_path / "debug"),)))


def test_split_and_missing(tmp_path):
    """Available parts are described, and missing ones are named."""
    build = Build(tmp_path)
    build.compile("-gsplit-dwarf")
    (tmp_path / "core.dwo").unlink()
    found = build.read()
    assert list(found.declarations.functions) == ["other"]
    assert found.missing == (str(tmp_path / "core.dwo"),)


def test_split_and_of_another_build(tmp_path):
    build = Build(tmp_path)
    build.compile("-gsplit-dwarf", "-O2")
    Build(tmp_path / "other", header=OTHER).compile("-gsplit-dwarf")
    shutil.copy(tmp_path / "other" / "core.dwo", tmp_path / "core.dwo")
    with pytest.raises(UnreadableBinary, match="core.dwo is of another build"):
        build.read()


@pytest.mark.parametrize("damage", [b"", b"text", b"\x7fELF\2\1\1"])
def test_split_and_damaged(tmp_path, damage):
    build = Build(tmp_path)
    build.compile("-gsplit-dwarf")
    (tmp_path / "core.dwo").write_bytes(damage)
    with pytest.raises(UnreadableBinary) as caught:
        build.read()
    assert "core.dwo" in str(caught.value)


def test_a_package_without_an_index(tmp_path):
    build = Build(tmp_path)
    build.compile("-gsplit-dwarf")
    os.truncate(tmp_path / "core.dwo", 200)
    (tmp_path / "core.dwo").rename(tmp_path / "libcore.so.dwp")
    with pytest.raises(UnreadableBinary):
        build.read()


# ---------------------------------------------------------------- compressed


@pytest.mark.parametrize("kind", ["zlib", "zlib-gnu", "zlib-gabi", "zstd"])
def test_compressed(tmp_path, kind):
    build = Build(tmp_path)
    compress(build, kind)
    assert build.holds()
    build.separate("core.debug")
    assert build.holds()


def compress(build: Build, kind: str) -> None:
    done = subprocess.run(["objcopy", f"--compress-debug-sections={kind}", build.built], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"objcopy does not know {kind}: {done.stderr}")


def test_compressed_and_nothing_to_read_it_with(tmp_path, monkeypatch):
    build = Build(tmp_path)
    compress(build, "zstd")
    for module in ("zstandard", "compression"):
        monkeypatch.setitem(__import__("sys").modules, module, None)
    with pytest.raises(UnreadableBinary, match="Zstandard") as caught:
        build.read()
    assert "pip install zstandard" in str(caught.value)
