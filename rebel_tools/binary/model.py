"""The exports of a shared library: one immutable model for ELF and PE.

`kind` of an export is one of `KINDS`. Machines have one name in both formats (`x86_64`, `i386`, `aarch64`, ...), as the
GNU tools spell them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

ByteOrder = Literal["little", "big"]

KINDS = ("function", "object", "tls", "ifunc", "unknown")


class Export(NamedTuple):
    """One symbol that other modules can link against. A named tuple, because a library can have 100,000 of them.

    name: as the dynamic linker compares it (mangled, decorated); `#12` for an export by ordinal only, whose name in
        JSON is null.
    version: ELF symbol version, None if the symbol has none; always None in PE.
    default: whether linking against the bare name finds this one (`name@@VER`, not `name@VER`); None in PE.
    kind: one of `KINDS`. In PE, code and data are distinguished by the section, and a forwarder is `unknown`.
    binding: `global`, `weak` or `unique` in ELF, None in PE.
    size: the size of the symbol in bytes in ELF, None in PE.
    ordinal: the PE ordinal, None in ELF.
    forwarder: the `DLL.name` that a PE export is forwarded to, else None.
    visibility: `default` or `protected` in ELF (symbols with others are not exported), None in PE.
    address: the virtual address in ELF, the relative virtual address in PE, None for a forwarder.
    """

    name: str
    version: str | None = None
    default: bool | None = None
    kind: str = "unknown"
    binding: str | None = None
    size: int | None = None
    ordinal: int | None = None
    forwarder: str | None = None
    visibility: str | None = None
    address: int | None = None

    @property
    def noname(self) -> bool:
        """Whether this is a PE export by ordinal only."""
        return self.ordinal is not None and self.name == f"#{self.ordinal}"

    def as_dict(self) -> dict[str, str | int | None]:
        """The first eight fields as plain data for JSON."""
        fields = dict(zip(self._fields[:8], self))
        return {**fields, "name": None} if self.noname else fields

    def __str__(self) -> str:
        if self.version is None:
            return self.name
        return f"{self.name}@@{self.version}" if self.default else f"{self.name}@{self.version}"


class Decoration(NamedTuple):
    """A 32-bit Windows name without its decoration, its calling convention and the size of its arguments in bytes."""

    name: str
    convention: str | None = None
    argument_bytes: int | None = None


_DECORATED = (
    ("fastcall", r"@([A-Za-z_$][\w$]*)@(\d{1,5})"),
    ("vectorcall", r"([A-Za-z_$][\w$]*)@@(\d{1,5})"),
    ("stdcall", r"_?([A-Za-z_$][\w$]*)@(\d{1,5})"),
)


def undecorate(name: str) -> Decoration:
    """Split `core_std@8`, `_core_std@8`, `@core_fast@8` and `core_vec@@8` (x86 only); other names stay as they are."""
    for convention, pattern in _DECORATED:
        match = re.fullmatch(pattern, name)
        if match:
            return Decoration(match[1], convention, int(match[2]))
    return Decoration(name)


def _grouped(exports: Iterable[Export], key: Callable[[Export], str]) -> dict[str, tuple[Export, ...]]:
    groups: dict[str, list[Export]] = {}
    for export in exports:
        groups.setdefault(key(export), []).append(export)
    return {name: tuple(group) for name, group in groups.items()}


@dataclass(frozen=True)
class TableFinding:
    """A contradiction in the file that users of the table should be told: a rule's name and one sentence."""

    rule: str
    message: str

    def as_dict(self) -> dict[str, str]:
        return {"rule": self.rule, "message": self.message}


class Memory(NamedTuple):
    """Addresses from `start` up to `end`, as in `Export.address`, and whether a process may write to them."""

    start: int
    end: int
    writable: bool


@dataclass(frozen=True)
class ExportTable:
    """The exports of one library, its name and the libraries that it needs.

    path: as the user wrote it, `archive!member` for a member of an archive.
    format: `ELF` or `PE`; machine, bits (32, 64) and byteorder (`little`, `big`) are those of the target.
    soname: DT_SONAME, or the DLL name in the PE export directory; None if there is none.
    needed: DT_NEEDED, or the DLLs that a PE imports from, in the order of the file.
    exports: sorted by name, then version.
    findings: contradictions in the file; the table follows PT_DYNAMIC, which the dynamic linker reads.
    memory: the ranges that are loaded, in order, without overlaps.
    loader: what else the loader does with the library, as (name, text): "executable stack", "RUNPATH", "RELRO" ...
    """

    path: str
    format: str
    machine: str
    bits: int
    byteorder: ByteOrder
    soname: str | None
    needed: tuple[str, ...]
    exports: tuple[Export, ...]
    findings: tuple[TableFinding, ...] = ()
    memory: tuple[Memory, ...] = ()
    loader: tuple[tuple[str, str], ...] = ()

    def is_writable(self, export: Export) -> bool | None:
        """Whether a process may write to the data of an export; None if it is unknown."""
        if export.address is None or export.kind == "tls":
            return None
        for region in self.memory:
            if region.start <= export.address < region.end:
                return region.writable
        return None

    @cached_property
    def by_name(self) -> dict[str, tuple[Export, ...]]:
        """All versions of every name, as it is in the file."""
        return _grouped(self.exports, lambda export: export.name)

    @property
    def is_decorated(self) -> bool:
        """Whether names may carry the `@N` of 32-bit Windows calling conventions."""
        return self.format == "PE" and self.machine == "i386"

    @cached_property
    def by_plain_name(self) -> dict[str, tuple[Export, ...]]:
        """The same by undecorated name (`core_std@8` under `core_std`)."""
        if not self.is_decorated:
            return self.by_name
        return _grouped(self.exports, lambda export: undecorate(export.name).name)

    def find(self, name: str, version: str | None = None) -> Export | None:
        """The export that linking against `name` (or `name@version`) finds, by exact name first; None without one.

        A version can also be given in `name`, as `name@version`.
        """
        if version is None and "@" in name and name not in self.by_name:
            name, _, version = name.partition("@")
            version = version or None
        candidates = self.by_name.get(name) or self.by_plain_name.get(name, ())
        if version is not None:
            return next((e for e in candidates if e.version == version), None)
        return next((e for e in candidates if e.default is not False), candidates[0] if candidates else None)

    def as_dict(self) -> dict[str, object]:
        """The JSON object of `symbol-audit exports`."""
        return {
            "path": self.path,
            "format": self.format,
            "machine": self.machine,
            "bits": self.bits,
            "byteorder": self.byteorder,
            "soname": self.soname,
            "needed": list(self.needed),
            "exports": [e.as_dict() for e in self.exports],
            "findings": [f.as_dict() for f in self.findings],
        }
