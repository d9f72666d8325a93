"""`symbol-audit show`: an interface for people, as JSON, or as a C header."""

from __future__ import annotations

import argparse

HELP = "print an interface"


def configure_parser(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("interfaces", nargs="+", metavar="INTERFACE", help="an interface file")
    parser.add_argument("--format", choices=("text", "json", "header"), default="text")


def execute(args: argparse.Namespace) -> int:
    """Print each interface."""
    from rebel_tools.interface.file import read_interface

    interfaces = [read_interface(path) for path in args.interfaces]
    print("\n\n".join(_render(interface, args.format) for interface in interfaces).rstrip("\n"))
    return 0


def _render(interface, kind: str) -> str:
    if kind == "header":
        from rebel_tools.interface.render_header import to_header

        return to_header(interface)
    from rebel_tools.interface.render import to_json, to_text

    return to_json(interface) if kind == "json" else to_text(interface)
