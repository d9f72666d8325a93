"""env.OCamlInstall: installs a library of an SConstruct so that findlib and dune find it."""

from __future__ import annotations

import os
import re
from typing import Any

import SCons.Node.Python
import SCons.Tool.install
import SCons.Util
from SCons.Action import Action

from rebel_tools.errors import RebelError
from rebel_tools.ocaml.meta import FILE, Meta, meta_text
from rebel_tools.ocaml.toolchain import needed_at_run_time
from rebel_tools.plan.model import BYTE, NATIVE, Scope
from rebel_tools.plan.step import Archive
from rebel_tools.project.names import INSTALLED
from rebel_tools.scons.builders import ocaml_files
from rebel_tools.scons.calls import own_copy
from rebel_tools.scons.compat import Environment, Node, Nodes, node_list
from rebel_tools.scons.library_stubs import files_of
from rebel_tools.scons.mistakes import user_error
from rebel_tools.scons.scopes import scopes_of
from rebel_tools.scons.session import Session, session
from rebel_tools.scons.settings import package_names, path_of, program
from rebel_tools.text import quote


@user_error
def ocaml_install(
    env: Environment,
    folder: Any,
    library: Any,
    name: str = "",
    version: str = "",
    description: str = "",
    requires: Any = None,
) -> Nodes:
    """Install a library into `folder`/`name`: its archives, compiled files, stubs and sources, and a META.

    The shared libraries of C code that bytecode loads are installed in `folder`/stublibs.
    folder: such as `prefix/lib`. library: a result of env.OCamlLibrary. name: in findlib, by default that of the
    library's file. requires: the findlib packages that its users need, by default those of OCAMLPACKAGES without
    rewriters, and the libraries in OCAMLLIBS under their own names.
    """
    run, nodes = session(), SCons.Util.flatten([library])
    scope = _one_scope(env, nodes)
    archives = [step for step in run.plan.steps.values() if isinstance(step, Archive) and step.scope is scope]
    name = name or _base(archives[0])
    if not re.fullmatch(INSTALLED, name):
        raise RebelError(
            f"{quote(name)} cannot be the name of an installed library", expected="letters, digits, - and _"
        )
    needed = _requirements(run, scope) if requires is None else SCons.Util.flatten([requires])
    names = {step.engine: os.path.basename(step.key) for step in archives}
    byte, native = names.get(BYTE, ""), names.get(NATIVE, "")
    meta = Meta(version, description, tuple(map(str, needed)), byte, native)
    env = _with_install(env)
    into = env.Dir(folder).Dir(name)
    stubs = files_of(run.environments[scope])
    loaded = [node for node in stubs if not node.name.endswith(".a")]
    files = [*nodes, *ocaml_files(env, nodes), *run.source_nodes.get(scope, {}).values()]
    files += [node for node in stubs if node not in loaded]
    installed = [*env.Install(into, files), *(env.Install(env.Dir(folder).Dir("stublibs"), loaded) if loaded else ())]
    return node_list([*installed, *_write_meta(env, into.File(FILE), meta_text(meta))])


def _one_scope(env: Environment, nodes: list[Any]) -> Scope:
    scopes = scopes_of(env, nodes)
    if len(scopes) != 1:
        raise RebelError("env.OCamlInstall installs one library", expected="the result of one env.OCamlLibrary")
    return scopes[0]


def _base(archive: Archive) -> str:
    return os.path.splitext(os.path.basename(archive.key))[0]


def _requirements(run: Session, scope: Scope) -> list[str]:
    """Each library under the name of its archive, then the findlib packages."""
    env = run.environments[scope]
    archives = {step.scope: step for step in run.plan.steps.values() if isinstance(step, Archive)}
    own = [_base(archives[used]) for used in scope.uses if used in archives]
    packages = package_names(env)
    found = needed_at_run_time(packages, [program(env, "OCAMLFIND")], path_of(env)) if packages else []
    return list(dict.fromkeys([*own, *found]))


def _with_install(env: Environment) -> Environment:
    """An environment with SCons' own builder, which not every list of tools has."""
    if not hasattr(env, "Install"):
        env = own_copy(env)
        SCons.Tool.install.generate(env)
    return env


def _write_meta(env: Environment, target: Node, text: str) -> Nodes:
    if target.has_builder():
        raise RebelError(
            f"two libraries have the same META file, {quote(str(target))}",
            hint="give one of them name=",
        )
    return list(env.Command(target, SCons.Node.Python.Value(text), Action(_write, "install $TARGET")))


def _write(target: Nodes, source: Nodes, env: Environment) -> None:
    with open(target[0].get_abspath(), "w", encoding="utf-8") as file:
        file.write(source[0].get_text_contents())
