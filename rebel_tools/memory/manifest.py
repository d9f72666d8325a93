"""The status of every file that a finished build depended on: one look at them tells that there is nothing to do.

A manifest holds while nothing that could change the answer did: sources, folders (a new file changes its folder's time
stamp), package.json files, outputs, compilers and installed packages by their status, and everything else (flags,
environment, versions) by `identity`. When nothing but sources or outputs changed, only steps with such files have to be
judged, and then what they change; whatever else is in doubt makes the manifest worthless, and all steps are judged.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

from rebel_tools import __version__
from rebel_tools.memory.ahead import Preloaded
from rebel_tools.memory.atomic import read_regular, write_atomically
from rebel_tools.memory.stamp import Stamp, stamp
from rebel_tools.memory.verdict import Verdict, everything, these

NAME = ".rebel-tools.manifest"
"""What a manifest is called."""

FORMAT = f"rebel-tools {__version__} manifest 4"


class Written(NamedTuple):
    """What a manifest holds."""

    identity: str
    steps: Mapping[str, Stamp]
    others: Mapping[str, Stamp]
    answers: Mapping[str, str]


class Manifest:
    """The manifest in the file `path`; relative paths in it are below `root`.

    steps: the stamps of all files that steps read or write; others: those of everything else.
    answers: what installed programs said, and would say again while `others` are the same.
    written: what this process has written.
    """

    def __init__(self, path: str, root: str):
        self.path = path
        self.root = root
        self.steps: dict[str, Stamp] = {}
        self.others: dict[str, Stamp] = {}
        self.answers: dict[str, str] = {}
        self.written: Written | None = None
        self._looked: dict[str, Verdict] = {}

    def verdict(self, identity: str) -> Verdict:
        """Which files of steps are not what they were. A process looks once."""
        if identity not in self._looked:
            self._looked[identity] = self._look(identity)
        return self._looked[identity]

    def _look(self, identity: str) -> Verdict:
        data = MANIFESTS.get(self.path)
        if data is None:
            return everything("no build that came to its end is remembered")
        try:
            if data["format"] != FORMAT:
                return everything("another version of rebel-tools has built this")
            if data["identity"] != identity:
                return everything("the settings, the environment or the tools are not those of the last build")
            others = self._differing(data["others"])
            if others:
                return everything(f"`{min(others)}' changed")
            self.steps, self.others, self.answers = data["steps"], data["others"], data["answers"]
            return these(self._differing(self.steps))
        except (LookupError, TypeError, AttributeError):
            return everything("what is remembered of the last build is damaged")

    def _differing(self, files: Mapping[str, Stamp]) -> set[str]:
        if self.root == os.getcwd():  # as nearly always; to join thousands of paths takes as long as to look at them
            return {path for path, known in files.items() if stamp(path) != known}
        return {path for path, known in files.items() if stamp(os.path.join(self.root, path)) != known}

    def write(
        self, identity: str, steps: Mapping[str, Stamp], others: Mapping[str, Stamp], answers: Mapping[str, str]
    ) -> None:
        data = {"format": FORMAT, "identity": identity, "others": others, "answers": answers, "steps": steps}
        text = json.dumps(data, separators=(",", ":"), ensure_ascii=False)
        write_atomically(self.path, text.encode("utf-8", "surrogateescape"))
        self.written = Written(identity, steps, others, answers)

    def remove(self) -> None:
        self.written = None
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path)


def _read(path: str) -> Any:
    data = read_regular(path)
    try:
        return None if data is None else json.loads(data.decode("utf-8", "surrogateescape"))
    except ValueError:
        return None


MANIFESTS = Preloaded(_read)


@cache
def manifest(path: str, root: str) -> Manifest:
    """The one for the file `path` in this process."""
    return Manifest(path, root)
