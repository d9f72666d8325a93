"""Tests as nodes of SCons: each run makes a file if it passes, and runs again when its inputs have changed.

A program runs in a folder of its own with only its declared files; its output is stored below the output folder. Its
words are an argument vector, without a shell.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import SCons.Errors
import SCons.Node.FS
import SCons.Node.Python
import SCons.Script
import SCons.Util
from SCons.Action import Action

from rebel_tools.errors import RebelError
from rebel_tools.outputs.test_results import Run, Wanted, actual_path, complaint, passed_path
from rebel_tools.project.model import Case, Project, Target, Test
from rebel_tools.project.tests import test_names
from rebel_tools.scons import build_folder, front
from rebel_tools.scons.arguments import from_top, output_file
from rebel_tools.scons.compat import Environment, Nodes
from rebel_tools.scons.mistakes import user_error
from rebel_tools.scons.output import SOURCES, pass_on

_NOT_STARTED = 127  # as in shells


class TestRun(NamedTuple):
    """One run of a test, with absolute paths.

    program: its file. folder: where it runs, in the folder of its own. reads: path there -> file that is copied.
    input: the file that it gets as standard input, or ''. actual: the file for what it prints.
    """

    wanted: Wanted
    program: str
    actual: str
    folder: str = "."
    arguments: tuple[str, ...] = ()
    reads: tuple[tuple[str, str], ...] = ()
    input: str = ""

    @property
    def files(self) -> list[str]:
        """All files that the result depends on, besides the program; the expected output may be missing."""
        named = (*(path for _, path in self.reads), self.input, self.wanted.expected)
        return [path for path in dict.fromkeys(named) if path]

    @property
    def description(self) -> str:
        """What the result depends on besides files."""
        return repr((self.folder, self.arguments, [name for name, _ in self.reads], self.wanted.exit_status))


# Of a package.json


def add_tests(env: Any, project: Project, programs: Mapping[Target, list[Any]], how: Any) -> None:
    """Nodes and aliases for all tests. programs: the nodes of targets; how: the profile."""
    build = os.path.join(build_folder.folder_of(project.root.root), how.folder)
    asked = {str(name) for name in SCons.Script.COMMAND_LINE_TARGETS}
    for test in project.tests:
        for case in test.cases:
            program = programs[test.target]
            run = _run_of(test, case, project.package(test.package).root, build, program[0].get_abspath())
            nodes = _package_nodes(env, run, program, passed_path(build, test, case))
            SOURCES[str(nodes[0])] = os.path.relpath(run.input or os.path.join(_root(test, project), test.target.entry))
            for name in dict.fromkeys(test_names(test)):
                env.Alias(name, nodes)
            told = front.report()
            if told and not asked.isdisjoint(test_names(test)):
                told.test(run.wanted.title, nodes[0])


def _package_nodes(env: Any, run: TestRun, program: list[Any], passed: str) -> list[Any]:
    def node(path: str) -> Any:
        return output_file(env, build_folder.from_here(path))

    sources = [*program, *(node(path) for path in run.files if os.path.isfile(path))]
    return _nodes(env, run, node(passed), sources, node(run.actual))


def _root(test: Test, project: Project) -> str:
    return project.package(test.package).root


def _run_of(test: Test, case: Case, root: str, build: str, program: str) -> TestRun:
    title = f"{test.name} ({case.input})" if case.name else test.name
    expected = os.path.join(root, case.expected) if case.expected else ""
    return TestRun(
        wanted=Wanted(title, test.exit_status, expected, os.path.relpath(expected) if expected else ""),
        program=program,
        actual=actual_path(build, test, case),
        folder=test.folder,
        arguments=test.arguments,
        reads=tuple((name, os.path.join(root, name)) for name in test.reads),
        input=os.path.join(root, case.input) if case.input else "",
    )


# Of an SConstruct


@user_error
def ocaml_test(
    env: Environment,
    program: Any,
    arguments: Any = (),
    input: Any = None,
    expected: Any = None,
    files: Any = (),
    exit_status: int = 0,
    target: Any = None,
) -> Any:
    """Run a program; it passes if it ends with `exit_status` and, if `expected` is given, prints its contents.

    files: what it reads, in a folder of its own, at their paths from the SConstruct. target: the file that is made when
    it has passed, by default `program`.passed. Returns its node, for an alias.
    """
    nodes = env.arg2nodes(SCons.Util.flatten([program]), env.fs.File)
    if len(nodes) != 1:
        raise RebelError(f"env.OCamlTest runs one program, not {len(nodes)}")
    made = env.fs.File(target) if target else env.fs.File(from_top(nodes[0].get_internal_path() + ".passed"))
    reads = env.arg2nodes(SCons.Util.flatten([files]), env.fs.File)
    given, right = (env.arg2nodes(name, env.fs.File)[:1] if name else [] for name in (input, expected))
    run = TestRun(
        wanted=Wanted(str(made).removesuffix(".passed"), int(exit_status), *_placed(right)),
        program=nodes[0].get_abspath(),
        actual=made.get_abspath() + ".actual",
        arguments=tuple(map(str, SCons.Util.flatten([arguments]))),
        reads=tuple((node.get_internal_path(), node.get_abspath()) for node in reads),
        input=given[0].get_abspath() if given else "",
    )
    # What is expected may be missing, until it is promoted by hand.
    files = [*reads, *given, *(node for node in right if node.exists())]
    return _nodes(env, run, made, [*nodes, *files], env.fs.File(from_top(f"{made.get_internal_path()}.actual")))


def _placed(nodes: Nodes) -> tuple[str, str]:
    return (nodes[0].get_abspath(), nodes[0].get_internal_path()) if nodes else ("", "")


# For both


def _nodes(env: Any, run: TestRun, target: Any, sources: Sequence[Any], actual: Any) -> list[Any]:
    """target: the node of the file that is written if a test passes; actual: that of its output."""
    said = SCons.Node.Python.Value(run.description)
    action = Action(RunTest(run), f"test {run.wanted.title}".replace("$", "$$"))
    nodes = env.Command(target, [*sources, said], action)
    env.Clean(nodes, actual)
    return list(nodes)


class RunTest:
    """The action of one run."""

    def __init__(self, run: TestRun) -> None:
        self.run = run

    def __call__(self, target: list[Any], source: list[Any], env: Any) -> Any:
        run = self.run
        done = _run(run, {name: str(value) for name, value in env["ENV"].items()})
        said = complaint(run.wanted, done)
        if not said:
            with suppress(FileNotFoundError):
                os.unlink(run.actual)
            with open(target[0].get_abspath(), "w", encoding="utf-8") as file:
                file.write("passed\n")
            return None
        if done.status != run.wanted.exit_status:
            os.unlink(run.actual)  # it must not be promoted
        pass_on(str(target[0]), run.wanted.title, "", said, 1)
        return SCons.Errors.BuildError(node=target[0], errstr=f"{run.wanted.title} failed", status=1, exitstatus=2)


def _run(run: TestRun, environ: Mapping[str, str]) -> Run:
    """Run the program; its standard output is in the file for what it prints. Errors: OSError."""
    folder = tempfile.mkdtemp(prefix="test-")
    try:
        for name, path in run.reads:
            place = os.path.join(folder, name)
            os.makedirs(os.path.dirname(place), exist_ok=True)
            shutil.copy(path, place)
        here = os.path.join(folder, run.folder)
        os.makedirs(here, exist_ok=True)
        os.makedirs(os.path.dirname(run.actual), exist_ok=True)
        return _started(run, here, {**environ, "PWD": here})
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _started(run: TestRun, folder: str, environ: Mapping[str, str]) -> Run:
    with suppress(FileNotFoundError):
        os.unlink(run.actual)
    given = run.input or os.devnull
    with open(given, "rb") as stdin, open(run.actual, "xb") as stdout, tempfile.TemporaryFile() as stderr:
        command = [run.program, *run.arguments]
        try:
            done = subprocess.run(
                command, cwd=folder, env=environ, check=False, stdin=stdin, stdout=stdout, stderr=stderr
            )
        except OSError as error:
            return Run(_NOT_STARTED, run.actual, f"{run.program}: {error.strerror}\n".encode())
        stderr.seek(0)
        return Run(done.returncode, run.actual, stderr.read())
