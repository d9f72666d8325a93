"""C and C++ among the sources of env.OCamlLibrary and env.OCamlProgram.

Those of a library become `lib<name>_stubs.a` and `dll<name>_stubs.so` beside its archive. The archive names them, so
that a program that uses the library needs no flags except their folder.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

import SCons.Defaults
import SCons.Util

from rebel_tools.errors import RebelError
from rebel_tools.plan.model import NATIVE
from rebel_tools.project.stubs import CXX
from rebel_tools.project.stubs import SOURCES as SUFFIXES_OF_C
from rebel_tools.scons.arguments import output_file
from rebel_tools.scons.c_stubs import (
    c_environment,
    expanding_to,
    library_of_cxx,
)
from rebel_tools.scons.compat import Environment, Node, Nodes
from rebel_tools.scons.linking import CALLS_C
from rebel_tools.scons.ocamlmklib import has_shared_libraries, object_names, packing, recorded
from rebel_tools.scons.settings import config_of, standard_library
from rebel_tools.scons.source_kinds import OBJECTS
from rebel_tools.scons.words import expanded, extended

_FOLDER = "_OCAMLSTUBFOLDER"
_MADE = "_OCAMLSTUBFILES"


def is_c(node: Node) -> bool:
    """Whether a node is a source of C, C++ or assembler."""
    return bool(node.name.endswith(SUFFIXES_OF_C))


def objects_of(env: Environment, sources: Iterable[Node], outdir: str) -> Nodes:
    """Objects of C sources, in the folder of the compiled modules; other nodes are returned unchanged.

    Errors: RebelError for two sources with the same name.
    """
    found = list(sources)
    named = [node for node in found if is_c(node)]
    names = [node.name for node in named]
    twice = next((name for name in names if names.count(name) > 1), "")
    if twice:
        both = " and ".join(f"`{node}`" for node in named if node.name == twice)
        raise RebelError(f"{both} have the same name", expected="one name for each source", hint="rename one of them")
    if not named:
        return found
    env = c_environment(env, config_of(env, "OCAMLC"))
    env.Append(CPPPATH=[env.Dir(standard_library(env, "OCAMLC"))])
    made = {
        node: env.SharedObject(output_file(env, f"{outdir}/{name}"), node)[0]
        for node, (_, name) in zip(named, object_names(names))
    }
    return [made.get(node, node) for node in found]


def add_stubs(env: Environment, base: str, sources: Sequence[Node], outdir: str) -> None:
    """Make the C libraries for an archive, and let the archive name them.

    env: the environment of the library, which is changed. base: the path of the archive without suffix. sources: C
    sources or objects. `$LIBS` and `$LIBPATH` are the libraries that the stubs need.
    """
    folder, name = os.path.dirname(base) or ".", f"{os.path.basename(base)}_stubs"
    objects = [_known(env, node, outdir) for node in objects_of(env, sources, outdir)]
    words = _needed(env, sources)
    config = config_of(env, "OCAMLC")
    dlls = has_shared_libraries(config)
    paths = [f"{folder}/lib{name}.a", *([f"{folder}/dll{name}.so"] if dlls else [])]
    made = [output_file(env, path) for path in paths]
    env[_MADE] = env.Command(made, objects, packing(env, folder, name, objects, words))
    env[_FOLDER] = folder
    env["_OCAMLSTUBS"] = expanding_to(lambda env: recorded([f"-l{name}", *words]))
    env["_OCAMLDLLS"] = expanding_to(lambda env: ["-dllib", f"-l{name}"] if dlls else [])
    env["OCAMLARCHIVEFLAGS"] = [*SCons.Util.CLVar(env["OCAMLARCHIVEFLAGS"]), "$_OCAMLSTUBS"]


def _known(env: Environment, node: Node, outdir: str) -> Node:
    """An object with a suffix that ocamlmklib knows: SCons names those for shared libraries `.os`."""
    if node.name.endswith(".o"):
        return node
    return env.Command(output_file(env, f"{outdir}/{node.name}.o"), node, SCons.Defaults.Copy("$TARGET", "$SOURCE"))[0]


def _needed(env: Environment, sources: Sequence[Node]) -> list[str]:
    """The words for the C linker in addition to the stubs themselves."""
    prefixes = {"LIBLINKPREFIX": "-l", "LIBDIRPREFIX": "-L", "LIBLINKSUFFIX": "", "LIBDIRSUFFIX": ""}
    given = env.Override({name: env.get(name, value) for name, value in prefixes.items()})
    words = [*expanded(given, "_LIBDIRFLAGS"), *expanded(given, "_LIBFLAGS")] if env.get("LIBS") else []
    return [*words, *([library_of_cxx()] if any(node.name.endswith(CXX) for node in sources) else [])]


def files_of(env: Environment) -> Nodes:
    """The files that `add_stubs` has made for the library with this environment."""
    return list(env.get(_MADE, ()))


def tell_where(env: Environment, libraries: Iterable[Environment], foreign: Iterable[Node] = ()) -> None:
    """Let a link find the stubs of libraries. env: that of the link, which is changed; libraries: their environments.

    foreign: the other inputs of a program. A bytecode program contains its C code, so that it can be moved.
    """
    folders = dict.fromkeys(each[_FOLDER] for each in libraries if _FOLDER in each)
    words = [word for folder in folders for word in ("-I", folder)]
    has_c = folders or any(node.name.endswith(OBJECTS) for node in foreign)
    is_bytecode = env["OCAMLENGINES"][0] != NATIVE
    if has_c and is_bytecode and CALLS_C.union({"-dllpath"}).isdisjoint(expanded(env, "OCAMLLINKFLAGS")):
        words.insert(0, "-custom")
    if words:
        env["OCAMLLINKFLAGS"] = extended(env["OCAMLLINKFLAGS"], words)
