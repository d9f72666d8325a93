"""What is known from earlier builds, kept in a state file: digests, names from ocamldep, and a record per step."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable, Iterator, MutableMapping
from dataclasses import dataclass, field

from rebel_tools.memory.atomic import write_atomically
from rebel_tools.memory.digests import Remembered
from rebel_tools.memory.stamp import stamp
from rebel_tools.memory.state_file import STATES, Answers, Contents, Generated, as_json, whole
from rebel_tools.memory.state_file import block as block_of

_SILENT = ',"said":""}'  # how the JSON of a record ends


@dataclass
class Record:
    """How a step was last run.

    signature: digest over its command line.
    inputs, outputs: path -> digest.
    names: the units of this build that its source mentions, in the order of ocamldep.
    interfaces, implementations: unit -> digest that the compiler consulted, for the units of this build.
    interface, implementation: the digests of its own .cmi and .cmx, None where it makes none.
    installed: the names of files outside this build that it looked for, such as `Stdlib__List.cmi`;
        installed_digest: over the files that were found.
    entry: the key of the result in a cache, '' if it is in none.
    source: the source that it reads, '' if it reads only outputs of other steps.
    said: what a successful run has printed, such as warnings; '' also if it must not be printed again.
    """

    signature: str
    inputs: dict[str, str]
    outputs: dict[str, str]
    names: list[str] = field(default_factory=list)
    interfaces: dict[str, str | None] = field(default_factory=dict)
    implementations: dict[str, str | None] = field(default_factory=dict)
    interface: str | None = None
    implementation: str | None = None
    installed: list[str] = field(default_factory=list)
    installed_digest: str = ""
    entry: str = ""
    source: str = ""
    said: str = ""


class Records(MutableMapping[str, Record]):
    """Records by key. Records from a state file stay JSON text until they are looked up, and are saved unchanged."""

    def __init__(self, texts: dict[str, str]):
        self.texts = texts
        self._records: dict[str, Record] = {}

    def __getitem__(self, key: str) -> Record:
        record = self._records.get(key)
        if record is None:
            record = self._records[key] = Record(**json.loads(self.texts[key]))
        return record

    def __setitem__(self, key: str, record: Record) -> None:
        self.texts[key] = as_json(record.__dict__)
        self._records[key] = record

    def __delitem__(self, key: str) -> None:
        del self.texts[key]
        self._records.pop(key, None)

    def __contains__(self, key: object) -> bool:
        return key in self.texts

    def __iter__(self) -> Iterator[str]:
        return iter(self.texts)

    def __len__(self) -> int:
        return len(self.texts)

    def saying(self) -> Iterator[tuple[str, Record]]:
        """The records of steps whose programs printed something, without parsing the others."""
        for key, text in self.texts.items():
            if not text.endswith(_SILENT):
                yield key, self[key]

    def mentioning(self, names: Iterable[str]) -> set[str]:
        """The keys of all records that contain one of these names, found without parsing."""
        quoted = [as_json(name) for name in names]
        return {key for key, text in self.texts.items() if any(name in text for name in quoted)}


class State:
    """The state file at `path`. A file that is damaged or of another version is ignored, and everything is rebuilt.

    The file is a sequence of blocks, each with a header and the changes of one build: a small edit appends a small
    block, and the file is rewritten when it has doubled in size. Anything after the last complete block was left by an
    interrupted build and is ignored: all records are compared with the files themselves before they are used.
    """

    def __init__(self, path: str):
        self.path = path
        self._known = known = STATES.get(path)
        self.files: Remembered = dict(known.files)
        self.names: Answers = dict(known.names)
        self.generated: Generated = dict(known.generated)
        self.records = Records(dict(known.records))
        self.changed = False

    def save(self) -> None:
        """Append the changes, or replace the whole file atomically; remove the file when there is nothing to record."""
        if not self.records and not self.names and not self.generated:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.path)
            return
        now = Contents(dict(self.files), dict(self.names), dict(self.generated), dict(self.records.texts))
        known = self._known
        if not known.stamp or known.stamp != stamp(self.path):
            known = Contents()  # nothing may be appended to the existing file
        block = block_of(now, known)
        if known.stamp and known.stamp[1] + len(block) <= 2 * known.base:
            now.base = known.base
            with open(self.path, "ab") as file:
                file.write(block)
        else:
            every = whole(now) if known.stamp else block
            now.base = len(every)
            os.makedirs(os.path.dirname(self.path) or ".", exist_ok=True)
            write_atomically(self.path, every)
        now.stamp = stamp(self.path)
        self._known = now
