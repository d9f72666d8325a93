"""What a command declared, and what it did beyond that."""

from __future__ import annotations

import os
from collections.abc import Iterable
from enum import Enum
from typing import NamedTuple

from rebel_tools.errors import RebelError


class Mode(Enum):
    """How the declarations of commands are enforced.

    FULL: in a root of their own and traced, so that missing declarations are named. REPORT: the same, but the build
    goes on and lists them at its end. FAST: in a root of their own, not traced. TRACE: traced in the project itself.
    """

    OFF = "off"
    FULL = "full"
    REPORT = "report"
    FAST = "fast"
    TRACE = "trace"


class Kind(Enum):
    """The kind of an undeclared access."""

    READ = "read {}, which is not declared"
    OUTPUT = "wrote {}, which is not among its targets"
    WRITTEN = "changed {}, which is one of its inputs"


class Declared(NamedTuple):
    """What a command may access, as absolute normal paths.

    root: the folder of the project. target: the first target, relative to it, for messages.
    inputs: files that count: the command is run again when they change. extra: files that may be read, too.
    outputs: files that it makes. input_folders, output_folders: whole folders of either kind.
    """

    root: str
    target: str
    inputs: frozenset[str]
    extra: frozenset[str]
    outputs: frozenset[str]
    input_folders: tuple[str, ...] = ()
    output_folders: tuple[str, ...] = ()

    def may_read(self, path: str) -> bool:
        return path in self.inputs or path in self.extra or self.makes(path) or is_below(path, self.input_folders)

    def makes(self, path: str) -> bool:
        return path in self.outputs or is_below(path, self.output_folders)


class Access(NamedTuple):
    """A path in a system call of a command, and whether the call was to change it."""

    path: str
    writes: bool


class Finding(NamedTuple):
    """One undeclared access; `path` is relative to the folder of the project."""

    kind: Kind
    target: str
    path: str

    def error(self) -> RebelError:
        return RebelError(f"{self.target}: {self.kind.value.format(self.path)}", hint=self._hint())

    def _hint(self) -> str:
        target, path = (
            repr("#" + name) if not os.path.isabs(name) else repr(name) for name in (self.target, self.path)
        )
        if self.kind is Kind.READ:
            return f"env.Depends({target}, {path})"
        if self.kind is Kind.OUTPUT:
            return f"add it to the targets, or env.SideEffect({path}, {target})"
        return f"write to another file, and name it as a target; a change of {path} makes the next build run this again"


def is_below(path: str, folders: Iterable[str]) -> bool:
    """Whether `path` is one of the folders or inside one."""
    return any(path == folder or path.startswith(folder.rstrip("/") + "/") for folder in folders)


# Files that an interpreter caches beside sources; it compares them with the source when it reads them.
_CACHES = ("/__pycache__/", "/.rebel-sandbox/", "/.sconsign")


def judge(declared: Declared, accesses: Iterable[Access], toolchain: Iterable[str]) -> list[Finding]:
    """The reads and writes of files of the project that were not declared, each once, in their order.

    A file counts if it exists, even if the command could not see it: without the sandbox it would have.
    """
    found: dict[Finding, None] = {}
    inside = [folder for folder in toolchain if is_below(folder, [declared.root])]
    for path, writes in dict.fromkeys(accesses):
        if not is_below(path, [declared.root]) or is_below(path, inside) or any(c in path for c in _CACHES):
            continue
        kind = _kind(declared, path, writes)
        if kind is not None:
            found[Finding(kind, declared.target, os.path.relpath(path, declared.root))] = None
    return list(found)


def _kind(declared: Declared, path: str, writes: bool) -> Kind | None:
    real = os.path.realpath(path)
    if writes:
        if declared.makes(path) or declared.makes(real) or not os.path.isfile(path):
            return None
        return Kind.WRITTEN if path in declared.inputs else Kind.OUTPUT
    if declared.may_read(path) or not os.path.isfile(path):
        return None
    return None if declared.may_read(real) or not is_below(real, [declared.root]) else Kind.READ
