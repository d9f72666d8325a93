"""Generated sources of packages (lexers, grammars, preprocessors and commands) as ordinary nodes of SCons.

They are made before anything that reads them is planned, below the output folder of their target and never beside the
sources. SCons decides whether a rule has to run, from the contents of its inputs and programs, and its words.
"""

from __future__ import annotations

import os
import posixpath
import shutil
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import SCons.Node.FS

from rebel_tools import tools
from rebel_tools.errors import RebelError
from rebel_tools.memory.disk import folders_above
from rebel_tools.ocaml.toolchain import program_identity
from rebel_tools.project.errors import ProjectError
from rebel_tools.project.manifest import document_of
from rebel_tools.project.model import COMMAND, LEXER, MENHIR, PREPROCESSOR, YACC, Rule
from rebel_tools.scons import grammars
from rebel_tools.scons.actions import Words
from rebel_tools.scons.arguments import from_top, output_file
from rebel_tools.scons.compat import Environment, Nodes
from rebel_tools.scons.failures import refusal
from rebel_tools.scons.nodes import MadeFile
from rebel_tools.scons.output import SOURCES_OF_TREES
from rebel_tools.scons.package_rules import Place
from rebel_tools.scons.settings import path_of, program
from rebel_tools.text import quote

if TYPE_CHECKING:
    from rebel_tools.plan.model import Scope
    from rebel_tools.scons.target import TargetSession

VARIABLES = {LEXER: "OCAMLLEX", YACC: "OCAMLYACC", MENHIR: "MENHIR"}


def make_nodes(place: Place, env: Environment, scope: Scope, run: TargetSession) -> dict[str, SCons.Node.FS.File]:
    """The nodes of all outputs of the rules of a package, by path. Errors: MissingTool, ProjectError.

    scope, run: that of the package, and its session, for grammars whose types are inferred.
    """
    made: dict[str, SCons.Node.FS.File] = {}
    for rule in place.package.rules:
        sources = [env.fs.File(from_top(place.path(name))) for name in rule.sources]
        paths = [*map(place.made_path, rule.targets), *grammars.report(rule, place)]
        targets = [output_file(env, path) for path in paths]
        if rule.kind == MENHIR:
            nodes = grammars.make_nodes(rule, place, env, scope, run, targets, sources)
        else:
            nodes = env.Command(targets, sources, RuleAction(_words(rule, place, env), rule, place))
        if rule.kind == PREPROCESSOR:
            SOURCES_OF_TREES[place.made_path(rule.targets[0])] = place.path(rule.sources[0])
        if rule.program:
            env.Depends(nodes, run.rules.program(rule, place))
        tool = program_of(rule, env)
        if tool:
            env.Depends(nodes, env.Value(program_identity(tool)))
        for node in nodes:
            MadeFile.adopt(node)
            made[node.get_internal_path()] = node
    return made


def program_of(rule: Rule, env: Environment) -> str:
    """The installed program that a rule runs, '' if it is a file of the package."""
    if rule.kind in VARIABLES:
        return program(env, VARIABLES[rule.kind])
    name = rule.words[0]
    if rule.program or os.sep in name and not os.path.isabs(name):
        return ""
    return shutil.which(name, path=path_of(env)) or ""


def looked_at(rule: Rule, env: Environment) -> Iterator[str]:
    """The files whose existence determines which installed program a rule runs, that program last."""
    if rule.program:
        return
    tool = program_of(rule, env)
    name = rule.words[0] if rule.kind not in VARIABLES else os.path.basename(tool)
    for folder in path_of(env).split(os.pathsep) if os.sep not in name else ():
        path = os.path.join(os.path.abspath(folder), name)
        yield path
        if path == tool:
            return
    if tool:
        yield tool


def _words(rule: Rule, place: Place, env: Environment) -> list[str]:
    if rule.kind == LEXER:
        (source,), (target,) = rule.sources, rule.targets
        return [program(env, "OCAMLLEX"), "-q", *rule.words, "-o", place.made_path(target), plain(place.path(source))]
    if rule.kind == YACC:
        return [program(env, "OCAMLYACC"), "-v", f"-b{grammars.base(rule, place)}", plain(place.path(rule.sources[0]))]
    command = rule.words
    if rule.kind == PREPROCESSOR:
        command = (*command, rule.sources[0])
    origin = place.path(rule.sources[0]) if rule.kind == PREPROCESSOR else ""
    sources = [word for name in rule.sources for word in (name, place.path(name))]
    targets = [word for name in rule.targets for word in (name, place.made_path(name))]
    program_path = place.program_path(rule) if rule.program else ""
    counted = [str(len(rule.sources)), *sources, str(len(rule.targets)), *targets]
    return [
        sys.executable,
        "-I",
        "-S",
        "-c",
        _staged(),
        *counted,
        rule.stdout,
        rule.folder,
        origin,
        program_path,
        *command,
    ]


def plain(path: str) -> str:
    """A path as an argument that is not taken for an option."""
    return f"./{path}" if path.startswith("-") else path


@cache
def _staged() -> str:
    return files("rebel_tools.scons").joinpath("staged.py").read_text(encoding="utf-8")


def needs_itself(rule: Rule, made: Rule, place: Place, source: str) -> ProjectError:
    """The error about a program that depends on its own output."""
    document = document_of(place.package)
    return document.error(
        rule.command_keys,
        f"the program {quote(rule.words[0])} needs {quote(made.targets[0])}, which is made with it",
        expected="a program that does not use a module that it makes, directly or indirectly",
        hint=f"it consists of the modules that it uses; {source} is one of them",
    )


class RuleAction(Words):
    """The command of a rule. It is an error if it fails, or if a target is missing afterwards."""

    def __init__(self, words: Iterable[str], rule: Rule, place: Place) -> None:
        what = rule.words[0] if rule.kind in (COMMAND, PREPROCESSOR) else rule.kind
        named = rule.sources[0] if rule.kind != COMMAND else rule.targets[0]
        path = place.path(named) if rule.kind != COMMAND else place.made_path(named)
        super().__init__(words, f"{os.path.basename(what)} {path}")
        self.rule = rule
        self.place = place

    def execute(self, target: Nodes, source: Nodes, env: Environment, executor: Any = None) -> Any:
        result = super().execute(target, source, env, executor)
        error = self._error(result)
        if error is None:
            if not result:
                grammars.tell_conflicts(self.rule, self.place)
            return result
        status, said = getattr(result, "status", 0) or 1, getattr(result, "errstr", "")
        if said and not said.startswith("Error "):  # messages of a sandbox
            error.details = (*error.details, *said.splitlines())
        return refusal(target[0], error, status)

    def _error(self, result: Any) -> RebelError | None:
        """The error at the key of package.json; None for lexers and grammars, whose own errors name the file."""
        if result and self.rule.keys and self.rule.kind != MENHIR:
            status = getattr(result, "status", 1)
            is_missing = status == 127 and self.rule.words[0] in tools.TOOLS
            hint = tools.install_hint(self.rule.words[0]) if is_missing else ""
            return self._complaint(f"this command failed with exit status {status}", hint)
        missing = [name for name in self.rule.targets if not os.path.isfile(self.place.made_path(name))]
        if result or not missing:
            return None
        if not self.rule.keys:
            return RebelError(f"{self.rule.kind} did not write {self.place.made_path(missing[0])}")
        names = " and ".join(map(quote, missing))
        return self._complaint(f"this command succeeded, but did not write {names}")

    def _complaint(self, message: str, hint: str = "") -> ProjectError:
        rule = self.rule
        document = document_of(self.place.package)
        where = "in a folder with only its `sources`"
        if rule.kind == PREPROCESSOR:
            where = "in a folder with only the source and `preprocessorDependencies`"
        hint = hint or f"it runs {where}, at their paths in the package"
        expected = "a command that writes its targets at these paths, or `stdout`" if rule.kind == COMMAND else None
        return document.error(rule.command_keys, f"{message} ({rule.words[0]})", expected=expected, hint=hint)


def remove_vanished(top: str, folder: str, known: set[str]) -> None:
    """Remove outputs of removed rules. folder: of all outputs; known: paths of current outputs."""
    used = folders_above(known)
    for path, _, names in os.walk(os.path.join(top, folder), topdown=False):
        inside = os.path.relpath(path, top).replace(os.sep, "/")
        for name in names:
            if posixpath.join(inside, name) not in known:
                os.unlink(os.path.join(path, name))
        if inside not in used:
            with suppress(OSError):  # the folder is not empty
                os.rmdir(path)
