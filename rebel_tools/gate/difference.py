"""A difference of two types, with the field or parameter in which they differ, so that its message never is
"was s *, is s *".
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from rebel_tools.abi import types as t
from rebel_tools.abi.spell import describe, expanded
from rebel_tools.gate.rules import BREAK, DIFF_RULES

MISSING = "nothing"
ELEMENT = "the element type "
"""The beginning of `Difference.field` for the type of the values in a container."""


@dataclass(frozen=True)
class Difference:
    """A part in which two types differ.

    field: where ("argument 1 (count)", "y", "size"); expected, found: what is there on both sides.
    rule: a key of `rules.DIFF_RULES`; "" for the type of a symbol, whose rule depends on the symbol.
    unknown: whether this could not be compared, because one side does not know it.
    own_level: the level, if it is not that of the rule.
    """

    field: str
    expected: str
    found: str
    rule: str = ""
    unknown: bool = False
    own_level: str | None = None

    @property
    def level(self) -> str:
        """One of `rules.LEVELS`."""
        return self.own_level or (DIFF_RULES[self.rule].level if self.rule else BREAK)

    @property
    def breaks(self) -> bool:
        """Whether it is known to break programs."""
        return not self.unknown and self.level == BREAK

    def below(self, field: str) -> Difference:
        """The same difference as one of a type that contains this one in `field`."""
        if not self.field:
            return replace(self, field=field)
        return replace(self, field=f"{field}{'' if self.field.startswith('[') else '.'}{self.field}")


def difference_at(where: str, a: t.Type, b: t.Type, rule: str = "", unknown: bool = False) -> Difference:
    """The difference of two types at a place.

    If the types are spelled alike, it is that of the first parts that are not: arguments of function pointers, elements
    of arrays. If all parts are spelled alike, typedefs are replaced by what they stand for.
    """
    if not unknown and describe(a) == describe(b):
        step, one, other = _first_parts_that_differ(a, b)
        if step:
            where, a, b = f"{where}, {step}", one, other
    x, y = describe(a), describe(b)
    if x == y and not unknown:
        x, y = expanded(a), expanded(b)
    return Difference(where, x, y if x != y or unknown else f"another {y}", rule, unknown)


def _first_parts_that_differ(a: t.Type, b: t.Type) -> tuple[str, t.Type, t.Type]:
    """The first parts of two types that are not spelled alike, and a text that says where they are."""
    steps: list[str] = []
    while True:
        following = next((part for part in _parts(a, b) if describe(part[1]) != describe(part[2])), None)
        following = following or next((p for p in _parts(a, b) if expanded(p[1]) != expanded(p[2])), None)
        if following is None:
            return " of ".join(reversed(steps)), a, b
        step, a, b = following
        steps += [step] if step else []


def _parts(a: t.Type, b: t.Type) -> list[tuple[str, t.Type, t.Type]]:
    """The corresponding parts of two types, each with its name."""
    if isinstance(a, (t.Typedef, t.Qualified)) and type(a) is type(b):
        return [("", a.target, b.target)]
    if isinstance(a, t.Pointer) and isinstance(b, t.Pointer):
        return [("", a.target, b.target)]
    if isinstance(a, t.Array) and isinstance(b, t.Array):
        return [("element", a.element, b.element)]
    if isinstance(a, t.FunctionType) and isinstance(b, t.FunctionType):
        pairs = enumerate(zip(a.parameters, b.parameters), 1)
        return [("result", a.result, b.result), *((f"argument {n}", x, y) for n, (x, y) in pairs)]
    return []
