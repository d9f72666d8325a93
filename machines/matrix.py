"""`python bootstrap.py matrix`: the tests on bare Debian machines, with their results in docs/matrix.md."""

from __future__ import annotations

import argparse
import re
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from machines import debian, results
from machines.debian import Machine
from machines.results import Row

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "matrix.md"
TIERS = ("quick", "real", "long", "all")
NEWEST = "newest"
VERSIONS = {
    "debian": ("cat", "/etc/debian_version"),
    "python": ("python3", "-c", "import platform; print(platform.python_version())"),
    "ocaml": ("ocamlfind", "ocamlopt", "-version"),
    "ppxlib": ("ocamlfind", "query", "-format", "%v", "ppxlib"),
    "gcc": ("gcc", "-dumpfullversion"),
    "scons": (".venv/bin/python", "-c", "import SCons; print(SCons.__version__)"),
}


def main(arguments: Sequence[str]) -> int:
    """1 if anything failed, else 0."""
    at = arguments.index("--") if "--" in arguments else len(arguments)
    options = _parser().parse_args(arguments[:at])
    debian.check_tools()
    marks = () if options.tier == "all" else ("-m", options.tier)
    known = options.folder / "results.json"
    rows = results.load(known)
    failed = False
    for suite in options.suites or results.NAMES:
        for row in _tried(suite, options, (*marks, *arguments[at + 1 :])):
            failed |= not row.passed
            rows = results.merged(rows, row)
            results.save(known, rows)
            PAGE.write_text(results.render(rows))
    print(f"see {PAGE.relative_to(ROOT)}")
    return 1 if failed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bootstrap.py matrix",
        usage="%(prog)s [SUITE ...] [--tier TIER] [--folder FOLDER] [-- PYTEST_ARGUMENT ...]",
        description="Run the tests on bare Debian machines, as root and as an ordinary user, with the newest SCons "
        f"and the oldest supported one, and write the results to {PAGE.relative_to(ROOT)}.",
    )
    suites = list(results.NAMES)
    parser.add_argument("suites", nargs="*", metavar="SUITE", type=_suite, help=f"of {', '.join(suites)}; default: all")
    parser.add_argument("--tier", choices=TIERS, default="all", help="which tests; default: all")
    folder = Path(tempfile.gettempdir()) / "rebel-tools-matrix"
    parser.add_argument("--folder", type=Path, default=folder, help=f"where machines are made; default: {folder}")
    return parser


def _suite(name: str) -> str:
    if name not in results.NAMES:
        raise argparse.ArgumentTypeError(f"{name} is not one of {', '.join(results.NAMES)}")
    return name


def _tried(suite: str, options: argparse.Namespace, arguments: Sequence[str]) -> Iterator[Row]:
    """A row for each user and release of SCons, on one new machine; the first setup installs the packages."""
    machine = debian.fresh(suite, options.folder)
    for user in debian.USERS:
        project = debian.copy_project(machine, ROOT, user)
        built = machine.run("python3", "bootstrap.py", user=user, folder=project) == 0
        for scons in (NEWEST,) if user == "root" else (NEWEST, oldest_scons()):
            row = Row(suite, user, scons, options.tier, _commit(), built, {}, None)
            yield _tested(machine, row, project, arguments)


def _tested(machine: Machine, row: Row, project: str, arguments: Sequence[str]) -> Row:
    """The row with the results of the tests."""
    report = f"{project}/matrix.xml"
    (machine.root / report.lstrip("/")).unlink(missing_ok=True)
    tests = ("python3", "bootstrap.py", "test", f"--junit-xml={report}", *arguments)
    if row.scons != NEWEST:
        pip = (".venv/bin/python", "-m", "pip", "install", "-q", f"scons=={row.scons}")
        machine.run(*pip, user=row.user, folder=project)
    machine.run(*tests, user=row.user, folder=project)
    counts = results.read_junit(machine.root / report.lstrip("/"))
    return row._replace(versions=_versions(machine, row.user, project), counts=counts)


def _versions(machine: Machine, user: str, project: str) -> dict[str, str]:
    """The versions of the programs on the machine; programs that fail are left out."""
    found = {}
    for name, command in VERSIONS.items():
        try:
            found[name] = machine.output(*command, user=user, folder=project)
        except subprocess.CalledProcessError:
            continue
    return found


def oldest_scons() -> str:
    """The first release of SCons that setup.cfg allows, `4.4.0` for `scons>=4.4`."""
    text = (ROOT / "setup.cfg").read_text()
    match = re.search(r"^\s*scons>=(\d+)\.(\d+)$", text, re.MULTILINE)
    if match is None:
        raise ValueError("setup.cfg names no oldest release of SCons")
    return f"{match[1]}.{match[2]}.0"


def _commit() -> str:
    return subprocess.check_output(["git", "-C", str(ROOT), "describe", "--always", "--dirty"], text=True).strip()
