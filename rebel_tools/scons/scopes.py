"""Makes scopes and steps from environments and nodes, for env.OCamlLibrary and the others, and for env.Rebel()."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any, TypeVar

import SCons.Node.FS
import SCons.Util

from rebel_tools.errors import RebelError
from rebel_tools.ocaml.names import SUFFIXES, Naming, is_interface, module_name
from rebel_tools.plan.model import ARCHIVE, Module, Scope
from rebel_tools.plan.step import Archive, Collect, Link, LinkPlugin
from rebel_tools.plan.steps import archive_step
from rebel_tools.plan.units import check_units, namespace_of
from rebel_tools.scons.arguments import checked_module, from_top, known_file, path_of
from rebel_tools.scons.calls import own_copy
from rebel_tools.scons.compat import Environment, Node, file_at
from rebel_tools.scons.linking import archive_command, link_command
from rebel_tools.scons.nodes import StepFile
from rebel_tools.scons.output import install_output
from rebel_tools.scons.session import Session, session
from rebel_tools.scons.settings import map_places, package_names, settings
from rebel_tools.scons.words import expanded, extended

Collected = TypeVar("Collected", bound=Collect)


def scope_environment(env: Environment) -> Environment:
    """An environment of its own for one scope, so that what is set later does not change it."""
    env = own_copy(env)
    env["OCAMLENGINES"] = env.Split(env["OCAMLENGINES"])
    if not env["OCAMLENGINES"]:
        raise RebelError("$OCAMLENGINES is empty", expected=" or ".join(ARCHIVE))
    for engine in env["OCAMLENGINES"]:
        if engine not in ARCHIVE:
            raise RebelError(f"unknown engine `{engine}` in $OCAMLENGINES", expected=" or ".join(ARCHIVE))
    install_output(env)
    map_places(env)
    return env


def new_scope(env: Environment, outdir: str, namespace: str, public: str = "") -> tuple[Scope, Session]:
    """The scope of a folder and namespace, the same one for the same folder, and the session that it belongs to."""
    run = session()
    uses = used_scopes(env)
    inherit_packages(env, run, uses)
    outdir = outdir.replace(os.sep, "/") or "."
    scope = Scope(outdir, Naming(namespace, public), tuple(env["OCAMLENGINES"]), settings(env), uses)
    for known in run.plan.scopes:
        if known.outdir == outdir and known.namespace == namespace:
            if known.settings.identity != scope.settings.identity or known.uses != uses:
                raise RebelError(
                    f"two environments with different settings compile OCaml into the folder `{outdir}`",
                    hint="set OCAMLOBJDIR, or use a variant_dir for each of them",
                )
            return known, run
    run.add_scope(scope, env)
    return scope, run


def inherit_packages(env: Environment, run: Session, scopes: Iterable[Scope]) -> None:
    """Users of a library need its findlib packages, too."""
    inherited = [name for scope in scopes for name in package_names(run.environments[scope])]
    env["OCAMLPACKAGES"] = extended([], dict.fromkeys(package_names(env) + inherited))


def used_scopes(env: Environment) -> tuple[Scope, ...]:
    """The scopes of the libraries in `$OCAMLLIBS` and of all that they use, each after those that it uses."""
    return tuple(dict.fromkeys(s for scope in scopes_of(env, env["OCAMLLIBS"]) for s in (*scope.uses, scope)))


def scopes_of(env: Environment, libraries: Any) -> list[Scope]:
    nodes = env.arg2nodes(SCons.Util.flatten([libraries]), env.fs.Entry)
    for node in nodes:
        if not is_archive(node):
            raise RebelError(f"`{node}` is not a library of OCaml", expected="what env.OCamlLibrary returned")
    return list(dict.fromkeys(node.attributes.rebel_step.scope for node in nodes))


def add_sources(run: Session, scope: Scope, nodes: Iterable[Node]) -> list[Module]:
    """Modules for source nodes. Errors: two files for one module, or a file that is not an OCaml or Reason source."""
    modules: dict[str, Module] = {}
    known = dict(scope.modules)
    for node in nodes:
        path = path_of(node)
        if scope.alias and path == scope.alias.implementation:
            continue  # Glob() finds the one of the last build
        name = checked_module(module_name(node.name), node)
        _check_source(path, name, scope.modules.get(name))
        real = os.path.join(run.plan.disk.root, path)
        if os.path.exists(real) and not os.path.isfile(real):  # reading a FIFO would wait for a writer
            raise RebelError(f"the source `{path}` is not a file", hint="remove it")
        intf, impl = (path, None) if is_interface(path) else (None, path)
        run.source_nodes.setdefault(scope, {})[path] = node
        modules[name] = scope.add(name, impl, intf)
    for name, module in modules.items():
        if name in known and known[name] != module and run.plan.unit_steps(scope, module.object):
            raise RebelError(f"`{module.interface}` and `{module.implementation}` go into one call of a builder")
        _check_interface(run, scope, module)
        run.plan.add_module(scope, module)
    if scope.alias:
        run.plan.add_module(scope, scope.alias)
    return list(modules.values())


def _check_source(path: str, name: str, known: Module | None) -> None:
    if not path.endswith(SUFFIXES):
        raise RebelError(f"`{path}` is not a source of OCaml or Reason", expected=", ".join(SUFFIXES))
    other = known and (known.interface if is_interface(path) else known.implementation)
    if other and other != path:
        raise RebelError(f"`{other}` and `{path}` are both the module {name}", hint="rename one of them")


def _check_interface(run: Session, scope: Scope, module: Module) -> None:
    """The compiler uses an interface beside an implementation, whether or not it is among the sources."""
    beside = f"{module.implementation}i"
    if module.interface or not module.implementation:
        return
    if not os.path.exists(os.path.join(run.plan.disk.root, beside)):
        beside = _in_repository(run.source_nodes[scope][module.implementation])
    if not beside:
        return
    node = file_at(from_top(beside))
    if node.duplicate and not os.path.exists(node.srcnode().get_abspath()):
        run.old_copies.append(node)
    else:
        raise RebelError(f"`{beside}` is not among the sources, but `{module.implementation}` is", hint="add it")


def _in_repository(implementation: Node) -> str:
    """The path of the interface that a Repository() puts beside a source, '' for none."""
    source = implementation.srcnode()
    interface = known_file(source.dir, f"{source.name}i")
    return interface.rfile().get_internal_path() if interface and not interface.is_derived() else ""


def make_nodes(run: Session, scope: Scope) -> None:
    """Make nodes, so each output of a scope can be named on the command line or installed."""
    for step in [s for s in run.plan.steps.values() if s.scope is scope]:
        run.nodes(step)


def library_step(
    env: Environment, run: Session, scope: Scope, engine: str, base: str, more: Iterable[Node] = ()
) -> Archive:
    """The step that makes an archive. more: nodes of other outputs of its command."""
    return _add(env, run, archive_step(scope, engine, base, archive_command(env, engine), _paths(more)))


def program_step(
    env: Environment,
    run: Session,
    scope: Scope,
    path: str,
    modules: Iterable[Module] = (),
    entry: Module | None = None,
    foreign: Iterable[Node] = (),
    more: Iterable[Node] = (),
) -> Link:
    """The step that links a program from modules of `scope`, or from `entry` and what it reaches.

    more: nodes of other outputs of its command.
    """
    engine = env["OCAMLENGINES"][0]
    if engine not in scope.engines:
        raise RebelError(f"`{path}` needs objects for the engine {engine}, and they are not compiled for it")
    archives = tuple(used_archives(run, (*scope.uses, *used_scopes(env)), engine))
    words = [word for each in archives for word in expanded(run.environments[each], "OCAMLARCHIVEFLAGS")]
    step = Link(
        scope,
        engine,
        outputs=tuple(dict.fromkeys((path, *_paths(more)))),
        members=tuple(modules),
        command=link_command(env, engine, words),
        archives=archives,
        entry=entry,
        foreign=tuple(map(path_of, foreign)),
    )
    run.foreign_nodes[step] = list(foreign)
    return _add(env, run, step)


def plugin_step(
    env: Environment,
    run: Session,
    scope: Scope,
    path: str,
    entry: Module | None = None,
    host: Link | None = None,
    members: Iterable[Module] = (),
    archives: Iterable[Archive] = (),
    reading: Iterable[str] = (),
) -> LinkPlugin:
    """The step that links a plugin: from `entry` and what it reaches, without what the step `host` contains, or from
    `members`; and from whole archives. reading: the paths of other files that determine whether it can be loaded.
    """
    engine = env["OCAMLENGINES"][0]
    words = [word for each in archives for word in expanded(run.environments[each], "OCAMLARCHIVEFLAGS")]
    command = link_command(env, engine, words, LinkPlugin)
    files = (*command.files, *((host.key,) if host else ()), *reading)
    step = LinkPlugin(
        scope,
        engine,
        outputs=(path,),
        members=tuple(members),
        command=command._replace(files=files),
        archives=tuple(archives),
        entry=entry,
        host=host,
    )
    return _add(env, run, step)


def _paths(nodes: Iterable[Node]) -> tuple[str, ...]:
    return tuple(node.get_internal_path() for node in nodes)


def _add(env: Environment, run: Session, step: Collected) -> Collected:
    """Add the step of a library or program; a repeated identical call returns the same step."""
    archives = step.archives if isinstance(step, Link) else ()
    check_units(map(namespace_of, dict.fromkeys((step.scope, *step.scope.uses, *(each.scope for each in archives)))))
    known = run.plan.add(step)
    if _told(known) != _told(step):
        raise RebelError(f"there are two ways to build `{step.key}`", hint="give one of them another name")
    run.environments.setdefault(known, env)
    return known


def _told(step: Collect) -> dict[str, object]:
    """The arguments of a builder for a step, without the function for installed files, which differs in each call."""
    return {**vars(step), "command": step.command._replace(installed=list)}


def used_archives(run: Session, scopes: Iterable[Scope], engine: str) -> list[Archive]:
    """The archives of libraries, in link order."""
    archives = {s.scope: s for s in run.plan.steps.values() if isinstance(s, Archive) and s.engine == engine}
    wanted = list(dict.fromkeys(scopes))
    missing = next((scope for scope in wanted if scope not in archives), None)
    if missing:
        raise RebelError(
            f"the library {missing.namespace} is not built for the engine {engine}",
            hint=f"add '{engine}' to the OCAMLENGINES of its env.OCamlLibrary",
        )
    return [archives[scope] for scope in wanted]


def is_archive(node: Node) -> bool:
    step = node.attributes.rebel_step if isinstance(node, StepFile) else None
    return isinstance(step, Archive)


def object_folder(env: Environment) -> str:
    folder = env.subst("$OCAMLOBJDIR")
    return env.fs.Dir(folder).get_internal_path() if folder else ""
