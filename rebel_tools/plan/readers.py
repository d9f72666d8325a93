"""Which steps consulted what when they last ran: an index from files and units to the steps whose records have them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from rebel_tools.memory.records import Record
from rebel_tools.plan.step import CompileImplementation, ModuleStep, Step


class Readers:
    """Which of `steps` a new run of another step can concern. A step without a record has consulted nothing yet."""

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

    def concerned(self, step: Step, anew: bool = True) -> list[tuple[Step, bool]]:
        """The steps that a run of `step` can concern, each with whether it may make another interface for that.

        anew: whether `step` itself may make another interface than before.
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
        """The stale steps and all that these can make stale, directly or not.

        keeps_interface: whether a stale step will make the interface that it has made before.
        """
        anew_of: dict[Step, bool] = {}
        todo = [(step, not keeps_interface(step)) for step in stale]
        while todo:
            step, anew = todo.pop()
            if anew_of.get(step) not in (True, anew):
                anew_of[step] = anew
                todo += self.concerned(step, anew)
        return set(anew_of)


def _add(index: dict[str, list[Step]], names: Iterable[str], step: Step) -> None:
    for name in names:
        index.setdefault(name, []).append(step)
