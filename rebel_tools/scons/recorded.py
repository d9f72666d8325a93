"""A run of scons under a recorder, from its start to the manifest that it leaves."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from rebel_tools import signals
from rebel_tools.memory.verdict import NOTHING
from rebel_tools.observed import hooks, store
from rebel_tools.observed.check import check
from rebel_tools.observed.edges import Edges, updated
from rebel_tools.observed.model import Manifest, Refusal
from rebel_tools.observed.partial import Disagreement, merged
from rebel_tools.observed.recorder import Recorder
from rebel_tools.observed.summary import Summary, refusals
from rebel_tools.process import exit_status, run_last_functions

if TYPE_CHECKING:
    from rebel_tools.scons.finished import Building
    from rebel_tools.scons.partial import Judging


class Outcome(NamedTuple):
    """How a run ended. status: its exit status. doubtful: whether it evaluated only a part, and what it left out may
    have changed in the meantime, so that SCons has to evaluate everything.
    """

    status: int
    doubtful: bool


def record(
    asked: store.Question, main: Any, manifest: Manifest | None, changed: frozenset[str] | None, is_announced: bool
) -> Outcome:
    """Run `main`, the main program of scons, under a recorder. Afterwards there is a manifest, or a reason why not.

    manifest: that of the last run; `changed`: the only files whose contents have changed since, if any; None if SCons
    has to evaluate everything, in this run and in the next one. is_announced: whether to print that only a part is.
    """
    environ = dict(os.environ)
    edges = store.load_edges(asked) if manifest and changed else None
    store.forget(asked)
    recorder = Recorder()
    output, errors = _Echo(sys.stdout), _Echo(sys.stderr)
    hooks.install(recorder)
    try:
        from rebel_tools.scons import observe  # this imports SCons, under the recorder
        from rebel_tools.scons.finished import Building
        from rebel_tools.scons.partial import Edits, Judging

        observe.install(recorder)
        building = Building(recorder, output.text, errors.text)
        building.install()
        judging = Judging(
            recorder, Edits(manifest, edges, changed, is_announced) if manifest and changed and edges else None
        )
        if changed is not None:
            judging.install()
        recorder.recording = True
        sys.stdout, sys.stderr, sys.stdin = output, errors, _Input(recorder, sys.stdin)
        status = exit_status(main)
        sys.stdout, sys.stderr = output, errors  # SCons has restored the streams of the process
        run_last_functions()  # their output belongs to that of the run
    finally:
        sys.stdout, sys.stderr, sys.stdin = output.real, errors.real, sys.__stdin__
        recorder.recording = False
        os.chdir(recorder.top)
        hooks.uninstall()
    if signals.received() is not None:  # the thread that forwards signals to commands was recorded, too
        store.save_refusals(asked, [Refusal("the last run was ended by a signal", ())])
        return Outcome(status, doubtful=False)
    found = _found(recorder, building, judging, status, errors.text.getvalue(), asked.jobs)
    if isinstance(found, Manifest) and judging.skipped:
        found = _unless_changed(found, environ)
    _keep(asked, recorder, judging, found)
    return Outcome(status, doubtful=not status and bool(judging.skipped) and not isinstance(found, Manifest))


def _found(
    recorder: Recorder, building: Building, judging: Judging, status: int, errors: str, jobs: str
) -> Manifest | list[Refusal]:
    """What the run observed, with the observations of the last run about the targets that it skipped."""
    from rebel_tools.scons import observed_graph

    observed_graph.note_kind_of_run(recorder, status)
    if recorder.work:
        building.refuse_what_goes_on()
    found: Manifest | list[Refusal] = refusals(recorder)
    if not found:
        output = building.output_of_the_next() if recorder.work else building.output.getvalue()
        graph = observed_graph.graph_of(recorder, building.made, judging.skipped)
        found = Summary(recorder, graph).manifest(output, errors, jobs)
        if isinstance(found, Manifest) and judging.skipped:
            found = _with_what_was_skipped(found, recorder, judging, graph.made | graph.bookkeeping)
    return found


def _unless_changed(found: Manifest, environ: Mapping[str, str]) -> Manifest | list[Refusal]:
    """The manifest, unless something that skipped targets depend on has changed: a command may write a file that
    SCons takes for a source.
    """
    verdict = check(found._replace(commands=[]), environ)  # commands have been run while SConscripts were read
    if verdict.extent == NOTHING:
        return found
    return [Refusal("a file changed while scons ran", tuple(sorted(verdict.changed)) or (verdict.reason,))]


def _keep(asked: store.Question, recorder: Recorder, judging: Judging, found: Manifest | list[Refusal]) -> None:
    if isinstance(found, Manifest):
        store.save(asked, found)
        edges = judging.edges()
        if edges is not None:
            old = judging.edits.edges if judging.edits and judging.skipped else Edges({}, [], [])
            store.save_edges(asked, updated(old, edges))
        return
    if recorder.work:
        first = ", ".join(recorder.work[:3]) + (", ..." if len(recorder.work) > 3 else "")
        found.insert(0, Refusal("the last run built something", (first,)))
    store.save_refusals(asked, found)


def _with_what_was_skipped(
    new: Manifest, recorder: Recorder, judging: Judging, written: frozenset[str]
) -> Manifest | list[Refusal]:
    edits = judging.edits
    assert edits is not None  # without edits nothing is skipped
    copied = {copy for copy, source in recorder.copies.items() if source in edits.changed}
    others = edits.changed | written | copied | recorder.written.keys()
    try:
        return merged(edits.manifest, new, others, recorder.copies.keys() | set(recorder.copies.values()))
    except Disagreement as disagreement:
        return [Refusal("a file changed while scons ran", (str(disagreement),))]


class _Input:
    """Standard input, whose contents are unpredictable."""

    def __init__(self, recorder: Recorder, real: Any) -> None:
        self._recorder = recorder
        self._real = real

    def __getattr__(self, name: str) -> Any:
        if name.startswith(("read", "__iter__", "buffer", "detach")):
            self._recorder.refuse_if_direct("an SConscript reads standard input")
        return getattr(self._real, name)


class _Echo(io.TextIOBase):
    """An output stream whose text is also kept."""

    def __init__(self, real: Any) -> None:
        self.real = real
        self.text = io.StringIO()

    def write(self, text: str) -> int:
        self.text.write(text)
        return int(self.real.write(text))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)

    def flush(self) -> None:
        self.real.flush()

    def fileno(self) -> int:
        return int(self.real.fileno())

    def isatty(self) -> bool:
        return bool(self.real.isatty())
