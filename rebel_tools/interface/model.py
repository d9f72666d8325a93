"""The model of an interface: what a core promises to the modules that link against it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from rebel_tools.abi.types import Declarations, Function, Variable
from rebel_tools.interface import codec


@dataclass(frozen=True)
class Target:
    """The platform of a core.

    machine: as GNU tools spell it (x86_64, i386, aarch64). pointer_size: in bytes. byteorder: "little" or "big".
    os: "linux", "windows", ... or "unknown" if it is not in the source.
    """

    machine: str
    pointer_size: int
    byteorder: str = "little"
    os: str = "unknown"

    def __str__(self) -> str:
        return f"{self.machine}-{self.os} ({8 * self.pointer_size} bits, {self.byteorder} endian)"


@dataclass(frozen=True)
class Producer:
    """The program that wrote an interface. It is not part of what the interface promises."""

    name: str
    version: str


@dataclass(frozen=True)
class ExceptionType:
    """An exception that functions may raise. `symbol`, where given, is exported data (C++ `_ZTI...`, a vtable)."""

    name: str
    base: str | None = None
    symbol: str | None = None


@dataclass(frozen=True, eq=False)
class Interface:
    """A target, options, and declarations. Interfaces are equal if their digests are: producer and places do not count.

    language: "c", "c++", "rpython" or another name that a producer uses.
    options: plain data that matter to binary compatibility: compiler flags, GC, translation options.
    digest_symbol: exported data that contain `digest` as text, which shows that a library belongs to this interface.
    extra: plain data for the producer only; they are part of the digest.
    """

    target: Target
    producer: Producer
    declarations: Declarations = field(default_factory=Declarations)
    language: str = "c"
    options: Mapping[str, Any] = field(default_factory=dict)
    exceptions: Mapping[str, ExceptionType] = field(default_factory=dict)
    digest_symbol: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def plain(self) -> dict[str, Any]:
        """The plain data that the digest covers."""
        from rebel_tools.interface.plain import encode

        return encode(self)

    @cached_property
    def forms(self) -> tuple[bytes, bytes]:
        """The opcodes and the canonical form of the plain data, from `codec.forms`."""
        return codec.forms(self.plain)

    @cached_property
    def digest(self) -> str:
        """Hexadecimal SHA-256 of the canonical form, which identifies the interface."""
        return codec.digest(self.plain, self.forms)

    @cached_property
    def symbols(self) -> dict[str, Function | Variable]:
        """Functions and variables by symbol name, sorted."""
        both: dict[str, Function | Variable] = {**self.declarations.functions, **self.declarations.variables}
        return dict(sorted(both.items()))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Interface) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def __str__(self) -> str:
        from rebel_tools.interface.render import to_text

        return to_text(self)
