"""The compilers of C and C++ for OCaml: their environment."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import SCons.Util

from rebel_tools.ocaml.named import split
from rebel_tools.scons.compat import Environment, Nodes
from rebel_tools.scons.output import install_output
from rebel_tools.scons.words import Literals, extended, literals

# The construction variables with the commands for sources of C, C++ and assembler.
COMMANDS = ("SHCCCOM", "SHCXXCOM", "ASPPCOM")


def c_environment(base: Environment, config: Mapping[str, str]) -> Environment:
    """A copy of the user's environment; if it has no C tools, with the compiler and flags of OCaml's configuration.

    config: the output of `ocamlc -config`.
    """
    env = base.Clone()
    own, knows_c = [], "SHCCCOM" in env
    for tool, command in zip(("cc", "c++", "as"), COMMANDS):
        if command not in env:  # users with tools for C may have none for C++
            env.Tool(tool)
    if not knows_c:
        compiler = split(config.get("c_compiler", "cc")) or ["cc"]
        own = split(config.get("ocamlc_cflags", "")) + split(config.get("ocamlc_cppflags", ""))
        env.Replace(CC=extended([], compiler), CXX=extended([], [_cxx(env, compiler[0]), *compiler[1:]]))
    for variable, text in (
        ("SHCCCOMSTR", "cc $SOURCE"),
        ("SHCXXCOMSTR", "c++ $SOURCE"),
        ("ASPPCOMSTR", "as $SOURCE"),
    ):
        if env.get("OCAMLOPTCOMSTR"):
            env.SetDefault(**{variable: text})
    pic = [] if "-fPIC" in own or sys.platform == "win32" else ["-fPIC"]
    env.Replace(CCFLAGS=[*extended([], own), *SCons.Util.CLVar(env["CCFLAGS"]), *extended([], pic)])
    env.AppendUnique(ASPPFLAGS=["$CCFLAGS"])
    install_output(env)
    return env


def library_of_cxx() -> str:
    """The word that links the standard library of C++."""
    return "-lc++" if sys.platform == "darwin" else "-lstdc++"


def expanding_to(words: Any) -> Any:
    """A construction variable that expands to what the function `words` returns for an environment, literally."""

    def expand(target: Nodes, source: Nodes, env: Environment, for_signature: bool) -> Literals:
        return literals(words(env))

    return expand


def _cxx(env: Environment, compiler: str) -> str:
    """The C++ compiler that belongs to a C compiler."""
    for own, other in (("gcc", "g++"), ("clang", "clang++")):
        if compiler.endswith(own) and env.WhereIs(compiler[: -len(own)] + other):
            return compiler[: -len(own)] + other
    return "c++"
