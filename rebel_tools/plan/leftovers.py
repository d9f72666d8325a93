"""Outputs for removed modules and packages of which no record is left: compilers would still find some of them.

`Status.forget_vanished` removes the files that have records. Records may be lost, damaged, from another version of
rebel-tools, or older than the files, for example when a cache of build results has restored these.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Callable, Iterable, Iterator

from rebel_tools.ocaml.alias import HEADER
from rebel_tools.plan.model import Scope
from rebel_tools.plan.plan import Plan

_ANNOTATIONS = (".cmt", ".cmti")
_COMPILED = (".cmi", ".cmx", ".cmo", ".o", *_ANNOTATIONS)
_MADE = (*_COMPILED, ".ast", ".cmxa", ".cma", ".a", ".so", ".cmxs", ".out", ".bc")


def leftovers(plan: Plan, own: Iterable[str], has_rule: Callable[[str], bool]) -> Iterator[str]:
    """The files that a build has made for units that no longer exist.

    own: folders with nothing but outputs of this plan, so every compiled file in them was made by it, and so was every
    file with the first line of our alias modules. In the folders of
    other scopes, such as source folders, a file counts if its annotations (.cmt, .cmti) record a compiler command that
    wrote it there, started in this folder. has_rule: whether something else in the SConstruct makes a file.
    """
    known = {path for step in plan.steps.values() for path in step.outputs}
    own = set(own)
    for folder in own:
        for path in _unknown(plan, folder, _MADE, known):
            if not has_rule(path):
                yield path
        yield from (path for path in _unknown(plan, folder, (".ml", ".mli"), known) if _is_alias(plan, path))
    for scope in plan.scopes:
        if scope.outdir not in own:
            yield from _told(plan, scope, known, has_rule)


def _unknown(plan: Plan, folder: str, suffixes: tuple[str, ...], known: set[str]) -> list[str]:
    prefix = "" if folder in ("", ".") else f"{folder}/"
    paths = (prefix + name for name in plan.disk.names(folder) if name.endswith(suffixes))
    return sorted(path for path in paths if path not in known)


def _is_alias(plan: Plan, path: str) -> bool:
    """Whether a file is a module of aliases for a package."""
    status = plan.disk.status(path)
    with contextlib.suppress(OSError):
        return status is not None and stat.S_ISREG(status.st_mode) and plan.disk.starts_with(path, HEADER.encode())
    return False


def _told(plan: Plan, scope: Scope, known: set[str], has_rule: Callable[[str], bool]) -> Iterator[str]:
    told: dict[str, bool] = {}
    for path in _unknown(plan, scope.outdir, _COMPILED, known):
        base = os.path.splitext(path)[0]
        if base not in told:
            told[base] = _is_told(plan, scope, base)
        if told[base] and not has_rule(path):
            yield path


def _is_told(plan: Plan, scope: Scope, base: str) -> bool:
    """Whether the annotations of a unit record a command of this build; `base` is its path without suffix."""
    for path in (base + suffix for suffix in _ANNOTATIONS):
        status = plan.disk.status(path)
        if status is not None and stat.S_ISREG(status.st_mode):
            said = plan.ask.command(path, scope.settings.environ)
            if any(f" -o {base}{suffix} " in said for suffix in (".cmi", ".cmx", ".cmo")):
                return True
    return False
