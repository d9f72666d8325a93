"""The output of llvm-readelf and llvm-readobj about a shared library, as the values of symbol-audit."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

MACHINES = {
    "Advanced Micro Devices X86-64": "x86_64",
    "Intel 80386": "i386",
    "AArch64": "aarch64",
    "ARM": "arm",
    "PowerPC": "ppc",
    "PowerPC64": "ppc64",
    "IBM S/390": "s390",
    "MIPS R3000": "mips",
    "RISC-V": "riscv",
    "LoongArch": "loongarch",
    "IMAGE_FILE_MACHINE_AMD64": "x86_64",
    "IMAGE_FILE_MACHINE_I386": "i386",
    "IMAGE_FILE_MACHINE_ARM64": "aarch64",
}
RENAMED: dict[tuple[str, object], str] = {("s390", 64): "s390x", ("ppc64", "little"): "ppc64le"}
KINDS = {"NOTYPE": "unknown", "OBJECT": "object", "FUNC": "function", "COMMON": "object", "TLS": "tls"}
BINDINGS = {"GLOBAL": "global", "WEAK": "weak", "UNIQUE": "unique"}
VISIBLE = {"DEFAULT": "default", "PROTECTED": "protected"}
SYMBOL = re.compile(r" *(\d+): ([0-9a-f]+) +(\d+|0x[0-9a-f]+) (\S+) +(\S+) +(\S+) +(?:\[[^\]]*\] +)?(\S+) (.*)")
SEGMENT = re.compile(r"  (\S+) +0x[0-9a-f]+ 0x([0-9a-f]+) 0x[0-9a-f]+ 0x[0-9a-f]+ 0x([0-9a-f]+) ([RWE ]{3}) 0x")
TAG = re.compile(r"  0x[0-9a-f]+ \(([^)]+)\) +(.*)")


def run(*command: str) -> str:
    found = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return found.stdout.decode("utf-8", "surrogateescape")


def elf(path: Path) -> dict[str, object]:
    """The output of llvm-readelf in GNU's style."""
    text = run("llvm-readelf", "-W", "-h", "-l", "-d", "--dyn-syms", "--gnu-hash-table", str(path))
    head = dict(re.findall(r"^  (Class|Data|Machine): +(.*)$", text, re.M))
    tags = [match.groups() for match in map(TAG.fullmatch, text.splitlines()) if match]
    machine, bits = MACHINES.get(head["Machine"], head["Machine"]), int(head["Class"][3:])
    order = "little" if "little" in head["Data"] else "big"
    machine = RENAMED.get((machine, bits), RENAMED.get((machine, order), machine))
    names = [quoted(value) for tag, value in tags if tag == "SONAME"]
    segments = [match.groups() for match in map(SEGMENT.match, text.splitlines()) if match]
    return {
        "machine": machine,
        "bits": bits,
        "byte order": order,
        "name": names[-1] if names else None,
        "needed": [quoted(value) for tag, value in tags if tag == "NEEDED"],
        "memory": memory(segments),
        "loader": loader(dict(tags), segments),
        "exports": dict(elf_exports(text)),
    }


def quoted(value: str) -> str:
    """The text in `Shared library: [libc.so.6]`."""
    return value.partition("[")[2].rpartition("]")[0]


def memory(segments: list[tuple[str, ...]]) -> list[tuple[int, int, bool]]:
    """The loaded ranges in order, and whether they can be written once the loader is done."""
    protected = [(int(start, 16), int(size, 16)) for kind, start, size, _ in segments if kind == "GNU_RELRO"]
    ranges = []
    for kind, at, size, flags in segments:
        if kind == "LOAD":
            start, end = int(at, 16), int(at, 16) + int(size, 16)
            inside = [(first, min(first + length, end)) for first, length in protected if start <= first < end]
            edges = sorted({start, end, *(edge for pair in inside[:1] for edge in pair)})
            for first, last in zip(edges, edges[1:]):
                ranges.append((first, last, "W" in flags and (first, last) not in inside[:1]))
            if start == end:
                ranges.append((start, end, "W" in flags))
    return sorted(ranges)


def loader(tags: dict[str, str], segments: list[tuple[str, ...]]) -> dict[str, str]:
    """What the dynamic section and the segments tell the loader to do, in symbol-audit's words."""
    flags = {*tags.get("FLAGS", "").split(), *(f"1 {name}" for name in tags.get("FLAGS_1", "").split())}
    now = "BIND_NOW" in tags or "BIND_NOW" in flags or "1 NOW" in flags
    stacks = [flag for kind, _, _, flag in segments if kind == "GNU_STACK"]
    relro = any(kind == "GNU_RELRO" for kind, *_ in segments)
    said = {
        "executable stack": ("yes" if "E" in stacks[0] else "") if stacks else "not said",
        "RPATH": quoted(tags.get("RPATH", "")),
        "RUNPATH": quoted(tags.get("RUNPATH", "")),
        "RELRO": ("full" if now else "partial") if relro else "",
        "immediate binding": "yes" if now else "",
        "text relocations": "yes" if "TEXTREL" in tags or "TEXTREL" in flags else "",
        "static thread-local storage": "yes" if "STATIC_TLS" in flags else "",
        "never unloaded": "yes" if "1 NODELETE" in flags else "",
        "refuses dlopen": "yes" if "1 NOOPEN" in flags else "",
    }
    return {name: text for name, text in said.items() if text}


def elf_exports(text: str) -> Iterator[tuple[tuple[str, str | None], tuple[object, ...]]]:
    """Every symbol that other modules can link against, by name and version.

    The dynamic linker only finds those in the hash table, which are the last ones.
    """
    first = re.search(r"First Hashed Symbol Index: (\d+)", text)
    rows = [match.groups() for match in map(SYMBOL.fullmatch, text.splitlines()) if match]
    for number, value, size, kind, binding, visibility, section, name in rows:
        if first and int(number) < int(first[1]):
            continue
        found = KINDS.get(kind, "ifunc" if kind == "IFUNC" else None)
        is_linkable = section != "UND" and binding in BINDINGS and visibility in VISIBLE and found
        if not is_linkable or (not int(value, 16) and section != "ABS" and found != "tls"):
            continue
        plain, at, version = name.partition("@")
        default = not version or version.startswith("@")
        version = version.lstrip("@") if at else None
        if section == "ABS" and plain == version:
            continue  # it stands for the version itself
        yield (
            (plain, version),
            (version, default, found, BINDINGS[binding], VISIBLE[visibility], int(size, 0), int(value, 16)),
        )


def pe(path: Path) -> dict[str, object]:
    """The output of llvm-readobj, and the name of the DLL from llvm-objdump, because llvm-readobj does not print it."""
    text = run("llvm-readobj", "--file-headers", "--sections", "--coff-imports", "--coff-exports", str(path))
    machine = re.search(r"^  Machine: (\w+)", text, re.M)
    flags = set(re.findall(r"IMAGE_DLL_CHARACTERISTICS_(\w+)", text))
    wanted = {"DYNAMIC_BASE": "dynamic base", "NX_COMPAT": "no execution of data", "GUARD_CF": "control flow guard"}
    private = run("llvm-objdump", "-p", str(path))
    name = re.search(r"^ DLL name: (.*)$", private, re.M)
    sections = list(pe_sections(text))
    exports = list(pe_exports(text)) or list(nameless_exports(private))
    return {
        "machine": MACHINES.get(machine[1], machine[1]) if machine else "",
        "bits": 64 if "  Magic: 0x20B" in text else 32,
        "byte order": "little",
        "name": name[1] if name else None,
        "needed": re.findall(r"^Import \{\n  Name: (.*)$", text, re.M),
        "memory": [section[:3] for section in sections],
        "loader": {words: "yes" for flag, words in wanted.items() if flag in flags},
        "exports": {key: (kind_at(at, sections), at, forwarder) for key, at, forwarder in exports},
    }


def pe_sections(text: str) -> Iterator[tuple[int, int, bool, bool]]:
    """Start, end, whether a process may write it, whether it contains code."""
    for entry in re.findall(r"^  Section \{\n(.*?)^  \}", text, re.M | re.S):
        fields = dict(re.findall(r"^    (\w+): ?(.*)$", entry, re.M))
        start, size = int(fields["VirtualAddress"], 16), int(fields["VirtualSize"], 16) or int(fields["RawDataSize"])
        is_code = "IMAGE_SCN_CNT_CODE" in entry or "IMAGE_SCN_MEM_EXECUTE" in entry
        yield start, start + max(size, 1), "IMAGE_SCN_MEM_WRITE" in entry, is_code


Row = tuple[tuple[str, int], "int | None", "str | None"]
"""Name and ordinal, address, forwarder."""


def pe_exports(text: str) -> Iterator[Row]:
    """Every export that llvm-readobj prints; one without an address does not count."""
    for entry in re.findall(r"^Export \{\n(.*?)^\}", text, re.M | re.S):
        fields = dict(re.findall(r"^  (\w+): ?(.*)$", entry, re.M))
        ordinal, forwarder = int(fields["Ordinal"]), fields.get("ForwardedTo")
        address = None if forwarder else int(fields["RVA"], 16)
        if address != 0:
            yield (fields.get("Name") or f"#{ordinal}", ordinal), address, forwarder


def nameless_exports(text: str) -> Iterator[Row]:
    """The output of llvm-objdump for a DLL that exports by ordinal only, for which llvm-readobj fails."""
    table = re.search(r"^ +Ordinal +RVA +Name$(.*?)(?:^\S|\Z)", text, re.M | re.S)
    for ordinal, address in re.findall(r"(\d+) +0x([0-9a-f]+)", table[1] if table else ""):
        yield (f"#{ordinal}", int(ordinal)), int(address, 16), None


def kind_at(address: int | None, sections: list[tuple[int, int, bool, bool]]) -> str:
    found = [is_code for start, end, _, is_code in sections if address is not None and start <= address < end]
    return "unknown" if not found else "function" if found[0] else "object"
