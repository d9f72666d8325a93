"""A run of scons under a recorder, from its start to the manifest that it leaves."""

from __future__ import annotations

import io
import os
import sys
from typing import Any

from rebel_tools.observed import hooks, store
from rebel_tools.observed.model import Manifest, Refusal
from rebel_tools.observed.recorder import Recorder
from rebel_tools.observed.summary import Summary
from rebel_tools.process import exit_status


def record(asked: store.Question, main: Any) -> int:
    """Run `main`, the main program of scons, under a recorder; its exit status. Afterwards there is a manifest, or a
    reason.
    """
    store.forget(asked)
    recorder = Recorder()
    output, errors = _Echo(sys.stdout), _Echo(sys.stderr)
    hooks.install(recorder)
    try:
        from rebel_tools.scons import observe  # with it SCons is imported, under the recorder

        observe.install(recorder)
        recorder.reading = True
        sys.stdout, sys.stderr, sys.stdin = output, errors, _Input(recorder, sys.stdin)
        status = exit_status(main)
    finally:
        sys.stdout, sys.stderr, sys.stdin = output.real, errors.real, sys.__stdin__
        recorder.reading = False
        os.chdir(recorder.top)
        hooks.uninstall()
    _keep(asked, recorder, status, output.text.getvalue(), errors.text.getvalue())
    return status


def _keep(asked: store.Question, recorder: Recorder, status: int, output: str, errors: str) -> None:
    from rebel_tools import signals
    from rebel_tools.scons import observe

    if signals.received() is not None:  # what passes it on to the commands is another thread, and was recorded, too
        store.save_refusals(asked, [Refusal("the last run was told to end", ())])
        return
    if recorder.work:
        first = ", ".join(recorder.work[:3]) + (", ..." if len(recorder.work) > 3 else "")
        store.save_refusals(asked, [Refusal("the last run built something", (first,))])
        return
    observe.note_kind_of_run(recorder, status)
    found = Summary(recorder, observe.graph_of(recorder)).manifest(output, errors)
    if isinstance(found, Manifest):
        store.save(asked, found)
    else:
        store.save_refusals(asked, found)


class _Input:
    """Standard input, which nobody can foretell."""

    def __init__(self, recorder: Recorder, real: Any) -> None:
        self._recorder = recorder
        self._real = real

    def __getattr__(self, name: str) -> Any:
        if name.startswith(("read", "__iter__", "buffer", "detach")):
            self._recorder.refuse_if_direct("an SConscript reads standard input")
        return getattr(self._real, name)


class _Echo(io.TextIOBase):
    """An output stream that is kept, too."""

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
