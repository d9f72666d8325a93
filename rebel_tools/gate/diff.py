"""Two versions of a library or an interface: what was added, removed and changed, and what that breaks.

A change breaks something if programs that were linked or compiled against the old version do not work with the new one.
What is compared is what the model has: exports, kinds, sizes, versions, memory, prototypes, layouts, and what the
loader does.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rebel_tools.abi.types import Declarations, Function, Variable, constants_key
from rebel_tools.errors import Place
from rebel_tools.gate.compare import Comparison
from rebel_tools.gate.compared import Compared, Pair
from rebel_tools.gate.diff_facts import facts
from rebel_tools.gate.diff_layouts import Layouts
from rebel_tools.gate.diff_linkage import linkage, removed
from rebel_tools.gate.diff_report import Change, DiffReport, change
from rebel_tools.gate.diff_versions import counterparts
from rebel_tools.gate.header_enums import differences, header_enums
from rebel_tools.gate.not_compared import CHOSEN_AT_LOAD, Reason, grouped, part_unknown
from rebel_tools.gate.rules import NOTE, SOURCE
from rebel_tools.gate.side import Item, Side
from rebel_tools.interface.names import COMPILER_MADE, matches


def diff(old: Side, new: Side) -> DiffReport:
    """Compare two versions. This is a pure function: everything was read before."""
    work = _Diff(old, new)
    changes = [work.named(found) for found in (*facts(old, new), *work.symbols(), *work.layouts())]
    both = [pair for pair in counterparts(old.items, new.items) if None not in pair]
    untyped = tuple(side.name for side in (old, new) if side.declarations is None)
    unreadable = tuple(side.name for side in (old, new) if side.is_unreadable)
    unchecked = grouped(work.unchecked.items())
    return DiffReport(old.name, new.name, tuple(changes), len(both), unchecked, untyped, unreadable)


class _Diff:
    def __init__(self, old: Side, new: Side) -> None:
        self.old = old
        self.new = new
        self.ours = old.declarations or Declarations()
        self.theirs = new.declarations or Declarations()
        self.comparison = Comparison(self.ours, self.theirs)
        self.unchecked: dict[str, Reason] = {}
        self.met: dict[str, frozenset[Pair]] = {}

    def symbols(self) -> Iterator[Change]:
        for before, after in counterparts(self.old.items, self.new.items):
            if before is None and after is not None:
                yield change("symbol-added", after.name, "", "", after.kind)
            elif before is not None and after is None:
                yield removed(before, self.place(before.name))
            elif before is not None and after is not None:
                yield from self.symbol(before, after)
                default = self.new.items.get(before.name)
                if default is not None and default.version != after.version:
                    yield self.another_default(before, default)

    def another_default(self, before: Item, default: Item) -> Change:
        """The change of the default version of a symbol, which affects programs that are linked again."""
        words = (before.name, "default version", before.version or "none", default.version or "none")
        place = self.place(before.name)
        compared = self.compare(before.name, default.name)
        if compared is None or not any(d.breaks for d in compared.differences):
            return change("default-version-changed", *words, declared_at=place)
        why = "it has another type than the old one"
        return change("default-version-changed", *words, declared_at=place, level=SOURCE, why=why)

    def symbol(self, before: Item, after: Item) -> Iterator[Change]:
        place = self.place(before.name)
        kinds = (self.kind(before, self.ours), self.kind(after, self.theirs))
        if "unknown" not in kinds and kinds[0] != kinds[1]:
            yield change("kind-changed", before.name, "kind", *kinds, declared_at=place)
        elif None not in (before.size, after.size) and before.size != after.size:
            sizes = (f"{before.size} bytes", f"{after.size} bytes")
            yield change("size-changed", before.name, "size", *sizes, declared_at=place)
        if None not in (before.writable, after.writable) and before.writable != after.writable:
            yield self.memory(before, place)
        yield from linkage(before, after, place)
        is_other = "function" in kinds and kinds[0] != kinds[1] != "unknown"  # code has no type that data could have
        if not is_other and not matches(before.name, COMPILER_MADE):  # virtual tables and the like have no type
            yield from self.types(before.name, after.name, place)

    def kind(self, item: Item, declarations: Declarations) -> str:
        """The kind of a symbol according to the export table; if that does not say it (DLLs), to the declarations."""
        if item.kind != "unknown" or _find(declarations, item.name) is None:
            return item.kind
        return "function" if item.name in declarations.functions else "object"

    def memory(self, before: Item, place: Place | None) -> Change:
        words = ("data that can be written", "data in read-only memory")
        if before.writable:
            return change("memory-changed", before.name, "memory", *words, declared_at=place)
        why = "what read it before can read it now"
        return change("memory-changed", before.name, "memory", *words[::-1], declared_at=place, level=NOTE, why=why)

    def types(self, name: str, other: str, place: Place | None) -> Iterator[Change]:
        compared = self.compare(name, other)
        if compared is None:
            self.unchecked[name] = self.why_unknown(name, other)
            return
        self.met[name] = compared.met
        default = "prototype-changed" if name in self.ours.functions else "type-changed"
        for d in compared.differences:
            if d.unknown:
                self.unchecked[name] = part_unknown(name, d)
            else:
                where = (name, d.field, d.expected, d.found)
                yield change(d.rule or default, *where, level=d.level, declared_at=place)

    def why_unknown(self, name: str, other: str) -> Reason:
        sides = ((self.old, self.ours, name), (self.new, self.theirs, other))
        side, _, missing = next(found for found in sides if _find(found[1], found[2]) is None)
        if side.declarations is None:
            return side.no_types
        return CHOSEN_AT_LOAD if side.items[missing].is_ifunc else side.undescribed

    def compare(self, name: str, other: str) -> Compared | None:
        """The result for the types of a symbol and of its counterpart; None if one side does not have them."""
        for declared in ("functions", "variables"):
            ours, theirs = getattr(self.ours, declared).get(name), getattr(self.theirs, declared).get(other)
            if ours is not None and theirs is not None:
                compare = self.comparison.function if isinstance(ours, Function) else self.comparison.variable
                return compare(ours, theirs)
        return None

    def layouts(self) -> Iterator[Change]:
        """The changes of all records and enumerations that the common symbols use, and of enumerations of headers."""
        layouts = Layouts(self.comparison, self.ours, self.met)
        yield from layouts.changes()
        for enum in header_enums(self.ours, self.theirs, layouts.reached, self.met):
            for d in differences(self.comparison, enum, self.theirs) or ():
                where = (constants_key(enum), d.field, d.expected, d.found)
                rule, place = d.rule or "layout-changed", enum.declared_at
                yield change(rule, *where, level=d.level, declared_at=place, is_type=True)
        for name, reason in layouts.unknown().items():
            self.unchecked.setdefault(name, reason)

    def named(self, found: Change) -> Change:
        known = _find(self.ours, found.symbol) or _find(self.theirs, found.symbol)
        return replace(found, display=known.display) if known and known.display else found

    def place(self, name: str) -> Place | None:
        known = _find(self.ours, name)
        return known.declared_at if known else None


def _find(declarations: Declarations, name: str) -> Function | Variable | None:
    return declarations.functions.get(name) or declarations.variables.get(name)
