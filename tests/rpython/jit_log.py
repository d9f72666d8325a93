"""The traces of a JIT: reads the sections `jit-log-opt-*` that PYPYLOG=jit-log-opt:FILE writes.

The format is that of rpython.jit.metainterp.logger: a header, the arguments, and one operation a line,

    +123: i5 = int_add(i3, 1)
    +140: p7 = call_may_force_r(ConstClass(f), p1, descr=<Callr 8 r EF=7>)
"""

from __future__ import annotations

import re
from dataclasses import dataclass

SECTION = re.compile(r"^\[[0-9a-f]+\] \{jit-log-opt-(\w+)\n(.*?)^\[[0-9a-f]+\] jit-log-opt-\1\}$", re.S | re.M)
OPERATION = re.compile(r"^(?:\+\d+: )?(?:\w+ = )?(\w+)\((.*)$")
EFFECT = re.compile(r"\bEF=(\d+)")


@dataclass(frozen=True)
class Operation:
    """name: that of the resoperation. text: its arguments, its descr and the rest."""

    name: str
    text: str

    @property
    def effect(self) -> int:
        """The number of the effect of a call (EffectInfo.EF_...), -1 if the log does not have it."""
        found = EFFECT.search(self.text)
        return int(found.group(1)) if found else -1


@dataclass(frozen=True)
class Trace:
    """kind: `loop`, `bridge` or another section of the log. operations: with labels and the jump, in their order."""

    kind: str
    operations: tuple[Operation, ...]

    @property
    def body(self) -> tuple[Operation, ...]:
        """The repeated part: the operations after the last label, or all of them if there is none."""
        labels = [number for number, operation in enumerate(self.operations) if operation.name == "label"]
        return self.operations[labels[-1] + 1 :] if labels else self.operations

    def calls(self) -> list[Operation]:
        return [operation for operation in self.body if operation.name.startswith("call")]

    def allocations(self) -> list[Operation]:
        return [operation for operation in self.body if operation.name.startswith("new")]


def traces(text: str) -> list[Trace]:
    """All traces of a log, in the order in which they were compiled."""
    return [Trace(kind, tuple(operations(lines))) for kind, lines in SECTION.findall(text)]


def operations(lines: str) -> list[Operation]:
    found = [OPERATION.match(line) for line in lines.splitlines() if not line.startswith(("#", "["))]
    return [Operation(match.group(1), match.group(2)) for match in found if match is not None]
