"""Two versions of a library or an interface: what was added, removed and changed, and what that breaks.

The question is whether what was linked or compiled against the old one still works with the new one. The answer knows
what the model knows: exports, kinds, sizes, versions, prototypes, layouts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from rebel_tools.abi.reach import reached, types_of
from rebel_tools.abi.types import Declarations, Function
from rebel_tools.errors import Place
from rebel_tools.gate.compare import Comparison, Difference


@dataclass(frozen=True)
class Item:
    """One export as far as both libraries and interfaces know it; `size` of data only."""

    name: str
    kind: str
    size: int | None = None


@dataclass(frozen=True)
class Side:
    """One of the two. `declarations` is None, with the reason, when types are not known.

    facts: single values whose change breaks programs: target, soname.
    versions: `name@VERSION` of every versioned ELF symbol, the default ones too.
    """

    name: str
    items: Mapping[str, Item]
    declarations: Declarations | None = None
    no_types: str = ""
    facts: Mapping[str, str | None] = field(default_factory=dict)
    versions: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Change:
    """One change. `symbol` is a symbol, the key of a type, or "" for the library; `why` says what it does to users."""

    change: str  # "added", "removed" or "changed"
    symbol: str
    field: str
    old: str
    new: str
    breaking: bool
    why: str
    declared_at: Place | None = None
    used_by: tuple[str, ...] = ()
    display: str | None = None  # the symbol's name for people where it is another one (C++)

    @property
    def message(self) -> str:
        symbol = f"{self.display} ({self.symbol})" if self.display else self.symbol
        if self.change != "changed":
            return f"{symbol}: {self.change} ({self.new if self.change == 'added' else self.old})"
        where = ": ".join(part for part in (symbol, self.field) if part)
        return f"{where} was {self.old}, is {self.new}"


@dataclass(frozen=True)
class DiffReport:
    """All changes, and which symbols' types were compared. `unchecked` are (symbol, reason)."""

    old: str
    new: str
    changes: tuple[Change, ...]
    symbols: int
    unchecked: tuple[tuple[str, str], ...]

    @property
    def compatible(self) -> bool:
        return not any(change.breaking for change in self.changes)


REMOVED = "programs that use it do not link or load"
ADDED = "nothing that exists uses it"
KIND = "code and data are used in different ways"
SIZE = "programs that are not position independent hold a copy of the old size"
PROTOTYPE = "callers pass or expect something else"
TYPE = "programs read it as something else"
LAYOUT = "programs were compiled for the old layout"
FACTS = {
    "soname": "programs ask the loader for the old name",
    "target": "it is for another platform",
}


def diff(old: Side, new: Side) -> DiffReport:
    """Compare; a pure function."""
    work = _Diff(old, new)
    changes = [work.named(change) for change in (*work.facts(), *work.symbols(), *work.layouts())]
    both = old.items.keys() & new.items.keys()
    return DiffReport(old.name, new.name, tuple(changes), len(both), tuple(sorted(work.unchecked.items())))


class _Diff:
    def __init__(self, old: Side, new: Side) -> None:
        self.old = old
        self.new = new
        self.ours = old.declarations or Declarations()
        self.theirs = new.declarations or Declarations()
        self.comparison = Comparison(self.ours.types, self.theirs.types)
        self.unchecked: dict[str, str] = {}
        self.users: dict[str, list[str]] = {}

    def facts(self) -> Iterator[Change]:
        for name, value in self.old.facts.items():
            other = self.new.facts.get(name)
            if name in self.new.facts and value != other:
                yield Change("changed", "", name, value or "nothing", other or "nothing", True, FACTS[name])
        if self.new.versions:  # a library without any satisfies every version, with a warning
            for name in sorted(self.old.versions - self.new.versions):
                if name.partition("@")[0] in self.new.items:
                    yield Change("removed", name, "", "symbol version", "", True, REMOVED)

    def symbols(self) -> Iterator[Change]:
        for name in sorted(self.old.items.keys() | self.new.items.keys()):
            before, after = self.old.items.get(name), self.new.items.get(name)
            if after is None:
                yield Change("removed", name, "", before.kind, "", True, REMOVED, self.place(name))
            elif before is None:
                yield Change("added", name, "", "", after.kind, False, ADDED)
            else:
                yield from self.symbol(before, after)

    def symbol(self, before: Item, after: Item) -> Iterator[Change]:
        place = self.place(before.name)
        if "unknown" not in (before.kind, after.kind) and before.kind != after.kind:
            yield Change("changed", before.name, "kind", before.kind, after.kind, True, KIND, place)
        elif None not in (before.size, after.size) and before.size != after.size:
            sizes = (f"{before.size} bytes", f"{after.size} bytes")
            yield Change("changed", before.name, "size", *sizes, True, SIZE, place)
        yield from self.types(before.name, place)

    def types(self, name: str, place: Place | None) -> Iterator[Change]:
        ours, theirs = _find(self.ours, name), _find(self.theirs, name)
        if ours is None or theirs is None or type(ours) is not type(theirs):
            side = self.old if ours is None else self.new
            self.unchecked[name] = side.no_types or f"{side.name} does not describe it"
            return
        is_function = isinstance(ours, Function)
        compare = self.comparison.function if is_function else self.comparison.variable
        for difference in compare(ours, theirs):
            if difference.unknown:
                self.unchecked[name] = f"{difference.field} is not known on both sides"
            else:
                yield _changed(name, difference, PROTOTYPE if is_function else TYPE, place)
        for key in reached(types_of(ours), self.ours.types):
            self.users.setdefault(key, []).append(name)

    def layouts(self) -> Iterator[Change]:
        for key, users in sorted(self.users.items()):
            definition = self.ours.types.get(key)
            place = definition.declared_at if definition else None
            for difference in self.comparison.definition(key):
                if difference.unknown:
                    self.unchecked.update(dict.fromkeys(users, f"the layout of {key} is not known on both sides"))
                else:
                    yield _changed(key, difference, LAYOUT, place, tuple(users))

    def named(self, change: Change) -> Change:
        known = _find(self.ours, change.symbol) or _find(self.theirs, change.symbol)
        return replace(change, display=known.display) if known and known.display else change

    def place(self, name: str) -> Place | None:
        known = _find(self.ours, name)
        return known.declared_at if known else None


def _changed(symbol: str, difference: Difference, why: str, place: Place | None, users: tuple[str, ...] = ()) -> Change:
    where = (symbol, difference.field, difference.expected, difference.found)
    return Change("changed", *where, True, why, place, users)


def _find(declarations: Declarations, name: str):
    return declarations.functions.get(name) or declarations.variables.get(name)
