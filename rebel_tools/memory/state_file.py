"""The file in which a build keeps what the next one needs to know: its format, without what stands in it.

The file is a row of blocks, each a header and what a build changed. What follows the last whole block is what an
interrupted build has left, and does not count.
"""

from __future__ import annotations

import json
from typing import Any

from rebel_tools import __version__
from rebel_tools.memory.ahead import Preloaded
from rebel_tools.memory.atomic import read_regular
from rebel_tools.memory.digests import Remembered, bytes_digest
from rebel_tools.memory.stamp import Stamp, stamp

NAME = ".rebel-tools.json"
"""What a state file is called."""

FORMAT = f"rebel-tools {__version__} state 10"

# What ocamldep said: folder and source -> digest of the source, digest of the question, module names.
Answers = dict[str, list[Any]]

# Sources that rules of the SConstruct made: path -> when it was written, in nanoseconds, and a digest of its contents.
Generated = dict[str, list[Any]]


class Contents:
    """What a state file holds: four dictionaries by key, the records as texts.

    stamp: the status of the file that was read, None where nothing may be added to it.
    base: how long its first block is, in bytes.
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
    """What turns `known` into `now`: a header, whose digest tells damage of any kind from what was written here, and
    lines. The first of these is JSON, the others are a key and a record, which have no tab and no end of line in them.
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
    """What a state file holds, and whether nothing follows that is damaged."""
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
    """The lines of the block at `start`, and where the next one begins; None when it is damaged or cut off."""
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
