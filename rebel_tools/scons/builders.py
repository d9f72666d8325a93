"""The builders of the tool `ocaml`: env.OCamlAlias, OCamlObject, OCamlLibrary, OCamlProgram, OCamlPlugin, OCamlFiles.

They make scopes and steps of a plan (`rebel_tools.plan`); the nodes that they return are the plan's files. SCons calls
them through `ocaml_builder.OCamlBuilder`, with targets and sources as lists or None and the keywords of the call in
`env`; `chdir` is whether the call has that keyword.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import SCons.Node.FS
import SCons.Util

from rebel_tools.errors import RebelError
from rebel_tools.ocaml.names import SUFFIXES, module_name
from rebel_tools.plan.model import ARCHIVE, BYTE, NATIVE, Scope
from rebel_tools.plan.step import Compile, Link, ModuleStep, Step
from rebel_tools.project.names import is_module, package_module
from rebel_tools.scons.arguments import checked_module, from_top, source_files, target_file
from rebel_tools.scons.calls import is_true
from rebel_tools.scons.compat import Environment, Node, Nodes, node_list, with_suffix
from rebel_tools.scons.library_stubs import add_stubs, files_of, objects_of, tell_where
from rebel_tools.scons.mistakes import user_error
from rebel_tools.scons.nodes import StepFile
from rebel_tools.scons.scopes import (
    add_sources,
    inherit_packages,
    is_archive,
    library_step,
    make_nodes,
    new_scope,
    object_folder,
    plugin_step,
    program_step,
    scope_environment,
    scopes_of,
    used_archives,
    used_scopes,
)
from rebel_tools.scons.session import Session, session
from rebel_tools.scons.source_kinds import goes_into_library, goes_into_program, meant, modules_only

# Construction variables with the suffixes of objects, and of files that programs are linked with.
_OBJECTS = ("OBJSUFFIX", "SHOBJSUFFIX")
_LINKED = (*_OBJECTS, "LIBSUFFIX", "SHLIBSUFFIX")

PLUGINS = {NATIVE: ".cmxs", BYTE: ".cma"}

# The suffixes of compiled files that users of an archive need.
INSTALLED = (".cmi", ".cmx", ".cmt", ".cmti")


@user_error
def ocaml_alias(builder: Any, env: Environment, target: Any, source: Any, chdir: bool) -> Nodes:
    """The module-alias file of a package: `env.OCamlAlias('foo.ml', ['a.ml', 'b.ml'])` aliases A to Foo__A."""
    sources = _sources(builder, env, source, chdir)
    env = scope_environment(env)
    node = target_file(env, target)
    namespace = env.subst("$OCAMLNAMESPACE") or checked_module(module_name(node.name), node)
    scope, run = new_scope(env, os.path.dirname(node.get_internal_path()), namespace)
    scope.alias_file = scope.alias_file or node.get_internal_path()
    alias = scope.alias
    if alias is None or alias.implementation != node.get_internal_path():
        raise RebelError(f"the alias file of {namespace} is already `{alias and alias.implementation}`")
    add_sources(run, scope, sources)
    return run.nodes(run.plan.add_module(scope, alias)[0])


@user_error
def ocaml_object(builder: Any, env: Environment, target: Any, source: Any, chdir: bool) -> Nodes:
    """Compile sources into the folder of the first one, or `$OCAMLOBJDIR`: `env.OCamlObject(['a.mli', 'a.ml'])`.

    They may use each other, and the sources of other calls for the same folder and `$OCAMLNAMESPACE`.
    Returns the compiled files, the object or interface of each source first.
    """
    sources = _sources(builder, env, target if source is None else source, chdir)
    more, sources = builder.emitted(env, [], sources)
    if more or source is not None and target is not None:
        raise RebelError("the names of OCaml's compiled files follow from those of the sources", hint="give no target")
    env = scope_environment(env)
    outdir = object_folder(env) or os.path.dirname(sources[0].get_internal_path())
    scope, run = new_scope(env, outdir, env.subst("$OCAMLNAMESPACE"))
    modules = add_sources(run, scope, sources)
    steps = [step for module in modules for step in run.plan.unit_steps(scope, module.object)]
    return node_list([node for step in steps for node in run.nodes(step)])


@user_error
def ocaml_library(builder: Any, env: Environment, target: Any, source: Any, chdir: bool) -> Nodes:
    """A package: its modules behind one namespace, packed into `target`.cmxa and/or .cma for `$OCAMLENGINES`.

    The namespace is `$OCAMLNAMESPACE`, by default the name of the target as a module: `foo-bar` is `FooBar`. Other
    libraries and programs use the package when it is in their `$OCAMLLIBS`. Sources and objects of C become stubs, see
    `library_stubs`.
    """
    sources = _sources(builder, env, source, chdir, goes_into_library(_suffixes(env, _OBJECTS)))
    user_env, env = env, scope_environment(env)
    node = target_file(env, target, ARCHIVE[env["OCAMLENGINES"][0]], ARCHIVE.values())
    (node, *more), given = _emitted(builder, user_env, node, sources)
    sources = [each for each in given if each.name.endswith(SUFFIXES)]
    base = os.path.splitext(node.get_internal_path())[0]
    module = env.subst("$OCAMLNAMESPACE") or checked_module(package_module(os.path.basename(base)), node)
    public = module if is_true(env.get("OCAMLPUBLICMODULE")) else ""
    outdir = object_folder(env) or base + ".objs"
    scope, run = new_scope(env, outdir, module + "__" if public else module, public)
    add_sources(run, scope, sources)
    if public and public not in scope.modules:
        raise RebelError(f"OCAMLPUBLICMODULE is set, but no source of `{node}` is the module {public}")
    make_nodes(run, scope)
    if len(sources) < len(given):
        add_stubs(env, base, [each for each in given if each not in sources], outdir)
    first, *others = scope.engines
    steps = [library_step(env, run, scope, first, base, more)]
    steps += [library_step(env, run, scope, engine, base) for engine in others]
    nodes = [node for step in steps for node in run.nodes(step)]
    env.Requires(nodes, files_of(env))
    _own_folder(env, run, nodes, outdir)
    return node_list(nodes)


@user_error
def ocaml_program(builder: Any, env: Environment, target: Any, source: Any, chdir: bool) -> Nodes:
    """An executable for the first of `$OCAMLENGINES` from sources, results of env.OCamlObject, and C.

    Sources are compiled into `$OCAMLOBJDIR`, by default `target`.objs, in the namespace `$OCAMLNAMESPACE`, by default
    one of their own; libraries come from `$OCAMLLIBS` or are among the sources.
    """
    given = _sources(builder, env, source, chdir, goes_into_program(_suffixes(env, _LINKED)))
    user_env, env = env, scope_environment(env)
    node = target_file(env, target) if target else given[0].target_from_source("", env.subst("$PROGSUFFIX"))
    (node, *more), given = _emitted(builder, user_env, node, given)
    suffix = env.subst("$PROGSUFFIX")
    path = with_suffix(node.get_internal_path(), suffix)
    sources = [n for n in given if n.name.endswith(SUFFIXES)]
    made = [n.attributes.rebel_step for n in given if isinstance(n, StepFile)]
    compiled = [step for step in made if isinstance(step, ModuleStep)]
    env["OCAMLLIBS"] = [*SCons.Util.flatten([env["OCAMLLIBS"]]), *(n for n in given if is_archive(n))]
    foreign = [n for n in given if n not in sources and not isinstance(n, StepFile)]
    if compiled:
        scope, run = _scope_of(compiled), session()
        inherit_packages(env, run, (*used_scopes(env), scope))
    else:
        outdir = object_folder(env) or _without(path, suffix) + ".objs"
        scope, run = new_scope(env, outdir, _program_namespace(env, path))
    foreign = objects_of(env, foreign, scope.outdir)
    tell_where(env, [run.environments[each] for each in used_scopes(env)], foreign)
    modules = dict.fromkeys([*(step.module for step in compiled), *add_sources(run, scope, sources)])
    if not any(module.implementation for module in modules):
        raise RebelError(f"the program `{path}` has no implementation", expected="at least one .ml or .re")
    if scope.alias:
        modules[scope.alias] = None
    make_nodes(run, scope)
    step = program_step(env, run, scope, path, modules, foreign=foreign, more=more)
    nodes = run.nodes(step)
    if not compiled:
        _own_folder(env, run, nodes, scope.outdir)
    return node_list(nodes)


@user_error
def ocaml_plugin(builder: Any, env: Environment, target: Any, source: Any, chdir: bool) -> Nodes:
    """Make a plugin for the program `$OCAMLHOST` (Dynlink): `target`.cmxs, or `target`.cma for bytecode.

    It consists of its sources, in a namespace of their own, and of the libraries in `$OCAMLLIBS` that the program
    does not contain. If the program could not load it, that is an error.
    """
    sources = _sources(builder, env, source, chdir)
    env = scope_environment(env)
    host = _host(env)
    if env["OCAMLENGINES"][0] != host.engine:
        raise RebelError(
            f"the program `{host.key}` is compiled for the engine {host.engine}, but its plugin for another one",
            expected=f'OCAMLENGINES=["{host.engine}"]',
        )
    node = target_file(env, target, PLUGINS[host.engine], PLUGINS.values())
    path = node.get_internal_path()
    base = os.path.splitext(path)[0]
    outdir = object_folder(env) or base + ".objs"
    namespace = _program_namespace(env, base)
    if namespace == host.scope.namespace:
        raise RebelError(f"`{path}` has the namespace {namespace} of its program", hint="set OCAMLNAMESPACE")
    scope, run = new_scope(env, outdir, namespace)
    modules = dict.fromkeys(add_sources(run, scope, sources))
    if scope.alias:
        modules[scope.alias] = None
    make_nodes(run, scope)
    missing = [each for each in used_archives(run, scope.uses, host.engine) if each not in host.archives]
    tell_where(env, [run.environments[each.scope] for each in missing])
    nodes = run.nodes(plugin_step(env, run, scope, path, host=host, members=modules, archives=missing))
    _own_folder(env, run, nodes, outdir)
    return node_list(nodes)


def _host(env: Environment) -> Link:
    """The step of the program that loads a plugin. Errors: RebelError if `$OCAMLHOST` is not one of this build."""
    given = SCons.Util.flatten([env.get("OCAMLHOST") or []])
    steps = [getattr(node.attributes, "rebel_step", None) for node in env.arg2nodes(given, env.fs.Entry)]
    found = next((step for step in steps if type(step) is Link), None)
    if found is None:
        message = (
            f"`{given[0]}` is not an OCaml program"
            if given
            else "$OCAMLHOST is not set, so the program of the plugin is unknown"
        )
        raise RebelError(message, expected="OCAMLHOST= with the result of env.OCamlProgram")
    return found


@user_error
def ocaml_files(env: Environment, *libraries: Any) -> Nodes:
    """The files to install beside the archives of libraries: .cmi, .cmx, .cmt and .cmti files."""
    run = session()
    found: dict[Node, None] = {}
    for scope in scopes_of(env, libraries):
        for step in [s for s in run.plan.steps.values() if s.scope is scope and isinstance(s, Compile)]:
            found.update(dict.fromkeys(n for n in run.nodes(step) if n.name.endswith(INSTALLED)))
    return node_list(found)


def _suffixes(env: Environment, variables: Iterable[str]) -> list[str]:
    return [env.subst(f"${variable}") for variable in variables]


def _sources(
    builder: Any, env: Environment, source: Any, chdir: bool, of_c: Callable[[str], bool] = modules_only
) -> list[Any]:
    """The nodes to compile (and link); some sources are replaced by what other builders make of them.

    of_c: whether a file with this name is of use besides OCaml.
    """
    if chdir:
        raise RebelError("OCaml is compiled in the folder of the SConstruct", hint="leave out chdir=")
    given = meant(source_files(env, source), builder.suffixes(env), of_c)
    if not given:
        raise RebelError("none of the sources is code", expected=f"files with {', '.join(SUFFIXES)}")
    return list(builder.made_sources(env, given))


def _emitted(builder: Any, env: Environment, target: Node, sources: Nodes) -> tuple[Nodes, Nodes]:
    """Targets and sources after the user's emitters, both as files."""
    targets, sources = builder.emitted(env, [target], sources)
    if not targets:
        raise RebelError(f"an emitter has removed the target `{target}`")
    return targets, source_files(env, sources)


def _without(path: str, suffix: str) -> str:
    return path[: len(path) - len(suffix)] if path.endswith(suffix) else path


def _scope_of(steps: Sequence[Step]) -> Scope:
    """The scope of compiled objects. Errors: RebelError if there are several."""
    scopes = dict.fromkeys(step.scope for step in steps)
    if len(scopes) > 1:
        folders = " and ".join(f"`{scope.outdir}`" for scope in scopes)
        raise RebelError(
            f"objects from {folders} are compiled separately and cannot be linked into one program",
            hint="make one of them an env.OCamlLibrary, or compile all into one OCAMLOBJDIR",
        )
    return next(iter(scopes))


def _program_namespace(env: Environment, path: str) -> str:
    """A namespace that no library has, so that modules of a program may have the same names as those that they use."""
    if "OCAMLNAMESPACE" in env:
        return str(env.subst("$OCAMLNAMESPACE"))
    name = package_module(os.path.splitext(os.path.basename(path))[0])
    return f"{name if is_module(name) else 'Program'}__"


def _own_folder(env: Environment, run: Session, nodes: Nodes, outdir: str) -> None:
    """Let `scons -c` also remove the folder that the builder itself has chosen, once it is empty."""
    if not object_folder(env):
        run.own_folders.add(outdir)
        env.Clean(nodes, env.fs.Dir(from_top(outdir)))
