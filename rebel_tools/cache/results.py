"""Results of steps: their outputs and messages. A key has several results, one for each state of consulted files.

A result is a pack: `about` has the record of the step, and the path of each output with whether it is executable; the
pieces are the contents of the outputs in the same order. The digests of the outputs are in the record.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from rebel_tools.cache.pack import Pack, Piece, packed, unpacked
from rebel_tools.cache.store import Store
from rebel_tools.memory.atomic import new_file, write_all
from rebel_tools.memory.stamp import Stamp, last_change

KIND = "results"

# How many results are kept per key: a project may switch between several states.
MOST = 16

# Larger outputs of a step, in bytes, are not kept: making them again costs little more than copying.
LARGEST = 256 << 20


class Output(NamedTuple):
    """A file that a step made. digest: the first 24 hexadecimal digits of its SHA-256."""

    path: str
    data: Piece
    is_program: bool
    digest: str


class Result(NamedTuple):
    """The result of a step. name: its name in the store; record: that of the step (see `memory.records.Record`)."""

    name: str
    record: Mapping[str, Any]
    outputs: Sequence[Output]


def read(store: Store, name: str) -> Result | None:
    """The result with this name; None if there is none. A damaged one is removed."""
    data = store.get(KIND, name)
    if data is None:
        return None
    try:
        pack = unpacked(data)
        if pack is not None:
            return _result(name, pack)
    except (ValueError, LookupError, TypeError, AttributeError):  # the pack is not a result
        pass
    store.discard(KIND, name)
    return None


def _result(name: str, pack: Pack) -> Result:
    record = pack.about["record"]
    digests = record["outputs"]
    outputs = [
        Output(path, piece, bool(is_program), digests[path])
        for (path, is_program), piece in zip(pack.about["outputs"], pack.pieces)
    ]
    return Result(name, record, outputs)


def known(store: Store, key: str) -> Iterator[Result]:
    """The results under a key, the newest first."""
    for name in store.names(KIND, f"{key}-"):
        found = read(store, name)
        if found is not None:
            yield found


def keep(store: Store, name: str, record: Mapping[str, Any], root: str) -> bool:
    """Store a record with its outputs, which are below `root`; return whether they are stored.

    Nothing is stored if an output is missing, too large, or does not have the digest in the record.
    """
    outputs, pieces = [], []
    for path, digest in record["outputs"].items():
        found = _read_output(os.path.join(root, path))
        if found is None or hashlib.sha256(found[0]).hexdigest()[:24] != digest:
            return False
        pieces.append(found[0])
        outputs.append([path, found[1]])
    store.make_room(KIND, f"{name.partition('-')[0]}-", MOST - 1)
    return store.put(KIND, name, packed(Pack({"record": dict(record), "outputs": outputs}, pieces)))


def _read_output(path: str) -> tuple[bytes, bool] | None:
    """The contents of a file and whether it is a program; None for one that is missing or very large."""
    try:
        with open(path, "rb", buffering=0) as file:
            status = os.fstat(file.fileno())
            return (file.read(), bool(status.st_mode & 0o100)) if status.st_size <= LARGEST else None
    except OSError:
        return None


def write_out(output: Output, root: str = "") -> Stamp:
    """Write an output as a new file below `root` or the current folder; return its stamp. Errors: OSError."""
    path = os.path.join(root, output.path) if root else output.path
    mode = 0o777 if output.is_program else 0o666
    try:
        descriptor = new_file(path, mode)
    except FileNotFoundError:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        descriptor = new_file(path, mode)
    except FileExistsError:
        os.unlink(path)
        descriptor = new_file(path, mode)
    try:
        write_all(descriptor, output.data)
        status = os.fstat(descriptor)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(path)
        raise
    finally:
        os.close(descriptor)
    return [last_change(status), status.st_size, status.st_ino]
