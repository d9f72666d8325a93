"""Debugging information outside the library, for the gate, `symbol-audit` and builds that depend on it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from rebel_tools.cli import symbol_audit

HEAD = """\
import rebel_tools
DefaultEnvironment(tools=[])
env = Environment(tools=['default', 'export_table'], toolpath=[rebel_tools.TOOLPATH], CCFLAGS=['-g'],
                  EXPORT_EVIDENCE='layout', OBJCOPY='objcopy')
"""
SEPARATE = """\
core = env.SharedLibrary('core', 'core.c')
env.AddPostAction(core, ['$OBJCOPY --only-keep-debug $TARGET ${TARGET}.debug', 'strip -g $TARGET',
                         '$OBJCOPY --add-gnu-debuglink=${TARGET}.debug $TARGET'])
env.Clean(core, 'libcore.so.debug')
"""
SPLIT = """\
env.Append(CCFLAGS=['-gsplit-dwarf'])
core = env.SharedLibrary('core', 'core.c')
env.Clean(core, ['core.dwo', 'ext.dwo'])
"""
TABLE = """\
table = env.ExportTable('core.exports', [core, env.Interface('core.interface', 'core.h')])
env.ExtensionModule('ext', 'ext.c', CORE=table)
"""
HEADER = "struct point { int x, y; };\nint core_x(struct point *p);\n"
SOURCES = ("core.h", "core.c", "ext.c")
CORE = '#include "core.h"\nint core_x(struct point *p) { return p->x; }\n'


@pytest.fixture(params=[SEPARATE, SPLIT], ids=["separate", "split"])
def core(request, project):
    """A core with its types in a separate file, and an extension; not built."""
    project.write("SConstruct", HEAD + request.param + TABLE)
    project.write("core.h", HEADER)
    project.write("core.c", CORE)
    project.write("ext.c", '#include "core.h"\nint ext(struct point *p) { return core_x(p); }\n')
    project.debug = project.path("libcore.so.debug" if request.param == SEPARATE else "core.dwo")
    return project


def test_the_gate_reads_it(core):
    core.scons("-Q", "-j8")
    assert '"layout"' in core.path("core.exports").read_text()
    assert core.up_to_date()
    core.write("core.c", "/* a comment */\n" + CORE)
    said = core.scons("-Q").out
    assert "-o libext.so" not in said
    assert core.up_to_date()
    incremental = core.snapshot()
    core.scons("-Q", "-c")
    assert {path.name for path in core.root.iterdir()} == {"SConstruct", *SOURCES, ".sconsign.dblite"}
    core.scons("-Q", "-j1")
    assert core.snapshot() == incremental


def test_types_that_are_not_those_of_the_interface(core):
    core.scons("-Q")
    core.write("core.c", "struct point { int y, x; };\nint core_x(struct point *p) { return p->x; }\n")
    assert "struct point: x: interface says offset 0, library has offset 4" in core.scons("-Q", rc=2).err
    assert not core.path("core.exports").exists()
    core.write("core.c", CORE)
    core.scons("-Q")
    assert core.up_to_date()


def test_the_table_depends_on_it(core):
    core.scons("-Q")
    tree = core.scons("-Q", "-n", "--tree=all", "core.exports").out
    assert core.debug.name in tree
    kept = core.debug.read_bytes()
    core.debug.unlink()
    said = core.scons("-Q", rc=2).err
    assert core.debug.name in said and "which cannot be found" in said and "EXPORT_DEBUG_DIR" in said
    core.debug.write_bytes(kept[:100])
    said = core.scons("-Q", rc=2).err
    assert "cannot be read" in said and core.debug.name in said
    elsewhere = core.path("symbols")
    elsewhere.mkdir()
    core.debug.unlink()
    (elsewhere / core.debug.name).write_bytes(kept)
    text = core.path("SConstruct").read_text()
    core.write("SConstruct", text.replace("OBJCOPY='objcopy'", "OBJCOPY='objcopy', EXPORT_DEBUG_DIR='symbols'"))
    core.scons("-Q")
    assert core.up_to_date()


# ---------------------------------------------------------------- symbol-audit


class Libraries:
    """Two libraries that differ in a layout, and the command."""

    def __init__(self, root: Path, capfd) -> None:
        self.root, self.capfd = root, capfd
        self.compile("old", "int x, y;")
        self.compile("new", "int x; long z; int y;")

    def compile(self, name: str, members: str, *flags: str) -> None:
        source = f"struct point {{ {members} }}; int core_x(struct point *p) {{ return p->y; }}"
        (self.root / f"{name}.c").write_text(source)
        self.do("gcc", "-g", "-fPIC", *flags, "-c", f"{name}.c", "-o", f"{name}.o")
        self.do("gcc", "-shared", "-Wl,--build-id", f"{name}.o", "-o", f"{name}.so")

    def do(self, *command: str) -> None:
        if not shutil.which(command[0]):
            pytest.skip(f"needs {command[0]}")
        subprocess.run(command, cwd=self.root, check=True)

    def separate(self, name: str) -> Path:
        self.do("objcopy", "--only-keep-debug", f"{name}.so", f"{name}.debug")
        self.do("strip", "-g", f"{name}.so")
        self.do("objcopy", f"--add-gnu-debuglink={name}.debug", f"{name}.so")
        return self.root / f"{name}.debug"

    def run(self, *words: str, rc: int) -> str:
        self.capfd.readouterr()
        status = symbol_audit.main(words)
        said = self.capfd.readouterr()
        assert status == rc, said.out + said.err
        return said.out + said.err

    def diff(self, *words: str, rc: int) -> str:
        return self.run("diff", str(self.root / "old.so"), str(self.root / "new.so"), *words, rc=rc)


@pytest.fixture
def libraries(tmp_path, capfd):
    return Libraries(tmp_path, capfd)


def test_diff_reads_it(libraries, tmp_path):
    for name in ("old", "new"):
        libraries.separate(name)
    assert "struct point: y was offset 4, is offset 16" in libraries.diff(rc=1)
    folder = tmp_path / "symbols"
    folder.mkdir()
    for name in ("old", "new"):
        (tmp_path / f"{name}.debug").rename(folder / f"{name}.debug")
    said = libraries.diff(rc=4)
    assert "is in old.debug, which cannot be found" in said and "--debug-dir" in said
    assert "struct point: y was offset 4" in libraries.diff("--debug-dir", str(folder), rc=1)
    assert "there is no such folder" in libraries.diff("--debug-dir", str(tmp_path / "none"), rc=3)


def test_what_cannot_be_read_is_never_compatible(libraries, tmp_path):
    old, new = libraries.separate("old"), libraries.separate("new")
    shutil.copy(old, new)
    said = libraries.diff(rc=3)
    assert "new.debug: this is debug information of another build" in said
    new.write_bytes(b"\x7fELF" + bytes(10))
    assert "new.debug" in libraries.diff(rc=3)
    interface = str(tmp_path / "x.interface")
    said = libraries.run("record", str(tmp_path / "new.so"), "-o", interface, rc=3)
    assert "new.debug" in said and not Path(interface).exists()
    libraries.run("record", str(tmp_path / "old.so"), "-o", interface, rc=0)
    said = libraries.run("check", interface, str(tmp_path / "new.so"), rc=3)
    assert "[unreadable-debug-info]" in said and "new.debug" in said


def test_dwarf_in_the_library_that_is_damaged(libraries, tmp_path):
    libraries.do("objcopy", "--dump-section", ".debug_info=info", "new.so")
    (tmp_path / "info").write_bytes(bytes(64))
    libraries.do("objcopy", "--update-section", ".debug_info=info", "new.so")
    assert "cannot be read" in libraries.diff(rc=3)


def test_zstandard_without_a_reader_says_what_to_install(libraries, tmp_path, monkeypatch):
    command = ["objcopy", "--compress-debug-sections=zstd", "new.so"]
    if subprocess.run(command, cwd=tmp_path, capture_output=True).returncode:
        pytest.skip("objcopy does not know zstd")
    assert "struct point: y was" in libraries.diff(rc=1)
    for module in ("zstandard", "compression"):
        monkeypatch.setitem(__import__("sys").modules, module, None)
    assert "pip install zstandard" in libraries.diff(rc=3)


def test_a_split_unit_that_is_missing(libraries, tmp_path):
    libraries.compile("new", "int x, y;", "-gsplit-dwarf")
    libraries.diff(rc=0)
    (tmp_path / "new.dwo").unlink()
    assert "new.dwo, which cannot be found" in libraries.diff(rc=4)
    said = libraries.run("record", str(tmp_path / "new.so"), "-o", str(tmp_path / "x.interface"), rc=1)
    assert "new.dwo, which cannot be found" in said


def test_a_package_of_another_build(libraries, tmp_path):
    if not shutil.which("llvm-dwp"):
        pytest.skip("needs llvm-dwp")
    for name, source in (("old", "int x, y;"), ("new", "int x, y, z;")):
        libraries.compile(name, source, "-gsplit-dwarf")
        libraries.do("llvm-dwp", f"{name}.dwo", "-o", f"{name}.so.dwp")
        (tmp_path / f"{name}.dwo").unlink()
    assert "z was nothing" in libraries.diff(rc=0)
    shutil.copy(tmp_path / "old.so.dwp", tmp_path / "new.so.dwp")
    said = libraries.diff(rc=3)
    assert "new.so.dwp is of another build" in said and "compatible" not in said
