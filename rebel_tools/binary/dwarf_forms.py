"""The sizes of the forms of attributes, and how a whole abbreviation is skipped in one step.

Source: DWARF 5, sections 7.5.5 and 7.5.6.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from functools import cached_property
from itertools import groupby
from typing import NamedTuple

from rebel_tools.binary.dwarf_constants import At, Form
from rebel_tools.binary.model import ByteOrder

ULEB, BLOCK, STRING, INDIRECT = -1, -2, -8, -9  # -2: the length is a LEB128; -3, -4, -6: of 1, 2 or 4 bytes
BLOCKS = {Form.BLOCK: -2, Form.EXPRLOC: -2, Form.BLOCK1: -3, Form.BLOCK2: -4, Form.BLOCK4: -6}
_FIXED = {
    **dict.fromkeys((Form.FLAG_PRESENT, Form.IMPLICIT_CONST), 0),
    **dict.fromkeys((Form.DATA1, Form.FLAG, Form.REF1, Form.STRX1, Form.ADDRX1), 1),
    **dict.fromkeys((Form.DATA2, Form.REF2, Form.STRX2, Form.ADDRX2), 2),
    **dict.fromkeys((Form.STRX3, Form.ADDRX3), 3),
    **dict.fromkeys((Form.DATA4, Form.REF4, Form.STRX4, Form.ADDRX4, Form.REF_SUP4), 4),
    **dict.fromkeys((Form.DATA8, Form.REF8, Form.REF_SIG8, Form.REF_SUP8), 8),
    Form.DATA16: 16,
}
_CODES: dict[int | None, str] = {1: "B", 2: "H", 4: "I", 8: "Q"}
"""`struct` has no integers of other sizes."""
_OFFSETS = frozenset({Form.STRP, Form.SEC_OFFSET, Form.LINE_STRP, Form.STRP_SUP, Form.GNU_REF_ALT, Form.GNU_STRP_ALT})
LEBS = frozenset(
    {
        Form.UDATA, Form.SDATA, Form.REF_UDATA, Form.STRX, Form.ADDRX, Form.LOCLISTX, Form.RNGLISTX,
        Form.GNU_ADDR_INDEX, Form.GNU_STR_INDEX,
    }
)  # fmt: skip


class Sizes(NamedTuple):
    """What the sizes of some forms depend on: the version, and the sizes of addresses and offsets in bytes."""

    version: int
    address: int
    offset: int

    def fixed(self, form: int) -> int | None:
        """The size of a form in bytes, None if each value has its own size."""
        size = _FIXED.get(form)
        if size is not None:
            return size
        if form == Form.ADDR or (form == Form.REF_ADDR and self.version == 2):
            return self.address
        return self.offset if form in _OFFSETS or form == Form.REF_ADDR else None


Spec = tuple[int, int, int]
"""Attribute, form, and the value if the form is DW_FORM_implicit_const (else 0)."""


class AbbrevParts(NamedTuple):
    """The parts of an abbreviation.

    steps: bytes to skip, or a negative code for a form without a fixed size.
    sibling: the position of DW_AT_sibling if it is a 4-byte reference and only fixed sizes precede it, else -1.
    """

    tag: int
    has_children: bool
    specs: tuple[Spec, ...]
    steps: tuple[int, ...]
    sibling: int
    sizes: Sizes
    byteorder: ByteOrder


class Run(NamedTuple):
    """Successive attributes that are decoded in one step. Without a layout, it is one without a fixed size."""

    layout: struct.Struct | None
    attributes: tuple[int, ...]
    forms: tuple[int, ...]


class Abbrev(AbbrevParts):
    """One abbreviation."""

    def has(self, *attributes: int) -> bool:
        return any(spec[0] in attributes for spec in self.specs)

    @cached_property
    def constants(self) -> dict[int, tuple[int, int]]:
        """The attributes whose value is in the abbreviation."""
        return {attribute: (form, constant) for attribute, form, constant in self.specs if self.sizes.fixed(form) == 0}

    @cached_property
    def runs(self) -> tuple[Run, ...]:
        """How the other values of a DIE are decoded. It is computed when the first such DIE is decoded."""
        runs: list[Run] = []
        for is_plain, group in groupby(filter(self._has_value, self.specs), self._is_plain):
            specs = tuple(group)
            if is_plain:
                codes = "".join(_CODES[self.sizes.fixed(form)] for _, form, _ in specs)
                layout = struct.Struct(("<" if self.byteorder == "little" else ">") + codes)
                runs.append(Run(layout, tuple(spec[0] for spec in specs), tuple(spec[1] for spec in specs)))
            else:
                runs += [Run(None, (attribute,), (form,)) for attribute, form, _ in specs]
        return tuple(runs)

    def _has_value(self, spec: Spec) -> bool:
        return self.sizes.fixed(spec[1]) != 0

    def _is_plain(self, spec: Spec) -> bool:
        return self.sizes.fixed(spec[1]) in _CODES


def compile_steps(
    sizes: Sizes, specs: Iterable[Spec], unknown: Callable[[int], Exception]
) -> tuple[tuple[int, ...], int]:
    """The steps that skip `specs`, and the position of a usable DW_AT_sibling (-1: none).

    unknown: makes the error for a form that is not in DWARF 2 to 5.
    """
    steps: list[int] = []
    sibling = -1
    for attribute, form, _ in specs:
        size = sizes.fixed(form)
        if attribute == At.SIBLING and form == Form.REF4 and len(steps) <= 1 and all(s >= 0 for s in steps):
            sibling = sum(steps)
        if size is None:
            steps.append(_code(form, unknown))
        elif steps and steps[-1] >= 0:
            steps[-1] += size
        else:
            steps.append(size)
    return tuple(steps), sibling


def _code(form: int, unknown: Callable[[int], Exception]) -> int:
    if form in LEBS:
        return ULEB
    if form == Form.STRING:
        return STRING
    if form == Form.INDIRECT:
        return INDIRECT
    if form in BLOCKS:
        return BLOCKS[form]
    raise unknown(form)
