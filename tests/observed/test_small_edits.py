"""Small edits: SCons checks what depends on the changed files, or everything if in doubt. No work is left then."""

from __future__ import annotations

import os
import shutil
import sys
import time

import pytest
from asking import run, why_asked

pytestmark = pytest.mark.skipif(not shutil.which("gcc"), reason="needs gcc")

TOP = "env = Environment(CPPPATH=['include'], tools=['gcc', 'gnulink', 'ar'])\n"
PROGRAMS = "for n in range(3): env.Program(f'prog{n}', [f'm{n}.c'])\n"
ONE = "a = env.Command('a', 'value', 'cp $SOURCE $TARGET')"
PART = "targets are checked"


@pytest.fixture(autouse=True)
def switched_on(monkeypatch):
    monkeypatch.setenv("REBEL_SMALL_EDITS", "1")


@pytest.fixture
def programs(project):
    """A tree with three programs, and a header for each."""

    class Programs:
        path, write, root = project.path, project.write, project.root

        def says(self, lines: str = "", top: str = TOP, programs: str = PROGRAMS) -> None:
            project.write("SConstruct", top + programs + lines)
            time.sleep(0.04)  # a run proves nothing about files that are younger than a tick of the clock
            for _ in range(2):
                run(project)
            assert why_asked(project) == ""

        def edits(self, path: str, text: str, rc: int = 0) -> str:
            """Change a file and build; return the output. Plain scons finds nothing to do then."""
            project.write(path, text)
            time.sleep(0.04)
            told = run(project, rc=rc)
            if rc == 0:
                self.is_finished()
            return told.err + told.out

        def is_finished(self) -> None:
            copy = project.root.parent / "copy"
            shutil.rmtree(copy, ignore_errors=True)
            shutil.copytree(project.root, copy, symlinks=True)
            found = project.run(sys.executable, "-m", "SCons", "-q", cwd=copy, rc=None)
            assert found.rc == 0, found.text

        def answers(self) -> bool:
            return why_asked(project) == ""

    for n in range(3):
        project.write(f"include/h{n}.h", f"#define H {n}\n")
        project.write(f"m{n}.c", f'#include "h{n}.h"\nint main(void) {{ return H; }}\n')
    project.write("value", "1\n")
    return Programs()


def test_sources_and_headers(programs):
    programs.says()
    told = programs.edits("m1.c", '#include "h1.h"\nint main(void) { return H + 1; }\n')
    assert f"2 of 6 {PART}" in told and "m1.o" in told and "m0.o" not in told
    assert programs.answers()
    assert f"2 of 6 {PART}" in programs.edits("include/h2.h", "#define H 7\n") and programs.answers()
    assert f"2 of 6 {PART}" in programs.edits("m0.c", '#include "h2.h"\nint main(void) { return H; }\n')
    assert f"4 of 6 {PART}" in programs.edits("include/h2.h", "#define H 8\n")  # what was recorded after the last edit
    assert programs.answers()


def test_a_command_that_changes_a_source_of_what_was_skipped(programs):
    programs.write("grown", "0\n")
    programs.says(
        "env.Command('x', 'value', 'cp $SOURCE $TARGET; cat $SOURCE >> grown')\n"
        "env.Command('y', 'grown', 'cp $SOURCE $TARGET')\n"
    )
    told = programs.edits("value", "2\n")
    assert PART in told and "cp grown y" in told
    assert programs.path("y").read_text() == programs.path("grown").read_text()
    programs.edits("m1.c", "int main(void) { return 1; }\n")
    assert programs.answers()


def test_a_mistake_and_its_correction(programs):
    programs.says()
    assert PART in programs.edits("m1.c", "int main(void) { return }\n", rc=2)
    programs.edits("m1.c", "int main(void) { return 0; }\n")
    programs.edits("m2.c", "int main(void) { return 0; }\n")
    assert programs.answers()


def test_generated_headers(programs):
    programs.write("m1.c", '#include "made.h"\nint main(void) { return MADE; }\n')
    programs.says("env.Command('include/made.h', 'value', 'sed \"s/.*/#define MADE &/\" $SOURCE > $TARGET')\n")
    assert f"3 of 7 {PART}" in programs.edits("value", "2\n")
    assert f"2 of 7 {PART}" in programs.edits("m2.c", '#include "made.h"\nint main(void) { return MADE; }\n')
    assert f"5 of 7 {PART}" in programs.edits("value", "3\n") and programs.answers()


@pytest.mark.parametrize(
    "lines, judged",
    [
        ("a = env.Command('a', 'value', 'cp $SOURCE $TARGET; cp $SOURCE side')\nenv.SideEffect('side', a)\n"
         "env.Command('b', ['side', a], 'cat $SOURCES > $TARGET')\n", "2 of 8"),
        ("env.Command(['a', 'b'], 'value', 'cp value a; cp value b')\n"
         "env.Command('c', 'b', 'cp $SOURCE $TARGET')\n", "3 of 9"),
        ("{A}\nenv.Requires('m0.o', a)\n", "3 of 7"),
        ("{A}\nenv.Depends('prog2', a)\n", "2 of 7"),
        ("{A}\nenv.Depends('include/h0.h', a)\nenv.Command('b', 'value', {CP})\nDefault('prog0', 'b')\n", "4 of 4"),
        ("{A}\nenv.Depends('m0.c', Alias('x', a))\nenv.Command('b', 'value', {CP})\nDefault('prog0', 'b')\n", "4 of 4"),
        ("{A}\nenv.Install('there', a)\n", "2 of 8"),
        ("a = env.Command('d/a', 'value', {CP})\nenv.Command('b', Dir('d'), 'ls d > $TARGET')\n", "2 of 8"),
        ("{A}\nenv.Alias('all', [a, 'prog1']); Default('all')\n", "1 of 3"),
        ("{A}\nenv.AddPostAction(a, 'echo >> a')\n", "1 of 7"),
    ],
)  # fmt: skip
def test_what_else_connects_targets(programs, project, lines, judged):
    programs.says(lines.format(A=ONE, CP=repr("cp $SOURCE $TARGET")))
    for text in ("2\n", "3\n"):
        assert f"{judged} {PART}" in programs.edits("value", text)
        run(project)  # other changes by an action than its target keep a build from being a proof
        assert programs.path("a" if "d/a" not in lines else "d/a").read_text().startswith(text)


@pytest.mark.parametrize("duplicate", [0, 1])
def test_variant_folders(programs, duplicate):
    programs.write("src/m0.c", "int main(void) { return 0; }\n")
    programs.write("src/m1.c", '#include "own.h"\nint main(void) { return OWN; }\n')
    programs.write("src/own.h", "#define OWN 1\n")
    programs.says(
        f"env.VariantDir('out', 'src', duplicate={duplicate})\n"
        "for n in range(2): env.Program(f'out/p{n}', f'out/m{n}.c')\n",
        programs="env.Append(CPPPATH=['out'])\n",
    )
    for value in (2, 3):
        new = programs.write("new.h", f"#define OWN {value}\n")
        os.replace(new, programs.path("src/own.h"))  # like an editor
        told = programs.edits("src/m0.c", f"int main(void) {{ return {value}; }}\n")
        assert f"4 of 4 {PART}" in told and programs.answers()
        assert f"2 of 4 {PART}" in programs.edits("src/m0.c", f"int main(void) {{ return {value} + 1; }}\n")


SCANNER = """
def scan(node, env, path):
    return [File(name) for name in open('names').read().split()]
env.Command('c', 'value', 'cat $SOURCE names > $TARGET', source_scanner=Scanner(scan))
"""


ASKS = (
    "env['ASKED'] = lambda target, source, env, for_signature: str({})\n"
    "env.Command('x', 'm0.c', 'echo \"$ASKED\" > $TARGET')\n"
)


@pytest.mark.parametrize(
    "lines, path",
    [
        ("env['V'] = open('value').read()\n", "value"),
        ("env['V'] = File('value').get_text_contents()\n", "value"),
        ("Decider('timestamp-match'); env.Decider('timestamp-match')\n", "m1.c"),
        ("Decider(lambda d, t, p, r=None: d.get_csig() != getattr(p, 'csig', 0))\n", "m1.c"),
        ("File('m1.c').Decider(lambda d, t, p, r=None: d.get_csig() != getattr(p, 'csig', 0))\n", "m1.c"),
        (ASKS.format("File('value').get_csig()") + ONE, "value"),
        (ASKS.format("File('value').get_size()") + ONE, "value"),
        ("Repository('elsewhere')\n", "m1.c"),
        (SCANNER, "names"),
    ],
)
def test_in_doubt_everything_is_judged(programs, lines, path):
    programs.write("names", "m1.c\n")
    programs.write("elsewhere/x", "")
    programs.says(lines)
    text = programs.path(path).read_text()
    told = programs.edits(path, f"{text}{'m2.c' if path == 'names' else '' if path == 'value' else '// more'}\n")
    assert PART not in told


def test_what_only_skipped_targets_need(programs):
    """A time, and the text of the SConstruct with its comments."""
    asked = "__import__('os').path.getmtime('value'), open('SConstruct').read().count('#')"
    programs.says(ASKS.format(f"({asked})") + ONE)
    for text in ("int main(void) { return 1; }\n", "int main(void) { return 2; }\n"):
        assert f"2 of 8 {PART}" in programs.edits("m1.c", text) and programs.answers()
    os.utime(programs.path("value"))
    assert not programs.answers()
    assert PART in programs.edits("m1.c", "int main(void) { return 3; }\n") and programs.answers()
    programs.write("SConstruct", f"{programs.path('SConstruct').read_text()}# more\n")
    assert not programs.answers()


def test_a_file_that_is_also_read_by_a_scanner_of_the_user(programs):
    programs.write("names", "m2.c\n")
    programs.says(SCANNER + "env.Command('d', 'names', 'cp $SOURCE $TARGET')\n")
    told = programs.edits("m2.c", "int main(void) { return 5; }\n")
    assert PART in told and told.count("running scons") == 1 and programs.answers()


def test_targets_of_a_scanner_of_the_user_are_always_judged(programs):
    programs.write("names", "m1.c\n")
    programs.says(SCANNER)
    told = programs.edits("m2.c", "int main(void) { return 5; }\n")
    assert f"3 of 7 {PART}" in told and programs.answers()


def test_several_files_and_other_changes(programs):
    programs.says()
    programs.write("m1.c", "int main(void) { return 1; }\n")
    assert f"4 of 6 {PART}" in programs.edits("m2.c", "int main(void) { return 2; }\n")
    programs.write("h0.h", "#define H 99\n")  # is found before include/h0.h, in the folder of the source
    assert PART not in programs.edits("m2.c", "int main(void) { return 3; }\n")
    programs.path("prog0").unlink()
    assert PART not in programs.edits("m2.c", "int main(void) { return 4; }\n")


def test_only_the_graph_of_the_last_manifest_counts(programs, project):
    programs.says()
    folder = project.root.parent / f"{project.root.name}-cache" / "rebel-tools" / "observed"
    (edges,) = folder.rglob("*.edges")
    data = bytearray(edges.read_bytes())
    data[-1] ^= 1
    edges.write_bytes(data)
    assert PART not in programs.edits("m2.c", "int main(void) { return 3; }\n")
    assert PART in programs.edits("m2.c", "int main(void) { return 4; }\n")
