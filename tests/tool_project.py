"""Projects that use the tool `ocaml`, and the five checks that every builder has to pass."""

from __future__ import annotations

import os
import re
import textwrap

HEAD = """\
import rebel_tools
DefaultEnvironment(tools=[])
env = Environment(tools=["ocaml"], toolpath=[rebel_tools.TOOLPATH])
"""

_COMMAND = re.compile(
    r"^(\S*ocaml(opt|c)\b|writing module aliases|\S*gcc|ocamllex|menhir|Install file|Retrieved)", re.M
)


def sconstruct(project, body: str, files: dict | None = None, name: str = "SConstruct") -> None:
    """An SConstruct with `env`, and the sources beside it."""
    project.write(name, HEAD + textwrap.dedent(body))
    for path, text in (files or {}).items():
        project.write(path, textwrap.dedent(text))


def commands(run) -> list[str]:
    """The lines of a build's output that report a step."""
    return [line for line in run.out.splitlines() if _COMMAND.match(line)]


def targets(run) -> list[str]:
    """The targets that were made, in the order of the commands."""
    found = []
    for line in commands(run):
        option = re.search(r" -o (\"[^\"]+\"|\S+)", line)
        found.append(option[1].strip('"') if option else line.split()[-1])
    return found


def entries(project) -> set:
    """All files and folders, without SCons' own database."""
    return {str(p.relative_to(project.root)) for p in project.root.rglob("*")} - {".sconsign.dblite"}


def outputs(project) -> dict:
    return project.snapshot(ignore=(".sconsign.dblite", ".rebel-tools.json"))


def append(project, name: str, text: str) -> None:
    with open(project.path(name), "a") as file:
        file.write(text)


def replace(project, name: str, old: str, new: str) -> None:
    text = project.path(name).read_text()
    assert old in text
    project.path(name).write_text(text.replace(old, new))


def five_checks(project, comment_in: str, compiled: list, change) -> None:
    """Null, comment, clean, parallel and incremental builds of a project that was not built yet.

    comment_in: a source that gets a comment at its end; compiled: the outputs of the steps that may run then.
    change: edits the project so that its outputs differ.
    """
    sources = entries(project)
    first = project.scons()
    assert commands(first), first.out
    second = project.scons()
    assert commands(second) == [], second.out

    append(project, comment_in, "\n(* nothing but a comment *)\n")
    after_comment = project.scons("--debug=explain")
    assert sorted(targets(after_comment)) == compiled, after_comment.out

    before = outputs(project)
    change(project)
    project.scons()
    incremental = outputs(project)
    assert incremental != before

    project.scons("-c")
    assert entries(project) == sources
    project.scons("-j8", "--random")
    assert outputs(project) == incremental


def ocaml_free_path(folder) -> str:
    """A PATH with the programs of this machine, except OCaml."""
    folder.mkdir()
    for place in reversed(os.environ["PATH"].split(os.pathsep)):
        for entry in os.scandir(place) if os.path.isdir(place) else ():
            link = folder / entry.name
            if not entry.name.startswith("ocaml"):
                link.unlink(missing_ok=True)
                link.symlink_to(entry.path)
    return str(folder)
