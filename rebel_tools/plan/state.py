"""What earlier builds found out, kept in one file beside the build: digests, dependency names, a record per step."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable, Iterator, MutableMapping
from dataclasses import dataclass, field

from rebel_tools import __version__
from rebel_tools.plan.files import stamp, text_digest, write_atomically

FORMAT = f"rebel-tools {__version__} state 3"


@dataclass
class Record:
    """How a step was last run.

    signature: digest over its command line.
    inputs, outputs: path -> digest.
    names: the units of this build that its source names, in the order of ocamldep.
    interfaces, implementations: unit -> digest that the compiler consulted, for the units of this build.
    interface, implementation: the digests of its own .cmi and .cmx, None where it makes none.
    """

    signature: str
    inputs: dict[str, str]
    outputs: dict[str, str]
    names: list[str] = field(default_factory=list)
    interfaces: dict[str, str | None] = field(default_factory=dict)
    implementations: dict[str, str | None] = field(default_factory=dict)
    interface: str | None = None
    implementation: str | None = None


class Records(MutableMapping):
    """Records by key. Those of a state file stay texts until somebody asks for them, and are saved as they came."""

    def __init__(self, texts: dict[str, str]):
        self._texts = texts
        self._records: dict[str, Record] = {}

    def get(self, key: str, default: Record | None = None) -> Record | None:
        record = self._records.get(key)
        if record is None and key in self._texts:
            record = self._records[key] = Record(**json.loads(self._texts[key]))
        return default if record is None else record

    def __getitem__(self, key: str) -> Record:
        record = self.get(key)
        if record is None:
            raise KeyError(key)
        return record

    def __setitem__(self, key: str, record: Record) -> None:
        self._texts[key] = _json(record.__dict__)
        self._records[key] = record

    def __delitem__(self, key: str) -> None:
        del self._texts[key]
        self._records.pop(key, None)

    def __contains__(self, key: object) -> bool:
        return key in self._texts

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def __len__(self) -> int:
        return len(self._texts)

    def mentioning(self, names: Iterable[str]) -> set[str]:
        """The keys of all records in which one of these names stands, without reading them."""
        quoted = [_json(name) for name in names]
        return {key for key, text in self._texts.items() if any(name in text for name in quoted)}

    def lines(self) -> Iterator[str]:
        """The lines of the state file: key and record, both as JSON, which has no tab and no end of line in it."""
        return (f"{_json(key)}\t{text}" for key, text in self._texts.items())


class State:
    """The state file at `path`. One that is damaged or of another version is as good as none: all is built anew."""

    def __init__(self, path: str):
        self.path = path
        data = _load(path)
        self.files: dict[str, list] = data.get("files", {})
        self.names: dict[str, list] = data.get("names", {})
        self.records = Records(dict(data.get("records", {})))
        self.editors: list[str] = data.get("editors", [])  # folders with a generated file for editors
        self.changed = False

    def save(self) -> None:
        """Write the file anew, in one atomic step; remove it when nothing is left to remember."""
        if not self.records and not self.names:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.path)
            return
        data = {"files": self.files, "names": self.names, "editors": self.editors}
        text = "\n".join([_json(data), *self.records.lines()])
        os.makedirs(os.path.dirname(self.path) or ".", exist_ok=True)
        write_atomically(self.path, _header(text) + text)


def _header(text: str) -> str:
    """The first line of the file: a digest tells damage of any kind from what was written here."""
    return f"{FORMAT} {text_digest(text)}\n"


LOADED: list[str] = []  # the state files that this process has asked for
_preloaded: dict[str, tuple[list, dict]] = {}  # by path: the status of the file that was read, and what it holds


def preload(path: str) -> None:
    """Have the contents of a state file ready for a State in a child of this process, if it is still that file."""
    known = stamp(path)
    if known != _preloaded.get(path, (None,))[0]:
        _preloaded[path] = known, _read(path)


def _load(path: str) -> dict:
    LOADED.append(path)
    known, data = _preloaded.pop(path, (None, {}))
    return data if known and known == stamp(path) else _read(path)


def _read(path: str) -> dict:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape", newline="") as f:
            header, text = f.readline(), f.read()
    except OSError:
        return {}
    if header != _header(text):
        return {}
    rest, *records = text.split("\n")
    parts = (line.partition("\t") for line in records)
    return {**json.loads(rest), "records": {json.loads(key): record for key, _, record in parts}}


def _json(data: object) -> str:
    return json.dumps(data, separators=(",", ":"), ensure_ascii=False)
