"""Controls a process that has SCons loaded and builds on request (rebel_tools.scons.resident)."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TextIO

from rebel_tools.memory.stamp import Stamp
from rebel_tools.search_path import python_command


@dataclass(frozen=True)
class Built:
    """How a build ended.

    status: the exit status of scons; `outdated`: the program itself changed, and nothing was built.
    top: the folder of the SConstruct, None if scons did not get that far.
    places: files and folders that were looked at outside the top folder or behind links.
    inputs: the other files, below the top folder, that the build has read or could have read.
    made: files that the build may have written, with their stamps afterwards.
    """

    status: int
    outdated: bool = False
    top: str | None = None
    places: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    made: dict[str, Stamp] = field(default_factory=dict)


class Resident:
    """The process; it is started on demand, and restarted when it has ended."""

    def __init__(self, arguments: Sequence[str]):
        self.arguments = arguments
        self._running: _Running | None = None

    def build(self) -> Built:
        """Build once, with the output of scons on this process' own streams."""
        if self._running is not None and self._running.process.poll() is not None:
            self.stop()  # it was killed
        if self._running is None:
            self._running = _start(self.arguments)
        try:
            os.write(self._running.requests, b"b")
            answer = self._running.answers.readline()
        except BrokenPipeError:
            answer = ""
        if not answer:
            self.stop()
            return Built(status=1)
        values = json.loads(answer)
        paths = {name: tuple(values.get(name, ())) for name in ("places", "inputs")}
        return Built(**{**values, **paths})

    def stop(self, patience: float = 10) -> None:
        """End the process and its children, like an interrupt from the keyboard."""
        running, self._running = self._running, None
        if running is None:
            return
        os.close(running.requests)
        _signal(running.process, signal.SIGINT)
        try:
            running.process.wait(patience)
        except subprocess.TimeoutExpired:
            _signal(running.process, signal.SIGKILL)
            running.process.wait()
        running.answers.close()


class _Running(NamedTuple):
    """The process, the descriptor from which it reads requests, and its answers."""

    process: subprocess.Popen[bytes]
    requests: int
    answers: TextIO


def _start(arguments: Sequence[str]) -> _Running:
    reading, writing = os.pipe()
    asked, requests = os.pipe()
    command = [*python_command("rebel_tools.scons.resident"), str(writing), *arguments]
    process = subprocess.Popen(command, stdin=asked, pass_fds=(writing,))
    os.close(writing)
    os.close(asked)
    answers = open(reading, encoding="utf-8", errors="surrogateescape")  # noqa: SIM115 (closed by stop)
    return _Running(process, requests, answers)


def _signal(process: subprocess.Popen[bytes], number: int) -> None:
    """Send a signal to the process group of the process and its children."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)
