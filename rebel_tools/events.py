"""The events of a build for other programs (`--json`): one JSON object per line; docs/command.md has the format."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable
from typing import Any, TextIO

from rebel_tools import signals
from rebel_tools.errors import RebelError

VERSION = 1
"""Incremented by changes that would mislead readers of the previous version; new keys and events do not count."""


class Stream:
    """Writes events; counts the diagnostics among them by severity."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()
        self._counts: dict[str, int] = {}

    def event(self, name: str, **values: object) -> None:
        """Write one event. Ends the process by SIGPIPE if the reader has closed the pipe."""
        text = json.dumps({"event": name, **values}, ensure_ascii=True)
        with self._lock, signals.needs_a_reader():
            self._stream.write(text + "\n")
            self._stream.flush()

    def start(self, project: str, arguments: Iterable[str]) -> None:
        """The first event. project: the absolute path of its folder; arguments: of rebel."""
        from rebel_tools import __version__

        self.event("start", version=VERSION, rebel_tools=__version__, project=project, arguments=list(arguments))

    def diagnostic(self, values: dict[str, Any], step: str | None, again: bool = False) -> None:
        """A message of a compiler. values: those of an `ocaml.messages.Diagnostic`; step: the output of its step;
        again: whether it is repeated from an earlier build.
        """
        self._counts[values["severity"]] = self._counts.get(values["severity"], 0) + 1
        self.event("diagnostic", step=step, **values, again=again)

    def result(
        self,
        status: str,
        exit_status: int,
        seconds: float,
        made: Iterable[str],
        failed: Iterable[str],
        steps: int,
        cached: int = 0,
    ) -> None:
        """The last event. seconds: how long the build took; made, failed: names of targets; steps: how many ran;
        cached: how many came from the cache instead.
        """
        self.event(
            "result",
            status=status,
            exit_status=exit_status,
            seconds=round(seconds, 3),
            made=list(made),
            failed=list(failed),
            steps=steps,
            cached=cached,
            errors=self._counts.get("error", 0),
            warnings=self._counts.get("warning", 0),
        )


def of_error(error: RebelError) -> dict[str, Any]:
    """An error in package.json or on the command line, with the keys of a `Diagnostic` and a hint."""
    values = error.as_dict()
    place = {"file": values["path"], "line": values["line"], "column": values["column"]}
    more = {"end_line": None, "end_column": None, "expected": error.expected, "hint": error.hint}
    return {"severity": "error", "message": error.message, "text": str(error), "code": "", **place, **more}
