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
RESULTS = ROOT / "docs" / "matrix.json"
TIERS = ("quick", "real", "long", "all")
NEWEST, OLDEST = "newest", "oldest"
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
    commit = _commit()  # before this program writes to the checkout
    failed = False
    for suite in options.suites or results.NAMES:
        for row in _tried(suite, commit, options, (*marks, *arguments[at + 1 :])):
            failed |= not row.passed
            rows = results.merged(results.load(RESULTS), row)
            results.save(RESULTS, rows)
            PAGE.write_text(results.render(rows))
    print(f"see {PAGE.relative_to(ROOT)}")
    return 1 if failed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bootstrap.py matrix",
        usage="%(prog)s [SUITE ...] [--tier TIER] [--user USER] [--scons VERSION] [--folder FOLDER] "
        "[-- PYTEST_ARGUMENT ...]",
        description="Run the tests on bare Debian machines, as root and as an ordinary user, with the newest SCons "
        "and, for the ordinary user, the oldest supported one. The results replace those of the same runs in "
        f"{RESULTS.relative_to(ROOT)}, from which {PAGE.relative_to(ROOT)} is made.",
    )
    suites = list(results.NAMES)
    parser.add_argument("suites", nargs="*", metavar="SUITE", type=_suite, help=f"of {', '.join(suites)}; default: all")
    parser.add_argument("--tier", choices=TIERS, default="all", help="which tests; default: all")
    parser.add_argument("--user", choices=debian.USERS, help="only as this user")
    parser.add_argument("--scons", choices=(NEWEST, OLDEST), help="only with this release of SCons")
    folder = Path(tempfile.gettempdir()) / "rebel-tools-matrix"
    parser.add_argument("--folder", type=Path, default=folder, help=f"where machines are made; default: {folder}")
    return parser


def _suite(name: str) -> str:
    if name not in results.NAMES:
        raise argparse.ArgumentTypeError(f"{name} is not one of {', '.join(results.NAMES)}")
    return name


def _tried(suite: str, commit: str, options: argparse.Namespace, arguments: Sequence[str]) -> Iterator[Row]:
    """A row for each user and release of SCons that `options` select, on one new machine.

    Root sets up first in any case, and collects the tests at least, because that installs Debian's packages.
    """
    machine = debian.fresh(suite, options.folder)
    for user in debian.USERS:
        project = debian.copy_project(machine, ROOT, user)
        built = machine.run("python3", "bootstrap.py", user=user, folder=project) == 0
        releases = _releases(user, options)
        if user == "root" and not releases:
            machine.run("python3", "bootstrap.py", "test", "--collect-only", "-q", user=user, folder=project)
        for scons in releases:
            row = Row(suite, user, scons, options.tier, commit, built, {}, None)
            yield _tested(machine, row, project, arguments)


def _releases(user: str, options: argparse.Namespace) -> list[str]:
    """The releases of SCons that `user` tries; none if another user was selected."""
    if options.user not in (None, user):
        return []
    possible = {NEWEST: NEWEST} if user == "root" else {NEWEST: NEWEST, OLDEST: oldest_scons()}
    return [version for name, version in possible.items() if options.scons in (None, name)]


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
