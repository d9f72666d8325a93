"""The entry point for every shared library: ELF or PE, on disk, in memory or in an archive."""

from __future__ import annotations

import os
from functools import cached_property

from rebel_tools.binary.archive_paths import split_member
from rebel_tools.binary.elf import read_elf
from rebel_tools.binary.elf_image import ElfImage
from rebel_tools.binary.identify import HEAD, archive_kind, identify, is_elf, is_pe
from rebel_tools.binary.model import ByteOrder, Export, ExportTable
from rebel_tools.binary.pe import read_pe
from rebel_tools.binary.pe_image import PeImage
from rebel_tools.binary.source import Source


class Library:
    """An open shared library. Close it, or use it in a `with` statement. Its results stay valid after that."""

    def __init__(self, source: Source, path: str | None = None) -> None:
        """path: the file on disk, None for bytes and members of archives."""
        self.source = source
        self.path = path
        self.image = _image(source)

    @cached_property
    def table(self) -> ExportTable:
        """The exports of the library. Errors: UnreadableBinary for other or damaged files."""
        image = self.image
        return read_elf(self.source, image) if isinstance(image, ElfImage) else read_pe(self.source, image)

    @property
    def byteorder(self) -> ByteOrder:
        return self.image.byteorder if isinstance(self.image, ElfImage) else "little"

    @property
    def is_elf(self) -> bool:
        return isinstance(self.image, ElfImage)

    def contents(self, export: Export, size: int | None = None) -> bytes:
        """The bytes of exported data in the file; the library is not loaded.

        size: in bytes; None for all of an ELF symbol. Symbols of PE have no size.
        Relocations are not applied, so pointers do not have the values that they have in a process.
        Errors: UnreadableBinary for a forwarder, without a size, and if the bytes are not in the file.
        """
        size = export.size if size is None else size
        if export.address is None or size is None:
            raise self.source.error(
                f"the contents of {export.name} cannot be read",
                expected="a size, and an export that is not a forwarder",
            )
        return self.image.read_address(export.address, size, f"the contents of {export.name}")

    def close(self) -> None:
        self.source.close()

    def __enter__(self) -> Library:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_library(path: str | os.PathLike[str] | bytes, name: str | None = None) -> Library:
    """Open a shared library by path (`archive!member` too) or from its bytes, under `name` in errors and tables.

    Errors: UnreadableBinary, with what the file is if it is something else.
    """
    source, place = _source(path, name)
    try:
        return Library(source, place)
    except BaseException:
        source.close()
        raise


def read_table(path: str | os.PathLike[str] | bytes, name: str | None = None) -> ExportTable:
    """The export table of a shared library. Arguments and errors are those of `open_library`."""
    with open_library(path, name) as library:
        return library.table


def _source(path: str | os.PathLike[str] | bytes, name: str | None) -> tuple[Source, str | None]:
    """The source, and its path; None if it is not a file on disk."""
    if isinstance(path, (bytes, bytearray, memoryview)):
        return Source.from_bytes(bytes(path), name or "<bytes>"), None
    path = os.fspath(path)
    file, member = split_member(path)
    if member is None:
        return Source.from_path(file, name), file
    from rebel_tools.binary.archives import read_member

    return Source.from_bytes(read_member(file, member), name or path), None


def _image(source: Source) -> ElfImage | PeImage:
    head = source.head(64)
    if is_elf(head):
        return ElfImage(source)
    if is_pe(head):
        return PeImage(source)
    hint = f"name a library in it: {source.name}!MEMBER, of those that symbol-audit exports {source.name} lists"
    is_archive = archive_kind(source.head(HEAD)) is not None
    expected = "an ELF or PE shared library"
    raise source.error(f"this is {identify(source)}", expected=expected, hint=hint if is_archive else None)
