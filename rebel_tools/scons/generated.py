"""In a run of SCons: sources that earlier builds have made, and whose rules were removed from the SConstruct."""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping
from functools import cache
from typing import Any

import SCons.Node

from rebel_tools.errors import RebelError
from rebel_tools.plan.generated import abandoned, advice, complaint, is_abandoned, remember
from rebel_tools.plan.model import Module, Scope
from rebel_tools.plan.plan import Plan
from rebel_tools.plan.step import Link, Step
from rebel_tools.scons.interactive import option
from rebel_tools.text import printable

# The states of a node whose file was made by its rule, in this build or an earlier one.
_THERE = (SCons.Node.up_to_date, SCons.Node.executed)


class Generated:
    """Handles the sources of one plan that rules make, or have made.

    without: steps that have nodes, but whose modules were left out for that reason: there is nothing to do for them.
    absent: these modules in each scope, and the reason.
    """

    def __init__(self) -> None:
        self.without: set[Step] = set()
        self.absent: dict[Scope, dict[str, str]] = {}

    def leave_out(self, plan: Plan, ruled: Mapping[str, Any], planned: Collection[Step], dry: bool) -> None:
        """Leave out the modules whose rules were removed; `scons -c` removes their files.

        ruled: the nodes that rules make, by path; planned: the steps that have nodes. Errors: RebelError where there is
        no doing without one.
        """
        if not plan.state.generated:
            return
        paths = abandoned(plan, ruled)
        for scope in plan.scopes if paths else ():
            for module in [module for module in scope.modules.values() if is_abandoned(module, paths)]:
                self._remove(plan, scope, module, planned)
        if option("clean") and not dry:
            for path in sorted(paths):
                plan.disk.remove(path)
                print(f"Removed {printable(path)}")

    def _remove(self, plan: Plan, scope: Scope, module: Module, planned: Collection[Step]) -> None:
        if any(isinstance(step, Link) and step.entry == module for step in plan.steps.values()):
            raise RebelError(complaint(module.sources[-1]), hint=advice(module.sources[-1]))
        for path in module.sources:
            _warn(f"{complaint(path)}; {advice(path)}")
        self.without.update(step for step in plan.unit_steps(scope, module.object) if step in planned)
        plan.remove_module(scope, module)
        self.absent.setdefault(scope, {})[module.name] = complaint(module.sources[-1])

    def remember(self, plan: Plan, ruled: Mapping[str, Any]) -> None:
        """Record at the end of a build which files were made by rules."""
        remember(plan, {path for path, node in ruled.items() if node.get_state() in _THERE}, ruled)


@cache
def _warn(sentence: str) -> None:
    """Print a warning once, for however many targets it applies to."""
    print(f"scons: warning: {printable(sentence)}", file=sys.stderr)
