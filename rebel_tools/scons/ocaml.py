"""The SCons tool `ocaml`: its construction variables, and builders that are imported when they are first called.

A project that loads the tool but does not use it imports only this module.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import Any

import SCons.Util

from rebel_tools.scons import profile, surroundings
from rebel_tools.scons.compat import Environment, Nodes, in_the_name_of_scons
from rebel_tools.scons.ocaml_builder import BUILDERS, OCamlBuilder, lexer, parser

_UNIT = "$_OCAMLPACKAGEFLAGS -c -o $TARGET $_OCAMLUNITFLAGS $_OCAMLSOURCE"

COMMANDS = {
    "OCAMLOPTCOM": f"$OCAMLOPT $OCAMLFLAGS $OCAMLOPTFLAGS {_UNIT}",
    "OCAMLCCOM": f"$OCAMLC $OCAMLFLAGS $OCAMLCFLAGS {_UNIT}",
    "REFMTCOM": "$_REFMT $SOURCE -o $TARGET",
    "OCAMLOPTARCHIVECOM": "$OCAMLOPT $OCAMLARCHIVEFLAGS -a -o $TARGET $_OCAMLOBJECTS",
    "OCAMLCARCHIVECOM": "$OCAMLC $OCAMLARCHIVEFLAGS $_OCAMLDLLS -a -o $TARGET $_OCAMLOBJECTS",
    "OCAMLOPTLINKCOM": "$OCAMLOPT $OCAMLLINKFLAGS -o $TARGET $_OCAMLPACKAGEARCHIVES $_OCAMLOBJECTS",
    "OCAMLOPTPLUGINCOM": "$OCAMLOPT $OCAMLLINKFLAGS -shared -linkall -o $TARGET $_OCAMLOBJECTS",
    "OCAMLCPLUGINCOM": "$OCAMLC $OCAMLARCHIVEFLAGS $_OCAMLDLLS -a -o $TARGET $_OCAMLOBJECTS",
    "OCAMLLEXCOM": "$OCAMLLEX $OCAMLLEXFLAGS -o $TARGET $SOURCE",
    "OCAMLYACCCOM": "$OCAMLYACC $OCAMLYACCFLAGS -b ${TARGET.base} $SOURCE",
    "OCAMLCLINKCOM": "$OCAMLC $OCAMLLINKFLAGS -o $TARGET $_OCAMLPACKAGEARCHIVES $_OCAMLOBJECTS",
}

# Construction variable -> the module and function that expand it.
VARIABLES = {
    "OCAMLWHERE": ("settings", "library_folder"),
    "_OCAMLUNITFLAGS": ("actions", "unit_flags"),
    "_OCAMLSOURCE": ("actions", "compiled_file"),
    "_REFMT": ("actions", "tree_converter"),
    "_OCAMLOBJECTS": ("actions", "linked_objects"),
    "_OCAMLPACKAGEFLAGS": ("settings", "compiled_packages"),
    "_OCAMLPACKAGEARCHIVES": ("settings", "linked_packages"),
}


def generate(env: Environment, **kw: Any) -> None:
    """Add the builders and their variables. Variables that the user has set are kept; arguments of the tool override
    them.

    `tools=[('ocaml', {'OCAMLENGINES': ['byte']})]`
    """
    surroundings.check()
    profile.add_option()
    _find_compilers(env)
    env.Replace(**kw)
    env.SetDefault(
        OCAMLC="ocamlc",
        OCAMLOPT="ocamlopt",
        OCAMLDEP="ocamldep",
        OCAMLFIND="ocamlfind",
        OCAMLLEX="ocamllex",
        OCAMLYACC="ocamlyacc",
        OCAMLMKLIB="ocamlmklib",
        # -no-keep-locs: without it, every line inserted above a definition changes the compiled interface.
        OCAMLFLAGS=SCons.Util.CLVar("-g -bin-annot -no-keep-locs"),
        OCAMLOPTFLAGS=SCons.Util.CLVar(""),
        OCAMLCFLAGS=SCons.Util.CLVar(""),
        OCAMLDEPFLAGS=SCons.Util.CLVar(""),
        OCAMLARCHIVEFLAGS=SCons.Util.CLVar(""),
        OCAMLLINKFLAGS=SCons.Util.CLVar("-g"),
        OCAMLLEXFLAGS=SCons.Util.CLVar("-q"),
        OCAMLYACCFLAGS=SCons.Util.CLVar(""),
        OCAMLPACKAGES=[],
        OCAMLENGINES=["native"],
        OCAMLLIBS=[],
        OCAMLHOST=None,
        OCAMLOBJEMITTER=[],
        OCAMLLIBEMITTER=[],
        OCAMLPROGEMITTER=[],
        OCAMLPPDEPS=[],
        _OCAMLDLLS="",
        **{variable: _variable(*place) for variable, place in VARIABLES.items()},
        **COMMANDS,
    )
    made = {"OCamlLex": lexer(), "OCamlYacc": parser(), **{name: OCamlBuilder(name) for name in BUILDERS}}
    env.Append(BUILDERS={name: builder for name, builder in made.items() if name not in env["BUILDERS"]})
    env.AddMethod(late("builders", "ocaml_files"), "OCamlFiles")
    env.AddMethod(late("compilation_database", "ocaml_compilation_database"), "OCamlCompilationDatabase")
    env.AddMethod(late("installing", "ocaml_install"), "OCamlInstall")
    env.AddMethod(late("testing", "ocaml_test"), "OCamlTest")


def exists(env: Environment) -> bool:
    return bool(env.Detect(["ocamlopt", "ocamlc"]))


def _find_compilers(env: Environment) -> None:
    """SCons does not use the user's PATH; a compiler that is only found there (such as opam's) is taken from it."""
    if not env.WhereIs("ocamlc"):
        found = env.WhereIs("ocamlc", path=os.environ.get("PATH", ""))
        if found:
            env.PrependENVPath("PATH", os.path.dirname(found))


def late(module: str, name: str) -> Any:
    """A method of environments that imports the function `name` of a sibling module when it is first called."""

    def method(env: Environment, *args: Any, **kw: Any) -> Any:
        return getattr(import_module(f"rebel_tools.scons.{module}"), name)(env, *args, **kw)

    return in_the_name_of_scons(method)


def _variable(module: str, name: str) -> Any:
    def expand(target: Nodes, source: Nodes, env: Environment, for_signature: bool) -> Any:
        return getattr(import_module(f"rebel_tools.scons.{module}"), name)(target, source, env, for_signature)

    return expand
