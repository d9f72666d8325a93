"""The gate with SCons' own features: command lines, variables, errors with their line, the ninja tool."""

from __future__ import annotations

import os
import shutil
import sysconfig

import pytest

from rebel_tools.interface.file import read_interface

HEAD = """\
import rebel_tools
DefaultEnvironment(tools=[])
env = Environment(tools=['default', 'export_table'], toolpath=[rebel_tools.TOOLPATH], CCFLAGS=['-g'])
"""
CORE = """\
core = env.SharedLibrary('core', 'core.c')
env.ExportTable('core.exports', [core, env.Interface('core.interface', 'core.h')])
"""


@pytest.fixture
def build(project):
    """A core with one function; `build(lines)` builds it with these lines before the calls of the builders."""
    project.write("core.h", "int core_add(int a, int b);\n")
    project.write("core.c", '#include "core.h"\nint core_add(int a, int b) { return a + b; }\n')

    def run(lines: str = "", after: str = CORE, rc: int = 0, **kw):
        project.write("SConstruct", HEAD + lines + "\n" + after)
        return project.scons("-Q", rc=rc, **kw)

    run.project = project
    return run


def symbols(build) -> set[str]:
    return set(read_interface(build.project.path("core.interface")).symbols)


WORDS = [
    r"""env.Append(CPPDEFINES=[('NAME', '\\"core\\"')])""",
    r"""env.Append(CCFLAGS=['-DNAME=\\"core\\"'])""",
    r"""env.Append(CCFLAGS=["-DNAME='\"core\"'"])""",
    r"""env.Replace(CCFLAGS='-g `cat flags`')""",
    r"""env.ParseConfig('cat parsed')""",
    r"""env.MergeFlags(r'-DNAME=\\\"core\\\" -I.')""",
    r"""env['ENV']['WORD'] = '"core"'; env.Append(CCFLAGS='-DNAME=$$WORD')""",
    r"""env['CC'] = r'SOME=thing gcc -DNAME=\"core\"'""",
    r"""env['CC'] = r'./my\ compiler'""",
]


@pytest.mark.parametrize("lines", WORDS)
def test_words_are_those_of_every_other_command(build, lines):
    write = build.project.write
    write("flags", "-DNAME=4 -DOTHER\n")
    write("parsed", r"-DNAME=\\\"core\\\"" + "\n")
    write("my compiler", '#!/bin/sh\nexec gcc \'-DNAME="core"\' "$@"\n').chmod(0o755)
    write("core.h", "#ifdef NAME\nint core_add(int a, int b);\n#endif\nextern const char n[sizeof(NAME)];\n")
    code = '#include "core.h"\nconst char n[sizeof(NAME)] = "x";\nint core_add(int a, int b) { return a + b; }\n'
    write("core.c", code)
    build(lines)
    assert symbols(build) == {"core_add", "n"}
    assert build.project.up_to_date()


def test_the_environment_of_the_build_counts(build):
    folder = build.project.path("inc")
    folder.mkdir()
    (folder / "more.h").write_text("struct more { int x; };\n")
    build.project.write("core.h", "#include <more.h>\nint core_add(struct more *m);\n")
    build.project.write("core.c", '#include "core.h"\nint core_add(struct more *m) { return m->x; }\n')
    build("env['ENV']['C_INCLUDE_PATH'] = [Dir('inc'), '/nowhere']")
    build("", "env.Interface('other.interface', 'core.h')\n", rc=2)
    build("env['SHELL_ENV_GENERATORS'] = [lambda env, target, source, ENV: dict(ENV, C_INCLUDE_PATH='inc')]")


@pytest.mark.parametrize("flag", ["-MMD", "-Wp,-MD,x.d", "--coverage", "-save-temps", "-fstack-usage"])
def test_nothing_is_left_in_the_tree(build, flag):
    build(f"env.Append(CCFLAGS=['{flag}'])", "env.Interface('core.interface', 'core.h')\n", env={"TMPDIR": "/tmp"})
    build.project.scons("-c")
    names = {path.name for path in build.project.root.iterdir()}
    assert names - {".sconsign.dblite"} == {"SConstruct", "core.c", "core.h"}


@pytest.mark.parametrize("folder", ["a b", "$(x) $y", "$) 100%"])
def test_a_core_may_lie_in_any_folder(build, folder):
    (build.project.path(folder)).mkdir()
    build.project.write("ext.c", '#include "core.h"\nint twice(int a) { return core_add(a, a); }\n')
    core = f"core = env.SharedLibrary({folder.replace('$', '$$') + '/core'!r}, 'core.c')"
    table = "table = env.ExportTable('core.exports', [core, env.Interface('core.interface', 'core.h')])"
    build(after=f"{core}\n{table}\nenv.ExtensionModule('ext', 'ext.c', CORE=table)\n")
    assert build.project.path("libext.so").exists() and build.project.up_to_date()


@pytest.fixture
def with_dependency(build):
    """The header includes one of a library that lies in the tree."""
    build.project.write("dep/dep.h", "int dep_open(int);\n")
    build.project.write("core.h", "#include <dep.h>\nint core_add(int a, int b);\n")
    return build


def test_headers_of_other_libraries_are_no_promise(with_dependency):
    run = with_dependency("env.Append(CPPPATH=['dep'])")
    assert "core.interface: dep/dep.h declares functions that are not in the interface (INTERFACE_HEADERS)" in run.out
    assert symbols(with_dependency) == {"core_add"}
    run = with_dependency("env.Append(CPPPATH=['dep'], INTERFACE_EXCLUDE=['dep'])")
    assert "INTERFACE_HEADERS" not in run.out


@pytest.mark.parametrize("headers", ["['dep/*.h']", "'dep/dep.h'", "[Dir('dep')]", "['#dep']", "['$WHERE']"])
def test_headers_can_be_chosen(with_dependency, headers):
    lines = f"env.Append(CPPPATH=['dep'], WHERE='dep', INTERFACE_HEADERS={headers})"
    with_dependency(lines, "env.Interface('core.interface', 'core.h')\n")
    assert symbols(with_dependency) == {"core_add", "dep_open"}
    with_dependency(lines[:-1] + ", INTERFACE_EXCLUDE=['dep/*'])", "env.Interface('core.interface', 'core.h')\n")
    assert symbols(with_dependency) == {"core_add"}


def test_clang_reads_the_header_of_its_core(build):
    if not shutil.which("clang"):
        pytest.skip("needs clang")
    build("env.Replace(CC='clang', EXPORT_EVIDENCE='layout')")
    assert symbols(build) == {"core_add"}


@pytest.mark.parametrize(
    "call, words",
    [
        ("env.ExtensionModule('ext', 'core.c')", "CORE is missing"),
        ("env.ExtensionModule('ext', 'core.c', CORE=[])", "CORE is missing"),
        ("env.ExtensionModule('ext', 'core.c', CORE=Dir('.'))", "CORE is ."),
        ("env.ExtensionModule('ext', 'core.c', CORE='none.exports')", "cannot be read: No such file"),
        ("env.ExtensionModule('ext', 'core.c', CORE='core.h')", "this is not an export table"),
        ("env.ExtensionModule('ext', 'core.c', CORE=env.SharedLibrary('core', 'core.c'))", "did not make"),
        ("env.ExportTable('core.exports', ['core.interface'])", "needs one library and then one interface"),
        ("env.ExportTable('core.exports', [])", "needs one library and then one interface, got nothing"),
        ("env.Interface('core.interface', 'core.x')", "no language is known for the suffix '.x'"),
        ("env.Interface('core.interface', ['core.h', 'core.hpp'])", "of several languages"),
    ],
)
def test_mistakes_in_calls_are_told_with_the_line_of_the_sconstruct(build, call, words):
    run = build("", f"\n{call}\n", rc=2)
    assert words in run.err
    assert f'File "{build.project.path("SConstruct")}", line 6' in run.err
    assert "Traceback" not in run.text


def test_commands_and_their_texts_can_be_replaced(build):
    lines = """
def note(target, source, env):
    print("verified", target[0])
env.Replace(EXPORTTABLECOM=[env['EXPORTTABLECOM'], note], EXPORTTABLECOMSTR='TABLE $SOURCES')
env.Replace(INTERFACECOMSTR='IFACE $TARGET')
"""
    run = build(lines)
    assert "IFACE core.interface\n" in run.out
    assert "TABLE libcore.so core.interface\n" in run.out
    assert "verified core.exports\n" in run.out
    build("env['INTERFACECOM'] = 'cp given $TARGET'", "env.Interface('other.interface', 'core.h')\n", rc=2)


def test_under_the_ninja_tool_the_gate_refuses(build):
    pytest.importorskip("ninja", reason="needs the Python package ninja")
    after = "env.ExtensionModule('ext', 'core.c', CORE='core.exports')\n"
    head = "SetOption('experimental', 'ninja')\nenv.Tool('ninja')"
    bin_folder = sysconfig.get_path("scripts")
    run = build(head, CORE + after, rc=2, env={"PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}"})
    assert "SCons' ninja tool would build extensions even if core.exports is refused" in run.err
    assert not build.project.path("build.ninja").exists()


SDK = """\
core = env.SharedLibrary('sdk/core', 'core.c')
env.ExportTable('sdk/core.exports', [core, env.Interface('sdk/core.interface', 'core.h')])
env.Install('sdk', 'core.h')
"""
PLUGIN = HEAD + "env.Append(CPPPATH=['sdk'])\nenv.ExtensionModule('ext', 'ext.c', CORE={core})\n"


@pytest.fixture
def plugin(build, tmp_path_factory):
    """The project of somebody who only has the SDK of a core."""
    build("", SDK)
    project = type(build.project)(tmp_path_factory.mktemp("plugin"))
    shutil.copytree(build.project.path("sdk"), project.path("sdk"))
    project.write("ext.c", '#include "core.h"\nint run(void) { return core_add(1, 2); }\n')
    project.write("SConstruct", PLUGIN.format(core="'sdk/core.exports'"))
    return project


def test_a_plugin_links_against_the_core_of_an_sdk(plugin):
    run = plugin.scons("-Q")
    assert "-Lsdk -l:libcore.so" in run.out
    assert plugin.up_to_date()
    plugin.path("sdk/libcore.so").write_bytes(plugin.path("sdk/libcore.so").read_bytes() + b"\0")
    assert plugin.up_to_date()
    table = plugin.path("sdk/core.exports")
    table.write_text(table.read_text().replace('"core_add"', '"core_sub"'))
    assert not plugin.up_to_date()


def test_a_plugin_that_verifies_the_core_itself(plugin):
    own = "env.ExportTable('mine.exports', ['sdk/libcore.so', 'sdk/core.interface'], EXPORT_EVIDENCE='layout')"
    plugin.write("SConstruct", PLUGIN.format(core=own))
    plugin.scons("-Q")
    shutil.copy(plugin.path("libext.so"), plugin.path("sdk/libcore.so"))
    assert "[hidden-symbol]" in plugin.scons("-Q", rc=2).err


@pytest.mark.parametrize(
    "old, new, words",
    [
        ('"libcore.so"', '"libother.so"', "the table of libother.so, which is not beside it"),
        ('"libcore.so"', '"../libcore.so"', "does not name its library"),
        ('"libcore.so"', "7", "does not name its library"),
        ('"rebel-exports"', '"other"', "this is not an export table"),
        ('"version": 1', '"version": 99', "this table has the version 99"),
        ("{", "", "this is not an export table"),
        ("{", "[" * 100_000, "this is not an export table"),
    ],
)
def test_tables_of_an_sdk_that_cannot_be_used(plugin, old, new, words):
    table = plugin.path("sdk/core.exports")
    table.write_text(table.read_text().replace(old, new, 1))
    run = plugin.scons("-Q", rc=2)
    assert words in run.err
    assert f'File "{plugin.path("SConstruct")}", line 5' in run.err
    assert "Traceback" not in run.text


def test_names_in_a_table_are_no_text_for_scons(plugin):
    """The name of a library is data: neither a variable nor a command."""
    name = "lib${__import__('os').system('touch${IFS}harm')}.so"
    plugin.path("sdk/libcore.so").rename(plugin.path(f"sdk/{name}"))
    table = plugin.path("sdk/core.exports")
    table.write_text(table.read_text().replace("libcore.so", name))
    plugin.scons("-Q")
    assert not plugin.path("harm").exists()


def test_an_import_library_of_an_sdk(build, tmp_path_factory):
    if not shutil.which("x86_64-w64-mingw32-gcc"):
        pytest.skip("needs x86_64-w64-mingw32-gcc")
    cross = "env.Tool('mingw')\nenv.Replace(CC='x86_64-w64-mingw32-gcc', SHLINK='x86_64-w64-mingw32-gcc')\n"
    names = "env.Replace(LDMODULE='$SHLINK', SHLIBPREFIX='', SHLIBSUFFIX='.dll', LDMODULESUFFIX='.dll')\n"
    build(cross + names, SDK)
    project = type(build.project)(tmp_path_factory.mktemp("plugin"))
    shutil.copytree(build.project.path("sdk"), project.path("sdk"))
    project.write("ext.c", '#include "core.h"\nint run(void) { return core_add(1, 2); }\n')
    project.write("SConstruct", HEAD + cross + names + PLUGIN[len(HEAD) :].format(core="'sdk/core.exports'"))
    assert "sdk/libcore.a" in project.scons("-Q").out
    assert project.up_to_date()


def test_suppressions_of_a_table(build):
    """An accepted finding is printed, the table depends on the file, and other findings still count."""
    write = build.project.write
    write("core.h", "int core_add(int a, int b);\nint core_gone(void);\n")
    lines = "env['EXPORT_SUPPRESSIONS'] = 'accept.txt'"
    write("accept.txt", "[suppress]\nrule = missing-symbol\nsymbol = core_lost\nreason = none\n")
    run = build(lines, rc=2)
    assert "core_gone: interface says an exported function" in run.err
    assert "warning: accept.txt:1: this suppression matches nothing (none)" in run.out
    write("accept.txt", "[suppress]\nrule = missing-symbol\nsymbol = core_gone\nreason = comes in May\n")
    assert "accepted: core_gone" in build(lines).out
    assert build.project.up_to_date()
    write("accept.txt", "# nothing is accepted any more\n")
    build(lines, rc=2)
    assert not build.project.path("core.exports").exists()
    write("accept.txt", "[suppress]\nrule = missing\nreason = x\n")
    assert "accept.txt:2:8: there is no rule missing" in build(lines, rc=2).err


@pytest.mark.parametrize(
    "lines, promised",
    [
        ("", {"OWN", "PART"}),
        ("env['INTERFACE_EXCLUDE'] = 'part.h'", {"OWN"}),
        ("env['INTERFACE_HEADERS'] = 'deps'", {"OWN", "FOREIGN"}),
        ("env['INTERFACE_HEADERS'] = ['*.h']", {"OWN", "PART", "FOREIGN"}),
    ],
)
def test_constants_of_the_headers_that_count(build, lines, promised):
    """A constant to which no symbol leads is promised by the header that declares it."""
    write = build.project.write
    write("deps/foreign.h", "enum foreign { FOREIGN = 1 };\n")
    write("part.h", "#ifndef VALUE\n#define VALUE 2\n#endif\nenum { PART = VALUE };\n")
    write("core.h", '#include "part.h"\n#include <foreign.h>\nenum own { OWN };\nint core_add(int a, int b);\n')
    write("core.c", '#include "core.h"\nint core_add(int a, int b) { return a == PART || b == OWN || a == FOREIGN; }\n')
    lines = f"env.Append(CPPPATH=['deps'])\n{lines}"
    build(lines)
    declared = read_interface(build.project.path("core.interface")).declarations
    assert {enum.values[0][0] for enum in declared.enumerations} == promised
    assert build.project.up_to_date()
    stale = CORE.replace("'core.c')", "'core.c', CPPDEFINES={'VALUE': 3})")
    run = build(lines, stale, rc=2 if "PART" in promised else 0)
    assert ("enum of PART: PART: interface says 2, library has 3" in run.text) == ("PART" in promised)
