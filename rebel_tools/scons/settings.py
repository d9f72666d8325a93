"""What the plan needs from construction variables: tools, findlib packages, and a digest over all of it."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from rebel_tools import __version__
from rebel_tools.errors import MissingTool
from rebel_tools.memory.hashes import text_digest
from rebel_tools.memory.identity import OCAML_VARIABLES, identity
from rebel_tools.ocaml import place
from rebel_tools.ocaml.flags import first_program
from rebel_tools.ocaml.named import on_path, split
from rebel_tools.ocaml.search import search_path, values_of
from rebel_tools.ocaml.toolchain import (
    FindlibError,
    Packages,
    compiler_config,
    find_packages,
    findlib_places,
    packages_with,
)
from rebel_tools.plan.model import NATIVE, Converter, Search, Settings
from rebel_tools.plan.step import Compile
from rebel_tools.plan.steps import ANNOTATIONS
from rebel_tools.scons.actions import COMPILER, command_variable, step_of
from rebel_tools.scons.compat import Environment, Nodes
from rebel_tools.scons.named import declared_reads, files_in, top_of
from rebel_tools.scons.programs import check_tool
from rebel_tools.scons.shareable import is_known
from rebel_tools.scons.words import Literals, expanded, extended, literals, signature_words
from rebel_tools.tools import npm_package

# The construction variable with the environment before a package.json has changed it, if it has.
_USER_ENVIRON = "_USERENVIRON"

TOOLS = ["OCAMLC", "OCAMLOPT", "OCAMLDEP", "OCAMLFIND"]
FLAGS = ["OCAMLFLAGS", "OCAMLOPTFLAGS", "OCAMLCFLAGS", "OCAMLDEPFLAGS", "OCAMLARCHIVEFLAGS", "OCAMLLINKFLAGS"]

# The placeholder for the folders of this build on a command line.
_OWN = "@this-build@"


def program(env: Environment, variable: str) -> str:
    """The path of the program that a construction variable names, by the user's own PATH. Errors: MissingTool."""
    words = env.Split(env.subst(f"${variable}"))
    if not words:
        raise MissingTool(f"${variable} is empty", expected="the name or path of a program")
    found = env.WhereIs(words[0], path_of(env))
    if found:
        return str(found)
    from rebel_tools import tools

    if words[0] in tools.TOOLS:
        return tools.require(words[0], environ=user_environ(env))
    raise MissingTool(
        f"${variable} is {words[0]}, which is not a program on the PATH of the build",
        hint=f"install it, give its full path, or set env['ENV']['PATH'], which is {path_of(env)}",
    )


def user_environ(env: Environment) -> dict[str, str]:
    """The environment of programs without variables from package.json, which are only for the commands of the build."""
    found: dict[str, str] = env.get(_USER_ENVIRON, env["ENV"])
    return found


def path_of(env: Environment) -> str:
    return str(user_environ(env).get("PATH", ""))


def build_environ(env: Environment, variables: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Construction variables for commands with additional environment variables from package.json.

    These do not affect which compilers run, or programs that run before anything is built.
    """
    more = dict(variables)
    if not more:
        return {}
    found = {"ENV": {**env["ENV"], **more}, _USER_ENVIRON: env["ENV"]}
    if "PATH" in more:
        for variable in TOOLS:
            words = env.Split(env.subst(f"${variable}"))
            found[variable] = extended([], [program(env, variable), *words[1:]]) if words else ""
    return found


def map_places(env: Environment) -> None:
    """Make the outputs of compilers with this environment independent of the folder of the tree."""
    env["ENV"] = {**env["ENV"], **place.mapped(env["ENV"], top_of(env))}


def is_mappable(env: Environment) -> bool:
    """Whether a prefix map of ours keeps the folder of the build out of all outputs."""
    return place.can_move(os.environ, top_of(env))


def packages(env: Environment, engine: str) -> Packages:
    """The findlib packages in `$OCAMLPACKAGES`."""
    names = package_names(env)
    if not names:
        return _with_driver(env, Packages())
    found = find_packages(
        [program(env, "OCAMLFIND")],
        names,
        engine,
        path_of(env),
        env.get("_OCAMLREWRITERS", ()),
        bool(env.get("_OCAMLDRIVER")),
    )
    return _with_driver(env, found)


def _with_driver(env: Environment, found: Packages) -> Packages:
    """Add the program that rewrites the sources for `ppx` in a package.json: its path and arguments."""
    command = env.get("_OCAMLPPX", ())
    if not command:
        return found
    path, preprocessors = os.path.join(top_of(env), command[0]), (*found.preprocessors, shlex.join(command))
    return found._replace(preprocessors=preprocessors, preprocessor_programs=(*found.preprocessor_programs, path))


def package_names(env: Environment) -> list[str]:
    """The names in `$OCAMLPACKAGES`."""
    return [name for word in expanded(env, "OCAMLPACKAGES") for name in word.split()]


def packages_of_module(env: Environment, module: str) -> list[str]:
    """The findlib packages that have a module; none if findlib is missing or fails, because this is only for hints."""
    try:
        return packages_with(module, [program(env, "OCAMLFIND")], path_of(env))
    except (MissingTool, FindlibError):
        return []


def library_folder(target: Nodes, source: Nodes, env: Environment, for_signature: bool) -> str:
    """`$OCAMLWHERE`: the folder of the standard library, which holds the header files for C stubs, too."""
    return standard_library(env, "OCAMLC")


def package_flags(env: Environment) -> list[str]:
    """Include folders, preprocessors and -thread for a compilation."""
    found = packages(env, env["OCAMLENGINES"][0])
    flags = [word for folder in found.include for word in ("-I", folder)]
    flags += [word for command in found.preprocessors for word in ("-ppx", command)]
    return flags + (["-thread"] if found.threads else [])


def package_folders(env: Environment) -> tuple[str, ...]:
    """The folders of the findlib packages."""
    return packages(env, env["OCAMLENGINES"][0]).include


def compiled_packages(target: Nodes, source: Nodes, env: Environment, for_signature: bool) -> Literals:
    """`$_OCAMLPACKAGEFLAGS`"""
    return literals(package_flags(env))


def linked_packages(target: Nodes, source: Nodes, env: Environment, for_signature: bool) -> Literals:
    """`$_OCAMLPACKAGEARCHIVES`"""
    return literals(archive_flags(env, step_of(target)[1].engine))


def archive_flags(env: Environment, engine: str) -> list[str]:
    """Include folders and archives for a link command."""
    found = packages(env, engine)
    flags = [word for folder in found.include for word in ("-I", folder)]
    return flags + (["-thread"] if found.threads else []) + list(found.archives)


def settings(
    env: Environment, variables: Iterable[str] = (), reads: Sequence[str] = (), of_modules: Sequence[str] = ()
) -> Settings:
    """How the sources of a scope with the environment `env` are compiled. Errors: MissingTool, FindlibError.

    variables: names of environment variables that count, besides those that OCaml's programs are known to read.
    reads: files that preprocessors read besides the sources and `$OCAMLPPDEPS`.
    of_modules: all flags of single modules, which may name programs and files as well.
    """
    engines = env["OCAMLENGINES"]
    found = packages(env, engines[0])
    compilers = {engine: COMPILER[engine == NATIVE] for engine in engines}
    libraries = {engine: standard_library(env, compiler) for engine, compiler in compilers.items()}
    same = env.Override({"_OCAMLUNITFLAGS": f"-I {_OWN}", "_OCAMLSOURCE": ""})
    commands = {engine: expanded(same, command_variable(Compile, engine)) for engine in engines}
    signed = [w for engine in engines for w in signature_words(same, command_variable(Compile, engine))]
    words = [word for command in commands.values() for word in command]
    counting = (name for name in (*OCAML_VARIABLES, *variables) if name != place.VARIABLE)
    values = [*(f"{name}={env['ENV'].get(name)}" for name in counting), place.place(env["ENV"], top_of(env))]
    dependency_flags = expanded(env, "OCAMLDEPFLAGS")
    flags = [*(word for command in commands.values() for word in command[1:]), *of_modules]
    runs = found.preprocessors or not {"-pp", "-ppx"}.isdisjoint((*flags, *dependency_flags))
    reads = (*declared_reads(env), *reads) if runs else ()
    ppx = [word for command in found.preprocessors for word in ("-ppx", command)]
    ocamldep = program(env, "OCAMLDEP")
    return Settings(
        identity=text_digest(__version__, *libraries.values(), *signed, *values),
        dependency_command=(ocamldep, *dependency_flags, *ppx),
        dependency_identity=text_digest(*values),
        reason=cache(lambda: reason_converter(env)),
        runs_programs=first_program(dependency_flags) is not None or _USER_ENVIRON in env or bool(env.get("_OCAMLPPX")),
        environ=environ_of(env),
        files=(*_programs(env, compilers), *found.preprocessor_programs, *files_in(env, flags), *reads),
        dependency_files=(ocamldep, *found.preprocessor_programs, *files_in(env, dependency_flags), *reads),
        search={engine: _search(env, commands[engine], libraries[engine]) for engine in engines},
        opened=tuple(values_of("-open", words)),
        annotations=ANNOTATIONS in words,
        is_shared=not runs and is_known(env, compilers.values(), flags),
    )


def _programs(env: Environment, compilers: Mapping[str, str]) -> list[str]:
    """The compilers, and the assembler that the one for native code starts."""
    found = [program(env, compiler) for compiler in compilers.values()]
    assembler = split(config_of(env, compilers[NATIVE]).get("asm", "")) if NATIVE in compilers else []
    return [*found, *(place for name in assembler[:1] for place in on_path(name, str(env["ENV"].get("PATH", ""))))]


def config_of(env: Environment, compiler: str) -> dict[str, str]:
    """The output of `-config` of the compiler in a construction variable.

    It runs before anything is built, also in a dry run: of the settings in package.json, only the folder of the
    standard library counts.
    """
    words = env.Split(env.subst(f"${compiler}"))
    own = {name: value for name, value in environ_of(env).items() if name in ("OCAMLLIB", "CAMLLIB")}
    asked = {name: str(value) for name, value in user_environ(env).items()} | own
    return compiler_config(program(env, compiler), *words[1:], environ=asked)


def standard_library(env: Environment, compiler: str) -> str:
    """The folder that the compiler in a construction variable takes for that of the standard library, or ''."""
    return config_of(env, compiler).get("standard_library", "")


def environ_of(env: Environment) -> dict[str, str]:
    return {name: str(value) for name, value in env["ENV"].items()}


def _search(env: Environment, words: list[str], library: str) -> Search:
    folders = search_path(words, library, env["ENV"], env.Dir("#").get_abspath())
    own = folders.index(_OWN)
    return Search(folders[:own], folders[own + 1 :])


def installed_files(env: Environment) -> list[str]:
    """The installed files and folders that command lines with this environment depend on."""
    findlib = program(env, "OCAMLFIND")
    compilers = [program(env, COMPILER[engine == NATIVE]) for engine in env["OCAMLENGINES"]]
    # The status of a link is that of its target, so it also changes with the target.
    programs = [findlib, program(env, "OCAMLDEP"), *compilers]
    found = packages(env, env["OCAMLENGINES"][0])
    return [*programs, *findlib_places((findlib,), path_of(env)), *found.files]


def tool_identity(env: Environment) -> str:
    """What the plan depends on besides files: command lines, the paths of tools, the environment.

    No program is run for this.
    """
    variables = [*TOOLS, "REFMT"]
    found = [env.WhereIs(env.subst(f"${name}")) or "" for name in variables]
    commands = [
        str(env.get(name)) for name in env.Dictionary() if name.startswith(("OCAML", "JSOO")) and name[-3:] == "COM"
    ]
    flags = [env.subst(f"${name}") for name in variables + FLAGS]
    return identity(env["ENV"], [*found, *commands, *flags, "", *declared_reads(env)])


def reason_converter(env: Environment) -> Converter:
    """The converter that makes syntax trees of Reason sources. Errors: MissingTool without refmt or ppxlib."""
    from rebel_tools.ocaml import reason

    environ = {**os.environ, **{name: str(value) for name, value in user_environ(env).items()}}
    driver = reason.ensure_driver(program(env, "OCAMLFIND"), program(env, "OCAMLOPT"), environ)
    refmt = env.subst("$REFMT") or reason.find_refmt(env.Dir("#").get_abspath(), environ)
    check_tool(refmt, env)
    of_package = npm_package(refmt) is not None
    return Converter(reason.converter(refmt, driver), (driver, refmt), of_package)
