"""`rebel why MODULE`: how a program reaches a module."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import Namespace

    from rebel_tools.cli.parser import Commands


def configure_parser(commands: Commands) -> None:
    parser = commands.add_parser(
        "why",
        help="show how a program reaches a module, and what uses it",
        description="Print the shortest chain of dependencies from the entry of a target to a module, "
        "and all modules that use it, from the last build.",
    )
    parser.add_argument("module", metavar="MODULE", help="a module, such as Reader or Dep.Reader")
    parser.add_argument("target", metavar="TARGET", nargs="?", help="a target (default: the first default target)")
    parser.set_defaults(execute=execute, takes_scons_arguments=False)


def execute(args: Namespace) -> int:
    from rebel_tools.cli.built import entered
    from rebel_tools.outputs.graph import graph_of, why
    from rebel_tools.text import printable_lines

    print(printable_lines(why(graph_of(entered(()).places, args.target), args.module)))
    return 0
