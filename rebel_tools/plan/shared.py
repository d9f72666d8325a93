"""Reuses results of steps that were made before, here or in another tree of this user.

There are two levels, like ccache's manifests. The key is what is known before the compiler runs: the command, the
contents of the tools, the source, and the unit that each name in it denotes. Under a key there are results, each with
what was consulted for it. A result whose consulted files are all unchanged is what the compiler would make, for the
reasons in docs/exactness.md; it is compared in the same way as the record of the last build.
"""

from __future__ import annotations

import os
from typing import NamedTuple

from rebel_tools.cache import results
from rebel_tools.cache.results import Result
from rebel_tools.cache.store import Store
from rebel_tools.memory.hashes import text_digest
from rebel_tools.memory.records import Record
from rebel_tools.memory.state_file import FORMAT
from rebel_tools.plan.status import Status
from rebel_tools.plan.step import Compile, ModuleStep, SourceStep, Step

# Environment variables of the C toolchain that are not covered otherwise.
VARIABLES = ("LD_RUN_PATH", "COMPILER_PATH", "GCC_EXEC_PREFIX", "SOURCE_DATE_EPOCH", "LD_LIBRARY_PATH", "LD_PRELOAD")


# Options that read flags from a file, or run a program of the user on each source.
OUT_OF_SIGHT = frozenset(("-args", "-args0", "-pp", "-ppx"))


class Answer(NamedTuple):
    """record: that of the restored step, None if no result fits; reason: why not, reported once."""

    record: Record | None
    reason: str = ""


class Shared:
    """The results in `store`, for the steps of one plan during one build."""

    def __init__(self, store: Store, status: Status) -> None:
        self.store = store
        self.status = status
        self.plan = status.plan
        self._missed: set[Step] = set()
        self._keys: dict[Step, str] = {}  # keys of steps that are going to run

    def restore(self, step: Step) -> Answer:
        """Write the outputs of a step if the store has them; to be called when all steps that it waits for are done."""
        if step in self._missed or not self._may_share(step):
            return Answer(None)
        reason, key = "", self.key(step)
        self._keys[step] = key
        for result in results.known(self.store, key):
            record = Record(**result.record)
            difference = self.status.difference(step, record) or self._write(step, result)
            if not difference:
                del self._keys[step]
                record.entry = result.name
                self.status.restored(step, record)
                return Answer(record)
            reason = reason or difference
        self._missed.add(step)
        return Answer(None, reason or "no such step was run before")

    def _write(self, step: Step, result: Result) -> str:
        """Write the outputs; return why that failed, '' if it did not."""
        if {output.path for output in result.outputs} != set(step.outputs):
            return "it has other outputs"
        try:
            for output in result.outputs:
                self.plan.files.note(output.path, results.write_out(output, self.plan.disk.root), output.digest)
        except OSError as error:
            return f"it cannot be written: {error.strerror}"
        return ""

    def keep(self, step: Step) -> None:
        """Store what a step has just made, if all of its inputs are known."""
        record = self.status.records[step.key]
        if not self._may_share(step) or not self.status.is_as_recorded(step, record):
            return
        consulted = (record.interfaces, record.implementations, record.installed, record.installed_digest)
        name = f"{self._keys.pop(step, '') or self.key(step)}-{text_digest(*map(repr, consulted))}"
        record.entry = name
        if results.keep(self.store, name, record.__dict__, self.plan.disk.root):
            self.status.records[step.key] = record
        else:
            record.entry = ""

    def key(self, step: Step) -> str:
        """What is known before the step runs."""
        digest, environ = self.plan.files.digest, step.scope.settings.environ or os.environ
        inputs = (f"{path}={digest(path)}" for path in self.plan.inputs(step))
        named = self.plan.named(step).units if isinstance(step, Compile) else ()
        variables = (f"{name}={environ.get(name)}" for name in VARIABLES)
        source = step.source if isinstance(step, SourceStep) else ""
        about = [FORMAT, self.status.signature(step), source, *step.outputs]
        return text_digest(*about, "", *inputs, "", *named, "", *variables)

    def _may_share(self, step: Step) -> bool:
        """Whether everything that determines the outputs of a step is known; what a preprocessor reads is not."""
        own = step.scope.module_flags.get(step.module.name, ()) if isinstance(step, ModuleStep) else ()
        return step.scope.settings.is_shared and OUT_OF_SIGHT.isdisjoint(own)
