"""`symbol-audit check`: libraries against an interface."""

from __future__ import annotations

import argparse
import sys

from rebel_tools.cli.symbol_audit_paths import add_debug_options
from rebel_tools.gate.evidence import LEVELS

HELP = "check that libraries keep an interface"


def configure_parser(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("interface", metavar="INTERFACE", help="an interface file")
    parser.add_argument("libraries", nargs="+", metavar="LIBRARY", help="an ELF or PE library, or an archive of such")
    parser.add_argument(
        "--evidence",
        action="append",
        choices=LEVELS,
        help="what must be proved for every symbol (default: kind); each level includes those before it, "
        "'contents' stands beside them; may be given twice",
    )
    parser.add_argument("--complete", action="store_true", help="further exports are findings")
    patterns = {"action": "append", "default": [], "metavar": "PATTERN"}
    parser.add_argument("--allow", help="exports that are fine with --complete", **patterns)
    parser.add_argument("--forbid", help="exports that must not be there", **patterns)
    add_debug_options(parser)
    parser.add_argument("--format", choices=("text", "json", "sarif", "html"), default="text")


def execute(args: argparse.Namespace) -> int:
    """Print a report for each library; 3 when one cannot be read, else 1 when one has findings."""
    from rebel_tools.cli.symbol_audit_paths import debug_path_of, read_each
    from rebel_tools.gate.check import check
    from rebel_tools.gate.evidence import DEFAULT, required
    from rebel_tools.gate.verify import Policy
    from rebel_tools.interface.file import read_interface

    policy = Policy(required(args.evidence or DEFAULT), args.complete, tuple(args.allow), tuple(args.forbid))
    interface = read_interface(args.interface)
    path = debug_path_of(args)
    reports, errors = read_each(args.libraries, lambda it: check(interface, it, policy, args.interface, path)[0])
    for error in errors:
        print(f"symbol-audit: error: {error}", file=sys.stderr)
    print(_render(reports, args.format))
    if errors or any(report.unreadable for report in reports):
        return 3
    return 0 if all(report.passed for report in reports) else 1


def _render(reports: list, kind: str) -> str:
    if kind == "json":
        from rebel_tools.gate.render import to_json

        return to_json(reports)
    if kind == "sarif":
        from rebel_tools.gate.sarif import to_sarif

        return to_sarif(reports)
    if kind == "html":
        from rebel_tools.gate.html import to_html

        return to_html(reports)
    from rebel_tools.gate.render import to_text

    return "\n\n".join(map(to_text, reports))
