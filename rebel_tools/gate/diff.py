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
from rebel_tools.gate.compare import Comparison
from rebel_tools.gate.diff_report import Change, DiffReport, change
from rebel_tools.gate.not_compared import Reason, grouped


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
    no_types: Reason = Reason("")
    facts: Mapping[str, str | None] = field(default_factory=dict)
    versions: frozenset[str] = frozenset()


FACTS = {"soname": "soname-changed", "target": "target-changed"}


def diff(old: Side, new: Side) -> DiffReport:
    """Compare; a pure function."""
    work = _Diff(old, new)
    changes = [work.named(found) for found in (*work.facts(), *work.symbols(), *work.layouts())]
    both = old.items.keys() & new.items.keys()
    return DiffReport(old.name, new.name, tuple(changes), len(both), grouped(work.unchecked.items()))


class _Diff:
    def __init__(self, old: Side, new: Side) -> None:
        self.old = old
        self.new = new
        self.ours = old.declarations or Declarations()
        self.theirs = new.declarations or Declarations()
        self.comparison = Comparison(self.ours.types, self.theirs.types)
        self.unchecked: dict[str, Reason] = {}
        self.users: dict[str, list[str]] = {}

    def facts(self) -> Iterator[Change]:
        for name, value in self.old.facts.items():
            other = self.new.facts.get(name)
            if name in self.new.facts and value != other:
                yield change(FACTS[name], "", name, value or "nothing", other or "nothing")
        if self.new.versions:  # a library without any satisfies every version, with a warning
            for name in sorted(self.old.versions - self.new.versions):
                if name.partition("@")[0] in self.new.items:
                    yield change("version-removed", name, "", "symbol version", "")

    def symbols(self) -> Iterator[Change]:
        for name in sorted(self.old.items.keys() | self.new.items.keys()):
            before, after = self.old.items.get(name), self.new.items.get(name)
            if after is None:
                yield change("symbol-removed", name, "", before.kind, "", declared_at=self.place(name))
            elif before is None:
                yield change("symbol-added", name, "", "", after.kind)
            else:
                yield from self.symbol(before, after)

    def symbol(self, before: Item, after: Item) -> Iterator[Change]:
        place = self.place(before.name)
        if "unknown" not in (before.kind, after.kind) and before.kind != after.kind:
            yield change("kind-changed", before.name, "kind", before.kind, after.kind, declared_at=place)
        elif None not in (before.size, after.size) and before.size != after.size:
            sizes = (f"{before.size} bytes", f"{after.size} bytes")
            yield change("size-changed", before.name, "size", *sizes, declared_at=place)
        yield from self.types(before.name, place)

    def types(self, name: str, place: Place | None) -> Iterator[Change]:
        ours, theirs = _find(self.ours, name), _find(self.theirs, name)
        if ours is None or theirs is None or type(ours) is not type(theirs):
            side = self.old if ours is None else self.new
            self.unchecked[name] = side.no_types if side.declarations is None else _undescribed(side)
            return
        is_function = isinstance(ours, Function)
        compare = self.comparison.function if is_function else self.comparison.variable
        for difference in compare(ours, theirs):
            if difference.unknown:
                self.unchecked[name] = Reason(f"{name}: {difference.field} is not known on both sides")
            else:
                rule = "prototype-changed" if is_function else "type-changed"
                yield change(rule, name, difference.field, difference.expected, difference.found, declared_at=place)
        for key in reached(types_of(ours), self.ours.types):
            self.users.setdefault(key, []).append(name)

    def layouts(self) -> Iterator[Change]:
        for key, users in sorted(self.users.items()):
            definition = self.ours.types.get(key)
            place = definition.declared_at if definition else None
            for difference in self.comparison.definition(key):
                if difference.unknown:
                    reason = Reason(f"the layout of {key} is not known on both sides")
                    self.unchecked.update(dict.fromkeys(users, reason))
                else:
                    where = (key, difference.field, difference.expected, difference.found)
                    yield change("layout-changed", *where, declared_at=place, used_by=tuple(users))

    def named(self, found: Change) -> Change:
        known = _find(self.ours, found.symbol) or _find(self.theirs, found.symbol)
        return replace(found, display=known.display) if known and known.display else found

    def place(self, name: str) -> Place | None:
        known = _find(self.ours, name)
        return known.declared_at if known else None


def _undescribed(side: Side) -> Reason:
    return Reason(f"{side.name} does not describe them")


def _find(declarations: Declarations, name: str):
    return declarations.functions.get(name) or declarations.variables.get(name)
