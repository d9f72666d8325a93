"""The file for editors: `.merlin` in the folder of the root package, and nowhere else.

Packages below node_modules, or behind links, belong to somebody else, and may lie where nothing can be written. What an
editor needs to know of them stands in the file of the root package. It is no part of the program: when it cannot be
written, the build says so and goes on.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from rebel_tools.errors import RebelError
from rebel_tools.ocaml.merlin import Merlin, remove_merlin, write_merlin
from rebel_tools.plan.model import Scope
from rebel_tools.project.model import Package, Target
from rebel_tools.scons.output import TERMINAL
from rebel_tools.scons.settings import package_names


def write_for_editors(packages: tuple[Package, ...], scope: Scope, env, target: Target, top: str) -> None:
    """Bring the file up to date.

    packages: all that the target uses, the root package last; `scope` and `env` are those of the root package.
    """
    root = packages[-1]
    _or_tell(lambda: write_merlin(root.root, _merlin(packages, scope, env, target, top)))


def remove_for_editors(root: Package) -> None:
    """Remove what was written."""
    _or_tell(lambda: remove_merlin(root.root))


def _or_tell(write: Callable[[], object]) -> None:
    try:
        write()
    except RebelError as error:
        TERMINAL.say(sys.stderr, f"rebel: note: editors are not told about this build: {error}\n")


def _merlin(packages: tuple[Package, ...], scope: Scope, env, target: Target, top: str) -> Merlin:
    root, used = packages[-1], packages[-2::-1]
    folders = (os.path.join(p.root, os.path.dirname(source.path)) for p in (root, *used) for source in p.sources)
    return Merlin(
        sources=tuple(dict.fromkeys(folders)),
        builds=tuple(os.path.join(top, each.outdir) for each in (scope, *scope.uses)),
        packages=tuple(package_names(env)),
        flags=("-open", scope.namespace, *root.flags.compile, *target.unstable_flags.compile),
    )
