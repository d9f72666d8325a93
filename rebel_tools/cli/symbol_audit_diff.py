"""`symbol-audit diff`: two versions of a library or an interface."""

from __future__ import annotations

import argparse
import datetime
import sys
from typing import TYPE_CHECKING

from rebel_tools.cli.symbol_audit_paths import add_debug_options, add_headers, debug_path_of
from rebel_tools.cli.symbol_audit_report import add_report_options, print_outcome, read_all_suppressions
from rebel_tools.errors import MissingTool, RebelError
from rebel_tools.search_path import python_command

if TYPE_CHECKING:
    from rebel_tools.cli.parser import Commands
    from rebel_tools.gate.diff_report import DiffReport
    from rebel_tools.gate.suppressions import Suppression

UNREADABLE, NO_TYPES = 3, 4
HELP = "compare two libraries or interfaces: added, removed, changed, and what that breaks"


def configure_parser(commands: Commands) -> None:
    parser = commands.add_parser("diff", help=HELP, description=HELP)
    parser.add_argument("old", metavar="OLD", help="a library or an interface file")
    parser.add_argument("new", metavar="NEW", help="a library or an interface file")
    add_report_options(parser)
    parser.add_argument(
        "--evidence",
        choices=("kind", "layout"),
        help="'layout' makes it a finding when the types of a symbol cannot be compared; 'kind' needs no types",
    )
    add_headers(parser, "")
    add_debug_options(parser)
    parser.add_argument(
        "--deep",
        action="store_true",
        help="compare the libraries with abicheck, which knows more about C++",
    )
    parser.set_defaults(execute=execute)


def execute(args: argparse.Namespace) -> int:
    """1 for a change that breaks programs, or for required types that could not be compared; 3 or 4: no types."""
    if args.deep:
        return _deep(args)
    from rebel_tools.gate.outcome import Outcome
    from rebel_tools.gate.render_diff import to_json
    from rebel_tools.gate.suppressions import unused

    accepted = read_all_suppressions(args)
    try:
        report = _report(args, accepted)
    except RebelError as error:
        if args.format == "text":
            raise
        print_outcome(Outcome((), (error,)), args, to_json)
        return UNREADABLE
    idle = unused(accepted, [by for _, by in report.suppressed])
    print_outcome(Outcome((report,), unused=idle), args, to_json)
    return _status(report, args.evidence)


def _report(args: argparse.Namespace, accepted: tuple[Suppression, ...]) -> DiffReport:
    from rebel_tools.gate.diff import diff
    from rebel_tools.gate.sides import read_sides
    from rebel_tools.gate.suppress import suppress_changes

    path = debug_path_of(args)
    report = diff(*read_sides(args.old, args.new, path, tuple(args.headers)))
    return suppress_changes(report, accepted, datetime.date.today())


def _status(report: DiffReport, evidence: str | None) -> int:
    if report.unreadable:
        return UNREADABLE
    if evidence == "layout" and report.not_compared:
        return 1
    if report.compatible and report.says_nothing_about_types and evidence is None:
        return NO_TYPES
    return 0 if report.compatible else 1


def _deep(args: argparse.Namespace) -> int:
    """Run `abicheck compare` on the two libraries and translate its exit status: 2 and 4 are breaks, 64 bad input."""
    import importlib.util
    import subprocess

    if importlib.util.find_spec("abicheck") is None:
        hint = f"{sys.executable} -m pip install abicheck (Python 3.11 or newer)"
        raise MissingTool("--deep needs the package abicheck", hint=hint)
    command = [*python_command("abicheck"), "compare", args.old, args.new]
    status = subprocess.run(command).returncode if args.format == "text" else _deep_document(command, args.format)
    if status not in (0, 1, 2, 4):
        raise RebelError(f"abicheck could not compare {args.old} and {args.new} (exit status {status})")
    return 0 if status == 0 else 1


def _deep_document(command: list[str], kind: str) -> int:
    """Print the document that abicheck writes into a file; its progress goes to standard error."""
    import os
    import subprocess
    import tempfile

    with tempfile.TemporaryDirectory(prefix="symbol-audit-") as folder:
        path = os.path.join(folder, f"report.{kind}")
        status = subprocess.run([*command, "-o", f"{kind}={path}"], stdout=sys.stderr).returncode
        if os.path.exists(path):
            with open(path, encoding="utf-8") as stream:
                print(stream.read().rstrip("\n"))
    return status
