"""C and C++ for OCaml: the environment of the compilers, and the libraries that ocamlmklib makes from the objects."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import SCons.Util

from rebel_tools.errors import RebelError
from rebel_tools.ocaml.named import split
from rebel_tools.scons.actions import Words
from rebel_tools.scons.compat import Environment, Nodes
from rebel_tools.scons.output import install_output
from rebel_tools.scons.settings import program
from rebel_tools.scons.words import Literals, extended, literals

# The construction variables with the commands for sources of C, C++ and assembler.
COMMANDS = ("SHCCCOM", "SHCXXCOM", "ASPPCOM")

# ocamlmklib passes the names of objects to a shell.
_FOR_OBJECTS = re.compile(r"[^A-Za-z0-9_./+-]")
_OF_SHELL = re.compile(r"[^A-Za-z0-9_./+@~,=:-]")


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


def has_shared_libraries(config: Mapping[str, str]) -> bool:
    """Whether bytecode can load C code at run time, according to `ocamlc -config`."""
    return config.get("supports_shared_libraries") == "true"


def object_names(sources: Iterable[str]) -> list[tuple[str, str]]:
    """A name for the object of each source that needs no quoting in a shell."""
    found: dict[str, str] = {}
    for path in sources:
        name = _FOR_OBJECTS.sub("_", path)
        while f"{name}.o" in found:
            name += "_"
        found[f"{name}.o"] = path
    return [(path, name) for name, path in found.items()]


def packing(env: Environment, folder: str, name: str, objects: Nodes, linked: Sequence[str]) -> Words:
    """The action that makes `lib<name>.a` and `dll<name>.so` in a folder, both from the same objects.

    linked: the words for the C linker. Errors: RebelError for a path that a shell would change.
    """
    out, paths = f"{folder}/{name}", [node.get_internal_path() for node in objects]
    odd = next((path for path in (out, *paths) if _OF_SHELL.search(path)), None)
    if odd:
        raise RebelError(f"ocamlmklib cannot write to `{odd}`", expected="a folder without blanks in its path")
    quoted = map(shlex.quote, linked)  # ocamlmklib passes them to a shell
    given = [each for word in quoted for each in ((word,) if word.startswith(("-l", "-L")) else ("-ldopt", word))]
    command = [program(env, "OCAMLMKLIB"), "-o", out, *paths, *given]
    return Words(command, f"ocamlmklib {folder}/lib{name}.a")


def recorded(linked: Iterable[str]) -> list[str]:
    """Words for the C linker in the form for OCaml's compilers, which pass them to a shell."""
    return [
        each
        for word in linked
        for each in (("-cclib", word) if word.startswith("-l") else ("-ccopt", shlex.quote(word)))
    ]


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
