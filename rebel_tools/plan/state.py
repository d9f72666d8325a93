"""What earlier builds found out, kept in one file beside the build: digests, dependency names, a record per step."""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import dataclass, field

from rebel_tools import __version__
from rebel_tools.plan.files import stamp, text_digest

FORMAT = f"rebel-tools {__version__} state 2"


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


class State:
    """The state file at `path`. One that is damaged or of another version is as good as none: all is built anew."""

    def __init__(self, path: str):
        self.path = path
        data = _load(path)
        self.files: dict[str, list] = data.get("files", {})
        self.names: dict[str, list] = data.get("names", {})
        self.records = {key: Record(**row) for key, row in data.get("records", {}).items()}
        self.editors: list[str] = data.get("editors", [])  # folders with a generated file for editors
        self.changed = False

    def save(self) -> None:
        """Write the file anew, in one atomic step; remove it when nothing is left to remember."""
        if not self.records and not self.names:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.path)
            return
        records = {key: record.__dict__ for key, record in self.records.items()}
        data = {"files": self.files, "names": self.names, "editors": self.editors, "records": records}
        text = json.dumps(data, separators=(",", ":"), ensure_ascii=False)
        os.makedirs(os.path.dirname(self.path) or ".", exist_ok=True)
        temporary = f"{self.path}.{os.getpid()}"
        with open(temporary, "w", encoding="utf-8", errors="surrogateescape", newline="") as f:
            f.write(_header(text) + text)
        try:
            os.replace(temporary, self.path)
        except OSError:
            os.unlink(temporary)
            raise


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
    return json.loads(text) if header == _header(text) else {}
