"""`symbol-audit check`: libraries against an interface."""

from __future__ import annotations

import argparse
import datetime
from typing import TYPE_CHECKING

from rebel_tools.cli.symbol_audit_paths import add_debug_options, add_headers, add_patterns
from rebel_tools.cli.symbol_audit_report import add_report_options, print_outcome, read_all_suppressions
from rebel_tools.gate.evidence import LEVELS

if TYPE_CHECKING:
    from rebel_tools.cli.parser import Commands

HELP = "check that libraries keep an interface"


def configure_parser(commands: Commands) -> None:
    parser = commands.add_parser("check", help=HELP, description=HELP)
    parser.add_argument("interface", metavar="INTERFACE", help="an interface file")
    parser.add_argument("libraries", nargs="+", metavar="LIBRARY", help="an ELF or PE library, or an archive of such")
    parser.add_argument(
        "--evidence",
        action="append",
        choices=LEVELS,
        help="what must be proved for every symbol (default: kind); each level includes those before it, "
        "except 'contents', which is independent; may be given twice",
    )
    parser.add_argument("--complete", action="store_true", help="report exports that are not in the interface")
    add_patterns(parser, "--allow", "exports that --complete accepts")
    add_patterns(parser, "--forbid", "exports that must not exist")
    add_headers(parser, " (default: all that the interface has)")
    add_debug_options(parser)
    add_report_options(parser)
    parser.set_defaults(execute=execute)


def execute(args: argparse.Namespace) -> int:
    """Print a report for each library; 3 when one cannot be read, else 1 when one has findings."""
    from rebel_tools.cli.symbol_audit_paths import debug_path_of, read_each
    from rebel_tools.gate.check import check
    from rebel_tools.gate.evidence import DEFAULT, required
    from rebel_tools.gate.outcome import Outcome
    from rebel_tools.gate.render import to_json
    from rebel_tools.gate.suppress import suppress_findings
    from rebel_tools.gate.suppressions import unused
    from rebel_tools.gate.verify import Policy
    from rebel_tools.interface.file import read_interface

    levels, patterns = required(args.evidence or DEFAULT), (args.allow, args.forbid, args.headers)
    policy = Policy(levels, args.complete, *map(tuple, patterns))
    interface, path, accepted = read_interface(args.interface), debug_path_of(args), read_all_suppressions(args)
    today = datetime.date.today()
    reports, errors = read_each(args.libraries, lambda it: check(interface, it, policy, args.interface, path)[0])
    reports = [suppress_findings(report, accepted, today) for report in reports]
    used = [by for report in reports for _, by in report.suppressed]
    print_outcome(Outcome(tuple(reports), tuple(errors), unused(accepted, used)), args, to_json)
    if errors or any(report.unreadable for report in reports):
        return 3
    return 0 if all(report.passed for report in reports) else 1
