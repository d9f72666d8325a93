"""env.OCamlInstall: a library of an SConstruct goes to where findlib and dune find it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable

import SCons.Node.Python
import SCons.Tool.install
import SCons.Util
from SCons.Action import Action

from rebel_tools.errors import RebelError
from rebel_tools.ocaml.meta import FILE, Meta, meta_text
from rebel_tools.ocaml.toolchain import needed_at_run_time
from rebel_tools.plan.model import ARCHIVING, BYTE, NATIVE, Scope, Step
from rebel_tools.project.names import INSTALLED
from rebel_tools.scons.builders import ocaml_files
from rebel_tools.scons.calls import own_copy
from rebel_tools.scons.mistakes import user_error
from rebel_tools.scons.scopes import scopes_of
from rebel_tools.scons.session import Session, session
from rebel_tools.scons.settings import package_names, path_of, program
from rebel_tools.text import quote


@user_error
def ocaml_install(env, folder, library, name: str = "", version: str = "", description: str = "", requires=None):
    """Install a library into `folder`/`name`: its archives, compiled files and sources, and a META.

    folder: such as `prefix/lib`. library: what env.OCamlLibrary returned. name: in findlib, by default that of the
    library's file. requires: the findlib packages that its users need, by default those of OCAMLPACKAGES without
    rewriters, and the libraries in OCAMLLIBS under their own names.
    """
    run, nodes = session(), SCons.Util.flatten([library])
    scope = _one_scope(env, nodes)
    archives = [step for step in run.plan.steps.values() if step.kind == ARCHIVING and step.scope is scope]
    name = name or _base(archives[0])
    if not re.fullmatch(INSTALLED, name):
        raise RebelError(
            f"{quote(name)} cannot be the name of an installed library", expected="letters, digits, - and _"
        )
    needed = _requirements(run, scope) if requires is None else SCons.Util.flatten([requires])
    meta = Meta(version, description, tuple(map(str, needed)), **_archive_names(archives))
    env = _with_install(env)
    into = env.Dir(folder).Dir(name)
    files = [*nodes, *ocaml_files(env, nodes), *run.source_nodes.get(scope, {}).values()]
    return env.Install(into, files) + _write_meta(env, into.File(FILE), meta_text(meta))


def _one_scope(env, nodes: list) -> Scope:
    scopes = scopes_of(env, nodes)
    if len(scopes) != 1:
        raise RebelError("env.OCamlInstall is about one library", expected="what one env.OCamlLibrary returned")
    return scopes[0]


def _base(archive: Step) -> str:
    return os.path.splitext(os.path.basename(archive.key))[0]


def _archive_names(archives: Iterable[Step]) -> dict[str, str]:
    names = {step.engine: os.path.basename(step.key) for step in archives}
    return {"byte": names.get(BYTE, ""), "native": names.get(NATIVE, "")}


def _requirements(run: Session, scope: Scope) -> list[str]:
    """Each library under the name of its archive, then the findlib packages."""
    env = run.environments[scope]
    archives = {step.scope: step for step in run.plan.steps.values() if step.kind == ARCHIVING}
    own = [_base(archives[used]) for used in scope.uses if used in archives]
    packages = package_names(env)
    found = needed_at_run_time(packages, [program(env, "OCAMLFIND")], path_of(env)) if packages else []
    return list(dict.fromkeys([*own, *found]))


def _with_install(env):
    """An environment with SCons' own builder, which not every list of tools has."""
    if not hasattr(env, "Install"):
        env = own_copy(env)
        SCons.Tool.install.generate(env)
    return env


def _write_meta(env, target, text: str):
    if target.has_builder():
        raise RebelError(f"two libraries are installed with one META, {quote(str(target))}", hint="give name= to one")
    return env.Command(target, SCons.Node.Python.Value(text), Action(_write, "install $TARGET"))


def _write(target, source, env) -> None:
    with open(target[0].get_abspath(), "w", encoding="utf-8") as file:
        file.write(source[0].get_text_contents())
