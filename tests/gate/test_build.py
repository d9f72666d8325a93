"""The SCons tool: interface, verified table, extension modules; the five checks of every builder, and bad cores."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from rebel_tools.interface.file import read_interface

ROOT = Path(__file__).resolve().parents[2]

SCONSTRUCT = """
import os
import rebel_tools
DefaultEnvironment(tools=[])
env = Environment(tools=['default', 'export_table'], toolpath=[rebel_tools.TOOLPATH], CCFLAGS=['-g'],
                  EXPORT_EVIDENCE=ARGUMENTS.get('EVIDENCE', 'layout'), CPPPATH=['#include'])
if 'CACHE' in ARGUMENTS:
    CacheDir(ARGUMENTS['CACHE'])
env.VariantDir('build', 'src', duplicate=int(ARGUMENTS.get('DUPLICATE', '0')))
core = env.SharedLibrary('build/core', 'build/core.c')
interface = env.Interface('build/core.interface', 'build/core.h')
table = env.ExportTable('build/core.exports', [core, interface])
for name in ('one', 'two'):
    env.ExtensionModule('build/' + name, 'build/' + name + '.c', CORE=table)
"""

HEADER = """\
#include "types.h"
int core_add(int a, int b);
int core_area(const struct point *p);
extern int core_version;
"""
TYPES = "struct point { int x; int y; };\n"
CORE = """\
#include "core.h"
int core_version = 1;
int core_add(int a, int b) { return a + b; }
int core_area(const struct point *p) { return p->x * p->y; }
"""
EXTENSION = """\
#include "core.h"
int ext_run(void) { struct point p = {6, 7}; return core_add(core_area(&p), core_version); }
"""


@pytest.fixture
def core(project):
    """A core with two extensions, not built."""
    project.write("SConstruct", SCONSTRUCT)
    project.write("include/types.h", TYPES)
    project.write("src/core.h", HEADER)
    project.write("src/core.c", CORE)
    project.write("src/one.c", EXTENSION)
    project.write("src/two.c", EXTENSION)
    return project


def edit(project, name: str, old: str, new: str) -> None:
    text = project.path(name).read_text()
    assert old in text
    project.write(name, text.replace(old, new))


def ran(run) -> list[str]:
    """The steps of a build, as words: compile core.os, interface, verify, link libone.so, ..."""
    words = []
    for line in run.out.splitlines():
        if line.startswith("gcc"):
            words.append(Path(line.split()[2]).name)
        elif line.startswith("Reading the interface"):
            words.append("interface")
        elif line.startswith("Verifying"):
            words.append("verify")
    return words


def test_everything_is_built_and_a_null_build_runs_nothing(core):
    assert set(ran(core.scons())) >= {"interface", "verify", "libone.so", "libtwo.so"}
    assert core.up_to_date()
    assert ran(core.scons()) == []


def test_a_changed_implementation_does_not_relink_extensions(core):
    core.scons()
    edit(core, "src/core.c", "return a + b", "return b + a + 0")
    assert ran(core.scons()) == ["core.os", "libcore.so", "verify"]
    assert core.up_to_date()


def test_a_comment_in_the_core_stops_before_the_library(core):
    core.write("src/core.c", CORE.replace(" return a", " /* sum */ return a"))
    core.scons()
    before = core.snapshot("build")
    edit(core, "src/core.c", "/* sum */", "/* SUM */")
    assert ran(core.scons()) == ["core.os"]
    assert core.snapshot("build") == before


def test_a_comment_in_the_header_does_not_change_the_interface(core):
    core.scons()
    before = core.path("build/core.interface").read_bytes()
    edit(core, "src/core.h", "int core_add(int a, int b);", "int core_add(int a, int b); /* sum */")
    assert "verify" not in ran(core.scons())
    assert core.path("build/core.interface").read_bytes() == before


def test_a_changed_included_header_is_seen(core):
    core.scons()
    edit(core, "include/types.h", "int y;", "int y; int z;")
    assert {"interface", "verify", "libone.so", "libtwo.so"} <= set(ran(core.scons()))


def test_incremental_equals_clean_and_parallel_equals_serial(core):
    core.scons()
    edit(core, "include/types.h", "int y;", "int y; int z;")
    core.scons("-j8", "--random")
    incremental = core.snapshot("build")
    core.scons("-c")
    assert not core.path("build").exists() or core.snapshot("build") == {}
    core.scons("-j1")
    assert core.snapshot("build") == incremental


def test_clean_leaves_nothing(core):
    before = core.snapshot()
    core.scons()
    core.scons("-c")
    assert core.snapshot() == before


def test_dry_run_writes_nothing(core):
    before = core.snapshot()
    assert "verify" in ran(core.scons("-n"))
    assert core.snapshot() == before


def test_copied_sources_work_too(core):
    core.scons("DUPLICATE=1")
    assert core.up_to_date("DUPLICATE=1")


def test_everything_comes_from_the_cache(core, tmp_path_factory):
    cache = f"CACHE={tmp_path_factory.mktemp('cache')}"
    core.scons(cache)
    built = core.snapshot("build")
    core.scons("-c", cache)
    run = core.scons(cache)
    assert ran(run) == []
    assert core.snapshot("build") == built


def test_each_action_needs_only_its_declared_inputs(core, tmp_path_factory):
    """In an empty folder, the table is made from only the library and the interface."""
    core.scons()
    folder = tmp_path_factory.mktemp("sandbox")
    for name in ("libcore.so", "core.interface"):
        shutil.copy(core.path(f"build/{name}"), folder / name)
    (folder / "SConstruct").write_text(
        "import rebel_tools\nDefaultEnvironment(tools=[])\n"
        "env = Environment(tools=['export_table'], toolpath=[rebel_tools.TOOLPATH], EXPORT_EVIDENCE='layout')\n"
        "env.ExportTable('core.exports', ['libcore.so', 'core.interface'])\n"
    )
    core.scons("-C", str(folder))
    assert (folder / "core.exports").read_bytes() == core.path("build/core.exports").read_bytes()


def test_a_broken_core_is_refused_and_no_table_is_left(core):
    core.scons()
    edit(core, "src/core.c", '#include "core.h"', "struct point { int x; int y; };")
    edit(core, "src/core.c", "int core_add(int a,", "int core_add(long a,")
    run = core.scons(rc=2)
    assert "core_add: argument 1 (a): interface says int (4 bytes), library has long (8 bytes)" in run.err
    assert "(declared at src/core.h:2)" in run.err
    assert "Traceback" not in run.text
    assert not core.path("build/core.exports").exists()


def test_a_core_without_debug_information_does_not_pass_for_proved(core):
    edit(core, "SConstruct", "CCFLAGS=['-g']", "CCFLAGS=[]")
    run = core.scons(rc=2)
    assert "[not-checked]" in run.err
    assert "no debug information" in run.err
    core.scons("EVIDENCE=kind")
    assert '"prototype"' not in core.path("build/core.exports").read_text()


def test_a_changed_requirement_checks_again(core):
    core.scons("EVIDENCE=name")
    assert "verify" in ran(core.scons("EVIDENCE=layout"))


def test_an_unknown_evidence_is_a_clear_error(core):
    run = core.scons("EVIDENCE=certain", rc=2)
    assert "unknown evidence level 'certain'" in run.err
    assert "Traceback" not in run.text


def test_a_header_that_does_not_compile_is_told_in_the_compilers_words(core):
    edit(core, "src/core.h", "int core_add", "itn core_add")
    run = core.scons("build/core.interface", rc=2)
    assert "itn" in run.err
    assert "Traceback" not in run.text


def test_a_core_that_is_no_table_is_a_clear_error(core):
    edit(core, "SConstruct", "CORE=table", "CORE=core")
    run = core.scons(rc=2)
    assert "CORE is build/libcore.so, which env.ExportTable did not make" in run.err
    assert '/SConstruct", line 14' in run.err


def test_variables_and_messages_are_the_users(core):
    edit(core, "SConstruct", "CPPPATH=", "INTERFACECOMSTR='IFACE $TARGET', EXPORTTABLECOMSTR='TABLE $TARGET', CPPPATH=")
    run = core.scons()
    assert "IFACE build/core.interface" in run.out
    assert "TABLE build/core.exports" in run.out


def test_complete_interfaces_refuse_further_exports(core):
    edit(core, "SConstruct", "CPPPATH=", "EXPORT_COMPLETE=True, CPPPATH=")
    core.scons()
    edit(core, "src/core.c", "int core_version = 1;", "int core_version = 1; int core_secret = 2;")
    run = core.scons(rc=2)
    assert "core_secret: interface says nothing, library has an exported object [unexpected-symbol]" in run.err
    edit(core, "SConstruct", "EXPORT_COMPLETE=True,", "EXPORT_COMPLETE=True, EXPORT_ALLOW=['core_s*'],")
    core.scons()


DIGEST = """
env['INTERFACE_DIGEST_SYMBOL'] = 'core_interface_digest'
env['EXPORT_EVIDENCE'] = ['layout', 'contents']
interface = env.Interface('core.interface', 'src/core.h')
digest = env.InterfaceDigest('core_digest.c', interface)
core = env.SharedLibrary('core', ['src/core.c', digest])
table = env.ExportTable('core.exports', [core, interface])
"""


def test_the_digest_object_pairs_library_and_interface(core):
    text = SCONSTRUCT.partition("env.VariantDir")[0]
    core.write("SConstruct", text + DIGEST)
    core.scons()
    assert '"contents"' in core.path("core.exports").read_text()
    core.write("SConstruct", text + DIGEST.replace("'src/core.c', digest", "'src/core.c', 'other.c'"))
    core.write("other.c", f'const char core_interface_digest[] = "{"0" * 64}";\n')
    run = core.scons(rc=2)
    assert "[wrong-digest]" in run.err
    core.write("other.c", "")
    assert "[not-checked]" in core.scons(rc=2).err


def test_site_scons_as_a_link_into_a_checkout(core):
    """Without PYTHONPATH and without an installed package."""
    os.symlink(ROOT / "site_scons", core.path("site_scons"))
    edit(core, "SConstruct", "import rebel_tools\n", "")
    edit(core, "SConstruct", "toolpath=[rebel_tools.TOOLPATH], ", "")
    core.scons(env={"PYTHONPATH": ""})
    assert core.path("build/libone.so").exists()


def test_the_tool_as_a_callable(core):
    edit(core, "SConstruct", "import rebel_tools", "from rebel_tools.scons import export_table")
    edit(core, "SConstruct", "'export_table'], toolpath=[rebel_tools.TOOLPATH]", "export_table.generate]")
    core.scons()


def test_the_tool_with_arguments(core):
    edit(core, "SConstruct", "'export_table']", "('export_table', {'EXPORT_FORBID': ['core_v*']})]")
    assert "[unexpected-symbol]" in core.scons(rc=2).err


PYTHON_EXPORTS = """\
from rebel_tools.interface.declare import cint, exception, export, export_data, pointer, struct

point = struct("point", x=cint, y=cint)
CoreError = exception("CoreError")

@export(cint, cint, result=cint, raises=[CoreError])
def core_add(a, b):
    "The sum."

@export(pointer(point), result=cint)
def core_area(p):
    "The area."

export_data("core_version", cint)
"""


@pytest.fixture
def declared(core):
    """The same core with its interface declared in Python."""
    core.write("src/exports.py", PYTHON_EXPORTS)
    edit(core, "SConstruct", "'build/core.h'", "'build/exports.py'")
    return core


def test_declarations_in_python(declared):
    declared.scons()
    assert declared.up_to_date()
    edit(declared, "src/exports.py", "x=cint, y=cint", "y=cint, x=cint")
    run = declared.scons(rc=2)
    assert "struct point: y: interface says offset 0, library has offset 4 (declared at src/exports.py:3)" in run.err


def test_several_declarations_are_read_at_once(project):
    project.write(
        "SConstruct",
        "import rebel_tools\n"
        "env = Environment(tools=['default', 'export_table'], toolpath=[rebel_tools.TOOLPATH])\n"
        "for n in range(8):\n"
        "    env.Interface(f'{n}.interface', f'{n}.py')\n",
    )
    for n in range(8):
        text = "import time\nfrom rebel_tools.interface.declare import export\n"
        project.write(f"{n}.py", text + f"time.sleep(0.3)\n@export()\ndef only_{n}(): pass\n")
    project.scons("-j8")
    for n in range(8):
        assert set(read_interface(project.path(f"{n}.interface")).symbols) == {f"only_{n}"}


@pytest.mark.parametrize(
    "old, new, line, words",
    [
        ("cint, cint, result", "cint, result", 6, "core_add has 2 parameters and @export gives 1"),
        ("result=cint, raises", "result=int, raises", 6, "the result is <class 'int'>"),
        ("raises=[CoreError]", "raises=[ValueError]", 6, "raises has <class 'ValueError'>"),
        ("pointer(point)", "pointr(point)", 10, "NameError"),
        ('struct("point"', "struct('point'(", 3, ""),
        ("def core_area", "def core_add", 10, "core_add is exported twice"),
    ],
)
def test_mistakes_in_python_declarations_name_file_and_line(declared, old, new, line, words):
    edit(declared, "src/exports.py", old, new)
    run = declared.scons("build/core.interface", rc=2)
    assert f"src/exports.py:{line}" in run.err
    assert words in run.err
    assert "Traceback" not in run.text


@pytest.mark.parametrize("cross", ["x86_64-w64-mingw32-", "i686-w64-mingw32-"])
@pytest.mark.parametrize("implib", [True, False])
def test_cross_builds_for_windows(core, cross, implib):
    """With SCons' own mingw conventions (an import library among the targets) and without."""
    if not shutil.which(cross + "gcc"):
        pytest.skip(f"needs {cross}gcc")
    tools = "['mingw', 'export_table']" if implib else "['default', 'export_table']"
    edit(core, "SConstruct", "['default', 'export_table']", tools)
    settings = f"env.Replace(CC='{cross}gcc', SHLINK='{cross}gcc', LDMODULE='{cross}gcc', LINK='{cross}gcc')\n"
    settings += "env.Replace(SHLIBPREFIX='', SHLIBSUFFIX='.dll', LDMODULEPREFIX='', LDMODULESUFFIX='.dll')\n"
    edit(core, "SConstruct", "env.VariantDir", settings + "env.VariantDir")
    core.scons()
    assert core.path("build/one.dll").exists()
    assert core.up_to_date()
    edit(core, "src/core.c", "return a + b", "return b + a + 0")
    run = core.scons()
    assert "Verifying" in run.out
    assert "one.dll" not in run.out
    edit(core, "src/core.c", "int core_add(int a, int b) { return b + a + 0; }", "")
    assert "[missing-symbol]" in core.scons(rc=2).err


def test_no_scons_outside_of_its_folder():
    """Importing the gate must not import SCons."""
    import subprocess

    code = "import sys, rebel_tools.gate.check, rebel_tools.producers.source; sys.exit('SCons' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


def test_a_cxx_header_with_the_suffix_of_c_and_a_core_at_the_top(project):
    project.write("core.h", "namespace n { int add(int a, int b); }\n")
    project.write("core.cpp", '#include "core.h"\nnamespace n { int add(int a, int b) { return a + b; } }\n')
    project.write("ext.cpp", '#include "core.h"\nextern "C" int run() { return n::add(1, 2); }\n')
    project.write(
        "SConstruct",
        "import rebel_tools\n"
        "env = Environment(tools=['default', 'export_table'], toolpath=[rebel_tools.TOOLPATH], CCFLAGS=['-g'],\n"
        "                  INTERFACE_LANGUAGE='c++', EXPORT_EVIDENCE='layout')\n"
        "table = env.ExportTable('core', [env.SharedLibrary('core', 'core.cpp'), env.Interface('core', 'core.h')])\n"
        "env.ExtensionModule('ext', 'ext.cpp', CORE=[table])\n",
    )
    run = project.scons()
    assert " -L. -l:libcore.so" in run.out
    assert str(project.root) not in run.out
    assert project.up_to_date()


def test_no_compiler_is_a_clear_error(project):
    project.write("core.h", "int f(void);\n")
    project.write(
        "SConstruct",
        "import rebel_tools\n"
        "env = Environment(tools=['export_table'], toolpath=[rebel_tools.TOOLPATH])\n"
        "env.Interface('core', 'core.h')\n",
    )
    run = project.scons(rc=2)
    assert "$CC is not set" in run.err
    assert "Traceback" not in run.text
