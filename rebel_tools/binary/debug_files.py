"""The files with a library's debug information: they are found, checked to be of the same build, and opened.

A file of another build, or one that cannot be read, is an error; one that does not exist is `missing`.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from typing import NamedTuple

from rebel_tools.binary import Library
from rebel_tools.binary.debug_links import build_id, debug_link, supplement_link
from rebel_tools.binary.debug_search import DebugPath
from rebel_tools.binary.debug_sections import DebugSections, debug_sections, split_sections
from rebel_tools.binary.errors import UnreadableBinary
from rebel_tools.binary.source import Source

BLOCK = 1 << 20


class DebugFile(NamedTuple):
    """An open file with debug information: its name for errors, and its path, None if it is not on disk."""

    name: str
    path: str | None
    sections: DebugSections
    source: Source


Check = Callable[[DebugFile], "str | None"]
"""Returns what is wrong with a file that was found, None if nothing is."""


class DebugFiles:
    """Opens files, which are closed at the end of the `with` block. `missing`: files referred to that do not exist."""

    def __init__(self, library: Library, path: DebugPath) -> None:
        self.path = path
        self.byteorder = library.byteorder
        self.missing: list[str] = []
        self._stack = ExitStack()
        self.own = DebugFile(library.source.name, library.path, debug_sections(library.image), library.source)

    def main(self) -> DebugFile | None:
        """The file with .debug_info: the library itself or a separate one; None if there is none."""
        if ".debug_info" in self.own.sections:
            return self.own
        found = self._first(self._separate())
        link = debug_link(self.own.sections, self.byteorder)
        if found is None and link is not None:
            self.missing.append(link.name)
        return found

    def supplement(self, holder: DebugFile) -> DebugFile | None:
        """The dwz file that `holder` refers to; None if it refers to none, or if the file is missing."""
        link = supplement_link(holder.sections)
        if link is None:
            return None
        found = self._first(self._supplements(holder))
        if found is None:
            self.missing.append(link.path)
        return found

    def at_end(self, close: Callable[[], object]) -> None:
        """Call `close` at the end of the `with` block."""
        self._stack.callback(close)

    def open(self, path: str) -> DebugFile:
        """Open a file. Errors: UnreadableBinary if it is not an ELF or PE file."""
        return _opened(self._stack.enter_context(Source.from_path(path)))

    def holders(self) -> Iterator[DebugFile]:
        """The candidates of `main`, without a check whether they are of the right build."""
        if ".debug_info" in self.own.sections:
            yield self.own
            return
        for path, _ in self._separate():
            if self._is_there(path):
                yield self.open(path)

    def supplements(self, holder: DebugFile) -> Iterator[str]:
        """The existing candidates of `supplement`."""
        return (path for path, _ in self._supplements(holder) if self._is_there(path))

    def _separate(self) -> Iterator[tuple[str, Check]]:
        identity = build_id(self.own.sections, self.byteorder)
        if identity is not None:
            yield from ((path, self._of_build(identity)) for path in self.path.by_build_id(identity))
        link = debug_link(self.own.sections, self.byteorder)
        if link is not None:
            yield from ((path, _of_sum(link.crc)) for path in self.path.by_link(self.own.path, link.name))

    def _supplements(self, holder: DebugFile) -> Iterator[tuple[str, Check]]:
        link = supplement_link(holder.sections)
        if link is not None:
            paths = (*self.path.by_path(holder.path, link.path), *self.path.by_build_id(link.build_id))
            yield from ((path, self._of_build(link.build_id)) for path in paths)

    def _first(self, candidates: Iterable[tuple[str, Check]]) -> DebugFile | None:
        """The first file that has debug information and is of the right build. It is an error if all are of others."""
        refused: UnreadableBinary | None = None
        for path, check in candidates:
            if not self._is_there(path):
                continue
            found = self.open(path)
            wrong = check(found) if ".debug_info" in found.sections else None
            if wrong is not None:
                hint = "install the debug information of this build, or remove the file"
                refused = refused or found.source.error(wrong, expected=f"the build of {self.own.name}", hint=hint)
            elif ".debug_info" in found.sections:
                return found
        if refused is not None:
            raise refused
        return None

    def _is_there(self, path: str) -> bool:
        """Whether there is a file that is not empty. Caches use an empty file to record that a server had none."""
        if not os.path.isfile(path) or not os.path.getsize(path):
            return False
        return self.own.path is None or not os.path.samefile(path, self.own.path)

    def _of_build(self, identity: bytes) -> Check:
        def check(file: DebugFile) -> str | None:
            found = build_id(file.sections, self.byteorder)
            if found is None or found == identity:
                return None
            return f"this is debug information of another build (build id {found.hex()}, not {identity.hex()})"

        return check

    def __enter__(self) -> DebugFiles:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()


def read_split(path: str) -> dict[str, bytes]:
    """The sections of a .dwo or .dwp file. It is closed at once, because a library can have very many of them."""
    with Source.from_path(path) as source:
        sections = split_sections(_opened(source).sections)
        if ".debug_info" not in sections:
            raise source.error("there is no split debug information in it", expected="a .dwo or .dwp file")
        return sections


def _opened(source: Source) -> DebugFile:
    return DebugFile(source.name, source.name, debug_sections(Library(source).image), source)


def _of_sum(expected: int) -> Check:
    def check(file: DebugFile) -> str | None:
        found, at, size = 0, 0, file.source.size
        while at < size:
            block = file.source.read(at, min(BLOCK, size - at), "the file")
            found, at = zlib.crc32(block, found), at + len(block)
        if found == expected:
            return None
        return f"this is debug information of another build (its CRC is {found:08x}, not {expected:08x})"

    return check
