"""How many of the problems in abi-compliance-checker's own test does `symbol-audit diff` report?

    python benchmarks/compliance_checker.py [--list]

Runs `abi-compliance-checker -test` (Debian package abi-compliance-checker) in a temporary folder, which makes two
versions of a C and of a C++ library, and takes the problems of high and medium severity, and removed symbols, from its
report on binary compatibility. A problem counts as reported if symbol-audit reports a change of the same type or
symbol, of a symbol that the problem affects, or of a type that this leads to. Prints the numbers and the other
problems.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from rebel_tools.gate.diff import diff  # noqa: E402
from rebel_tools.gate.diff_report import DiffReport  # noqa: E402
from rebel_tools.gate.sides import read_side  # noqa: E402

TOOL = "abi-compliance-checker"
SAMPLES = ("libsample_c", "libsample_cpp")
SEVERE = ("High", "Medium")


class Problem(NamedTuple):
    """A problem in the report: the rule, the type or symbol, and the affected symbols."""

    rule: str
    subject: str
    affects: tuple[str, ...] = ()


def binary_report(path: Path) -> ET.Element:
    """The first of the two reports in a file, whose attributes contain unescaped C++ names."""
    text = path.read_text(encoding="utf-8")
    text = re.sub(r'="([^"]*)"', lambda match: f'="{match[1].replace("&", "&amp;").replace("<", "&lt;")}"', text)
    return ET.fromstring(re.sub(r"&(?!\w+;)", "&amp;", text))[0]


def problems(report: ET.Element) -> Iterator[Problem]:
    """The problems of high and medium severity in the report on binary compatibility, and removed symbols."""
    for name in report.iterfind("removed_symbols/header/library/name"):
        yield Problem("Removed_Symbol", name.text or "")
    for kind, path in (("types", "header/type"), ("symbols", "header/library/symbol")):
        for group in report.iterfind(f"problems_with_{kind}"):
            for item in group.iterfind(path) if group.get("severity") in SEVERE else ():
                affected = tuple(symbol.get("name") or "" for symbol in item.iterfind("affected/symbol"))
                for problem in item.iterfind("problem"):
                    yield Problem(problem.get("id") or "", item.get("name") or "", affected)


def named(problem: Problem, report: DiffReport) -> bool:
    """Whether symbol-audit reports a change of what the problem is about, or that the type is not known any more."""
    changed = {plain(change.symbol) for change in report.changes}
    if plain(problem.subject) in changed or any(problem.subject in gap.reason.text for gap in report.not_compared):
        return True
    users = {user for change in report.changes for user in change.used_by}
    return any(symbol in changed or symbol in users for symbol in (problem.subject, *problem.affects))


def plain(name: str) -> str:
    """A name without its version and without the keyword for the kind of its type."""
    return re.sub(r"^(?:struct|class|union|enum) |@.*$", "", name)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--list", action="store_true", help="every problem")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([TOOL, "-test"], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for sample in SAMPLES:
            home = Path(folder) / sample
            descriptions = ["-old", str(home / "v1.xml"), "-new", str(home / "v2.xml")]
            output = ["-report-format", "xml", "-report-path", f"{sample}.xml"]
            subprocess.run([TOOL, "-l", sample, *descriptions, *output], cwd=folder, capture_output=True)
            found = sorted(problems(binary_report(Path(folder) / f"{sample}.xml")))
            sides = (read_side(str(home / f"libsample.v{number}" / "libsample.so")) for number in (1, 2))
            report = diff(*sides)
            verdicts = [(problem, named(problem, report)) for problem in found]
            for problem, is_named in verdicts:
                if options.list or not is_named:
                    word = "named" if is_named else "not named"
                    print(f"{word}: {problem.rule} {problem.subject}")
            print(f"{sample}: {sum(is_named for _, is_named in verdicts)} of {len(verdicts)} problems named")
    return 0


if __name__ == "__main__":
    sys.exit(main())
