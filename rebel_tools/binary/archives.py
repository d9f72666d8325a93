"""Libraries inside wheels, Debian packages, zip files and tar files, named `archive!member`.

Members are read into memory, never unpacked to disk. There are limits for the size of a member, of a zip directory and
of the data that is unpacked to reach a member (see `unpack` and `tar`). They are the same with every Python version.
"""

from __future__ import annotations

import io
import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import IO

from rebel_tools.binary import tar
from rebel_tools.binary.archive_paths import SEPARATOR
from rebel_tools.binary.errors import UnreadableBinary
from rebel_tools.binary.identify import HEAD, archive_kind, is_elf, is_pe
from rebel_tools.binary.source import Source
from rebel_tools.binary.tape import Stream
from rebel_tools.binary.unpack import unpacked
from rebel_tools.errors import Place

MAX_MEMBER = 192 << 20
MAX_ZIP_DIRECTORY = 16 << 20
SHOWN = 8
"""How many names the error about a missing member shows."""

_UNBOUNDED_METHODS = {zipfile.ZIP_BZIP2: "bzip2", zipfile.ZIP_LZMA: "LZMA", 93: "Zstandard", 95: "xz"}
"""With these methods, zipfile unpacks everything that it has read at once, without a limit."""


class Member:
    """One regular file of an archive, named `archive!member`.

    It can be read once, and only before the next member is requested, since a compressed tar is only read forwards.
    """

    def __init__(self, archive: Source, name: str, size: int, open_stream: Callable[[], Stream]) -> None:
        self.name = name
        self.path = f"{archive.name}{SEPARATOR}{name}"
        self._archive = archive
        self._size = size
        self._open = open_stream
        self._stream: Stream | None = None
        self._head = b""

    def head(self, size: int = 8) -> bytes:
        """The first `size` bytes or fewer. Errors: UnreadableBinary if the archive is damaged or encrypted."""
        if self._stream is None:
            with _failures(self._archive):
                self._stream = self._open()
                self._head = self._stream.read(size)
        return self._head

    def read(self) -> bytes:
        """All bytes. Errors: UnreadableBinary as in `head`, and if there are more than MAX_MEMBER."""
        if self._size > MAX_MEMBER:
            raise UnreadableBinary(
                f"the member has {self._size} bytes",
                place=Place(self.path),
                expected=f"at most {MAX_MEMBER} bytes; unpack the archive and read the file",
            )
        head = self.head()
        assert self._stream is not None
        with _failures(self._archive):
            return head + self._stream.read(self._size - len(head))

    def may_be_library(self) -> bool:
        """Whether it begins like an ELF or PE file, or cannot be read (`read` then raises an error)."""
        try:
            head = self.head()
        except UnreadableBinary:
            return True
        return is_elf(head) or is_pe(head)


def read_member(archive: str, member: str) -> bytes:
    """The bytes of one member. Errors: UnreadableBinary if there is none of this name, with some existing names."""
    wanted = member.removeprefix("./")
    libraries: list[str] = []
    others: list[str] = []
    with Source.from_path(archive) as source:
        for found in _members(source):
            if found.name == wanted:
                return found.read()
            seen = libraries if ".so" in found.name or found.name.endswith((".dll", ".pyd")) else others
            if len(seen) < SHOWN:
                seen.append(found.name)
        some = ", ".join(libraries or others) or "none"
        raise source.error(f"the archive has no member {member}", expected=f"one of its members, such as {some}")


def libraries(archive: str) -> Iterator[Member]:
    """The members for which `may_be_library` is true, in the order of the archive, which is unpacked once."""
    with Source.from_path(archive) as source:
        yield from (member for member in _members(source) if member.may_be_library())


@contextmanager
def _failures(source: Source) -> Iterator[None]:
    """Turn the exceptions of zipfile and the decoders for bad archives into UnreadableBinary."""
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError) as error:
        raise source.error(f"the archive is damaged: {error}") from error
    except (NotImplementedError, RuntimeError, ValueError, OverflowError) as error:  # encrypted, offsets out of range
        raise source.error(f"the archive cannot be read: {error}") from error


def _members(source: Source) -> Iterator[Member]:
    """The regular members. Errors: UnreadableBinary if the archive itself is damaged."""
    kind = archive_kind(source.head(HEAD))
    if kind is None:
        raise source.error("this is not an archive", expected="a .whl, .zip, .deb or .tar file")
    source.stream.seek(0)
    with _failures(source):
        yield from _zip_members(source) if kind == "zip" else _tar_members(source, kind)


def _zip_members(source: Source) -> Iterator[Member]:
    stream = _DirectoryLimit(source)
    with zipfile.ZipFile(stream) as archive:
        stream.is_open = True
        for info in archive.infolist():
            if not info.is_dir():
                yield Member(source, info.filename, info.file_size, partial(_open_zipped, source, archive, info))


def _open_zipped(source: Source, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> IO[bytes]:
    if info.compress_type in _UNBOUNDED_METHODS:
        raise UnreadableBinary(
            f"the member is compressed with {_UNBOUNDED_METHODS[info.compress_type]}",
            place=Place(f"{source.name}{SEPARATOR}{info.filename}"),
            expected="deflate, as in wheels; unpack the archive and read the file",
        )
    return archive.open(info)


class _DirectoryLimit(io.RawIOBase):
    """The stream of a zip file. Until it `is_open`, at most MAX_ZIP_DIRECTORY bytes are read at once.

    zipfile reads the directory in one piece, whose size is given at the end of the file (in Zip64, in a record before
    that), and makes an object for every entry: a directory of 100 MB would need a gigabyte of memory.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self.is_open = False

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._source.stream.seek(offset, whence)

    def tell(self) -> int:
        return self._source.stream.tell()

    def read(self, size: int | None = -1) -> bytes:
        if size is None or size < 0:
            size = max(0, self._source.size - self.tell())
        if size > MAX_ZIP_DIRECTORY and not self.is_open:
            raise self._source.error(
                f"the zip directory has {size} bytes", expected=f"at most {MAX_ZIP_DIRECTORY} bytes"
            )
        return self._source.stream.read(size)


def _tar_members(source: Source, kind: str) -> Iterator[Member]:
    stream, kind = _debian_data(source) if kind == "deb" else (source.stream, kind)
    for member in tar.members(unpacked(stream, kind, source.name), source.name):
        yield _tar_member(source, member)


def _tar_member(source: Source, member: tar.TarMember) -> Member:
    return Member(source, member.name.removeprefix("./"), member.size, lambda: member.contents)


def _debian_data(source: Source) -> tuple[io.BytesIO, str]:
    """The data.tar of a Debian package, and its compression. Format: ar(5), a 60-byte header, even offsets."""
    at = 8
    while at + 60 <= source.size:
        header = source.read(at, 60, "an ar header")
        name = header[:16].decode("latin-1").strip().rstrip("/")
        if header[58:] != b"`\n" or not header[48:58].strip().isdigit():
            raise source.error("an ar header is damaged", at, expected="a decimal size and the end mark")
        size = int(header[48:58])
        if name.startswith("data.tar"):
            data = source.read(at + 60, size, name)
            return io.BytesIO(data), archive_kind(data[:HEAD]) or "tar"
        at += 60 + size + size % 2
    raise source.error("the Debian package has no data.tar", expected="debian-binary, control.tar and data.tar")
