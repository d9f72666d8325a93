"""One of the two things that a diff compares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from rebel_tools.abi.types import Declarations
from rebel_tools.gate.not_compared import Reason


class Item(NamedTuple):
    """One export as far as both libraries and interfaces know it; `size` and `writable` of data only.

    name: how it stands in the declarations: `name@VERSION` for a version that no new link gets.
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
    """A library or an interface. `declarations` is None, with the reason, when types are not known.

    items: by `Item.name`.
    facts: single values whose change breaks programs: target, soname.
    versions: `name@VERSION` of every versioned ELF symbol, the default ones too.
    needed: the libraries that it needs; loader: as in `ExportTable`; both None for an interface, which does not say.
    is_unreadable: whether there is debug information that could not be read.
    undescribed: why a symbol that is not in the declarations is not.
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
