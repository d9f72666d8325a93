"""The messages of the Remote Execution API for keys and results, with the numbers of their fields.

Source: build/bazel/remote/execution/v2/remote_execution.proto, version 2.2.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from rebel_tools.remote.wire import Fields, decoded, encoded, messages, number, text

_NANO = 1_000_000_000


class Digest(NamedTuple):
    """The name of data: its SHA-256 in hexadecimal digits, and its size in bytes."""

    hash: str
    size: int

    def encode(self) -> bytes:
        return encoded((1, self.hash), (2, self.size))


def digest_of(data: bytes) -> Digest:
    return Digest(hashlib.sha256(data).hexdigest(), len(data))


def _digest(fields: Fields, field: int) -> Digest | None:
    """Errors: ValueError for anything but a SHA-256 digest."""
    found = messages(fields, field)
    if not found:
        return None
    inner = decoded(found[-1])
    digest = Digest(text(inner, 1), number(inner, 2))
    if len(digest.hash) != 64 or not set(digest.hash) <= set("0123456789abcdef") or digest.size < 0:
        raise ValueError("this is not a digest")
    return digest


class Command(NamedTuple):
    """A command. folder: its working directory, relative to the input root; outputs: relative to `folder`."""

    arguments: Sequence[str]
    environment: Mapping[str, str]
    outputs: Sequence[str]
    folder: str = ""
    platform: Mapping[str, str] = {}

    def encode(self) -> bytes:
        return encoded(
            *((1, word) for word in self.arguments),
            *((2, encoded((1, name), (2, value))) for name, value in sorted(self.environment.items())),
            (5, _platform(self.platform)),
            (6, self.folder or None),
            *((7, path) for path in sorted(set(self.outputs))),
        )


def _platform(properties: Mapping[str, str]) -> bytes | None:
    found = encoded(*((1, encoded((1, name), (2, value))) for name, value in sorted(properties.items())))
    return found or None


class Action(NamedTuple):
    """What a result belongs to. root: the input root; salt: everything else that the result depends on."""

    command: Digest
    root: Digest
    salt: bytes = b""
    platform: Mapping[str, str] = {}

    def encode(self) -> bytes:
        return encoded(
            (1, self.command.encode()),
            (2, self.root.encode()),
            (9, self.salt or None),
            (10, _platform(self.platform)),
        )


class Output(NamedTuple):
    """A file that a command made; path: relative to the folder of the command."""

    path: str
    digest: Digest
    is_executable: bool = False

    def encode(self) -> bytes:
        return encoded((1, self.path), (2, self.digest.encode()), (4, self.is_executable))


class Result(NamedTuple):
    """An ActionResult. stdout, stderr: what the command wrote, or its digest.

    started, ended: in nanoseconds since 1970, 0 if unknown. note: our auxiliary metadata, b"" if there is none.
    others: the number of outputs that are links or folders.
    """

    outputs: Sequence[Output]
    stdout: bytes | Digest = b""
    stderr: bytes | Digest = b""
    exit_code: int = 0
    started: int = 0
    ended: int = 0
    note: bytes = b""
    others: int = 0

    @property
    def is_whole(self) -> bool:
        """Whether the command succeeded and all of its outputs are regular files."""
        return not (self.exit_code or self.others)

    def data(self) -> set[Digest]:
        """The digests of all data that the result refers to: outputs and messages."""
        said = {digest for digest in (self.stdout, self.stderr) if isinstance(digest, Digest)}
        return said | {output.digest for output in self.outputs}

    def encode(self) -> bytes:
        metadata = encoded(
            (7, _timestamp(self.started)),
            (8, _timestamp(self.ended)),
            (11, encoded((1, NOTE), (2, self.note)) if self.note else None),
        )
        return encoded(
            *((2, output.encode()) for output in self.outputs),
            (4, self.exit_code),
            *_said(self.stdout, 5),
            *_said(self.stderr, 7),
            (9, metadata or None),
        )


NOTE = "rebel-tools/rebel_tools.Note"
"""The type of our notes in the auxiliary metadata; notes of other types are ignored."""


def _said(said: bytes | Digest, field: int) -> list[tuple[int, bytes | None]]:
    return [(field + 1, said.encode())] if isinstance(said, Digest) else [(field, said or None)]


def _timestamp(moment: int) -> bytes | None:
    return encoded((1, moment // _NANO), (2, moment % _NANO)) if moment else None


def result_from(data: bytes) -> Result:
    """Errors: ValueError for anything but an ActionResult."""
    fields = decoded(data)
    metadata = decoded((messages(fields, 9) or [b""])[-1])
    notes = (decoded(each) for each in messages(metadata, 11))
    return Result(
        [_output(each) for each in messages(fields, 2)],
        _digest(fields, 6) or (messages(fields, 5) or [b""])[-1],
        _digest(fields, 8) or (messages(fields, 7) or [b""])[-1],
        number(fields, 4),
        _moment(metadata, 7),
        _moment(metadata, 8),
        next(((messages(note, 2) or [b""])[-1] for note in notes if text(note, 1) == NOTE), b""),
        sum(len(messages(fields, field)) for field in (3, 10, 11, 12)),
    )


def _output(data: bytes) -> Output:
    fields = decoded(data)
    digest = _digest(fields, 2)
    if digest is None:
        raise ValueError("an output has no digest")
    return Output(text(fields, 1), digest, bool(number(fields, 4)))


def _moment(fields: Fields, field: int) -> int:
    inner = decoded((messages(fields, field) or [b""])[-1])
    return number(inner, 1) * _NANO + number(inner, 2)
