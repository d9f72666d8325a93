"""One of the two things that a diff compares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from rebel_tools.abi.types import Declarations
from rebel_tools.gate.not_compared import Reason


class Item(NamedTuple):
    """One export, with properties that libraries and interfaces have; `size` (bytes) and `writable` only for data.

    name: the name in the declarations, or `name@VERSION` for a version that is not the default.
    version: its ELF symbol version, if it has one; binding, visibility: as in `Export`.
    is_ifunc: whether a function of the library chooses the code when programs are loaded.
    """

    name: str
    kind: str
    size: int | None = None
    writable: bool | None = None
    version: str | None = None
    binding: str | None = None
    visibility: str | None = None
    is_ifunc: bool = False

    @property
    def plain(self) -> str:
        """The name without the version."""
        return self.name.removesuffix(f"@{self.version}")


@dataclass(frozen=True)
class Side:
    """A library or an interface.

    items: by `Item.name`.
    declarations: None if types are unknown; no_types: the reason.
    facts: single values whose change breaks programs: target, soname.
    versions: `name@VERSION` of every versioned ELF symbol, including default versions.
    needed: the libraries that it needs; loader: as in `ExportTable`; both None for an interface.
    is_unreadable: whether there is debug information that could not be read.
    undescribed: the reason why a symbol is not in the declarations.
    """

    name: str
    items: Mapping[str, Item]
    declarations: Declarations | None = None
    no_types: Reason = Reason("")
    facts: Mapping[str, str | None] = field(default_factory=dict)
    versions: frozenset[str] = frozenset()
    needed: tuple[str, ...] | None = None
    loader: tuple[tuple[str, str], ...] | None = None
    is_unreadable: bool = False
    undescribed: Reason = Reason("")
