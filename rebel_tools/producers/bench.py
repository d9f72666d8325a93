"""Runs a compiler on probes in a folder of their own, which gets everything that the compiler writes.

A probe is a generated source file that makes the compiler describe declarations in debug information.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar, Union

from rebel_tools.abi.reach import with_enumerations
from rebel_tools.abi.standard_library import is_all_standard
from rebel_tools.abi.types import Declarations, Enum, Function, Record, Variable
from rebel_tools.interface.errors import InterfaceSourceError
from rebel_tools.producers.compiler import QUIET, SUFFIXES, Compiler, Description
from rebel_tools.producers.selection import Files, Selection, split

_HIDDEN = re.compile(r"^\s*\.(?:hidden|internal)\s+(\S+)", re.MULTILINE)

Declared = TypeVar("Declared", bound=Union[Function, Variable, Record, Enum])


@dataclass(frozen=True)
class Bench:
    """The compiler of one interface, for headers in one language ("c", "c++").

    It runs in the working folder of the build, so that relative paths in its flags are valid, and writes into `folder`
    only.
    """

    compiler: Compiler
    language: str
    folder: str
    described: Description
    selection: Selection

    @property
    def base(self) -> str:
        """The absolute path of the compiler's working folder."""
        return os.path.abspath(self.compiler.cwd or ".")

    def path(self, name: str) -> str:
        """A file that the compiler may write."""
        return os.path.join(self.folder, name)

    def include(self, headers: Sequence[str]) -> str:
        """Source text that includes the headers."""
        paths = [os.path.join(self.base, header).replace("\\", "/").replace('"', '\\"') for header in headers]
        return "".join(f'#include "{path}"\n' for path in paths)

    def words(self, text: str, name: str, *options: str) -> list[str]:
        """The arguments that compile `text` into assembly, the file `name`.s."""
        source = self.path(name + SUFFIXES[self.language])
        with open(source, "w", encoding="utf-8", errors="surrogateescape") as stream:
            stream.write(text)
        return ["-x", self.language, "-S", "-o", self.path(f"{name}.s"), *QUIET, *options, source]

    def compile(self, text: str, name: str, *options: str) -> str:
        """Compile `text`; returns the assembly. Errors: InterfaceSourceError with the compiler's messages."""
        self.compiler.run(self.words(text, name, *options))
        return self.read(f"{name}.s")

    def link(self, name: str, undefined: Sequence[str]) -> str:
        """Link the assembly `name`.s, with a label for each undefined symbol; returns the library's path.

        In an object file, debug information is not relocated.
        """
        with open(self.path(f"{name}.s"), "a", encoding="utf-8", errors="surrogateescape") as stream:
            stream.write("\t.text\n" + "".join(f"\t.globl {label}\n{label}:\n" for label in dict.fromkeys(undefined)))
        library = self.path(f"{name}.so")
        self.compiler.run(["-shared", "-nostdlib", "-o", library, self.path(f"{name}.s"), *QUIET])
        return library

    @property
    def dependencies(self) -> list[str]:
        """Options that make the compiler list the files that it reads; those of the system only if they may count."""
        return ["-MD" if self.selection.headers else "-MMD", "-MF", self.path("files"), "-MT", "x"]

    def files(self, headers: Sequence[str]) -> Files:
        """The files that a compilation with `dependencies` has read."""
        read = {self.relative(path) for path in _makefile_names(self.read("files"))}
        ours = {path for path in read if not path.startswith(self.folder)}
        return split(self.selection, [self.relative(path) for path in headers], ours, self.described.folders, self.base)

    def read(self, name: str) -> str:
        """The text of a file that the compiler has written."""
        path = self.path(name)
        if not os.path.exists(path):
            raise InterfaceSourceError(f"{self.compiler.command[0]} did not write the file {name}, which it had to")
        with open(path, encoding="utf-8", errors="surrogateescape") as stream:
            return stream.read()

    def relative(self, path: str) -> str:
        """A path, relative to the working folder if it is below it, so that interfaces do not depend on that folder."""
        below = os.path.relpath(path, self.base) if os.path.isabs(path) else os.path.normpath(path)
        return path if below.startswith("..") else below.replace(os.sep, "/")

    def with_relative_places(self, found: Declarations) -> Declarations:
        """The declarations with places whose paths are those of `relative`."""

        def moved(items: Mapping[str, Declared]) -> dict[str, Declared]:
            return {name: self._moved(item) for name, item in items.items()}

        enumerations = tuple(map(self._moved, found.enumerations))
        return Declarations(
            moved(found.functions), moved(found.variables), moved(found.types), found.conflicts, enumerations
        )

    def _moved(self, item: Declared) -> Declared:
        place = item.declared_at
        return replace(item, declared_at=place._replace(path=self.relative(place.path))) if place else item


def hidden(assembly: str) -> frozenset[str]:
    """The labels in an assembly that are declared hidden: a core cannot export them, so they are no promises."""
    return frozenset(_HIDDEN.findall(assembly))


def with_opaque_types(found: Declarations) -> Declarations:
    """The declarations with `left_out` false for classes without a definition: probes are compiled with options that
    keep all definitions, so such a class is only declared in the header, too.

    `left_out` stays true for a template, which the program that uses it can instantiate.
    """
    types = {key: _opaque(d) if isinstance(d, Record) else d for key, d in found.types.items()}
    return replace(found, types=types)


def _opaque(record: Record) -> Record:
    return replace(record, left_out=is_open_template(record))


def is_open_template(record: Record) -> bool:
    """Whether only the name of a template is known, and its arguments are not all standard types."""
    name = record.name or ""
    return record.size is None and "<" in name and not is_all_standard(name)


def with_constants(declared: Declarations, enumerations: Iterable[Enum], files: frozenset[str]) -> Declarations:
    """The declarations with the enumerations in these files that no symbol leads to."""
    ours = (enum for enum in enumerations if enum.declared_at and enum.declared_at.path in files)
    return with_enumerations(declared, ours)


def _makefile_names(rule: str) -> set[str]:
    """The prerequisites of the one rule in a file that -MMD wrote."""
    names = rule.partition(":")[2].replace("\\\n", " ")
    words = re.findall(r"(?:\\[ #]|[^ \n])+", names)
    return {re.sub(r"\\([ #])", r"\1", word).replace("$$", "$") for word in words}
