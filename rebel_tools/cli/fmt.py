"""`rebel fmt`: formats sources with ocamlformat and refmt."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import Namespace

    from rebel_tools.cli.parser import Commands


def configure_parser(commands: Commands) -> None:
    parser = commands.add_parser(
        "fmt",
        help="format sources with ocamlformat and refmt",
        description="Format the sources of the project, its members and their tests with ocamlformat (.ml, "
        ".mli; it needs a file .ocamlformat) and refmt (.re, .rei). Packages below node_modules are not changed.",
    )
    parser.add_argument(
        "--check", action="store_true", help="change nothing; exit with status 2 if a file is not formatted"
    )
    parser.set_defaults(execute=execute, takes_scons_arguments=False)


def execute(args: Namespace) -> int:
    from rebel_tools.cli.built import entered
    from rebel_tools.outputs.formatting import format_sources
    from rebel_tools.text import printable

    changed = format_sources(entered(()).project, args.check)
    for path in changed:
        print(printable(f"{'not formatted: ' if args.check else ''}{path}"))
    return 2 if args.check and changed else 0
