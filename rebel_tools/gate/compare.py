"""Compares the types of two sides: of the interface or the old library (`expected`), and of the library (`found`).

Names of typedefs and the spelling of integers do not count; sizes, signedness, shapes and layouts do. If a type is
unknown on one side, the two are neither equal nor different: such a `Difference` is `unknown`.

Records and enumerations are compared in pairs, each pair once, however many symbols use it: the result of comparing two
symbols, or the two definitions of a pair, lists the pairs of definitions that these use (`met`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rebel_tools.abi import types as t
from rebel_tools.abi.spell import peel
from rebel_tools.abi.standard_library import elements, own_types, untold
from rebel_tools.abi.values import Values
from rebel_tools.gate.compare_enums import enums
from rebel_tools.gate.compare_records import records
from rebel_tools.gate.compare_symbols import conventions, functions, variables
from rebel_tools.gate.compared import Compared, Pair, Sources
from rebel_tools.gate.difference import ELEMENT, MISSING, Difference, difference_at
from rebel_tools.gate.sameness import Sameness, all_of, same_if
from rebel_tools.gate.shapes import (
    bare,
    end,
    fits_any_call,
    has_other_sign,
    is_atomic,
    is_one_type,
    is_renamed,
    leads_to_void,
    numbers,
    pointers,
    share_a_name,
)

MAX_RENAMED = 20
"""The depth to which renamed types inside renamed types are followed; below that, types count as different."""


class Comparison:
    """Compares types of two sides that have their own definitions of records and enumerations.

    void_is_any: whether an expected `void *` matches every pointer, as interfaces of other languages need it.
    by_value: the pairs that are passed, returned, or contained by value somewhere, so that their size matters to
    others.
    passed: the pairs that a function takes or returns by value.
    """

    def __init__(self, expected: t.Declarations, found: t.Declarations, void_is_any: bool = False) -> None:
        self.expected = Sources.of(expected)
        self.found = Sources.of(found)
        self.values = Values(self.expected.types), Values(self.found.types)
        self.void_is_any = void_is_any
        self.by_value: set[Pair] = set()
        self.passed: set[Pair] = set()
        self._definitions: dict[Pair, Compared] = {}
        self._met: set[Pair] = set()
        self._depth = 0

    # symbols

    def function(self, expected: t.Function, found: t.Function) -> Compared:
        """Differences of prototypes; records and enumerations in them are compared by name only (see `definition`)."""
        return self._collect(functions(self, expected, found))

    def variable(self, expected: t.Variable, found: t.Variable) -> Compared:
        """Differences of the types of data."""
        return self._collect(variables(self, expected, found))

    def _collect(self, differences: Iterable[Difference]) -> Compared:
        outer, self._met = self._met, set()
        found = tuple(dict.fromkeys(differences))
        met, self._met = frozenset(self._met), outer
        return Compared(found, met)

    # pairs of definitions

    def definition(self, pair: Pair) -> Compared:
        """Differences of two definitions; none if the expected side only declares the type."""
        if pair not in self._definitions:
            self._definitions[pair] = Compared((), frozenset())  # for types that lead back to themselves
            self._definitions[pair] = self._collect(self._all_definitions(pair))
        return self._definitions[pair]

    def reached(self, start: Iterable[Pair]) -> dict[Pair, Compared]:
        """The results for these pairs and for all pairs that they use, directly or indirectly."""
        found: dict[Pair, Compared] = {}
        work = list(start)
        while work:
            pair = work.pop()
            if pair not in found:
                found[pair] = self.definition(pair)
                work += found[pair].met
        return found

    def unknown(self, pair: Pair) -> Iterator[Difference]:
        """What of a pair could not be compared; how a class is passed counts if a function takes or returns one."""
        for difference in self.definition(pair).differences:
            if difference.unknown and (difference.rule != "passing-changed" or pair in self.passed):
                yield difference

    def leading_to(self, ends: Iterable[Pair]) -> set[Pair]:
        """These pairs and all pairs compared so far that use one of them, directly or indirectly."""
        users: dict[Pair, list[Pair]] = {}
        for pair, compared in self._definitions.items():
            for met in compared.met:
                users.setdefault(met, []).append(pair)
        found: set[Pair] = set()
        work = list(ends)
        while work:
            pair = work.pop()
            if pair not in found:
                found.add(pair)
                work += users.get(pair, ())
        return found

    def _all_definitions(self, pair: Pair) -> Iterator[Difference]:
        """The differences of all definitions under the keys of a pair.

        Translation units may have different definitions under one tag. If the expected side has several, each of them
        has to be equal to one of the other side; if only the found side has several, all have to equal the expected
        one.
        """
        yield from self._arguments(pair)
        wanted, present = self.expected.all(pair[0]), self.found.all(pair[1])
        first = wanted[0] if wanted else None
        is_open = isinstance(first, t.Record) and first.size is None
        if isinstance(first, t.Record) and is_open and not first.left_out:
            return
        if not wanted or not present or is_open:
            yield Difference("", t.spelled(pair[0]), MISSING, unknown=True)
        elif len(wanted) == 1:
            for other in present:
                yield from self._two(wanted[0], other)
        else:
            for one in wanted:
                outcomes = [list(self._two(one, other)) for other in present]
                if all(outcomes):
                    yield from outcomes[0]

    def _arguments(self, pair: Pair) -> Iterator[Difference]:
        """Add the types that a standard type is made of to `met`: its own layout may be unknown, or not lead to them.

        The differences are elements of a container that a side does not have. Compilers may spell the arguments in
        different ways; then only those count that both sides have.
        """
        are_alike, held = pair[0] == pair[1], elements(pair[0])
        are_told = [any(map(_is_told, side.all(key))) for side, key in zip((self.expected, self.found), pair)]
        for key in own_types(pair[0], self.expected.types):
            if key in self.found.types or (are_alike and not are_told[1]):
                self._met.add((key, key))
                self.by_value.update([(key, key)] if t.spelled(key).partition(" ")[2] in held else ())
        sides = [side for side, is_told in zip((self.expected, self.found), are_told) if is_told and are_alike]
        for name in dict.fromkeys(name for side in sides for name in untold(pair[0], side.types)):
            yield Difference(f"{ELEMENT}{name}", MISSING, MISSING, unknown=True)

    def _two(self, a: t.Record | t.Enum, b: t.Record | t.Enum) -> Iterator[Difference]:
        if isinstance(a, t.Enum) and isinstance(b, t.Enum):
            yield from enums(self, a, b)
        elif isinstance(a, t.Record) and isinstance(b, t.Record):
            yield from records(self, a, b)
        else:
            yield Difference("", _kind(a), _kind(b), "layout-changed")

    # types

    def named(
        self, where: str, a: t.Type, b: t.Type, rule: str = "", by_value: bool = False, passed: bool = False
    ) -> Iterator[Difference]:
        """The difference of two types at a place that is called `where` in messages.

        rule: for a difference of representation. by_value: whether the place holds a value and not a pointer to one.
        passed: whether a function takes or returns the value.
        """
        sameness = self.same(a, b, by_value or passed, passed)
        if sameness != Sameness.SAME:
            yield difference_at(where, a, b, rule, unknown=sameness == Sameness.UNKNOWN)
        elif is_renamed(a, b):
            yield difference_at(where, a, b, "type-renamed")
        elif not self.void_is_any and leads_to_void(a) != leads_to_void(b):
            yield difference_at(where, a, b, "void-pointer")
        elif self._has_other_sign(a, b):
            yield difference_at(where, a, b, "sign-changed")
        elif pointers(a) != pointers(b):
            yield difference_at(where, a, b, "reference-changed")

    def _has_other_sign(self, a: t.Type, b: t.Type) -> bool:
        """Whether two equal types are, or point to, an enumeration and an integer of which one has a sign."""
        a, b = end(a), end(b)
        one = self.expected.types.get(a.key) if isinstance(a, t.Ref) else a
        other = self.found.types.get(b.key) if isinstance(b, t.Ref) else b
        return one is not None and other is not None and has_other_sign(one, other)

    def same(self, a: t.Type, b: t.Type, by_value: bool = False, passed: bool = False) -> Sameness:
        """Whether two types have the same representation."""
        atomic = is_atomic(peel(a)), is_atomic(peel(b))
        x, y = bare(a), bare(b)
        if isinstance(x, t.Unknown) or isinstance(y, t.Unknown):
            return Sameness.UNKNOWN
        if isinstance(x, t.Ref) and isinstance(y, t.Ref):
            sameness = same_if(self._definitions_named(x.key, y.key, share_a_name(a, b), by_value, passed))
        else:
            sameness = self._same(x, y, by_value, passed)
        if passed or atomic[0] == atomic[1] or sameness == Sameness.DIFFERENT:
            return sameness  # a value that is passed or returned is a copy
        other = self.found if atomic[0] else self.expected
        return Sameness.DIFFERENT if other.tells_atomic else Sameness.UNKNOWN

    def _same(self, a: t.Type, b: t.Type, by_value: bool, passed: bool) -> Sameness:
        if isinstance(a, t.Ref) or isinstance(b, t.Ref):
            return self._reference(a, b)
        if isinstance(a, t.Pointer) and isinstance(b, t.Pointer):
            return self._pointers(a, b)
        if isinstance(a, t.MemberPointer) and isinstance(b, t.MemberPointer):
            records = [self.same(a.record, b.record)] if a.record and b.record else []
            return all_of([same_if(a.size == b.size), self.same(a.target, b.target), *records])
        if isinstance(a, t.Array) and isinstance(b, t.Array):
            equal = a.count is None or a.count == b.count or not (a.count or b.count)
            return all_of([same_if(equal and a.vector == b.vector), self.same(a.element, b.element, by_value)])
        if isinstance(a, t.FunctionType) and isinstance(b, t.FunctionType):
            return self._signatures(a, b)
        if isinstance(a, (t.Record, t.Enum)) and type(a) is type(b):
            return sameness_of(self._two(a, b))
        return numbers(a, b)

    def _pointers(self, a: t.Pointer, b: t.Pointer) -> Sameness:
        if isinstance(bare(a.target), t.Void) or (isinstance(bare(b.target), t.Void) and not self.void_is_any):
            return same_if(a.size == b.size)
        alike = a.size == b.size and (a.kind == "*") == (b.kind == "*")
        return all_of([same_if(alike), self.same(a.target, b.target)])

    def _signatures(self, a: t.FunctionType, b: t.FunctionType) -> Sameness:
        pairs = [self.same(x, y, True, True) for x, y in zip(a.parameters, b.parameters)]
        equal = len(a.parameters) == len(b.parameters) and a.varargs == b.varargs
        if not equal:
            equal = fits_any_call(a, b) or fits_any_call(b, a)
        convention = not list(conventions(self, a.convention, b.convention))
        return all_of([same_if(equal and convention), self.same(a.result, b.result, True, True), *pairs])

    def _definitions_named(self, a: str, b: str, share_a_name: bool, by_value: bool, passed: bool) -> bool:
        """Whether two named definitions are the same type; if so, they are compared later as a pair."""
        pair = (a, b)
        if not share_a_name and not is_one_type(pair) and not self._is_alike(pair):
            return False
        self._met.add(pair)
        self.by_value.update([pair] if by_value else ())
        self.passed.update([pair] if passed else ())
        return True

    def _reference(self, a: t.Type, b: t.Type) -> Sameness:
        """Compare a named definition with a type without a name."""
        one = self.expected.types.get(a.key) if isinstance(a, t.Ref) else a
        other = self.found.types.get(b.key) if isinstance(b, t.Ref) else b
        if one is None or other is None:
            return Sameness.UNKNOWN
        if isinstance(one, (t.Record, t.Enum)) and type(one) is type(other):
            return sameness_of(self._two(one, other))
        return numbers(one, other)

    def _is_alike(self, pair: Pair) -> bool:
        """Whether two types with different names are both known and have the same layout, including all types that they
        use.
        """
        both = self.expected.types.get(pair[0]), self.found.types.get(pair[1])
        if any(one is None or (isinstance(one, t.Record) and one.size is None) for one in both):
            return False
        if self._depth > MAX_RENAMED:
            return False
        self._depth += 1
        alike = all(sameness_of(one.differences) == Sameness.SAME for one in self.reached([pair]).values())
        self._depth -= 1
        return alike


def sameness_of(differences: Iterable[Difference]) -> Sameness:
    """Whether types that contain two definitions with these differences are the same: only breaking ones count."""
    sameness = Sameness.SAME
    for difference in differences:
        if difference.unknown:
            sameness = Sameness.UNKNOWN
        elif difference.breaks:
            return Sameness.DIFFERENT
    return sameness


def _is_told(definition: t.Record | t.Enum) -> bool:
    return isinstance(definition, t.Record) and definition.size is not None


def _kind(definition: t.Record | t.Enum) -> str:
    return "an enumeration" if isinstance(definition, t.Enum) else f"a {definition.kind}"
