"""Reason sources: refmt, and the small native program that turns its output into the installed compiler's syntax tree.

refmt 3.6 writes the tree of OCaml 4.06, which other compilers do not accept; printing OCaml text instead would lose the
places of errors. `data/refmt_pp.ml` runs refmt and converts the tree with ppxlib, which keeps every location; the first
steps, up to 4.08, are in `data/tree_406.ml`, because newer releases of ppxlib do not support them any more. The program
is compiled once per compiler and stored in the user's cache.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence

from rebel_tools import tools
from rebel_tools.errors import MissingTool, Place, RebelError
from rebel_tools.memory.disk import content_digest
from rebel_tools.memory.hashes import text_digest
from rebel_tools.memory.stamp import stamp
from rebel_tools.memory.user_cache import user_cache

# A folder, and its archives in one string.
Library = tuple[str, str]

DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data")
DRIVER_SOURCES = tuple(os.path.join(DATA, name) for name in ("tree_406.ml", "refmt_pp.ml"))


class DriverFailure(RebelError):
    """The program that converts syntax trees does not compile with this compiler and this ppxlib."""


def find_refmt(folder: str, environ: Mapping[str, str] = os.environ) -> str:
    """The refmt for the project in `folder`: $REFMT, then PATH, then node_modules/bs-platform there or above.

    Errors: MissingTool, also if $REFMT names something that cannot be run.
    """
    return tools.require("refmt", environ=environ, root=folder)


def converter(refmt: str, driver: str) -> tuple[str, str]:
    """The command that writes syntax trees, to be followed by `source -o tree` once or several times.

    Compilers and ocamldep accept such a file in place of a source (`-impl tree`, `-intf tree`), so that refmt reads a
    source once for all of them, and one refmt process reads many sources. Messages still refer to `source`.
    """
    return driver, refmt


def ensure_driver(ocamlfind: str, ocamlopt: str, environ: Mapping[str, str] = os.environ) -> str:
    """The path of the conversion program for the compiler `ocamlopt`, compiled now if it is not in the cache.

    ocamlfind, ocamlopt: paths of the programs. Any number of builds may call this at the same time.
    Errors: MissingTool without ppxlib, DriverFailure if it does not compile.
    """
    libraries = _libraries(ocamlfind, environ)
    driver = os.path.join(user_cache(environ), f"refmt_pp-{_key(ocamlopt, libraries)}")
    if not os.access(driver, os.X_OK):
        _compile(ocamlopt, libraries, driver, environ)
    return driver


def _libraries(ocamlfind: str, environ: Mapping[str, str]) -> list[Library]:
    """(folder, archives) of ppxlib's syntax trees and all of their dependencies, in link order."""
    command = [ocamlfind, "query", "-r", "-predicates", "native", "-format", "%d|%a", "unix", "ppxlib.ast"]
    try:
        process = subprocess.run(command, capture_output=True, text=True, env=dict(environ), check=False)
    except OSError as error:
        raise MissingTool(f"{ocamlfind}: {error.strerror}", hint=tools.install_hint("ocamlfind")) from error
    if process.returncode:
        message = f"Reason files need the OCaml package ppxlib: {process.stderr.strip()}"
        raise MissingTool(message, hint=tools.install_hint("ppxlib"))
    rows = (line.rpartition("|") for line in process.stdout.splitlines())
    return [(folder, archives) for folder, _, archives in rows]


def _key(ocamlopt: str, libraries: Sequence[Library]) -> str:
    """What the program depends on: its source, the compiler and the archives."""
    files = [os.path.realpath(shutil.which(ocamlopt) or ocamlopt)]
    files += [os.path.join(folder, name) for folder, archives in libraries for name in archives.split()]
    stamps = {path: stamp(path) for path in files}
    missing = next((path for path, found in stamps.items() if found is None), None)
    if missing:
        raise MissingTool(f"{missing} does not exist", hint=tools.install_hint("ppxlib"))
    return text_digest(*map(content_digest, DRIVER_SOURCES), *(f"{path} {found}" for path, found in stamps.items()))


def _compile(ocamlopt: str, libraries: Sequence[Library], driver: str, environ: Mapping[str, str]) -> None:
    folder = os.path.dirname(driver)
    try:
        os.makedirs(folder, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as work:
            sources = [os.path.basename(shutil.copy(source, work)) for source in DRIVER_SOURCES]
            _run_compiler(ocamlopt, libraries, sources, work, environ)
            # The last process wins; the other program is the same, and a running one keeps its file.
            os.replace(os.path.join(work, "refmt_pp"), driver)
    except OSError as error:
        hint = "set XDG_CACHE_HOME to a folder that can be written"
        raise DriverFailure(f"cannot build there: {error.strerror}", place=Place(folder), hint=hint) from error


def _run_compiler(
    ocamlopt: str, libraries: Sequence[Library], sources: Sequence[str], folder: str, environ: Mapping[str, str]
) -> None:
    command = [ocamlopt, "-w", "-a", "-o", "refmt_pp"]
    for where, archives in libraries:
        command += ["-I", where, *archives.split()]
    command += sources
    process = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=dict(environ), check=False)
    if process.returncode:
        raise DriverFailure(
            f"the converter of Reason syntax trees does not compile:\n{process.stderr or process.stdout}",
            place=Place(DRIVER_SOURCES[-1]),
            hint=f"the converter needs a ppxlib from 0.22 on: {tools.install_hint('ppxlib')}",
        )


_BARE_ERROR = re.compile(r'^File "([^"\n]+)", line (\d+), characters (\d+)-(\d+):\n(?=Error: )', re.MULTILINE)


def add_excerpts(text: str, folder: str = ".") -> str:
    """refmt's errors with the source line; other text is not changed.

    File names in the output are relative to `folder`, where refmt ran.
    """
    return _BARE_ERROR.sub(lambda match: match.group() + _excerpt(folder, *match.groups()), text)


def _excerpt(folder: str, name: str, line: str, first: str, last: str) -> str:
    """The source line with carets below, as the compiler prints it; '' if it cannot be shown."""
    if not name.endswith((".re", ".rei")):
        return ""
    try:
        with open(os.path.join(folder, name), encoding="utf-8", errors="replace") as file:
            source = file.read().split("\n")[int(line) - 1]
    except (OSError, IndexError):
        return ""
    margin = f"{line} | "
    return f"{margin}{source}\n{' ' * (len(margin) + int(first))}{'^' * max(1, int(last) - int(first))}\n"
