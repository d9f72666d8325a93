"""Libraries inside of wheels, Debian packages, zip files and tar files, named `archive!member`.

Members are read into memory, never unpacked to disk. Everything is bounded: the size of a member, of a directory and
of what is unpacked on the way (see `unpack`).
"""

from __future__ import annotations

import io
import lzma
import os
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from rebel_tools.binary.errors import UnreadableBinary
from rebel_tools.binary.identify import HEAD, archive_kind, is_elf, is_pe
from rebel_tools.binary.source import Source
from rebel_tools.binary.unpack import unpacked
from rebel_tools.errors import Place

SEPARATOR = "!"
MAX_MEMBER = 192 << 20
MAX_ZIP_DIRECTORY = 16 << 20
MAX_TAR_HEADER = 1 << 20


def split_member(path: str) -> tuple[str, str | None]:
    """`("a.whl", "b.so")` of `a.whl!b.so`; a file that has a `!` in its own name is found first."""
    if SEPARATOR in path and not os.path.exists(path):
        archive, _, member = path.partition(SEPARATOR)
        if archive and member:
            return archive, member
    return path, None


def read_member(archive: str, member: str) -> bytes:
    """The bytes of one member; UnreadableBinary when there is none of this name, with the names that there are."""
    with Source.from_path(archive) as source, _failures(source):
        wanted = member.removeprefix("./")
        seen: list[str] = []
        for name, read in _members(source):
            if name == wanted:
                return read()
            seen.append(name)
        libraries = [name for name in seen if ".so" in name or name.endswith((".dll", ".pyd"))]
        some = ", ".join((libraries or seen)[:8]) or "none"
        raise source.error(f"the archive has no member {member}", expected=f"one of its members, such as {some}")


def list_libraries(archive: str) -> tuple[str, ...]:
    """`archive!member` for every member that begins like an ELF or PE file, in the order of the archive."""
    with Source.from_path(archive) as source, _failures(source):
        return tuple(f"{archive}{SEPARATOR}{name}" for name, read in _members(source) if _is_library(read(8)))


def is_archive(path: str) -> bool:
    """Whether the file is an archive whose members can be read here."""
    with Source.from_path(path) as source:
        return archive_kind(source.head(HEAD)) is not None


def _is_library(head: bytes) -> bool:
    return is_elf(head) or is_pe(head)


@contextmanager
def _failures(source: Source) -> Iterator[None]:
    """Turns what zipfile and tarfile raise for damaged, encrypted or unknown archives into ours."""
    try:
        yield
    except (zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, OSError) as error:
        raise source.error(f"the archive is damaged: {error}") from error
    except (NotImplementedError, RuntimeError, ValueError, OverflowError) as error:  # encrypted, offsets out of range
        raise source.error(f"the archive cannot be read: {error}") from error


def _members(source: Source) -> Iterator[tuple]:
    """(name, function that reads up to a number of bytes) of each regular member."""
    kind = archive_kind(source.head(HEAD))
    if kind is None:
        raise source.error("this is no archive", expected="a .whl, .zip, .deb or .tar file")
    source.stream.seek(0)
    yield from _zip_members(source) if kind == "zip" else _tar_members(source, kind)


def _zip_members(source: Source) -> Iterator[tuple]:
    _check_zip_directory(source)
    with zipfile.ZipFile(source.stream) as archive:
        for info in archive.infolist():
            if not info.is_dir():
                yield info.filename, _reader(source, info.filename, info.file_size, lambda i=info: archive.open(i))


def _check_zip_directory(source: Source) -> None:
    """zipfile makes an object for every entry at once: a directory of 100 MB would take a gigabyte."""
    start = max(0, source.size - (1 << 16) - 22)
    tail = source.read(start, source.size - start, "the end of the zip file")
    at = tail.rfind(b"PK\x05\x06")
    size = int.from_bytes(tail[at + 12 : at + 16], "little")
    if at >= 0 and size > MAX_ZIP_DIRECTORY:
        raise source.error(
            f"the zip directory has {size} bytes", start + at, expected=f"at most {MAX_ZIP_DIRECTORY} bytes"
        )


class _TarInfo(tarfile.TarInfo):
    """Refuses extended headers that tarfile would read into memory at whatever size they claim."""

    @classmethod
    def frombuf(cls, buf, encoding, errors):
        info = super().frombuf(buf, encoding, errors)
        if info.size > MAX_TAR_HEADER and not (info.type in tarfile.REGULAR_TYPES and info.type != b"S"):
            raise tarfile.ReadError(f"an extended header of {info.size} bytes")
        return info


def _tar_members(source: Source, kind: str) -> Iterator[tuple]:
    stream, kind = _debian_data(source) if kind == "deb" else (source.stream, kind)
    with tarfile.open(fileobj=unpacked(stream, kind, source.name), mode="r|", tarinfo=_TarInfo) as archive:
        for info in archive:
            archive.members = []  # a stream is read once: tarfile need not remember a million members
            if info.isreg():
                name = info.name.removeprefix("./")
                yield name, _reader(source, name, info.size, lambda i=info: archive.extractfile(i))


def _reader(source: Source, name: str, size: int, open_member):
    """A function that reads a member of `size` bytes, or its first ones; the limit is checked before it is opened."""

    def read(limit: int | None = None) -> bytes:
        if limit is None and size > MAX_MEMBER:
            raise UnreadableBinary(
                f"the member has {size} bytes",
                place=Place(f"{source.name}{SEPARATOR}{name}"),
                expected=f"at most {MAX_MEMBER} bytes; unpack the archive and read the file",
            )
        with open_member() as stream:
            return stream.read(size if limit is None else min(limit, size))

    return read


def _debian_data(source: Source) -> tuple[io.BytesIO, str]:
    """The data.tar of a Debian package and its compression. ar: 60 bytes of header, members at even offsets."""
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
