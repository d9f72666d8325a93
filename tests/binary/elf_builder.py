"""Makes small ELF shared objects byte by byte, without a cross compiler: all classes and byte orders, all defects."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

BASE = 0x10000
"""Addresses are file offsets plus this, which detects readers that confuse them."""


@dataclass
class Symbol:
    name: str
    kind: int = 2
    binding: int = 1
    other: int = 0
    section: int = 1
    value: int = 0x1234
    size: int = 8
    version: int = 1


@dataclass
class Elf:
    """A shared object; `build()` makes its bytes. `overrides` replace values of dynamic tags."""

    bits: int = 64
    order: str = "<"
    machine: int = 62
    symbols: list = field(default_factory=list)
    soname: str = "libtest.so.1"
    needed: tuple = ("libc.so.6",)
    hash_style: str = "gnu"
    versions: tuple = ()  # names; index 2 and up
    overrides: dict = field(default_factory=dict)
    extra_tags: tuple = ()
    blobs: dict = field(default_factory=dict)  # replaces a table: "gnu_hash", "verdef", "dynstr", ...

    def build(self) -> bytes:
        self.out = bytearray(0x40 + 0x38 * 2 if self.bits == 64 else 0x34 + 0x20 * 2)
        self.strings = bytearray(b"\0")
        symbols = [Symbol("", 0, 0, 0, 0, 0, 0, 0), *self.symbols]
        symbol_bytes = b"".join(self._symbol(s) for s in symbols)
        tags = [(1, self._string(n)) for n in self.needed] + [(14, self._string(self.soname))]
        verdef = self._verdef()
        self.at = {}
        self._place("dynsym", symbol_bytes)
        self._place("dynstr", bytes(self.strings))
        if self.hash_style == "gnu":
            self._place("gnu_hash", self._gnu_hash(len(symbols)))
            tags.append((0x6FFFFEF5, self.at["gnu_hash"] + BASE))
        elif self.hash_style == "sysv":
            word = "Q" if self.machine in (0x9026,) or (self.machine == 22 and self.bits == 64) else "I"
            self._place("hash", struct.pack(f"{self.order}4{word}", 1, len(symbols), 1, 0))
            tags.append((4, self.at["hash"] + BASE))
        if self.versions:
            self._place("versym", struct.pack(f"{self.order}{len(symbols)}H", *(s.version for s in symbols)))
            self._place("verdef", verdef)
            tags += [(0x6FFFFFF0, self.at["versym"] + BASE), (0x6FFFFFFC, self.at["verdef"] + BASE)]
            tags.append((0x6FFFFFFD, len(self.versions) + 1))
        size = len(self.blobs.get("dynstr", self.strings))
        tags += [(5, self.at["dynstr"] + BASE), (6, self.at["dynsym"] + BASE), (10, size)]
        tags += [(11, 24 if self.bits == 64 else 16), *self.extra_tags]
        word = "Q" if self.bits == 64 else "I"
        tags = [(tag, self.overrides.get(tag, value)) for tag, value in tags] + [(0, 0)]
        self._place("dynamic", b"".join(struct.pack(f"{self.order}2{word}", *tag) for tag in tags))
        self._headers()
        return bytes(self.out)

    def _string(self, text: str) -> int:
        at = len(self.strings)
        self.strings += text.encode("utf-8", "surrogateescape") + b"\0"
        return at

    def _place(self, name: str, data: bytes) -> None:
        self.out += bytes(-len(self.out) % 8)
        self.at[name] = len(self.out)
        self.out += self.blobs.get(name, data)

    def _symbol(self, s: Symbol) -> bytes:
        name = s.name if isinstance(s.name, int) else self._string(s.name) if s.name else 0
        info = s.binding << 4 | s.kind
        if self.bits == 64:
            return struct.pack(f"{self.order}IBBHQQ", name, info, s.other, s.section, s.value, s.size)
        return struct.pack(f"{self.order}IIIBBH", name, s.value, s.size, info, s.other, s.section)

    def _gnu_hash(self, count: int) -> bytes:
        """One bucket for all symbols: the end bit of the chain is only at the last one."""
        word = "Q" if self.bits == 64 else "I"
        chain = [2] * (count - 2) + [3] if count > 1 else []
        head = struct.pack(f"{self.order}4I{word}I", 1, 1, 1, 6, 0, 1 if count > 1 else 0)
        return head + struct.pack(f"{self.order}{len(chain)}I", *chain)

    def _verdef(self) -> bytes:
        out = b""
        names = [self.soname, *self.versions]
        for index, name in enumerate(names, 1):
            following = 28 if index < len(names) else 0
            out += struct.pack(f"{self.order}4H3I", 1, int(index == 1), index, 1, 0, 20, following)
            out += struct.pack(f"{self.order}2I", self._string(name), 0)
        return out

    def _headers(self) -> None:
        wide = self.bits == 64
        ident = b"\x7fELF" + bytes([2 if wide else 1, 1 if self.order == "<" else 2, 1]) + bytes(9)
        ehsize, phsize, shsize = (64, 56, 64) if wide else (52, 32, 40)
        word = "Q" if wide else "I"
        header = struct.pack(
            f"{self.order}HHI3{word}I6H", 3, self.machine, 1, 0, ehsize, 0, 0, ehsize, phsize, 2, shsize, 0, 0
        )
        dynamic = self.at["dynamic"]
        load, dyn = (1, 0, len(self.out)), (2, dynamic, len(self.out) - dynamic)
        self.out[: len(ident + header)] = ident + header
        for number, (kind, offset, size) in enumerate((load, dyn)):
            if wide:
                fields = ("IIQQQQQQ", kind, 5, offset, offset + BASE, 0, size, size, 8)
            else:
                fields = ("IIIIIIII", kind, offset, offset + BASE, 0, size, size, 5, 8)
            record = struct.pack(self.order + fields[0], *fields[1:])
            start = ehsize + number * phsize
            self.out[start : start + phsize] = record
