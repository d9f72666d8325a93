"""Shared by `symbol-audit check` and `diff`: suppressions, and printing an outcome."""

from __future__ import annotations

import argparse
import datetime
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from rebel_tools.text import printable

if TYPE_CHECKING:
    from rebel_tools.gate.outcome import Outcome
    from rebel_tools.gate.suppressions import Suppression

FORMATS = ("text", "json", "sarif", "html")


def add_report_options(parser: argparse.ArgumentParser) -> None:
    """`--format`, `--demangle` and `--suppressions`."""
    parser.add_argument("--format", choices=FORMATS, default="text")
    parser.add_argument("--demangle", action="store_true", help="demangle C++ names (text and html)")
    parser.add_argument(
        "--suppressions", action="append", default=[], metavar="FILE", help="accepted findings, and why (a text file)"
    )


def read_all_suppressions(args: argparse.Namespace) -> tuple[Suppression, ...]:
    """Those of all files on the command line."""
    if not args.suppressions:
        return ()
    from rebel_tools.gate.suppressions import read_suppressions

    return tuple(suppression for path in args.suppressions for suppression in read_suppressions(path))


def print_outcome(outcome: Outcome, args: argparse.Namespace, as_json: Callable[[Outcome], str]) -> None:
    """Print in the requested format; errors and unused suppressions go to standard error."""
    from rebel_tools.gate.render import unused_text

    for error in outcome.errors:
        print(f"symbol-audit: error: {error}", file=sys.stderr)
    for line in unused_text(outcome.unused, datetime.date.today()):
        print(printable(f"symbol-audit: warning: {line}"), file=sys.stderr)
    text = _rendered(outcome, args.format, as_json)
    if args.demangle and args.format in ("text", "html"):
        import html

        from rebel_tools.gate.demangle import demangled

        is_html = args.format == "html"
        text = demangled(
            text, outcome.displayed(), lambda name: html.escape(printable(name)) if is_html else printable(name)
        )
    if text:
        print(text)


def _rendered(outcome: Outcome, kind: str, as_json: Callable[[Outcome], str]) -> str:
    if kind == "json":
        return as_json(outcome)
    if kind == "sarif":
        from rebel_tools.gate.sarif import to_sarif

        return to_sarif(outcome)
    if kind == "html":
        from rebel_tools.gate.html import to_html

        return to_html(outcome)
    return "\n\n".join(_text_of(outcome.reports))


def _text_of(reports: Sequence[object]) -> list[str]:
    from rebel_tools.gate import render, render_diff
    from rebel_tools.gate.diff_report import DiffReport
    from rebel_tools.gate.report import Report

    checks = [render.to_text(report) for report in reports if isinstance(report, Report)]
    return checks + [render_diff.to_text(report) for report in reports if isinstance(report, DiffReport)]
