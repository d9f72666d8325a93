"""Writes the events of `rebel --json` while SCons builds: for each step, each message and the result."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from typing import Any

from rebel_tools import signals
from rebel_tools.errors import RebelError
from rebel_tools.events import Stream, of_error
from rebel_tools.ocaml.messages import ERROR, Diagnostic, diagnostics
from rebel_tools.presentation import Presentation
from rebel_tools.scons.compat import start_time
from rebel_tools.scons.failures import Failure
from rebel_tools.scons.output import SAID, SOURCES
from rebel_tools.scons.report import Report
from rebel_tools.scons.terminal import TERMINAL


class Events(Report):
    """Writes events as they happen. Everything else that this process prints goes to standard error."""

    def __init__(self, how: Presentation, arguments: Sequence[str]) -> None:
        super().__init__(how)
        self._stream = Stream(TERMINAL.out)
        self._began: dict[str, float] = {}
        sys.stdout = TERMINAL.out = sys.stderr
        self._stream.start(os.getcwd(), arguments)

    def begins(self, text: str, targets: Sequence[Any]) -> None:
        step = str(targets[0])
        with TERMINAL.lock:
            if step in self._began:  # the second action of a step
                return
            self._began[step] = time.time()
            number = TERMINAL.started = TERMINAL.started + 1
            known = {"source": SOURCES.get(step), "text": text, "number": number, "of": max(TERMINAL.total, number)}
            self._stream.event("step_started", step=step, **known)

    def ends(self, node: Any) -> None:
        self._end(str(node), "built")

    def _end(self, step: str, status: str) -> None:
        if step in self._began:
            seconds = round(time.time() - self._began[step], 3)
            self._stream.event("step_finished", step=step, status=status, seconds=seconds)

    def said(self, target: str, stdout: str, stderr: str, status: int) -> None:
        for found in diagnostics(stdout + stderr, status != 0):
            self._stream.diagnostic(found._asdict(), target)

    def mistake(self, error: RebelError) -> None:
        self._stream.diagnostic(of_error(error), None)
        self._close("failed", 2)

    def failed(self, failure: Failure) -> None:
        if failure.cause is not None:
            self._stream.diagnostic(of_error(failure.cause), failure.target)
        elif failure.reason:
            said = Diagnostic(ERROR, failure.reason, failure.reason, file=SOURCES.get(failure.target))
            self._stream.diagnostic(said._asdict(), failure.target)
        self._failures.add(failure.about)
        self._end(failure.target, "failed")

    def built(self) -> None:
        for each in sorted(self.again()):
            for found in diagnostics(each.text, False):
                self._stream.diagnostic(found._asdict(), each.target, again=True)
        if signals.received() is not None:
            self._close("interrupted", 128 + (signals.received() or 0))
        elif self._failures:
            self._close("failed", 2)
        else:
            self._close("built" if self._began or TERMINAL.restored else "up_to_date", 0)
        SAID.clear()

    def _close(self, status: str, exit_status: int) -> None:
        seconds = time.time() - start_time()
        self._stream.result(
            status, exit_status, seconds, self.made(), sorted(self._failures), len(self._began), TERMINAL.restored
        )
