"""What a core promises to the modules that link against it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from rebel_tools.abi.types import Declarations, Function, Variable
from rebel_tools.interface import codec


@dataclass(frozen=True)
class Target:
    """The platform: machine as GNU tools spell it (x86_64, i386, aarch64), bytes of a pointer, byte order, system.

    os: "linux", "windows", ... or "unknown" when the source does not say.
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
    """A target, options, and declarations. Equal interfaces promise the same; who wrote them and where is left out.

    language: "c", "c++", "rpython" or what a producer calls it.
    options: plain data that matter to binary compatibility: compiler flags, GC, translation options.
    digest_symbol: the exported data whose contents are `digest` as text; pairs a library with this interface.
    extra: plain data that only the producer understands; part of the digest.
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
        """What the digest covers, as plain data."""
        from rebel_tools.interface.plain import encode

        return encode(self)

    @cached_property
    def forms(self) -> tuple[bytes, bytes]:
        """What `codec.forms` makes of the plain data."""
        return codec.forms(self.plain)

    @cached_property
    def digest(self) -> str:
        """Hexadecimal SHA-256 of the canonical form: the identity of the promise."""
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
