"""Whether a step is up to date, why it is not, and what is recorded when it has run.

A compilation is up to date when its command line, its source and its outputs are what they were, and every interface
and every piece of native code that the compiler *consulted* last time (by the import tables in its outputs) is still
the same. That is exact: nothing is recompiled for a module that could have mattered but did not, and a change that
reaches a unit through an alias in another module's interface is not missed. docs/exactness.md has the argument.
"""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Iterable, Iterator, Mapping

from rebel_tools.memory.disk import folders_above
from rebel_tools.memory.hashes import text_digest
from rebel_tools.memory.records import Record
from rebel_tools.ocaml.names import INITIAL
from rebel_tools.plan.model import NATIVE, Scope, Search
from rebel_tools.plan.plan import Plan
from rebel_tools.plan.step import (
    NOTHING_DECLARED,
    Collect,
    Compile,
    CompileImplementation,
    Convert,
    Copy,
    Declared,
    ModuleStep,
    Step,
    WriteAlias,
    link_command,
)
from rebel_tools.plan.steps import imports_file


class Status:
    """Answers about the steps of one plan, during one build."""

    def __init__(self, plan: Plan):
        self.plan = plan
        self.records = plan.state.records
        self._deep: dict[Step, str] = {}
        self._makers: dict[tuple[Scope, str], tuple[str, str]] = {}

    def reason(self, step: Step) -> str | None:
        """Why the step has to run, as the end of a sentence; None when it is up to date."""
        record = self.records.get(step.key)
        if record is None or not record.signature:
            return "this project has not built it before"
        return next(self._reasons(step, record), None)

    def is_about_native_code_only(self, step: Step) -> bool:
        """Whether a stale step would write the same .cmt file as before: no input of its typing has changed."""
        record = self.records.get(step.key)
        return record is not None and next(self._reasons_of_its_own(step, record), None) is None

    def _reasons(self, step: Step, record: Record) -> Iterator[str]:
        yield from self._reasons_of_its_own(step, record)
        yield from self._reasons_in_native_code(step, record)

    def _reasons_in_native_code(self, step: Step, record: Record) -> Iterator[str]:
        for unit, crc in record.implementations.items():
            if crc != self._current(step.scope, unit)[1] and crc != self._unopened(step.scope, unit):
                yield f"the native code of `{unit}' changed"

    def difference(self, step: Step, record: Record) -> str | None:
        """The same for a record of any build, also of another tree; outputs are not looked at."""
        own, native = self._reasons_besides_outputs(step, record), self._reasons_in_native_code(step, record)
        reasons = itertools.chain(own, native)
        return "it has other outputs" if set(record.outputs) != set(step.outputs) else next(reasons, None)

    def _reasons_of_its_own(self, step: Step, record: Record) -> Iterator[str]:
        """Everything but the native code that the compiler consulted."""
        if set(record.outputs) != set(step.outputs):
            yield "it has other outputs than before"
        yield from self._changed(record.outputs, "does not exist", "was changed by something else")
        yield from self._reasons_besides_outputs(step, record)

    def _reasons_besides_outputs(self, step: Step, record: Record) -> Iterator[str]:
        if record.signature != self.signature(step):
            yield "its command line or the tools changed"
        inputs = self.plan.inputs(step)
        if list(record.inputs) != inputs:
            yield "it has other inputs than before"
        counting = record.inputs
        ignored = self._declared(step).ignored
        if ignored:
            counting = {path: digest for path, digest in counting.items() if path not in ignored}
        yield from self._changed(counting, "is gone", "changed")
        if record.installed_digest != self.plan.installed.digest(self._folders(step), record.installed):
            yield "an installed file that it reads changed"
        if isinstance(step, Compile):
            if step.tree and self.reason(self.plan.steps[step.tree]) is not None:
                yield f"`{step.source}' changed"
            if self.plan.names.is_withheld(step.scope, step.module, step.source):
                yield "a preprocessor has to run to find out what its source names"
            if record.names != list(self.plan.named(step).units):
                yield "its source names other units than before"
            for unit, crc in record.interfaces.items():
                if self._current(step.scope, unit)[0] != crc:
                    yield f"the interface of `{unit}' changed"

    def _changed(self, digests: Mapping[str, str], gone: str, other: str) -> Iterator[str]:
        for path, digest in digests.items():
            now = self.plan.files.digest(path)
            if now != digest:
                yield f"`{path}' {gone if now is None else other}"

    def _current(self, scope: Scope, unit: str) -> tuple[str | None, str | None]:
        """The current digests of a unit's .cmi and .cmx."""
        makers = self._makers_of(scope, unit)
        interface, implementation = self.records.get(makers[0]), self.records.get(makers[1])
        return interface.interface if interface else None, implementation.implementation if implementation else None

    def _unopened(self, scope: Scope, unit: str) -> str | None:
        """What represents a .cmx that was not opened (`-opaque`): only other flags can change that."""
        record = self.records.get(self._makers_of(scope, unit)[1])
        return f"unopened, {record.signature}" if record else None

    def _makers_of(self, scope: Scope, unit: str) -> tuple[str, str]:
        try:
            return self._makers[scope, unit]
        except KeyError:
            makers = self._makers[scope, unit] = self._find_makers(scope, unit)
            return makers

    def _find_makers(self, scope: Scope, unit: str) -> tuple[str, str]:
        """The keys of the steps that make a unit's .cmi and .cmx, '' where there is none."""
        found = scope.provider(unit)
        steps = self.plan.unit_steps(found[0], unit) if found else ()
        interface = next((s.key for s in steps if s.makes_interface), "")
        return interface, next(
            (s.key for s in steps if isinstance(s, CompileImplementation) and s.engine == NATIVE), ""
        )

    def signature(self, step: Step) -> str:
        """A digest over the step's command line, including the tools that it runs."""
        settings, contents = step.scope.settings, self.plan.files.digest_of_all
        declared = self._declared(step).digest
        if isinstance(step, WriteAlias):
            return text_digest(step.kind, self.alias_text(step))
        if isinstance(step, Convert):
            return text_digest(step.kind, contents(settings.reason().files), declared)
        if isinstance(step, Copy):
            return text_digest(step.kind, declared)
        own = self.plan.flags(step) if isinstance(step, Compile) else [link_command(step).digest]
        files = contents((*settings.files, *link_command(step).files))
        return text_digest(step.kind, step.engine, settings.identity, files, declared, *own)

    def _declared(self, step: Step) -> Declared:
        return self.plan.declared.get(step, NOTHING_DECLARED)

    def alias_text(self, step: WriteAlias) -> str:
        """The source that an alias step writes."""
        scope, name = step.scope, step.module.name
        if step.module == scope.face:
            return scope.face_text()
        return scope.alias_text(None if step.module == scope.alias else name.rpartition("__without_")[2])

    def built(self, step: Step, said: str = "") -> None:
        """Record a step that has just run or whose outputs came from a cache.

        said: the output of its program that has to be replayed.
        """
        files = self.plan.files
        record = Record(
            signature=self.signature(step),
            inputs={path: self._digest_read(step, path) for path in self.plan.inputs(step)},
            outputs={path: files.written(path) or "" for path in step.outputs},
            source=step.source if said and isinstance(step, Compile) else "",
            said=said,
        )
        if isinstance(step, Compile):
            self._record_imports(step, record)
        else:
            record.installed = link_command(step).installed()
        record.installed_digest = self.plan.installed.digest(self._folders(step), record.installed)
        self.plan.installed.forget(step.outputs)
        self.records[step.key] = record
        self.plan.state.changed = True

    def restored(self, step: Step, record: Record) -> None:
        """Record a step whose outputs were made elsewhere from the same inputs and have been written here."""
        self.plan.installed.forget(step.outputs)
        self.records[step.key] = record
        self.plan.state.changed = True

    def _digest_read(self, step: Step, path: str) -> str:
        """The digest of an input; '' if it was written while the step ran: what the compiler read is then unknown."""
        digest = self.plan.files.digest(path) or ""
        return digest if not isinstance(step, ModuleStep) or self.plan.files.is_as_read(path) else ""

    def _record_imports(self, step: Compile, record: Record) -> None:
        scope, own = step.scope, step.module.object
        imports = self.plan.ask.imports(imports_file(step))
        record.names = list(self.plan.named(step).units)
        # Without a digest only the name of the interface was used (an alias to it, say), not its contents.
        interfaces = {u: crc for u, crc in imports.interfaces if crc}
        record.interfaces = {u: c for u, c in interfaces.items() if u == own or self._is_made(step, u, ".cmi")}
        record.implementations = {
            u: crc or self._unopened(scope, u) for u, crc in imports.implementations if self._is_made(step, u, ".cmx")
        }
        record.installed = [f"{u}.cmi" for u in interfaces if u not in record.interfaces]
        record.installed += [f"{u}.cmx" for u, _ in imports.implementations if u not in record.implementations]
        if step.makes_interface:
            record.interface = record.interfaces.pop(own, None)
        if isinstance(step, CompileImplementation) and step.engine == NATIVE:
            record.implementation = imports.crc

    def _is_made(self, step: Step, unit: str, suffix: str) -> bool:
        """Whether the file that a compilation consulted for a unit is made by this build, not one that hides it."""
        found = step.scope.provider(unit)
        if found is None:
            return False
        hiding = self.plan.installed.find(self._search(step).before, unit + suffix)
        return not hiding or os.path.dirname(hiding) == os.path.dirname(found[0].path("unit"))

    def _search(self, step: Step) -> Search:
        return step.scope.settings.search.get(step.engine, Search())

    def _folders(self, step: Step) -> tuple[str, ...]:
        """Where the program of a step looks for installed files."""
        return self._search(step).folders if isinstance(step, Compile) else link_command(step).search

    def cache_key(self, step: Step) -> str:
        """A digest over everything that the outputs of a step can depend on, as the key in SCons' CacheDir.

        It is needed before the compiler has run, so it covers everything that the compiler could consult.
        """
        inputs = [f"{path}={self.plan.files.digest(path)}" for path in self.plan.inputs(step)]
        installed = self.plan.installed.digest(self._folders(step), self._reachable_installed(step))
        if not isinstance(step, Compile):
            return text_digest(self.signature(step), installed, *inputs)
        return text_digest(self.signature(step), installed, *inputs, *map(self._deep_digest, self._below(step)))

    def is_as_keyed(self, step: Step) -> bool:
        """Whether the inputs of a step are still those that its key covers; to be asked after it has run."""
        return self._is_as_read(step, self._reachable_installed(step))

    def is_as_recorded(self, step: Step, record: Record) -> bool:
        """The same for its record: nothing that it read has been written since this build read it."""
        return all(record.inputs.values()) and all(record.outputs.values()) and self._is_as_read(step, record.installed)

    def _is_as_read(self, step: Step, names: Iterable[str]) -> bool:
        folders = self._folders(step)
        installed = [self.plan.installed.find(folders, name) for name in names]
        read = (*self.plan.inputs(step), *step.scope.settings.files, *link_command(step).files, *installed)
        made = {path for each in self.plan.linked(step) for path in each.outputs}
        files = self.plan.files
        known = (path for path in read if path in files.remembered)
        return all(files.is_as_read(path) or (path in made and files.has_contents_as_read(path)) for path in known)

    def _reachable_installed(self, step: Step) -> list[str]:
        """The names of installed files that a step can reach directly, before it has run."""
        if isinstance(step, Collect):
            return step.command.installed()
        if not isinstance(step, Compile) or step.module.generated:
            return []
        named = self.plan.names.unresolved(step.scope, step.source)
        return self.plan.installed.reachable(self._folders(step), [*named, *step.scope.settings.opened, *INITIAL])

    def _below(self, step: ModuleStep) -> list[ModuleStep]:
        foreign = [other for scope in self.plan.foreign(step) for other in self.plan.ordered(scope).steps]
        return [*self.plan.waits(step), *foreign]

    def _deep_digest(self, step: ModuleStep) -> str:
        """A digest over the outputs of a step and over everything that they refer to."""
        todo = [step]
        while todo:
            top = todo[-1]
            missing = [other for other in self._below(top) if other not in self._deep]
            if missing:
                todo += missing
                continue
            made = [f"{p}={self.plan.files.digest(p)}" for p in top.outputs if not p.endswith((".cmt", ".cmti"))]
            self._deep[todo.pop()] = text_digest(*made, *[self._deep[other] for other in self._below(top)])
        return self._deep[step]

    def forget_cleaned(self) -> None:
        """Drop the records of steps whose outputs have been removed."""
        for key in [k for k in self.records if self.plan.disk.status(k) is None]:
            del self.records[key]
            self.plan.state.changed = True
        if not self.records:
            self.plan.state.names.clear()

    def forget_vanished(self, scopes: Iterable[Scope], everything: bool) -> None:
        """Remove what earlier builds made for sources that no longer exist.

        scopes: those whose folders are cleaned; everything: whether these are all scopes of the state file.
        """
        folders = {scope.outdir for scope in scopes}
        known = {path for step in self.plan.steps.values() for path in step.outputs}
        used = folders_above(known)
        for key in [k for k in self.records if k not in self.plan.steps]:
            if everything or (os.path.dirname(key) or ".") in folders:
                self.plan.state.changed = True
                for path in set(self.records.pop(key).outputs) - known:
                    self.remove(path)
                    with contextlib.suppress(OSError):  # it is not empty
                        if os.path.dirname(path) not in used:
                            self.plan.disk.remove_folder(os.path.dirname(path))

    def note_first_runs(self, scopes: Iterable[Scope]) -> bool:
        """Record outputs before they are made for the first time, where files are named after modules: if the build is
        killed and the module removed, they would hide another module of that name. Returns whether there are any.
        """
        compiled = (step for step in self.plan.steps.values() if isinstance(step, ModuleStep) and step.scope in scopes)
        short = (step for step in compiled if step.module.object == step.module.name)
        new = [step for step in short if step.key not in self.records]
        for step in new:
            self.records[step.key] = Record(signature="", inputs={}, outputs=dict.fromkeys(step.outputs, ""))
            self.plan.state.changed = True
        return bool(new)

    def remove(self, path: str) -> None:
        """Remove an output of an earlier build, if that is allowed."""
        self.plan.files.remembered.pop(path, None)
        with contextlib.suppress(OSError):
            self.plan.disk.remove(path)
