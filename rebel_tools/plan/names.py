"""Which units of this build a source names: ocamldep's answers, cached by content and resolved in the scopes."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import Any, Callable, NamedTuple, Optional

from rebel_tools.memory.digests import Files
from rebel_tools.memory.hashes import text_digest
from rebel_tools.memory.state_file import Answers
from rebel_tools.ocaml.names import is_reason
from rebel_tools.ocaml.ocamldep import Batch, Question, batch_size, batches
from rebel_tools.plan.ask import Ask
from rebel_tools.plan.model import Module, Scope
from rebel_tools.plan.steps import tree_file

# Whether the syntax tree in a file belongs to the current source.
IsCurrent = Optional[Callable[[str], bool]]


class Named(NamedTuple):
    """What one source names.

    own: modules of its own scope, without itself; scopes: the other scopes in which it names anything.
    itself: whether it uses its own module's name for something else (`List` in `list.ml`).
    units: all of these as unit names.
    """

    own: tuple[Module, ...] = ()
    scopes: tuple[Scope, ...] = ()
    itself: bool = False
    units: tuple[str, ...] = ()


NOTHING = Named()
_EDITED = 8  # if the names of at most so many sources are unknown, they were edited, and may soon be edited again


class Names:
    """Answers for sources of any scope.

    remembered: `folder source` -> [digest of the source, digest of the question, module names], also of earlier builds;
        for sources that were edited also a digest of the outline (see `rebel_tools.ocaml.outline`).
    jobs: how many processes may run at once.
    runs_programs: whether programs of packages, such as preprocessors, may run; otherwise their answers stay unknown.
    """

    def __init__(self, files: Files, ask: Ask, remembered: Answers, jobs: int = 1):
        self.files = files
        self.ask = ask
        self.remembered = remembered
        self.jobs = jobs
        self.runs_programs = True
        self.changed = False
        self._questions: dict[Scope, tuple[Question, str]] = {}
        self._resolved: dict[tuple[Scope, str], tuple[str, Named]] = {}
        self._unparsable: dict[str, str | None] = {}
        self._compared: dict[str, str | None] = {}  # digests of sources whose outlines differ from what is known

    def of(self, scope: Scope, module: Module, source: str) -> Named:
        """What `source` names. A source that does not exist yet, or does not parse, names nothing."""
        if module.generated:
            return NOTHING
        memo = self._resolved.get((scope, source))
        if memo and memo[0] == self.files.digest(source):
            return memo[1]
        answer = self._known(scope, source)
        if answer is None and self._may_ask(scope, source) and self._unknown(scope, source):
            self.prepare([scope])
            answer = self._known(scope, source)
        if answer is None:
            return NOTHING
        named = _resolve(scope, module, answer[2])
        self._resolved[scope, source] = (answer[0], named)
        return named

    def unresolved(self, scope: Scope, source: str) -> list[str]:
        """All names in `source`, as ocamldep reported them."""
        answer = self._known(scope, source)
        return answer[2] if answer else []

    def prepare(self, scopes: Iterable[Scope], is_current: IsCurrent = None) -> list[str]:
        """Run ocamldep for the sources of `scopes` whose names are not known yet, in as few processes as possible.

        is_current: given if syntax trees of Reason sources may be written, which compilers read as well.
        Returns the syntax tree files that were written.
        """
        unknown = {scope: self._all_unknown(scope) for scope in scopes}
        count = sum(map(len, unknown.values()))
        size = batch_size(count, self.jobs)
        work = [(scope, batch) for scope in unknown for batch in self._batches(scope, unknown[scope], size, is_current)]
        answers = self.ask.free_modules([batch for _, batch in work], self.jobs) if work else []
        for (scope, batch), answer in zip(work, answers):
            for source in batch.files:
                self._remember(scope, source, answer.get(source), count <= _EDITED)
        return [batch.trees[source] for _, batch in work for source in batch.convert if source in batch.trees]

    def is_withheld(self, scope: Scope, module: Module, source: str) -> bool:
        """Whether the names in a source depend on a program that may not run now."""
        return not (module.generated or self._may_ask(scope, source)) and self._unknown(scope, source)

    def forget(self, scope: Scope) -> None:
        """Forget the answers for a scope: a program that ocamldep runs for it has changed."""
        self._questions.pop(scope, None)
        self._resolved = {key: known for key, known in self._resolved.items() if key[0] is not scope}
        for module in scope.modules.values():
            for source in module.sources:
                self._unparsable.pop(_key(scope, source), None)

    def _remember(self, scope: Scope, source: str, names: tuple[str, ...] | None, with_outline: bool) -> None:
        if not self.files.is_as_read(source):  # the source may have changed while ocamldep read it
            self.files.forget(source)
            return
        digest = self.files.digest(source)
        if names is None:
            self._unparsable[_key(scope, source)] = digest
        else:
            self.changed = True
            answer = [digest, self._asked(scope, source), list(names)]
            found = self.ask.outline(source) if with_outline and _has_outline(scope, source) else None
            self.remembered[_key(scope, source)] = [*answer, found[1]] if found and found[0] == digest else answer

    def _all_unknown(self, scope: Scope) -> dict[str, Module]:
        modules = (*scope.modules.values(), *scope.queries.values())
        sources = ((source, module) for module in modules for source in module.sources)
        found = {source: module for source, module in sources if self._unknown(scope, source)}
        return {source: module for source, module in found.items() if self._may_ask(scope, source)}

    def _may_ask(self, scope: Scope, source: str) -> bool:
        if self.runs_programs:
            return True
        settings = scope.settings
        return not (settings.runs_programs or is_reason(source) and settings.reason().of_package)

    def _batches(self, scope: Scope, unknown: dict[str, Module], size: int, is_current: IsCurrent) -> Iterator[Batch]:
        reason = {source: module for source, module in unknown.items() if is_reason(source)}
        if unknown:
            yield from batches(self._question(scope)[0], [s for s in unknown if s not in reason], size)
        if reason:
            kept = {s: tree_file(scope, m, s) for s, m in reason.items()} if is_current and scope.settings.trees else {}
            current = {source for source, tree in kept.items() if is_current and is_current(tree)}
            yield from batches(self._question(scope)[0], reason, size, scope.settings.reason().command, kept, current)

    def _unknown(self, scope: Scope, source: str) -> bool:
        """Whether ocamldep has to be run for a source."""
        digest = self.files.digest(source)
        if digest is None or self._unparsable.get(_key(scope, source)) == digest:
            return False
        return self._known(scope, source) is None

    def _known(self, scope: Scope, source: str) -> list[Any] | None:
        answer: list[Any] | None = self.remembered.get(_key(scope, source))
        if not answer or answer[1] != self._asked(scope, source):
            return None
        return answer if answer[0] == self.files.digest(source) else self._taken_over(scope, source, answer)

    def _taken_over(self, scope: Scope, source: str, answer: list[Any]) -> list[Any] | None:
        """The answer for an earlier text of a source, if the current one has the same outline."""
        key, digest, outline = _key(scope, source), self.files.digest(source), answer[3:]
        if not outline or digest is None or self._compared.get(key) == digest or not _has_outline(scope, source):
            return None
        if self.ask.outline(source) != (digest, *outline):
            self._compared[key] = digest
            return None
        self.changed = True
        self.remembered[key] = [digest, *answer[1:]]
        return self.remembered[key]

    def _asked(self, scope: Scope, source: str) -> str:
        """A digest over what determines the answer besides the source, including the converter of a Reason source."""
        key = self._question(scope)[1]
        return f"{key} {self.files.digest_of_all(scope.settings.reason().files)}" if is_reason(source) else key

    def _question(self, scope: Scope) -> tuple[Question, str]:
        if scope not in self._questions:
            maps = {name: text for each in (*scope.uses, scope) for name, text in each.maps()}
            opened = (scope.namespace,) if scope.namespace in maps else ()
            command = scope.settings.dependency_command
            files = self.files.digest_of_all(scope.settings.dependency_files)
            programs = [scope.settings.dependency_identity, files]
            key = text_digest(*command, *programs, *opened, *maps, *maps.values())
            self._questions[scope] = Question(command, maps, opened, scope.settings.environ), key
        return self._questions[scope]


def _has_outline(scope: Scope, source: str) -> bool:
    """Whether the outline of a source determines its names: no program and no variable changes what ocamldep reads."""
    settings = scope.settings
    variables = os.environ if settings.environ is None else settings.environ
    return not (settings.runs_programs or is_reason(source) or "OCAMLPARAM" in variables)


def _key(scope: Scope, source: str) -> str:
    return f"{scope.outdir} {source}"


def _resolve(scope: Scope, module: Module, names: Iterable[str]) -> Named:
    own, scopes, units, itself = {}, {}, [], False
    for name in names:
        found = scope.provider(name)
        if found is None:
            continue
        where, unit = found
        if unit.object == module.object and where is scope:
            itself = True
            continue
        units.append(unit.object)
        if where is not scope:
            scopes[where] = True
        elif not unit.generated or unit == scope.face:
            own[unit] = True
    return Named(tuple(own), tuple(scopes), itself, tuple(units))
