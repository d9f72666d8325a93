"""An index from files and units to the steps that read or consulted them when they last ran."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from rebel_tools.memory.records import Record
from rebel_tools.plan.step import CompileImplementation, ModuleStep, Step


class Readers:
    """Tells which of `steps` another step can affect. A step without a record has consulted nothing yet."""

    def __init__(self, steps: Iterable[Step], record_of: Callable[[Step], Record | None]):
        self._interfaces: dict[str, list[Step]] = {}
        self._code: dict[str, list[Step]] = {}
        self._files: dict[str, list[Step]] = {}
        for step in steps:
            record = record_of(step)
            if record:
                _add(self._interfaces, record.interfaces, step)
                _add(self._code, record.implementations, step)
                _add(self._files, record.inputs, step)

    def affected(self, step: Step, anew: bool = True) -> list[tuple[Step, bool]]:
        """The steps that a run of `step` can affect, each with whether its own interface may change as a result.

        anew: whether the interface of `step` itself may change.
        """
        found = [(reader, True) for path in step.outputs for reader in self._files.get(path, ())]
        if not isinstance(step, ModuleStep):
            return found
        if isinstance(step, CompileImplementation):
            found += [(reader, False) for reader in self._code.get(step.module.object, ())]
        if step.makes_interface and anew:
            found += [(reader, True) for reader in self._interfaces.get(step.module.object, ())]
        return found

    def reached(self, stale: Iterable[Step], keeps_interface: Callable[[Step], bool]) -> set[Step]:
        """The stale steps and all that they can make stale, directly or indirectly.

        keeps_interface: whether a stale step will make the same interface as before.
        """
        anew_of: dict[Step, bool] = {}
        todo = [(step, not keeps_interface(step)) for step in stale]
        while todo:
            step, anew = todo.pop()
            if anew_of.get(step) not in (True, anew):
                anew_of[step] = anew
                todo += self.affected(step, anew)
        return set(anew_of)


def _add(index: dict[str, list[Step]], names: Iterable[str], step: Step) -> None:
    for name in names:
        index.setdefault(name, []).append(step)
