"""Finds the DIEs of given symbols.

Only a DIE in a scope (the unit, a namespace, a class) can be a symbol, so the insides of functions are skipped. The
best match is a DIE with the name and the address of the symbol. Then come other definitions of this name (the compiler
may have merged equal functions), then any DIE at the address: aliases, symbol versions made with `.symver` and C++
constructors have other names. Declarations come last.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from rebel_tools.binary.dwarf_aranges import units_of
from rebel_tools.binary.dwarf_constants import ASSEMBLERS, C_LANGUAGES, CPLUSPLUS, At, Tag
from rebel_tools.binary.dwarf_levels import tells_types
from rebel_tools.binary.dwarf_reader import Dwarf
from rebel_tools.binary.dwarf_unit import Die, Unit, Value

SCOPES = frozenset({Tag.NAMESPACE, Tag.MODULE, Tag.STRUCTURE, Tag.CLASS, Tag.UNION, Tag.INTERFACE})
UNITS = frozenset({Tag.COMPILE_UNIT, Tag.PARTIAL_UNIT, Tag.TYPE_UNIT})
SYMBOLS = frozenset({Tag.SUBPROGRAM, Tag.VARIABLE})
IMPORTS = frozenset({Tag.IMPORTED_UNIT})
MAX_DEPTH = 10_000
MAX_CHAIN = 8
DECLARED, AT_ADDRESS, DEFINED, DEFINED_AT_ADDRESS = 1, 2, 3, 4
OP_ADDR = 0x03
INDEXED = frozenset({0xA1, 0xFB})
"""DW_OP_addrx and DW_OP_GNU_addr_index."""
DEFAULTED_IN_CLASS = 1


class Match(NamedTuple):
    """The best DIE for a symbol, and how good it is, from `DECLARED` to `DEFINED_AT_ADDRESS`."""

    die: Die
    rank: int


def language(unit: Unit) -> int | None:
    return unit.top.number(At.LANGUAGE, None)


def has_scopes(unit: Unit) -> bool:
    """Whether names can be nested; always so for a partial unit, which has no language."""
    found = language(unit)
    return found in CPLUSPLUS or (found is None and unit.top.tag != Tag.COMPILE_UNIT)


def walk(unit: Unit, enter: frozenset[int], wanted: frozenset[int]) -> Iterator[tuple[int, int, int]]:
    """(offset, offset of the parent, tag) of the DIEs with `wanted` tags whose parents all have tags in `enter`."""
    data, abbrevs, end, offset = unit.data, unit.abbrevs, unit.end, unit.first
    parents: list[int | None] = []
    while offset < end:
        start, code = offset, data[offset]
        offset += 1
        if code > 127:
            code, offset = unit.uleb(start)
        if code == 0:
            if len(parents) < 2:
                return
            parents.pop()
            continue
        abbrev = abbrevs.get(code)
        if abbrev is None:
            raise unit.undefined(code, offset)
        tag, has_children, _, steps, sibling, _, _ = abbrev
        after = offset + steps[0] if len(steps) == 1 and steps[0] >= 0 else unit.skip(offset, abbrev)
        parent = parents[-1] if parents else start
        if tag in wanted and parent is not None:
            yield start, parent, tag
        if has_children:
            entered = start if parent is not None and tag in enter else None
            after = _enter(unit, parents, entered, offset, after, sibling)
        offset = after


def _enter(unit: Unit, parents: list[int | None], entered: int | None, offset: int, after: int, sibling: int) -> int:
    """The offset to go on at: the first child, or behind all children if they are skipped by a usable DW_AT_sibling."""
    if entered is None and sibling >= 0:
        target = unit.start + unit.integer(offset + sibling, 4)
        if after < target < unit.end:
            return target
    parents.append(entered)
    if len(parents) > MAX_DEPTH:
        raise unit.error("DIEs are nested too deeply", offset, f"at most {MAX_DEPTH} levels")
    return after


def chain(die: Die) -> list[Die]:
    """The DIE and those that complete it: its abstract origin, then its declaration in a class or namespace."""
    links = [die]
    if At.ABSTRACT_ORIGIN not in die.values and At.SPECIFICATION not in die.values:
        return links
    while len(links) < MAX_CHAIN:
        values = links[-1].values
        value = values.get(At.ABSTRACT_ORIGIN) or values.get(At.SPECIFICATION)
        following = links[-1].unit.reference(value)
        if following is None:
            break
        links.append(following)
    return links


def first_value(links: list[Die], *attributes: int) -> tuple[Die, Value] | None:
    """The first DIE of a chain that has one of the attributes, and its value."""
    for die in links:
        for attribute in attributes:
            if attribute in die.values:
                return die, die.values[attribute]
    return None


def first_string(links: list[Die], *attributes: int) -> str | None:
    found = first_value(links, *attributes)
    return found[0].unit.string(found[1]) if found else None


def flag(links: list[Die], attribute: int) -> bool:
    found = first_value(links, attribute)
    return bool(found and found[1][1] or found and found[1][0] == 0x19)


def shared_units(dwarf: Dwarf) -> Iterator[Unit]:
    """The imported units in the file of dwz, where DIEs that are equal in several files are.

    These are not only types: there are also enumerations, and thread-local data at the same offset as in other files.
    """
    if dwarf.supplement is None:
        return
    work, seen = list(dwarf.units), set[int]()
    while work:
        unit = work.pop()
        for offset, _, _ in walk(unit, UNITS, IMPORTS):
            target = unit.reference(unit.die(offset).values.get(At.IMPORT))
            if target is not None and target.unit.dwarf is dwarf.supplement and target.unit.start not in seen:
                seen.add(target.unit.start)
                work.append(target.unit)
                yield target.unit


class Finder:
    """Searches names in one file, unit by unit, beginning with those that contain their addresses.

    names: linker names, None for all external functions and data.
    addresses: those of the symbols, by name; without forwarders and declarations.
    whole: returns the complete unit for a skeleton of split DWARF, None if it is missing, and any other unit itself.
    """

    def __init__(
        self,
        dwarf: Dwarf,
        names: frozenset[str] | None,
        addresses: Mapping[str, int],
        whole: Callable[[Unit], Unit | None] = lambda unit: unit,
    ) -> None:
        self.dwarf = dwarf
        self.names = names
        self._whole = whole
        self.found: dict[str, Match] = {}
        self._at: dict[int, list[str]] = {}
        for name, address in addresses.items():
            self._at.setdefault(address, []).append(name)

    def search(self) -> dict[str, Match]:
        """The best match of every name that is found."""
        likely = self._likely_units()
        for unit in sorted(self.dwarf.units, key=lambda u: u.start not in likely):
            if self._complete():
                break
            whole = self._whole(unit)
            if whole is not None:
                self._scan(whole)
        for unit in () if self._complete() else shared_units(self.dwarf):
            self._scan(unit)
        return self.found

    def _likely_units(self) -> frozenset[int]:
        return units_of(self.dwarf, self._at)

    def _complete(self) -> bool:
        if self.names is None or len(self.found) < len(self.names):
            return False
        return all(match.rank >= AT_ADDRESS for match in self.found.values())

    def _scan(self, unit: Unit) -> None:
        if language(unit) in ASSEMBLERS or not tells_types(unit):
            return
        enter = UNITS if language(unit) in C_LANGUAGES else UNITS | SCOPES
        for offset, parent, _ in walk(unit, enter, SYMBOLS):
            self._consider(unit.die(offset), parent)

    def _consider(self, die: Die, parent: int) -> None:
        address = _address(die)
        at_address = self._at.get(address, ()) if address is not None else ()
        for name in at_address:
            self._keep(name, die, AT_ADDRESS)
        links = chain(die)
        own = first_string(links, At.LINKAGE_NAME, At.MIPS_LINKAGE_NAME) or first_string(links, At.NAME)
        if own is None or (self.names is not None and own not in self.names) or not flag(links, At.EXTERNAL):
            return
        if own in at_address:
            self._keep(own, die, DEFINED_AT_ADDRESS)
        elif address is not None or At.DECLARATION not in die.values:  # equal functions are folded into one address
            self._keep(own, die, DEFINED)
        elif not _has_no_symbol(die) and At.SIGNATURE not in die.unit.die(parent).values:
            self._keep(own, die, DECLARED)  # (a skeleton of a type unit has no parameters)

    def _keep(self, name: str, die: Die, rank: int) -> None:
        known = self.found.get(name)
        if known is None or known.rank < rank:
            self.found[name] = Match(die, rank)


def _has_no_symbol(die: Die) -> bool:
    """Whether it is a C++ member that is `= delete`, or `= default` inside its class: no library defines these."""
    _, defaulted = die.values.get(At.DEFAULTED, (0, 0))
    return At.DELETED in die.values or defaulted == DEFAULTED_IN_CLASS


def _address(die: Die) -> int | None:
    """The address of the code or data; None for a declaration."""
    unit = die.unit
    if die.tag == Tag.SUBPROGRAM:
        return unit.address(die.values.get(At.LOW_PC))
    form, block = die.values.get(At.LOCATION, (0, b""))
    if not isinstance(block, bytes) or not block:
        return None
    if block[0] == OP_ADDR and len(block) == 1 + unit.address_size:
        return int.from_bytes(block[1:], unit.dwarf.byteorder)
    index = _index(block[1:]) if block[0] in INDEXED else None
    return None if index is None else unit.address_at(index)


def _index(block: bytes) -> int | None:
    """The LEB128 number that the block consists of; None if the expression is longer."""
    if not block or len(block) > 5 or [byte > 127 for byte in block] != [True] * (len(block) - 1) + [False]:
        return None
    return sum((byte & 127) << 7 * place for place, byte in enumerate(block))
