"""The other end of rebel_tools.scons.resident: a process that has loaded SCons and builds when it is asked to."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field

from rebel_tools.search_path import python_command


@dataclass(frozen=True)
class Built:
    """How a build ended.

    status: the exit status of scons; `outdated`: the program itself changed, and nothing was done.
    top: the folder of the SConstruct, None when scons did not come that far.
    places: files and folders that were looked at, outside of the top folder or behind links.
    inputs: the files below the top folder, besides those, that the build has read or could have read.
    made: what the build may have written, with the status (mtime_ns, size, inode) that it had afterwards.
    """

    status: int
    outdated: bool = False
    top: str | None = None
    places: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    made: dict[str, list | None] = field(default_factory=dict)


class Resident:
    """The process; it is started when it is first needed, and again when it has ended."""

    def __init__(self, arguments: Sequence[str]):
        self.arguments = arguments
        self._process: subprocess.Popen | None = None
        self._answers = None

    def build(self) -> Built:
        """Build once, with the output of scons on this process' own streams."""
        if self._process is not None and self._process.poll() is not None:
            self.stop()  # somebody has killed it
        if self._process is None:
            self._start()
        try:
            os.write(self._process.stdin.fileno(), b"b")
            answer = self._answers.readline()
        except BrokenPipeError:
            answer = ""
        if not answer:
            self.stop()
            return Built(status=1)
        values = json.loads(answer)
        paths = {name: tuple(values.get(name, ())) for name in ("places", "inputs")}
        return Built(**{**values, **paths})

    def _start(self) -> None:
        reading, writing = os.pipe()
        command = [*python_command("rebel_tools.scons.resident"), str(writing), *self.arguments]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, pass_fds=(writing,))
        os.close(writing)
        self._answers = open(reading, encoding="utf-8", errors="surrogateescape")  # noqa: SIM115 (closed by stop)

    def stop(self, patience: float = 10) -> None:
        """End the process, and what it has started, as an interrupt from the keyboard would."""
        process, self._process = self._process, None
        if process is None:
            return
        process.stdin.close()
        self._signal(process, signal.SIGINT)
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            self._signal(process, signal.SIGKILL)
            process.wait()
        self._answers.close()

    @staticmethod
    def _signal(process: subprocess.Popen, number: int) -> None:
        """To the process group that the process has made of itself and what it starts."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, number)
