"""Makes small DLLs byte by byte: every machine, without a cross compiler, and every defect of an export directory."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

TEXT, DATA, EDATA = 0x1000, 0x2000, 0x3000


@dataclass
class Dll:
    """One DLL with the sections .text, .data and .edata.

    functions: addresses by slot, a `str` for a forwarder, 0 for an unused slot; names: (name, slot), sorted here.
    overrides: replace fields of the export directory by name.
    """

    machine: int = 0x8664
    functions: tuple = (TEXT,)
    names: tuple = (("f", 0),)
    base: int = 1
    dll: str = "made.dll"
    imports: tuple = ("KERNEL32.dll",)
    overrides: dict = field(default_factory=dict)
    keep_order: bool = False

    def build(self) -> bytes:
        names = self.names if self.keep_order else tuple(sorted(self.names))
        edata = bytearray(40 + 4 * len(self.functions) + 6 * len(names))
        text = bytearray()
        start = len(edata)

        def place(string: str) -> int:
            text.extend(string.encode() + b"\0")
            return EDATA + start + len(text) - len(string.encode()) - 1

        dll = place(self.dll)
        functions = [place(f) if isinstance(f, str) else f for f in self.functions]
        pointers = [place(name) for name, _ in names]
        at = {"functions": EDATA + 40}
        at["names"] = at["functions"] + 4 * len(functions)
        at["ordinals"] = at["names"] + 4 * len(names)
        fields = {
            "name": dll, "base": self.base, "function_count": len(functions), "name_count": len(names), **at,
            **self.overrides,
        }  # fmt: skip
        struct.pack_into("<3I", edata, 0, 0, 0, 0)
        struct.pack_into("<7I", edata, 12, *fields.values())
        struct.pack_into(f"<{len(functions)}I", edata, 40, *functions)
        struct.pack_into(f"<{len(names)}I", edata, at["names"] - EDATA, *pointers)
        struct.pack_into(f"<{len(names)}H", edata, at["ordinals"] - EDATA, *(slot for _, slot in names))
        return self._file(bytes(edata + text), self._imports())

    def _imports(self) -> bytes:
        out = bytearray(20 * (len(self.imports) + 1))
        for number, name in enumerate(self.imports):
            struct.pack_into("<5I", out, 20 * number, 0, 0, 0, DATA + len(out), DATA)
            out += name.encode() + b"\0"
        return bytes(out)

    def _file(self, edata: bytes, idata: bytes) -> bytes:
        wide = self.machine in (0x8664, 0xAA64)
        directories = [(EDATA, len(edata)), (DATA, len(idata))] + [(0, 0)] * 14
        optional = struct.pack("<HBBIIIII", 0x20B if wide else 0x10B, 14, 0, 512, 512, 0, TEXT, TEXT)
        optional += struct.pack("<Q", 0x180000000) if wide else struct.pack("<II", DATA, 0x10000000)
        size = EDATA + (len(edata) + 0xFFF) // 0x1000 * 0x1000
        optional += struct.pack("<IIHHHHHHIIIIHH", 0x1000, 0x200, 6, 0, 0, 0, 6, 0, 0, size, 0x400, 0, 3, 0)
        optional += struct.pack("<4Q" if wide else "<4I", 0x100000, 0x1000, 0x100000, 0x1000)
        optional += struct.pack("<II", 0, 16) + b"".join(struct.pack("<II", *d) for d in directories)
        header = struct.pack("<HHIIIHH", self.machine, 3, 0, 0, 0, len(optional), 0x2022)
        contents = (b".text", TEXT, bytes(512), 0x60000020), (b".data", DATA, idata, 0xC0000040)
        contents += ((b".edata", EDATA, edata, 0x40000040),)
        table, body = b"", b""
        for name, address, data, flags in contents:
            padded = data + bytes(-len(data) % 512)
            table += struct.pack(
                "<8sIIIIIIHHI", name, len(data), address, len(padded), 0x400 + len(body), 0, 0, 0, 0, flags
            )
            body += padded
        dos = b"MZ" + bytes(58) + struct.pack("<I", 64)
        head = dos + b"PE\0\0" + header + optional + table
        return head + bytes(0x400 - len(head)) + body
