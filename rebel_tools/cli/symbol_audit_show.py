"""`symbol-audit show`: an interface for people, as JSON, or as a C header."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rebel_tools.cli.parser import Commands
    from rebel_tools.interface.model import Interface

HELP = "print an interface"


def configure_parser(commands: Commands) -> None:
    parser = commands.add_parser("show", help=HELP, description=HELP)
    parser.add_argument("interfaces", nargs="+", metavar="INTERFACE", help="an interface file")
    parser.add_argument("--format", choices=("text", "json", "header"), default="text")
    parser.set_defaults(execute=execute)


def execute(args: argparse.Namespace) -> int:
    """Print each interface."""
    from rebel_tools.interface.file import read_interface

    interfaces = [read_interface(path) for path in args.interfaces]
    print("\n\n".join(_render(interface, args.format) for interface in interfaces).rstrip("\n"))
    return 0


def _render(interface: Interface, kind: str) -> str:
    if kind == "header":
        from rebel_tools.interface.render_header import to_header

        return to_header(interface)
    from rebel_tools.interface.render import to_json, to_text

    return to_json(interface) if kind == "json" else to_text(interface)
