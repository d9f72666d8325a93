"""The format of the state file, in which a build stores what the next one needs.

The file is a sequence of blocks, each with a header and the changes of one build. Anything after the last complete
block was left by an interrupted build and is ignored.
"""

from __future__ import annotations

import json
from typing import Any

from rebel_tools import __version__
from rebel_tools.memory.ahead import Preloaded
from rebel_tools.memory.atomic import read_regular
from rebel_tools.memory.digests import Remembered
from rebel_tools.memory.hashes import bytes_digest
from rebel_tools.memory.stamp import Stamp, stamp

NAME = ".rebel-tools.json"
"""The name of a state file."""

FORMAT = f"rebel-tools {__version__} state 10"

# Answers of ocamldep: folder and source -> digest of the source, digest of the question, module names.
Answers = dict[str, list[Any]]

# Sources made by rules of the SConstruct: path -> when it was written, in nanoseconds, and a digest of its contents.
Generated = dict[str, list[Any]]


class Contents:
    """The contents of a state file: four dictionaries; records are JSON text.

    stamp: of the file that was read; None if nothing may be appended to it.
    base: the length of its first block in bytes.
    """

    def __init__(
        self,
        files: Remembered | None = None,
        names: Answers | None = None,
        generated: Generated | None = None,
        records: dict[str, str] | None = None,
    ) -> None:
        self.files: Remembered = files or {}
        self.names: Answers = names or {}
        self.generated: Generated = generated or {}
        self.records: dict[str, str] = records or {}
        self.stamp: Stamp = None
        self.base = 0

    @property
    def tables(self) -> tuple[dict[str, Any], ...]:
        return self.files, self.names, self.generated, self.records


def block(now: Contents, known: Contents) -> bytes:
    """The block that turns `known` into `now`: a header, whose digest detects any damage, and lines. The first line is
    JSON; each of the others is a key and a record, neither of which contains a tab or a newline.
    """
    files, names, generated, records = map(_difference, now.tables, known.tables)
    gone = [list(old.keys() - new.keys()) for old, new in zip(known.tables, now.tables)]
    rest = {"files": files, "names": names, "generated": generated, "gone": gone}
    lines = (f"{as_json(key)}\t{text}" for key, text in records.items())
    text = "\n".join([as_json(rest), *lines]).encode("utf-8", "surrogateescape")
    return _header(text) + text + b"\n"


def _difference(now: dict[str, Any], known: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in now.items() if known.get(key) is not value}


def _header(text: bytes) -> bytes:
    digest = bytes_digest(text)
    return f"{FORMAT} {digest} {len(text)}\n".encode()


def _read(path: str) -> Contents:
    known = stamp(path)
    data = read_regular(path)
    if data is None:
        return Contents()
    contents, is_whole = contents_of(data)
    if is_whole:
        contents.stamp = known
    return contents


def whole(contents: Contents) -> bytes:
    """A state file with these contents."""
    return block(contents, Contents())


def contents_of(data: bytes) -> tuple[Contents, bool]:
    """The contents of a state file, and whether it has no damaged end."""
    contents = Contents()
    start = 0
    while start < len(data):
        block = _whole_block(data, start)
        if block is None:
            return contents, False
        text, start = block
        contents.base = contents.base or start
        _add(contents, text)
    return contents, True


STATES = Preloaded(_read)


def _whole_block(data: bytes, start: int) -> tuple[bytes, int] | None:
    """The lines of the block at `start`, and where the next one begins; None if the block is damaged or cut off."""
    begin = data.find(b"\n", start) + 1
    length = data[start:begin].rpartition(b" ")[2].strip()
    if not length.isdigit():
        return None
    end = begin + int(length)
    text = data[begin:end]
    return (text, end + 1) if data[start:begin] == _header(text) and data[end : end + 1] == b"\n" else None


def _add(contents: Contents, block: bytes) -> None:
    rest, *records = block.decode("utf-8", "surrogateescape").split("\n")
    data = json.loads(rest)
    for table, keys in zip(contents.tables, data["gone"]):
        for key in keys:
            del table[key]
    contents.files.update(data["files"])
    contents.names.update(data["names"])
    contents.generated.update(data["generated"])
    for line in records:
        key, _, record = line.partition("\t")
        contents.records[json.loads(key) if "\\" in key else key[1:-1]] = record


def as_json(data: object) -> str:
    return json.dumps(data, separators=(",", ":"), ensure_ascii=False)
