"""Sources that rules of the SConstruct made: each is a source only while its rule exists.

When the rule is removed the file stays, but a clean build would not have it. So it is ignored, unless somebody has
edited it since, which makes it a source of their own.
"""

from __future__ import annotations

from collections.abc import Collection

from rebel_tools.errors import Place, RebelError
from rebel_tools.plan.model import Module
from rebel_tools.plan.plan import Plan


def abandoned(plan: Plan, ruled: Collection[str]) -> set[str]:
    """The files that a rule of an earlier build made, that are unchanged since, and that no rule makes now.

    ruled: the paths of all sources that rules make.
    """
    return {path for path in plan.state.generated if path not in ruled and _is_as_made(plan, path)}


def _is_as_made(plan: Plan, path: str) -> bool:
    status, known = plan.disk.status(path), plan.state.generated[path]
    return status is not None and status.st_mtime_ns == known[0] and plan.files.digest(path) == known[1]


def remember(plan: Plan, made: Collection[str], ruled: Collection[str]) -> None:
    """Record at the end of a build which sources rules have made. made: those that were surely made."""
    known, found = plan.state.generated, {}
    for path in dict.fromkeys([*known, *made]):
        status = plan.disk.status(path)
        if status is not None and path in made:
            found[path] = [status.st_mtime_ns, plan.files.written(path)]
        elif status is not None and path in known and (path in ruled or _is_as_made(plan, path)):
            found[path] = known[path]
    if found != known:
        known.clear()
        known.update(found)
        plan.state.changed = True


def is_abandoned(module: Module, paths: Collection[str]) -> bool:
    """Whether all sources of a module are abandoned. Errors: RebelError if only one of its two files is."""
    gone = [path for path in module.sources if path in paths]
    if gone and len(gone) < len(module.sources):
        raise RebelError(complaint(gone[0]), place=Place(gone[0]), hint=advice(gone[0]))
    return bool(gone)


def complaint(path: str) -> str:
    return f"`{path}` was made by a rule that no longer exists, so it is not a source any more"


def advice(path: str) -> str:
    return f"remove it, or make it a source of your own: touch {path}"
