"""`--sandbox` and the builders of this project: what they know by themselves may be read; other accesses are named."""

from __future__ import annotations

import shutil
import sys

import pytest
from needs import needs_reason
from user_project import ROOT, Project, snapshot

STATE = (".rebel-tools.json", ".rebel-tools.manifest", ".rebel-tools.editors.json", ".rebel-tools.up-to-date")
STATE += (".merlin", ".sconsign.dblite")


def build(project: Project, *options: str, rc: int = 0):
    return project.run(sys.executable, "-m", "rebel_tools", "build", *options, rc=rc)


def example(tmp_path, name: str) -> Project:
    for program in ("bwrap", "strace", "ocamlfind"):
        if not shutil.which(program):
            pytest.skip(f"{program} is not installed")
    shutil.copytree(ROOT / "examples" / name, tmp_path / "project", ignore=shutil.ignore_patterns("_build"))
    return Project(tmp_path / "project")


@pytest.mark.parametrize("mode", ["--sandbox", "--sandbox=fast", "--sandbox=trace"])
def test_packages_build_to_the_same_bytes(tmp_path, mode: str) -> None:
    project = example(tmp_path, "csv-query")
    build(project)
    plain = snapshot(project.root, STATE)
    shutil.rmtree(project.path("_build"))
    build(project, mode, "-j8")
    assert snapshot(project.root, STATE) == plain
    assert "ocamlopt" not in build(project, mode).text


def test_an_edit_compiles_in_the_sandbox_what_it_must(tmp_path) -> None:
    project = example(tmp_path, "markdown")
    build(project, "--sandbox")
    path = project.path("src/html.ml")
    path.write_text(path.read_text() + "\nlet one_more = 1\n")
    build(project, "--sandbox")
    edited = snapshot(project.root, STATE)
    shutil.rmtree(project.path("_build"))
    build(project)
    assert snapshot(project.root, STATE) == edited


def test_a_rule_of_a_package_reads_its_sources_only(tmp_path) -> None:
    project = example(tmp_path, "markdown")
    rule = '"rules": [{"command": ["cat", "%s"], "sources": ["data.txt"], "stdout": "src/data.ml"}], '
    text = project.path("package.json").read_text()
    project.write("data.txt", "let data = 1\n")
    project.write("other.txt", "let data = 2\n")
    project.write("package.json", text.replace('"rebel": {', '"rebel": {' + rule % "data.txt"))
    build(project, "--sandbox")
    project.write("package.json", text.replace('"rebel": {', '"rebel": {' + rule % project.path("other.txt")))
    assert "read other.txt, which is not declared" in build(project, "--sandbox", rc=2).text


@pytest.mark.skipif(not shutil.which("menhir"), reason="menhir is not installed")
@pytest.mark.parametrize("mode", ["--sandbox", "--sandbox=trace"])
def test_lexers_grammars_and_generators_build(tmp_path, mode: str) -> None:
    project = example(tmp_path, "log-filter")
    build(project)
    plain = snapshot(project.root, STATE)
    shutil.rmtree(project.path("_build"))
    build(project, mode, "-j8")
    assert snapshot(project.root, STATE) == plain


@needs_reason()
def test_reason_builds(tmp_path) -> None:
    build(example(tmp_path, "reason"), "--sandbox")


def test_an_ocaml_interface_that_was_left_out_is_named(tree) -> None:
    script = """
env['ENV'] = os.environ
env.Command(['lib/part.cmi', 'lib/part.cmx', 'lib/part.o'], 'lib/part.ml', 'ocamlopt -c -I lib $SOURCE')
env.Command(['main.cmx', 'main.cmi', 'main.o'], 'main.ml', 'ocamlopt -c -I lib $SOURCE')
"""
    project = tree("import os\n" + script, **{"lib/part.ml": "let x = 1\n", "main.ml": "let y = Part.x\n"})
    project.scons("lib/part.cmx")
    run = project.scons("--sandbox", rc=2)
    assert "main.cmx: read lib/part.cmi, which is not declared" in run.err
    assert "env.Depends('#main.cmx', '#lib/part.cmi')" in run.err


def test_a_file_that_an_ocaml_flag_reads_is_named(tmp_path) -> None:
    project = example(tmp_path, "markdown")
    project.write("filter.sh", 'cat data.txt > /dev/null; exec cat "$1"\n')
    project.write("data.txt", "")
    text = project.path("package.json").read_text()
    flags = '"entry": "src/Index.ml", "unstable_flags": {"compile": ["-pp", "sh filter.sh"]}'
    project.write("package.json", text.replace('"entry": "src/Index.ml"', flags))
    run = build(project, "--sandbox", rc=2)
    assert "read data.txt, which is not declared" in run.text


def test_gated_links_read_the_library_of_their_core(tree) -> None:
    head = "env.Tool('export_table', toolpath=env['toolpath'] if 'toolpath' in env else [])\n"
    script = """
core = env.SharedLibrary('core', ['core.c'])
table = env.ExportTable('core.exports', [core, env.Interface('core.interface', 'core.h')])
env.ExtensionModule('ext', ['ext.c'], CORE=table)
"""
    files = {
        "core.h": "int twice(int x);\n",
        "core.c": '#include "core.h"\nint twice(int x) { return 2 * x; }\n',
        "ext.c": '#include "core.h"\nint four(void) { return twice(2); }\n',
    }
    project = tree(head + script, **files)
    project.scons("--sandbox")
    assert project.up_to_date()
    assert project.path("libext.so").exists()
