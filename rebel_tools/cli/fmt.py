"""`rebel fmt`: sources in one form, by ocamlformat and refmt."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import Namespace

    from rebel_tools.cli.parser import Commands


def configure_parser(commands: Commands) -> None:
    parser = commands.add_parser(
        "fmt",
        help="format sources with ocamlformat and refmt",
        description="Bring the sources of the project, its members and their tests into the form of ocamlformat (.ml, "
        ".mli; it wants a file .ocamlformat) and of refmt (.re, .rei). Packages below node_modules stay as they are.",
    )
    parser.add_argument(
        "--check", action="store_true", help="change nothing; the exit status is 2 if something would be"
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
