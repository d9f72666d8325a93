"""`rebel why MODULE`: how a program comes to a module."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import Namespace

    from rebel_tools.cli.parser import Commands


def configure_parser(commands: Commands) -> None:
    parser = commands.add_parser(
        "why",
        help="tell how a program comes to a module, and who uses it",
        description="Print the shortest way on which sources name each other from the entry of a target to a module, "
        "and all that name it, as the last build has found out.",
    )
    parser.add_argument("module", metavar="MODULE", help="a module, such as Reader or Dep.Reader")
    parser.add_argument("target", metavar="TARGET", nargs="?", help="a target; the first default one without")
    parser.set_defaults(execute=execute, takes_scons_arguments=False)


def execute(args: Namespace) -> int:
    from rebel_tools.cli.built import entered
    from rebel_tools.outputs.graph import graph_of, why
    from rebel_tools.text import printable_lines

    print(printable_lines(why(graph_of(entered(()).places, args.target), args.module)))
    return 0
