"""Compares the enumerations of an interface that no symbol uses with those in a library's debug information."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rebel_tools.abi.types import Declarations, constants_key
from rebel_tools.gate.compare import Comparison
from rebel_tools.gate.compared import Pair
from rebel_tools.gate.header_enums import differences, header_enums
from rebel_tools.gate.not_compared import Reason
from rebel_tools.gate.report import Finding
from rebel_tools.gate.symbol_check import SILENT, gate_rule, promised

LEFT_OUT = Reason(
    "the debug information does not have these enumerations, which the library does not use",
    "-fno-eliminate-unused-debug-types keeps them",
)


class ConstantsCheck:
    """Compares the enumerations that were not compared with the symbols. met: the definitions that were compared."""

    def __init__(
        self, comparison: Comparison, interface: Declarations, library: Declarations, met: Iterable[Pair]
    ) -> None:
        described = (*library.functions, *library.variables)
        further = header_enums(interface, library, met, described)
        self._compared = [(enum, differences(comparison, enum, library)) for enum in further]

    def findings(self) -> Iterator[Finding]:
        """A finding for each constant that differs."""
        for enum, found in self._compared:
            for d in found or ():
                if d.rule not in SILENT:
                    level = promised(d)
                    where = (constants_key(enum), d.field, d.expected, d.found)
                    rule = gate_rule(level, "wrong-layout")
                    yield Finding(rule, *where, enum.declared_at, level=level, is_type=True)

    def left_out(self) -> Iterator[tuple[str, Reason]]:
        """The enumerations that the library's debug information does not have, with the reason."""
        yield from ((constants_key(enum), LEFT_OUT) for enum, found in self._compared if found is None)
