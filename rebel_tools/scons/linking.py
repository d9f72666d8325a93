"""What archives and programs are made from besides the objects of this build."""

from __future__ import annotations

import os
from collections.abc import Sequence

from rebel_tools.memory.hashes import text_digest
from rebel_tools.ocaml.linker import CLinker, c_files
from rebel_tools.ocaml.named import named, split
from rebel_tools.ocaml.search import code_files, link_files, needs_of, search_path, stub_folders, values_of
from rebel_tools.plan.model import NATIVE
from rebel_tools.plan.step import Archive, Link, LinkCommand
from rebel_tools.scons.actions import COMPILER, command_variable
from rebel_tools.scons.compat import Environment
from rebel_tools.scons.linker_choice import LOOKED_FOR
from rebel_tools.scons.named import files_in, library_files, top_of
from rebel_tools.scons.settings import archive_flags, config_of, environ_of, path_of, standard_library
from rebel_tools.scons.words import expanded, literals, signature_words

# The options that make a link of bytecode call the C compiler.
CALLS_C = {"-custom", "-output-obj", "-output-complete-obj", "-output-complete-exe"}
_OF_LINKER = ("-cclib", "-ccopt", "-dllib", "-dllpath")


def archive_command(env: Environment, engine: str) -> LinkCommand:
    """How an archive is made."""
    words, same = expanded(env, "OCAMLARCHIVEFLAGS"), _alone(env, engine)
    folders = _search(env, engine, words)
    return LinkCommand(
        digest=text_digest(*signature_words(same, command_variable(Archive, engine))),
        files=files_in(env, words),
        libraries=library_files(env, words, folders),
        search=folders,
        installed=lambda: code_files(words),
    )


def link_command(env: Environment, engine: str, archives: Sequence[str], kind: type[Link] = Link) -> LinkCommand:
    """How a program, or another kind of link, is made. archives: the words with which its archives were made."""
    same, flags = _alone(env, engine), expanded(env, "OCAMLLINKFLAGS")
    words = expanded(same, command_variable(kind, engine))
    recorded = [word for pair in zip(archives, archives[1:]) if pair[0] in _OF_LINKER for word in pair]
    folders = _search(env, engine, words)
    # In a link of bytecode with C, the prefix map of this folder does not reach the C compiler.
    here = [top_of(env)] if engine != NATIVE and not CALLS_C.isdisjoint(words) else []
    return LinkCommand(
        digest=text_digest(*signature_words(same, command_variable(kind, engine)), *here),
        files=files_in(env, [*flags, *recorded]),
        libraries=library_files(env, [*flags, *recorded], folders),
        search=folders,
        installed=lambda: _inputs(env, engine, words, [*flags, *recorded], folders),
    )


def _search(env: Environment, engine: str, words: Sequence[str]) -> tuple[str, ...]:
    return search_path(words, standard_library(env, COMPILER[engine == NATIVE]), environ_of(env), top_of(env))


def _alone(env: Environment, engine: str) -> Environment:
    """The environment of an archive or a link, without the objects of this build."""
    return env.Override({"_OCAMLOBJECTS": "", "_OCAMLPACKAGEARCHIVES": literals(archive_flags(env, engine))})


def _inputs(
    env: Environment, engine: str, words: Sequence[str], flags: Sequence[str], folders: Sequence[str]
) -> list[str]:
    """The files that a link reads and no step makes, as paths or names, including those that the C compiler adds.

    words: the whole command line; flags: those of the user.
    """
    top, config = top_of(env), config_of(env, COMPILER[engine == NATIVE])
    library, environ = config.get("standard_library", ""), environ_of(env)
    searched = [os.path.join(top, folder) for folder in folders]
    given = named(flags, top)
    stubs = [*given.stub_folders, *searched, *(stub_folders(library, environ) if given.stubs else ())]
    found = link_files(words, engine, library, environ, searched)
    found += [os.path.join(top, folder, f"dll{name}.so") for name in given.stubs for folder in stubs]
    if engine == NATIVE or not CALLS_C.isdisjoint(words):
        kind = "native_c" if engine == NATIVE else "bytecomp_c"
        command = split((values_of("-cc", words) or [config.get(f"{kind}_compiler", "")])[-1]) or ["cc"]
        wanted = [*(f"-L{folder}" for folder in searched if folder != top), *given.linker, *needs_of(words, searched)]
        wanted += split(config.get(f"{kind}_libraries", ""))
        found += c_files(CLinker(tuple(command), path_of(env), tuple(wanted), environ, top))
        found += env.get(LOOKED_FOR, ())
    return list(dict.fromkeys(_below(path, top) for path in found))


def _below(path: str, top: str) -> str:
    """A path below `top` in relative form (`./x`), which stays valid when the tree is moved and is not searched for."""
    return f"./{path[len(top) + 1 :]}" if path.startswith(f"{top}/") else path
