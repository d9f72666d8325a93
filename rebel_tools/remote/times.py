"""How long commands took, so that short ones need not be sent to an engine: a small file beside SCons' own state."""

from __future__ import annotations

import json
import threading
from contextlib import suppress

from rebel_tools.memory.atomic import write_atomically
from rebel_tools.memory.json_file import read_json
from rebel_tools.remote.command import Asked

FILE = ".rebel-times.json"
_FORMAT = 1


class Times:
    """The times of the commands of a project, in seconds. For several threads.

    path: the file; one that is damaged or of another release counts as empty. A target that is new takes as long as
    those that the same program has made before, on average.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._targets: dict[str, float] = {}
        self._programs: dict[str, float] = {}
        self._lock = threading.Lock()
        self._is_changed = False
        with suppress(ValueError, TypeError, KeyError, AttributeError):
            self._read()

    def of(self, asked: Asked, otherwise: float) -> float:
        """The time that a command is expected to take; `otherwise` if nothing is known."""
        return self._targets.get(asked.target, self._programs.get(asked.program_name, otherwise))

    def note(self, asked: Asked, seconds: float) -> None:
        """A command has run, here or on an engine."""
        with self._lock:
            self._targets[asked.target] = _mean(self._targets.get(asked.target), seconds, 2)
            if asked.program_name:
                self._programs[asked.program_name] = _mean(self._programs.get(asked.program_name), seconds, 8)
            self._is_changed = True

    def save(self) -> None:
        """Write the file, if there is something new. Errors: OSError."""
        if not self._is_changed:
            return
        about = {"format": _FORMAT, "targets": _rounded(self._targets), "programs": _rounded(self._programs)}
        text = json.dumps(about, ensure_ascii=False, indent=0, sort_keys=True)
        write_atomically(self._path, text.encode("utf-8", "surrogateescape"))

    def _read(self) -> None:
        about = read_json(self._path)
        if about["format"] == _FORMAT:
            self._targets = {name: float(value) for name, value in about["targets"].items()}
            self._programs = {name: float(value) for name, value in about["programs"].items()}


def _mean(known: float | None, new: float, weight: int) -> float:
    """The average of the last times, of which the new one counts as one of `weight`."""
    return new if known is None else known + (new - known) / weight


def _rounded(times: dict[str, float]) -> dict[str, float]:
    return {name: round(seconds, 4) for name, seconds in times.items()}
