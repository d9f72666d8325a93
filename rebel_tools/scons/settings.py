"""From construction variables to what the plan needs to know: tools, findlib packages, and a digest over all of it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import cache

from rebel_tools import __version__
from rebel_tools.errors import MissingTool
from rebel_tools.memory.digests import text_digest
from rebel_tools.memory.identity import OCAML_VARIABLES, identity
from rebel_tools.ocaml.toolchain import (
    FindlibError,
    Packages,
    files_identity,
    find_packages,
    findlib_places,
    packages_with,
    program_identity,
    standard_library,
    standard_library_folder,
    standard_library_identity,
)
from rebel_tools.plan.model import IMPLEMENTATION, LINKING, NATIVE, Converter, Settings
from rebel_tools.plan.steps import ANNOTATIONS
from rebel_tools.scons import places
from rebel_tools.scons.actions import COMPILER, command_variable, step_of
from rebel_tools.scons.words import expanded, literals, signature_words

FLAGS = ["OCAMLFLAGS", "OCAMLOPTFLAGS", "OCAMLCFLAGS", "OCAMLDEPFLAGS", "OCAMLARCHIVEFLAGS", "OCAMLLINKFLAGS"]


def program(env, variable: str) -> str:
    """The path of the program that a construction variable names. Errors: MissingTool."""
    words = env.Split(env.subst(f"${variable}"))
    if not words:
        raise MissingTool(f"${variable} is empty", expected="the name or path of a program")
    found = env.WhereIs(words[0])
    if found:
        return found
    from rebel_tools import tools

    if words[0] in tools.TOOLS:
        return tools.require(words[0], environ=env["ENV"])
    raise MissingTool(
        f"${variable} is {words[0]}, which is not a program on the PATH of the build",
        hint=f"install it, give its full path, or set env['ENV']['PATH'], which is {search_path(env)}",
    )


def search_path(env) -> str:
    return str(env["ENV"].get("PATH", ""))


def packages(env, engine: str) -> Packages:
    """The findlib packages in `$OCAMLPACKAGES`."""
    names = package_names(env)
    if not names:
        return Packages()
    return find_packages([program(env, "OCAMLFIND")], names, engine, search_path(env))


def package_names(env) -> list[str]:
    """The names in `$OCAMLPACKAGES`."""
    return [name for word in expanded(env, "OCAMLPACKAGES") for name in word.split()]


def packages_of_module(env, module: str) -> list[str]:
    """The findlib packages that have a module; none where findlib is missing or fails, for this is only about hints."""
    try:
        return packages_with(module, [program(env, "OCAMLFIND")], search_path(env))
    except (MissingTool, FindlibError):
        return []


def library_folder(target, source, env, for_signature) -> str:
    """`$OCAMLWHERE`: the folder of the standard library, which holds the header files for C stubs, too."""
    return standard_library_folder(program(env, "OCAMLC"))


def package_flags(env) -> list[str]:
    """Include folders, preprocessors and -thread for a compilation."""
    found = packages(env, env["OCAMLENGINES"][0])
    flags = [word for folder in found.include for word in ("-I", folder)]
    flags += [word for command in found.preprocessors for word in ("-ppx", command)]
    return flags + (["-thread"] if found.threads else [])


def compiled_packages(target, source, env, for_signature):
    """`$_OCAMLPACKAGEFLAGS`"""
    return literals(package_flags(env))


def linked_packages(target, source, env, for_signature):
    """`$_OCAMLPACKAGEARCHIVES`"""
    return literals(archive_flags(env, step_of(target)[1].engine))


def archive_flags(env, engine: str) -> list[str]:
    """Include folders and archives for a link command."""
    found = packages(env, engine)
    flags = [word for folder in found.include for word in ("-I", folder)]
    return flags + (["-thread"] if found.threads else []) + list(found.archives)


def settings(env, variables: Iterable[str] = (), all_made: bool = False) -> Settings:
    """How the sources of a scope with the environment `env` are compiled. Errors: MissingTool, FindlibError.

    variables: names of environment variables that count, besides those that OCaml's programs are known to obey.
    all_made: whether what stands in the flags and is built has been built; else Depends() has to tell about it.
    """
    engines = env["OCAMLENGINES"]
    found = packages(env, engines[0])
    parts = [__version__, found.identity]
    for engine in engines:
        compiler = program(env, COMPILER[engine == NATIVE])
        words = env.Split(env.subst(f"${COMPILER[engine == NATIVE]}"))
        same = env.Override({"_OCAMLUNITFLAGS": "", "_OCAMLSOURCE": ""})
        command = signature_words(same, command_variable(IMPLEMENTATION, engine))
        parts += [*command, program_identity(compiler), standard_library_identity(compiler, *words[1:])]
    values = [f"{name}={env['ENV'].get(name)}" for name in (*OCAML_VARIABLES, *variables)]
    flags = expanded(env, "OCAMLFLAGS")
    dependency_flags = expanded(env, "OCAMLDEPFLAGS")
    own_flags = [word for engine in engines for word in expanded(env, COMPILER[engine == NATIVE] + "FLAGS")]
    files, asked = named_files(env, [*flags, *own_flags], all_made), named_files(env, dependency_flags, all_made)
    ppx = [word for command in found.preprocessors for word in ("-ppx", command)]
    ocamldep = program(env, "OCAMLDEP")
    return Settings(
        identity=text_digest(*parts, *values, files_identity(files)),
        dependency_command=(ocamldep, *dependency_flags, *ppx),
        dependency_identity=text_digest(*values, files_identity([ocamldep, *found.preprocessor_programs, *asked])),
        reason=cache(lambda: reason_converter(env)),
        environ={name: str(value) for name, value in env["ENV"].items()},
        files=(*files, *asked),
        built=() if all_made else tuple(node.get_internal_path() for node in places.built_files(dependency_flags)),
        annotations=ANNOTATIONS in flags,
    )


def named_files(env, flags: Iterable[str], all_made: bool = False) -> list[str]:
    """The files that stand in flags: preprocessors, objects, archives; those that are built only if they are made."""
    top, words = env.Dir("#").get_abspath(), list(flags)
    names = [word.partition(" ")[0] for word in words]
    # A preprocessor may also be a program on the PATH.
    found = [env.WhereIs(name) or "" for option, name in zip(words, names[1:]) if option in ("-pp", "-ppx")]
    paths = dict.fromkeys(os.path.join(top, name) for name in [*names, *found])
    return [path for path in paths if os.path.isfile(path) and (all_made or not env.fs.File(path).has_builder())]


def link_settings(env, kind: str, engine: str) -> str:
    """A digest over the command line of an archive or a program, apart from the objects."""
    same = env.Override({"_OCAMLOBJECTS": "", "_OCAMLPACKAGEARCHIVES": literals(archive_flags(env, engine))})
    files = linked_files(env) if kind == LINKING else []
    return text_digest(*signature_words(same, command_variable(kind, engine)), files_identity(files))


def linked_files(env) -> list[str]:
    """The files that stand in the flags of a link command."""
    return named_files(env, expanded(env, "OCAMLLINKFLAGS"))


def installed_files(env) -> list[str]:
    """All installed files and folders that decide about a build with this environment."""
    findlib = program(env, "OCAMLFIND")
    compilers = [program(env, COMPILER[engine == NATIVE]) for engine in env["OCAMLENGINES"]]
    # The status of a link is that of what it leads to, so it tells of another target, too.
    programs = [findlib, program(env, "OCAMLDEP"), *compilers]
    libraries = [path for compiler in compilers for path in standard_library(compiler)]
    found = packages(env, env["OCAMLENGINES"][0])
    # A new file in a folder may hide one in a folder that is looked at later.
    folders = [*findlib_places((findlib,), search_path(env)), *map(standard_library_folder, compilers), *found.include]
    return [*programs, *folders, *libraries, *found.files]


def tool_identity(env) -> str:
    """What decides about the plan without being a file: command lines, where tools are found, the environment.

    Nothing is run for it.
    """
    variables = ["OCAMLC", "OCAMLOPT", "OCAMLDEP", "OCAMLFIND", "REFMT"]
    found = [env.WhereIs(env.subst(f"${name}")) or "" for name in variables]
    commands = [
        str(env.get(name)) for name in env.Dictionary() if name.startswith(("OCAML", "JSOO")) and name[-3:] == "COM"
    ]
    flags = [env.subst(f"${name}") for name in variables + FLAGS]
    return identity(env["ENV"], [*found, *commands, *flags])


def reason_converter(env) -> Converter:
    """What makes syntax trees of Reason sources. Errors: MissingTool without refmt or ppxlib."""
    from rebel_tools.ocaml import reason

    environ = {**os.environ, **{name: str(value) for name, value in env["ENV"].items()}}
    driver = reason.ensure_driver(program(env, "OCAMLFIND"), program(env, "OCAMLOPT"), environ)
    refmt = env.subst("$REFMT") or reason.find_refmt(env.Dir("#").get_abspath(), environ)
    return Converter(reason.converter(refmt, driver), f"{driver} {program_identity(refmt)}")
