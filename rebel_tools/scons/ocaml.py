"""The SCons tool `ocaml`: its construction variables, and builders that are imported when they are first called.

A project that loads the tool and has no OCaml in a build pays for this module only.
"""

from __future__ import annotations

import os
from importlib import import_module

import SCons.Errors
import SCons.Util

from rebel_tools.scons import profile

_UNIT = "$_OCAMLPACKAGEFLAGS -c -o $TARGET $_OCAMLUNITFLAGS $_OCAMLSOURCE"

COMMANDS = {
    "OCAMLOPTCOM": f"$OCAMLOPT $OCAMLFLAGS $OCAMLOPTFLAGS {_UNIT}",
    "OCAMLCCOM": f"$OCAMLC $OCAMLFLAGS $OCAMLCFLAGS {_UNIT}",
    "REFMTCOM": "$_REFMT $SOURCE -o $TARGET",
    "OCAMLOPTARCHIVECOM": "$OCAMLOPT $OCAMLARCHIVEFLAGS -a -o $TARGET $_OCAMLOBJECTS",
    "OCAMLCARCHIVECOM": "$OCAMLC $OCAMLARCHIVEFLAGS -a -o $TARGET $_OCAMLOBJECTS",
    "OCAMLOPTLINKCOM": "$OCAMLOPT $OCAMLLINKFLAGS -o $TARGET $_OCAMLPACKAGEARCHIVES $_OCAMLOBJECTS",
    "OCAMLCLINKCOM": "$OCAMLC $OCAMLLINKFLAGS -o $TARGET $_OCAMLPACKAGEARCHIVES $_OCAMLOBJECTS",
}

# Name of a builder -> its function in builders.py.
BUILDERS = {
    "OCamlAlias": "ocaml_alias",
    "OCamlObject": "ocaml_object",
    "OCamlLibrary": "ocaml_library",
    "OCamlProgram": "ocaml_program",
    "OCamlFiles": "ocaml_files",
}

# Construction variable -> module and function that expand it.
VARIABLES = {
    "OCAMLWHERE": ("settings", "library_folder"),
    "_OCAMLUNITFLAGS": ("actions", "unit_flags"),
    "_OCAMLSOURCE": ("actions", "compiled_file"),
    "_REFMT": ("actions", "tree_converter"),
    "_OCAMLOBJECTS": ("actions", "linked_objects"),
    "_OCAMLPACKAGEFLAGS": ("settings", "compiled_packages"),
    "_OCAMLPACKAGEARCHIVES": ("settings", "linked_packages"),
}


def generate(env) -> None:
    profile.add_option()
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
        OCAMLENGINES=["native"],
        OCAMLLIBS=[],
        **{variable: _variable(*place) for variable, place in VARIABLES.items()},
        **COMMANDS,
    )
    for name, function in BUILDERS.items():
        env.AddMethod(late("builders", function), name)


def exists(env) -> bool:
    return bool(env.Detect(["ocamlopt", "ocamlc"]))


def _find_compilers(env) -> None:
    """SCons does not hand the user's PATH on; a compiler that is only there (opam's) is taken from it."""
    if not env.WhereIs("ocamlc"):
        found = env.WhereIs("ocamlc", path=os.environ.get("PATH", ""))
        if found:
            env.PrependENVPath("PATH", os.path.dirname(found))


def late(module: str, name: str):
    """The method of environments that is the function `name` of a module beside this one."""

    def method(env, *args, **kw):
        return getattr(import_module(f"rebel_tools.scons.{module}"), name)(env, *args, **kw)

    # SCons shows the place of the innermost call that is not in its own files: that of the builder, in the SConstruct.
    method.__code__ = method.__code__.replace(co_filename=SCons.Errors.__file__)
    return method


def _variable(module: str, name: str):
    def expand(target, source, env, for_signature):
        return getattr(import_module(f"rebel_tools.scons.{module}"), name)(target, source, env, for_signature)

    return expand
