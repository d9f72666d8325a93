"""Sources that rules of the SConstruct made: each counts as a source as long as there is its rule.

Without it the file stays where it is, and a clean build would have no such source. So it is none, unless somebody has
written it since, for then it is that person's own.
"""

from __future__ import annotations

from collections.abc import Collection

from rebel_tools.errors import Place, RebelError
from rebel_tools.plan.model import Module
from rebel_tools.plan.plan import Plan


def abandoned(plan: Plan, ruled: Collection[str]) -> set[str]:
    """The files that are as a rule has made them, in an earlier build, and that no rule makes now.

    ruled: the paths of all sources that rules make.
    """
    return {path for path in plan.state.generated if path not in ruled and _is_as_made(plan, path)}


def _is_as_made(plan: Plan, path: str) -> bool:
    status, known = plan.disk.status(path), plan.state.generated[path]
    return status is not None and status.st_mtime_ns == known[0] and plan.files.digest(path) == known[1]


def remember(plan: Plan, made: Collection[str], ruled: Collection[str]) -> None:
    """Note at the end of a build which sources rules have made. made: those of which that is certain by now."""
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
    """Whether a module has no source but such files. Errors: RebelError where only one of its two files is one."""
    gone = [path for path in module.sources if path in paths]
    if gone and len(gone) < len(module.sources):
        raise RebelError(complaint(gone[0]), place=Place(gone[0]), hint=advice(gone[0]))
    return bool(gone)


def complaint(path: str) -> str:
    return f"`{path}` was made by a rule that is gone, and is no source any more"


def advice(path: str) -> str:
    return f"remove it, or keep it as a source of your own: touch {path}"
