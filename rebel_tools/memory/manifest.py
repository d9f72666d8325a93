"""The status of every file that a finished build depended on: while all are unchanged, there is nothing to do.

A manifest covers everything that could change the result: sources, folders (a new file changes its folder's time
stamp), package.json files, outputs, compilers and installed packages by their status, and everything else (flags,
environment, versions) by `identity`. If only sources or outputs changed, only the steps with these files are checked,
and then the steps that those affect; after any other change all steps are checked.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

from rebel_tools.memory.ahead import Preloaded
from rebel_tools.memory.atomic import write_atomically
from rebel_tools.memory.json_file import read_json
from rebel_tools.memory.quick_check import FORMAT
from rebel_tools.memory.stamp import Stamp, differing
from rebel_tools.memory.verdict import Verdict, everything, these

NAME = ".rebel-tools.manifest"
"""The suffix of a manifest's file name."""


class Written(NamedTuple):
    """The contents of a manifest."""

    identity: str
    steps: Mapping[str, Stamp]
    others: Mapping[str, Stamp]
    answers: Mapping[str, str]


class Manifest:
    """The manifest in the file `path`; relative paths in it are below `root`.

    steps: the stamps of all files that steps read or write; others: those of everything else.
    answers: the output of installed programs, valid while `others` are the same.
    written: the contents that this process has written.
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
        """Which files of steps have changed. A process looks at them once."""
        if identity not in self._looked:
            self._looked[identity] = self._look(identity)
        return self._looked[identity]

    def _look(self, identity: str) -> Verdict:
        data = MANIFESTS.get(self.path)
        if data is None:
            return everything("there is no record of a finished build")
        try:
            if data["format"] != FORMAT:
                return everything("the last build was made by another version of rebel-tools")
            if data["identity"] != identity:
                return everything("the settings, the environment or the tools have changed since the last build")
            others = differing(data["others"], self.root)
            if others:
                return everything(f"`{min(others)}' changed")
            self.steps, self.others, self.answers = data["steps"], data["others"], data["answers"]
            return these(differing(self.steps, self.root))
        except (LookupError, TypeError, AttributeError):
            return everything("the record of the last build is damaged")

    def write(
        self, identity: str, steps: Mapping[str, Stamp], others: Mapping[str, Stamp], answers: Mapping[str, str]
    ) -> None:
        """Replace the file by these contents. Errors: OSError."""
        data = {"format": FORMAT, "identity": identity, "others": others, "answers": answers, "steps": steps}
        text = json.dumps(data, separators=(",", ":"), ensure_ascii=False)
        write_atomically(self.path, text.encode("utf-8", "surrogateescape"))
        self.written = Written(identity, steps, others, answers)

    def remove(self) -> None:
        """Remove the file, so that the next build checks every step."""
        self.written = None
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path)


def _read(path: str) -> Any:
    try:
        return read_json(path)
    except ValueError:
        return None


MANIFESTS = Preloaded(_read)


@cache
def manifest(path: str, root: str) -> Manifest:
    """The manifest in the file `path`; one object per process."""
    return Manifest(path, root)
