"""How often does `symbol-audit diff` agree with the expectations of libabigail's tests for their pairs of binaries?

    git clone https://sourceware.org/git/libabigail.git
    python benchmarks/libabigail_pairs.py libabigail [--list]

Takes the pairs of libraries and object files that tests/test-{abidiff,abidiff-exit,diff-dwarf,diff-filter}.cc name,
links the object files (with GNU ld, or g++ from the source if they are not position independent), and compares with the
reports that are expected from abidiff:

changes    all reports have changes of functions, variables or types; right is a change of any level
some       it depends on their options; anything is right
none       no report has changes; right is nothing, or notes

Executables, and pairs with suppressions or formats other than DWARF, are left out. Binaries that tests name and
the checkout does not contain are listed.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from rebel_tools.errors import RebelError  # noqa: E402
from rebel_tools.gate.diff import diff  # noqa: E402
from rebel_tools.gate.rules import NOTE  # noqa: E402
from rebel_tools.gate.sides import read_side  # noqa: E402

SUITES = ("abidiff", "abidiff-exit", "diff-dwarf", "diff-filter")
LEFT_OUT = re.compile(r"\.suppr$|\.abignore$|--(?:btf|ctf|suppr)")
SUMMARY = re.compile(r"^(?:Leaf )?(?:\w+ )*changes summary: (.*)$|^ELF SONAME changed|^ELF architecture changed", re.M)
COUNT = re.compile(r"(\d+) (?:Removed|Changed|Added|leaf|artifact)")
RELOCATABLE, SHARED = 1, 3
TEXTS = (".abi", ".bi", ".xml")
OPTIONS = ("-shared", "-Bsymbolic", "-z", "notext", "--unresolved-symbols=ignore-all", "--noinhibit-exec")


NOTHING = ("none", "not known")
FALSE = ("break", "changes")
"""The wrong verdicts for a pair that changes, and for one that does not."""


class Pair(NamedTuple):
    """Two binaries, and the contents of the expected reports: "changes", "some" or "none"."""

    old: Path
    new: Path
    expected: str

    @property
    def name(self) -> str:
        return f"{self.old.parent.name}/{self.old.name}"


def tests(checkout: Path) -> Iterator[tuple[Path, Path, Path]]:
    """Both binaries and the expected report of each test that names no suppressions and no other formats."""
    for suite in SUITES:
        text = (checkout / "tests" / f"test-{suite}.cc").read_text(encoding="utf-8")
        for spec in re.findall(r"\{\s*\"data/[^{}]*?\}", text):
            words = [word.strip() for word in re.findall(r'"([^"]*)"', spec) if word.strip()]
            if not LEFT_OUT.search("\n".join(words)):
                yield checkout / "tests" / words[0], checkout / "tests" / words[1], checkout / "tests" / words[-2]


def missing(checkout: Path) -> list[str]:
    """The binaries that tests name and the checkout does not contain, by their names."""
    binaries = {path for old, new, _ in tests(checkout) for path in (old, new)}
    return sorted(path.name for path in binaries if path.suffix not in TEXTS and not path.exists())


def pairs(checkout: Path) -> Iterator[Pair]:
    """The pairs of all suites, each once."""
    found: dict[tuple[Path, Path], set[bool]] = {}
    for old, new, report in tests(checkout):
        if all(map(is_library, (old, new))) and report.exists():
            tells = tells_changes(report.read_text(encoding="utf-8", errors="replace"))
            found.setdefault((old, new), set()).add(tells)
    words = {frozenset({True}): "changes", frozenset({False}): "none"}
    yield from (Pair(*both, words.get(frozenset(tells), "some")) for both, tells in sorted(found.items()))


def is_library(path: Path) -> bool:
    """Whether a file is an ELF library or object file; a program with an interpreter is not."""
    data = path.read_bytes() if path.is_file() else b""
    return data[:4] == b"\x7fELF" and elf_type(data) in (RELOCATABLE, SHARED) and b"/ld-linux" not in data[:4096]


def elf_type(data: bytes) -> int:
    return int.from_bytes(data[16:18], "little" if data[5] == 1 else "big")


def tells_changes(report: str) -> bool:
    """Whether a report of abidiff contains changes."""
    for match in SUMMARY.finditer(report):
        if match[1] is None or any(int(count) for count in COUNT.findall(match[1].partition("(")[0])):
            return True
    return False


def linked(path: Path, folder: Path, name: str) -> str:
    """The file itself, or a library that the linker makes of an object file."""
    if elf_type(path.read_bytes()) != RELOCATABLE:
        return str(path)
    target, source = folder / name, path.with_suffix(".cc")
    subprocess.run(["ld", *OPTIONS, "-o", str(target), str(path)], capture_output=True)
    if not target.exists() and source.exists():
        subprocess.run(["g++", "-g", "-shared", "-fPIC", "-o", str(target), str(source)], capture_output=True)
    return str(target)


def verdict(pair: Pair) -> str:
    """The verdict of symbol-audit: "break", "changes", "notes", "not known", "none", or why it cannot be read."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            old, new = linked(pair.old, Path(folder), "old"), linked(pair.new, Path(folder), "new")
            report = diff(read_side(old), read_side(new))
        except (RebelError, OSError) as error:
            return f"unreadable: {str(error).splitlines()[0]}"
    if not report.compatible:
        return "break"
    if any(change.level != NOTE or change.rule == "symbol-added" for change in report.changes):
        return "changes"
    if report.changes:
        return "notes"
    return "not known" if any(gap.symbols for gap in report.not_compared) else "none"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkout", type=Path, help="a clone of libabigail")
    parser.add_argument("--list", action="store_true", help="the verdict of every pair")
    options = parser.parse_args()
    found = [(pair, verdict(pair)) for pair in pairs(options.checkout)]
    readable = [(pair, said) for pair, said in found if not said.startswith("unreadable")]
    unseen = [f"{pair.name} ({said})" for pair, said in readable if pair.expected == "changes" and said in NOTHING]
    false = [f"{pair.name} ({said})" for pair, said in readable if pair.expected == "none" and said in FALSE]
    if options.list:
        print(*(f"{pair.name}: {pair.expected}, {said}" for pair, said in found), sep="\n")
    print(*(f"not seen: {name}" for name in unseen), *(f"false: {name}" for name in false), sep="\n")
    print(*(f"{pair.name}: {said}" for pair, said in found if said.startswith("unreadable")), sep="\n")
    print(*(f"not in the checkout: {name}" for name in missing(options.checkout)), sep="\n")
    changes = sum(pair.expected == "changes" for pair, _ in readable)
    print(f"{len(readable)} pairs: {changes - len(unseen)} of {changes} changes seen, {len(false)} false ones")
    return 0


if __name__ == "__main__":
    sys.exit(main())
