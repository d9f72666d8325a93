"""Does symbol-audit read from shared libraries what llvm-readelf and llvm-readobj do? Prints each difference.

    python benchmarks/llvm_readings.py FOLDER [--fetch] [--list FILE]

FOLDER holds .deb files and wheels, or libraries; every ELF and PE library in them is read by both. `--fetch` first
downloads into it what `binaries.txt` names, with apt-get (a Debian system, without root) and pip. Compared are

- ELF: class, byte order, machine, SONAME, needed libraries; name, version, whether it is the default, kind, binding,
  visibility, size and address of every export; which memory can be written; executable stack, RPATH, RUNPATH, RELRO,
  immediate binding, text relocations, and what else the flags of the dynamic section say
- PE: machine, bits, name of the DLL, imported DLLs; name, ordinal and address or forwarder of every export; which
  memory can be written; the flags of which `diff` tells that they are gone

`measured/llvm_readings.txt` has what this printed. It needs llvm (Debian package of this name).
"""

from __future__ import annotations

import argparse
import collections
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from rebel_tools.binary import ExportTable, open_library  # noqa: E402
from rebel_tools.binary.archive_paths import is_archive  # noqa: E402
from rebel_tools.binary.archives import libraries  # noqa: E402
from rebel_tools.errors import RebelError  # noqa: E402

import llvm_output  # noqa: E402  isort: skip

LIST = Path(__file__).with_name("binaries.txt")
SUITE = "bookworm"
SHOWN = 5
"""Differences of one library that are printed."""


class Binary(NamedTuple):
    """A library in a file of the folder, and its contents."""

    name: str
    data: bytes


def binaries(folder: Path) -> Iterator[Binary]:
    """Every ELF and PE file in the folder and its archives that looks like a library."""
    files = (path for path in folder.rglob("*") if path.is_file() and ".apt" not in path.parts)
    for path in sorted(files):
        if is_archive(str(path)):
            for member in libraries(str(path)):
                yield Binary(member.path.removeprefix(f"{folder}/"), member.read())
        else:
            yield Binary(path.name, path.read_bytes())


def ours(table: ExportTable) -> dict[str, object]:
    """The values of symbol-audit, with the names and shapes of `llvm_output`."""
    is_elf = table.format == "ELF"
    fields = ("version", "default", "kind", "binding", "visibility", "size", "address")
    if not is_elf:
        fields = ("kind", "address", "forwarder")
    exports = {
        (export.name, export.version if is_elf else export.ordinal): tuple(getattr(export, name) for name in fields)
        for export in table.exports
    }
    return {
        "machine": table.machine,
        "bits": table.bits,
        "byte order": table.byteorder,
        "name": table.soname,
        "needed": list(table.needed),
        "memory": [tuple(part) for part in table.memory],
        "loader": dict(table.loader),
        "exports": exports,
    }


def differences(mine: dict[str, object], theirs: dict[str, object]) -> Iterator[str]:
    """A line for each difference, export by export."""
    for what, value in mine.items():
        other = theirs[what]
        if value == other:
            continue
        if isinstance(value, dict) and isinstance(other, dict):
            for key in sorted({*value, *other}, key=str):
                if value.get(key) != other.get(key):
                    yield f"{what}, {key}: {value.get(key)}, LLVM has {other.get(key)}"
        else:
            yield f"{what}: {value}, LLVM has {other}"


def compare(binary: Binary, path: Path) -> tuple[str, str, int, list[str]]:
    """(format, machine, exports, differences) of a library whose contents are written to `path` for LLVM."""
    path.write_bytes(binary.data)
    try:
        with open_library(binary.data, binary.name) as library:
            table = library.table
    except RebelError as error:
        return "unreadable", "", 0, [str(error).splitlines()[0]]
    theirs = (llvm_output.elf if table.format == "ELF" else llvm_output.pe)(path)
    return table.format, table.machine, len(table.exports), list(differences(ours(table), theirs))


def fetch(listed: Path, folder: Path) -> None:
    """Download what the list names and is missing."""
    rows = [line.split() for line in listed.read_text().splitlines() if line and not line.startswith("#")]
    architectures = [word for kind, *words in rows if kind == "debian" for word in words]
    packages = [word for kind, *words in rows if kind == "package" for word in words]
    fetch_packages([f"{name}:{arch}" for name in packages for arch in architectures], architectures, folder)
    for _, platform, *names in (row for row in rows if row[0] == "wheel"):
        for name in names:
            fetch_wheel(name, platform, folder / platform)


def fetch_packages(names: list[str], architectures: list[str], folder: Path) -> None:
    """Uses lists of all architectures, which apt-get stores in the folder and not in the system's."""
    state = folder / ".apt"
    for name in ("lists", "cache/archives"):
        (state / name / "partial").mkdir(parents=True, exist_ok=True)
    (state / "status").touch()
    (state / "sources.list").write_text(f"deb http://deb.debian.org/debian {SUITE} main\n")
    settings = {
        "Dir::State": str(state), "Dir::State::lists": str(state / "lists"),
        "Dir::State::status": str(state / "status"), "Dir::Cache": str(state / "cache"),
        "Dir::Etc::SourceList": str(state / "sources.list"),
        "Dir::Etc::SourceParts": "/dev/null", "APT::Architecture": architectures[0],
        "APT::Architectures": ",".join(architectures), "APT::Sandbox::User": "", "Acquire::Languages": "none",
    }  # fmt: skip
    apt = ["apt-get", "-q", *(f"-o{name}={value}" for name, value in settings.items())]
    subprocess.run([*apt, "update"], check=True, stdout=subprocess.DEVNULL)
    there = {path.name.split("_")[0] + ":" + path.stem.split("_")[-1] for path in folder.glob("*.deb")}
    wanted = [name for name in names if name not in there]
    if wanted and subprocess.run([*apt, "download", *wanted], cwd=folder, capture_output=True).returncode:
        for name in wanted:  # a missing one would prevent fetching the others
            if subprocess.run([*apt, "download", name], cwd=folder, capture_output=True).returncode:
                print(f"not to be had: {name}", file=sys.stderr)


def fetch_wheel(name: str, platform: str, folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    if any(folder.glob(f"{name.partition('==')[0]}-*.whl")):
        return
    words = ["--no-deps", "--only-binary=:all:", "--platform", platform, "--python-version", "312", "-d", str(folder)]
    if platform.startswith("manylinux"):
        words += ["--platform", platform.replace("_2_17", "2014")]
    command = [sys.executable, "-m", "pip", "-q", "download", *words, name]
    if subprocess.run(command, capture_output=True).returncode:
        print(f"not to be had: {name} for {platform}", file=sys.stderr)


def main() -> int:
    """0 if there are no differences."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--fetch", action="store_true", help="download what is missing")
    parser.add_argument("--list", type=Path, default=LIST, help="what to download (default: binaries.txt)")
    options = parser.parse_args()
    if not shutil.which("llvm-readelf"):
        parser.error("llvm-readelf is missing: apt install llvm")
    if options.fetch:
        options.folder.mkdir(exist_ok=True)
        fetch(options.list, options.folder)
    counts: dict[tuple[str, str], list[int]] = collections.defaultdict(lambda: [0, 0])
    different = 0
    descriptor, scratch = tempfile.mkstemp(prefix="llvm-readings-")
    os.close(descriptor)
    try:
        for binary in binaries(options.folder):
            kind, machine, exports, found = compare(binary, Path(scratch))
            counts[kind, machine][0] += 1
            counts[kind, machine][1] += exports
            different += bool(found)
            print(*(f"{binary.name}: {line}" for line in found[:SHOWN]), sep="\n", end="\n" if found else "")
    finally:
        with suppress(FileNotFoundError):
            os.unlink(scratch)
    for (kind, machine), (files, exports) in sorted(counts.items()):
        print(f"{kind} {machine}: {files} files, {exports} exports")
    total = collections.Counter()
    for (kind, _), (files, _) in counts.items():
        total[kind] += files
    version = re.search(r"LLVM version ([\d.]+)", subprocess.check_output(["llvm-readelf", "--version"], text=True))
    print(f"{', '.join(f'{n} {kind}' for kind, n in sorted(total.items()))}: {different} of them differ", end=" ")
    print(f"from LLVM {version[1] if version else ''}")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
