"""The SCons tool `ocaml`: env.OCamlAlias, env.OCamlObject, env.OCamlLibrary and env.OCamlProgram.

The builders make scopes and steps of a plan (`rebel_tools.plan`); the nodes that they return are the plan's files.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

import SCons.Errors
import SCons.Node.FS
import SCons.Util

from rebel_tools.errors import RebelError
from rebel_tools.ocaml.names import SUFFIXES, is_interface, module_name
from rebel_tools.plan.model import ARCHIVE, ARCHIVING, LINKING, NATIVE, Module, Scope, Step
from rebel_tools.plan.steps import archive_step
from rebel_tools.scons.actions import linked_objects, unit_flags
from rebel_tools.scons.nodes import StepFile
from rebel_tools.scons.output import install_output
from rebel_tools.scons.session import Session, session
from rebel_tools.scons.settings import link_settings, package_archives, package_flags, settings

STATE = ".rebel-tools.json"

COMMANDS = {
    "OCAMLOPTCOM": "$OCAMLOPT $OCAMLFLAGS $OCAMLOPTFLAGS $_OCAMLPACKAGEFLAGS -c -o $TARGET $_OCAMLUNITFLAGS $SOURCE",
    "OCAMLCCOM": "$OCAMLC $OCAMLFLAGS $OCAMLCFLAGS $_OCAMLPACKAGEFLAGS -c -o $TARGET $_OCAMLUNITFLAGS $SOURCE",
    "OCAMLOPTARCHIVECOM": "$OCAMLOPT $OCAMLARCHIVEFLAGS -a -o $TARGET $_OCAMLOBJECTS",
    "OCAMLCARCHIVECOM": "$OCAMLC $OCAMLARCHIVEFLAGS -a -o $TARGET $_OCAMLOBJECTS",
    "OCAMLOPTLINKCOM": "$OCAMLOPT $OCAMLLINKFLAGS -o $TARGET $_OCAMLPACKAGEARCHIVES $_OCAMLOBJECTS",
    "OCAMLCLINKCOM": "$OCAMLC $OCAMLLINKFLAGS -o $TARGET $_OCAMLPACKAGEARCHIVES $_OCAMLOBJECTS",
}


def generate(env) -> None:
    _find_compilers(env)
    env.SetDefault(
        OCAMLC="ocamlc",
        OCAMLOPT="ocamlopt",
        OCAMLDEP="ocamldep",
        OCAMLFIND="ocamlfind",
        # -no-keep-locs: without it the compiled interface changes with every line that is inserted above a definition.
        OCAMLFLAGS=SCons.Util.CLVar("-g -bin-annot -no-keep-locs"),
        OCAMLOPTFLAGS=SCons.Util.CLVar(""),
        OCAMLCFLAGS=SCons.Util.CLVar(""),
        OCAMLDEPFLAGS=SCons.Util.CLVar(""),
        OCAMLARCHIVEFLAGS=SCons.Util.CLVar(""),
        OCAMLLINKFLAGS=SCons.Util.CLVar("-g"),
        OCAMLPACKAGES=[],
        OCAMLENGINES=[NATIVE],
        OCAMLLIBS=[],
        _OCAMLUNITFLAGS=unit_flags,
        _OCAMLOBJECTS=linked_objects,
        _OCAMLPACKAGEFLAGS=package_flags,
        _OCAMLPACKAGEARCHIVES=package_archives,
        **COMMANDS,
    )
    env.AddMethod(ocaml_alias, "OCamlAlias")
    env.AddMethod(ocaml_object, "OCamlObject")
    env.AddMethod(ocaml_library, "OCamlLibrary")
    env.AddMethod(ocaml_program, "OCamlProgram")


def exists(env) -> bool:
    return bool(env.Detect(["ocamlopt", "ocamlc"]))


def _find_compilers(env) -> None:
    """SCons does not hand the user's PATH on; a compiler that is only there (opam's) is taken from it."""
    if not env.WhereIs("ocamlc"):
        found = env.WhereIs("ocamlc", path=os.environ.get("PATH", ""))
        if found:
            env.PrependENVPath("PATH", os.path.dirname(found))


def _user_error(function):
    """What a builder has to complain about ends the reading of the SConstruct with the message and its line."""

    def checked(env, *args, **kw):
        try:
            return function(env, *args, **kw)
        except RebelError as error:
            raise SCons.Errors.UserError(str(error)) from error

    checked.__doc__ = function.__doc__
    return checked


@_user_error
def ocaml_alias(env, target, source, **kw):
    """The module-alias file of a package: `env.OCamlAlias('foo.ml', ['a.ml', 'b.ml'])` aliases A to Foo__A."""
    env = scope_environment(env, **kw)
    (node,) = env.arg2nodes(target, env.fs.File)
    scope, run = new_scope(env, os.path.dirname(node.get_internal_path()), module_name(node.name))
    add_sources(run, scope, env.arg2nodes(source, env.fs.File))
    return run.nodes(run.plan.add_module(scope, scope.alias)[0])


@_user_error
def ocaml_object(env, target=None, source=None, **kw):
    """Compile sources into the folder in which they are, or `$OCAMLOBJDIR`: `env.OCamlObject(['a.mli', 'a.ml'])`.

    They may use each other, and the sources of other calls for the same folder and `$OCAMLNAMESPACE`.
    Returns the compiled files, the object or interface of each source first.
    """
    env = scope_environment(env, **kw)
    sources = env.arg2nodes(target if source is None else source, env.fs.File)
    outdir = _object_folder(env) or os.path.dirname(sources[0].get_internal_path())
    scope, run = new_scope(env, outdir, env.subst("$OCAMLNAMESPACE"))
    modules = add_sources(run, scope, sources)
    if scope.alias:
        run.plan.add_module(scope, scope.alias)
    steps = [step for module in modules for step in run.plan.unit_steps(scope, module.object)]
    return SCons.Util.NodeList([node for step in steps for node in run.nodes(step)])


@_user_error
def ocaml_library(env, target, source, **kw):
    """A package: its modules behind one namespace, packed into `target`.cmxa and/or .cma for `$OCAMLENGINES`.

    The namespace is `$OCAMLNAMESPACE`, by default the capitalised name of the target. Other libraries and programs use
    the package when it is in their `$OCAMLLIBS`.
    """
    env = scope_environment(env, **kw)
    (node,) = env.arg2nodes(target, env.fs.File)
    base = os.path.splitext(node.get_internal_path())[0]
    namespace = env.subst("$OCAMLNAMESPACE") or module_name(node.name)
    outdir = _object_folder(env) or base + ".objs"
    scope, run = new_scope(env, outdir, namespace, module_name(node.name) if env.get("OCAMLPUBLICMODULE") else "")
    add_sources(run, scope, env.arg2nodes(source, env.fs.File))
    run.plan.add_module(scope, scope.alias)
    nodes = [node for engine in scope.engines for node in run.nodes(library_step(env, run, scope, engine, base))]
    env.Clean(nodes, env.Dir("#" + outdir))
    return SCons.Util.NodeList(nodes)


@_user_error
def ocaml_program(env, target, source, **kw):
    """An executable for the first of `$OCAMLENGINES` from sources, results of env.OCamlObject, and objects of C.

    Sources are compiled into `$OCAMLOBJDIR`, by default `target`.objs; libraries come from `$OCAMLLIBS`.
    """
    env = scope_environment(env, **kw)
    (node,) = env.arg2nodes(target, env.fs.File)
    path = env.subst("${TARGET}$PROGSUFFIX", target=node) if not node.get_suffix() else node.get_internal_path()
    given = env.arg2nodes(source, env.fs.File)
    sources = [n for n in given if n.name.endswith(SUFFIXES)]
    compiled = [n.attributes.rebel_step for n in given if isinstance(n, StepFile)]
    foreign = [n for n in given if n not in sources and not isinstance(n, StepFile)]
    if compiled:
        scope, run = compiled[0].scope, session(STATE)
    else:
        outdir = _object_folder(env) or path + ".objs"
        scope, run = new_scope(env, outdir, env.subst("$OCAMLNAMESPACE"))
    modules = [step.module for step in compiled] + add_sources(run, scope, sources)
    if scope.alias:
        run.plan.add_module(scope, scope.alias)
        modules.append(scope.alias)
    step = program_step(env, run, scope, path, modules, foreign=foreign)
    nodes = run.nodes(step)
    if not compiled:
        env.Clean(nodes, env.Dir("#" + scope.outdir))
    return SCons.Util.NodeList(nodes)


# Scopes and steps, for the builders above and for env.Rebel()


def scope_environment(env, **kw):
    """An environment of its own for one scope, so that what is set later does not change it."""
    env = env.Clone(**kw)
    env["OCAMLENGINES"] = env.Split(env["OCAMLENGINES"])
    for engine in env["OCAMLENGINES"]:
        if engine not in ARCHIVE:
            raise RebelError(f"unknown engine `{engine}` in $OCAMLENGINES", expected=" or ".join(ARCHIVE))
    install_output(env)
    return env


def new_scope(env, outdir: str, namespace: str, public: str = "") -> tuple[Scope, Session]:
    """The scope of a folder and namespace, the same one for the same folder, and the session that it belongs to."""
    run = session(STATE)
    uses = used_scopes(env)
    inherited = [name for scope in uses for name in run.environments[scope]["OCAMLPACKAGES"]]
    env["OCAMLPACKAGES"] = list(dict.fromkeys(env.Split(env.subst("$OCAMLPACKAGES")) + inherited))
    outdir = outdir.replace(os.sep, "/") or "."
    scope = Scope(outdir, namespace, tuple(env["OCAMLENGINES"]), settings(env), uses, public)
    for known in run.plan.scopes:
        if known.outdir == outdir and known.namespace == namespace:
            if known.settings.identity != scope.settings.identity:
                raise RebelError(
                    f"two environments with different settings compile OCaml into the folder `{outdir}`",
                    hint="set OCAMLOBJDIR, or use a variant_dir for each of them",
                )
            return known, run
    run.add_scope(scope, env)
    return scope, run


def used_scopes(env) -> tuple[Scope, ...]:
    """The scopes of the libraries in `$OCAMLLIBS` and of all that they use, each after those that it uses."""
    found: dict[Scope, None] = {}
    for node in env.arg2nodes(env["OCAMLLIBS"], env.fs.File):
        if not isinstance(node, StepFile):
            raise RebelError(f"`{node}` in $OCAMLLIBS is no OCaml library", expected="what env.OCamlLibrary returned")
        scope = node.attributes.rebel_step.scope
        found.update(dict.fromkeys((*scope.uses, scope)))
    return tuple(found)


def add_sources(run: Session, scope: Scope, nodes: Iterable) -> list[Module]:
    """Modules for source nodes. Errors: two files for one module, or something that is no source of OCaml or Reason."""
    modules = {}
    for node in nodes:
        path, name = str(node), module_name(node.name)
        if not path.endswith(SUFFIXES):
            raise RebelError(f"`{path}` is not a source of OCaml or Reason", expected=", ".join(SUFFIXES))
        known = scope.modules.get(name)
        other = known and (known.interface if is_interface(path) else known.implementation)
        if other and other != path:
            raise RebelError(f"`{other}` and `{path}` are both the module {name}", hint="rename one of them")
        intf, impl = (path, None) if is_interface(path) else (None, path)
        run.source_nodes.setdefault(scope, {})[path] = node
        modules[name] = scope.add(name, impl, intf)
    for module in modules.values():
        run.plan.add_module(scope, module)
    return list(modules.values())


def library_step(env, run: Session, scope: Scope, engine: str, base: str) -> Step:
    return run.plan.add(archive_step(scope, engine, base, link_settings(env, ARCHIVING, engine)))


def program_step(env, run, scope: Scope, path: str, modules=(), entry=None, foreign=()) -> Step:
    """The step that links a program from modules of `scope`, or from `entry` and what it reaches."""
    engine = scope.engines[0]
    step = Step(
        LINKING,
        engine,
        (path,),
        scope,
        members=tuple(modules),
        entry=entry,
        archives=tuple(used_archives(run, scope, engine)),
        foreign=tuple(map(str, foreign)),
        settings=link_settings(env, LINKING, engine),
    )
    return run.plan.add(step)


def used_archives(run: Session, scope: Scope, engine: str) -> list[Step]:
    """The archives of all libraries that `scope` uses, in link order."""
    archives = {s.scope: s for s in run.plan.steps.values() if s.kind == ARCHIVING and s.engine == engine}
    missing = next((s for s in scope.uses if s not in archives), None)
    if missing:
        raise RebelError(
            f"the library {missing.namespace} is not built for the engine {engine}",
            hint=f"add '{engine}' to the OCAMLENGINES of its env.OCamlLibrary",
        )
    return [archives[used] for used in scope.uses]


def _object_folder(env) -> str:
    folder = env.subst("$OCAMLOBJDIR")
    return env.Dir(folder).get_internal_path() if folder else ""
