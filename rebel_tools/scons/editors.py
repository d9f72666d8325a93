"""Writes the file for editors: `.merlin` in the folder of the root package, and nowhere else.

Packages below node_modules, or behind links, belong to somebody else and may be read-only. What an editor needs to know
of them is in the file of the root package. The file is not part of the program: if it cannot be written, the build
prints a note and goes on.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from rebel_tools.errors import RebelError
from rebel_tools.ocaml import editors
from rebel_tools.ocaml.merlin import Merlin, remove_merlin, write_merlin
from rebel_tools.plan.model import Scope, Search
from rebel_tools.project.model import Package, Target
from rebel_tools.scons.compat import Environment
from rebel_tools.scons.package_rules import FOLDER
from rebel_tools.scons.settings import package_flags, package_folders, package_names
from rebel_tools.scons.terminal import TERMINAL
from rebel_tools.scons.words import expanded


def write_for_editors(
    packages: tuple[Package, ...], scope: Scope, env: Any, target: Target, top: str, folder: str
) -> None:
    """Bring the file up to date.

    packages: all that the target uses, then its own, which has `scope` and `env`; folder: that of the target's outputs.
    """
    _or_tell(lambda: write_merlin(packages[-1].root, _merlin(packages, scope, env, target, top, folder)))


def tell_areas(environments: Mapping[Scope, Any], top: str, folder: str) -> None:
    """Write the data for `rebel ocaml-merlin` about some scopes and their environments."""
    positions = {scope: number for number, scope in enumerate(environments)}
    areas = [_area(scope, env, top, positions) for scope, env in environments.items()]
    with suppress(OSError):  # if the folder is not writable, the build itself reports it
        editors.save(os.path.join(top, folder, editors.FILE), areas, top)


def forget_areas(top: str, folder: str) -> None:
    with suppress(OSError):
        os.unlink(os.path.join(top, folder, editors.FILE))


def remove_for_editors(root: Package) -> None:
    """Remove what was written."""
    _or_tell(lambda: remove_merlin(root.root))


def _or_tell(write: Callable[[], object]) -> None:
    try:
        write()
    except RebelError as error:
        TERMINAL.say(sys.stderr, f"rebel: note: the file for editors was not written: {error}\n")


def _merlin(
    packages: tuple[Package, ...], scope: Scope, env: Environment, target: Target, top: str, output: str
) -> Merlin:
    root, used, folder = packages[-1], packages[-2::-1], os.path.join(top, output)
    places = ((p, source.made or source.path, bool(source.made)) for p in (root, *used) for source in p.sources)
    rewriters = env.get("_OCAMLREWRITERS", ())
    found = package_folders(env) if rewriters else ()
    folders = (os.path.dirname(os.path.join(_made(folder, p) if made else p.root, path)) for p, path, made in places)
    return Merlin(
        sources=tuple(dict.fromkeys(folders)),
        builds=(*(os.path.join(top, each.outdir) for each in (scope, *scope.uses)), *found),
        packages=tuple(name for name in package_names(env) if name not in rewriters),
        flags=("-open", scope.namespace, *root.flags.compile, *target.unstable_flags.compile, *_rewriting(env, top)),
    )


def _rewriting(env: Any, top: str) -> list[str]:
    """The flags for the program that rewrites the sources, with an absolute path for editors."""
    command = env.get("_OCAMLPPX", ())
    return ["-ppx", shlex.join([os.path.join(top, command[0]), *command[1:]])] if command else []


def _made(folder: str, package: Package) -> str:
    return os.path.join(folder, FOLDER, package.name)


def _area(scope: Scope, env: Any, top: str, positions: Mapping[Scope, int]) -> editors.Area:
    """The data for editors about one scope."""
    search = scope.settings.search.get(scope.engines[0], Search())
    sources = ((path, module) for module in scope.modules.values() for path in module.sources)
    return editors.Area(
        units={os.path.join(top, path): module.object for path, module in sources},
        build=os.path.join(top, scope.outdir),
        installed=tuple(path for path in search.folders if os.path.isabs(path)),
        flags=_flags(scope, env, top),
        uses=tuple(positions[used] for used in scope.uses if used in positions),
    )


def _flags(scope: Scope, env: Any, top: str) -> tuple[str, ...]:
    """The compiler's flags without include folders and without text preprocessors, which editors do not run."""
    opened = ["-open", scope.namespace] if scope.namespace else []
    words, found = iter([*expanded(env, "OCAMLFLAGS"), *package_flags(env)]), []
    for word in words:
        if word in ("-pp", "-I"):
            next(words, None)
        elif word == "-ppx":
            command = next(words, "")
            found += ["-ppx", command] if command.startswith(("/", '"', "'")) else _rewriting(env, top)
        else:
            found.append(word)
    return (*opened, *found)
