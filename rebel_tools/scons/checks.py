"""Checks for Configure(): `conf = Configure(env, custom_tests=CHECKS)`, then `conf.CheckOCaml()` and the others.

Each prints what it looks for and the result, and returns the version as a string, or '' if it is missing or too old. No
check ends the build: that is up to the SConstruct.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Mapping
from typing import Any

from rebel_tools.errors import MissingTool, RebelError
from rebel_tools.ocaml.toolchain import Findlib, find_packages
from rebel_tools.scons.settings import package_names, path_of, program, user_environ
from rebel_tools.scons.words import extended

# SCons' own attribute for what a check looks for.
Context = Any


def check_ocaml(context: Context, version: str = "") -> str:
    """`conf.CheckOCaml("4.14")`: whether the compilers for $OCAMLENGINES and ocamldep run, with a minimal version."""
    compilers = {"native": "OCAMLOPT", "byte": "OCAMLC"}

    def look() -> str:
        env = context.env
        programs = [program(env, compilers[e]) for e in env.Split(env["OCAMLENGINES"]) if e in compilers]
        said = [_first_line([path, "-version"], user_environ(env)) for path in [*programs, program(env, "OCAMLDEP")]]
        found = {line.split()[-1] for line in said}  # "4.14.1", "ocamldep, version 4.14.1"
        if len(found) > 1:
            raise RebelError(f"compilers of several versions: {', '.join(sorted(found))}")
        return found.pop()

    return _check(context, "OCaml", version, look)


def check_findlib(context: Context, package: str = "", version: str = "", autoadd: bool = True) -> str:
    """`conf.CheckFindlib("unix")`: whether a package and its requirements are installed, with a minimal version.

    It is added to $OCAMLPACKAGES unless `autoadd` is false. Without a package, ocamlfind itself is checked.
    """

    def look() -> str:
        env = context.env
        findlib = [program(env, "OCAMLFIND")]
        ask = Findlib(findlib, path_of(env))
        if not package:
            return ask("query", "-format", "%v", "findlib", known=["findlib"])[0]
        find_packages(findlib, [package], "byte", path_of(env))
        said = "".join(ask("query", "-format", "%v", package, known=[package]))
        if said.startswith("["):  # packages of the OCaml distribution have none
            return _first_line([program(env, "OCAMLC"), "-version"], user_environ(env))
        return said or "without a version"

    found = _check(context, f"the findlib package {package}" if package else "ocamlfind", version, look)
    if found and package and autoadd:
        context.env["OCAMLPACKAGES"] = extended([], dict.fromkeys([*package_names(context.env), package]))
    return found


def check_refmt(context: Context, version: str = "") -> str:
    """`conf.CheckRefmt()`: whether there is a refmt, which compiles Reason; $REFMT becomes its path."""
    from rebel_tools.ocaml.reason import find_refmt

    paths = []

    def look() -> str:
        env = context.env
        given = env.subst("$REFMT")
        environ = {name: str(value) for name, value in user_environ(env).items()}
        paths.append(program(env, "REFMT") if given else find_refmt(env.Dir("#").get_abspath(), environ))
        return _first_line([paths[0], "--version"], environ)

    found = _check(context, "refmt", version, look)
    if found:
        context.env["REFMT"] = extended([], paths)
    return found


CHECKS: dict[str, Callable[..., str]] = {
    "CheckOCaml": check_ocaml,
    "CheckFindlib": check_findlib,
    "CheckRefmt": check_refmt,
}


def _check(context: Context, what: str, wanted: str, look: Callable[[], str]) -> str:
    context.Message(f"Checking for {what}{' >= ' * bool(wanted)}{wanted}... ")
    found, answer = "", "no"
    try:
        found = look()
        answer = f"yes ({found})"
    except RebelError as error:
        context.Log(f"{error}\n")
    if found and _numbers(found) < _numbers(wanted):
        found, answer = "", f"no ({found} is too old)"
    context.sconf.cached = 0  # the programs have just been run
    context.Result(answer)
    return found


def _numbers(version: str) -> tuple[int, ...]:
    match = re.search(r"\d+(\.\d+)*", version)
    return tuple(map(int, match[0].split("."))) if match else ()


def _first_line(command: list[str], environ: Mapping[str, Any]) -> str:
    """The first line of a program's output. Errors: MissingTool if it cannot be run."""
    texts = {name: str(value) for name, value in environ.items()}
    try:
        done = subprocess.run(command, env=texts, capture_output=True, text=True, errors="replace", check=False)
    except OSError as error:
        raise MissingTool(f"{command[0]}: {error.strerror}") from None
    if done.returncode != 0 or not done.stdout.strip():
        raise MissingTool(f"{' '.join(command)} prints nothing: {done.stderr.strip()}")
    return done.stdout.splitlines()[0].strip()
