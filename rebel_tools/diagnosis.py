"""What is installed and what is not: the tools of rebel_tools.tools, and what one project needs besides."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from importlib import metadata

from rebel_tools import tools
from rebel_tools.project import Project, ProjectError, load_project
from rebel_tools.project.document import read_document
from rebel_tools.project.model import AUTO
from rebel_tools.rpython.python27 import PRIVATE
from rebel_tools.tools import FINDLIB, PROGRAM, Tool

FOUND, MISSING, BROKEN = "found", "missing", "not working"
TOO_OLD = "too old"
TIMEOUT = 20  # seconds for one `tool --version`


@dataclass(frozen=True)
class Finding:
    """One tool: whether it is installed, and what to do if not.

    status: FOUND, MISSING, TOO_OLD or BROKEN (installed, but it does not report a version).
    required: whether the main job, or the project in the current folder, needs it.
    """

    name: str
    status: str
    version: str | None
    path: str | None
    needed_by: str
    install: str
    required: bool

    @property
    def ok(self) -> bool:
        return self.status == FOUND


@dataclass(frozen=True)
class Diagnosis:
    """All findings. project: the package.json that was read; problem: why it could not be read."""

    findings: tuple[Finding, ...]
    project: str | None = None
    problem: str | None = None

    @property
    def ok(self) -> bool:
        """Whether everything that is required is installed."""
        return self.problem is None and all(finding.ok for finding in self.findings if finding.required)


def diagnose(root: str = ".") -> Diagnosis:
    """Look for every tool, and for what the project in `root` needs, if there is one."""
    manifest = os.path.abspath(os.path.join(root, "package.json"))
    project = problem = None
    if os.path.exists(manifest):
        try:
            project = load_project(root)
        except ProjectError as error:
            problem = str(error)
    needed = _needed(project) if project else set()
    table = [*tools.TOOLS.values(), *(_library(name) for name in sorted(needed - set(tools.TOOLS)))]
    findings = tuple(_examine(tool, tool.required or tool.name in needed, root) for tool in table)
    return Diagnosis(findings, manifest if project or problem else None, problem)


def _needed(project: Project) -> set[str]:
    """The names of the tools and findlib libraries that a project needs beyond the required ones."""
    needed = {library for package in project.packages for library in package.ocamlfind}
    if any(source.kind in ("re", "rei") for package in project.packages for source in package.sources):
        needed |= {"refmt", "ppxlib"}
    rules = (rule for package in project.packages for rule in package.rules)
    needed |= {name for rule in rules for name in (rule.kind, *rule.words[:1]) if name in tools.TOOLS}
    engines = {target.engine for target in project.targets}
    needed |= {tool for engine, tool in (("jsoo", "js_of_ocaml"), ("bucklescript", "bsc")) if engine in engines}
    if project.linker not in ("", AUTO):
        needed.add(f"ld.{project.linker}")
    return needed


def _library(name: str) -> Tool:
    return Tool(name, FINDLIB, "this project", tools.install_hint(name), required=True)


def _examine(tool: Tool, required: bool, root: str) -> Finding:
    look = {PROGRAM: _program, FINDLIB: _findlib}.get(tool.kind, _python)
    status, version, path = look(tool, root)
    if status == FOUND and tool.minimum and _numbers(version) < tool.minimum:
        status = TOO_OLD
    return Finding(tool.name, status, version, path, tool.needed_by, tool.install, required)


def _program(tool: Tool, root: str) -> tuple[str, str | None, str | None]:
    """The path, version and problem of a program; programs of the project and its packages are not run."""
    private = os.path.join(os.path.abspath(root), ".tools", PRIVATE) if tool.name == "python2.7" else ""
    if os.access(private, os.X_OK):
        return FOUND, "2.7", private
    path = tools.find(tool.name, root=root)
    if path is None:
        return MISSING, None, None
    if not tool.version:
        return FOUND, None, path
    package = tools.npm_package(path)
    version = _npm_version(path, package) if package else _version(_output([path, *tool.version]))
    return (FOUND if version else BROKEN), version, path


def _npm_version(program: str, package: str) -> str | None:
    """The version of the npm package that a program belongs to."""
    real = os.path.realpath(program)
    top = os.path.join("node_modules", *package.split("/"), "")
    folder = (real if top in real else program).rpartition(top)[0] + top
    try:
        value = read_document(os.path.join(folder, "package.json")).value
    except (OSError, ProjectError):
        return None
    return _version(str(value.get("version"))) if isinstance(value, dict) else None


def _findlib(tool: Tool, root: str) -> tuple[str, str | None, str | None]:
    ocamlfind = tools.find("ocamlfind", root=root)
    found = _output([ocamlfind, "query", "-format", "%v\n%d", tool.name]) if ocamlfind else None
    if not found:
        return MISSING, None, None
    version, _, path = found.partition("\n")
    return FOUND, version or None, path.strip()


def _python(tool: Tool, root: str) -> tuple[str, str | None, str | None]:
    try:
        distribution = metadata.distribution(tool.name)
    except metadata.PackageNotFoundError:
        return MISSING, None, None
    return FOUND, distribution.version, os.path.abspath(str(distribution.locate_file("")))


def _output(command: list[str]) -> str | None:
    """What the command prints, on either stream (Python 2.7 uses stderr); None when it fails."""
    try:
        process = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=TIMEOUT
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return process.stdout.decode("utf-8", "replace").strip() if process.returncode == 0 else None


def _version(text: str | None) -> str | None:
    """The first version number in what `--version` prints ("Reason 3.6.0 @ 8f71db0", "Python 2.7.18")."""
    found = re.search(r"\d+(\.\d+)*", text or "")
    return found.group() if found else None


def _numbers(version: str | None) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version or "")[:3])
