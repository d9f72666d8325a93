"""`rebel graph`: which packages and modules use which."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import Namespace

    from rebel_tools.cli.parser import Commands


def configure_parser(commands: Commands) -> None:
    parser = commands.add_parser(
        "graph",
        usage="rebel graph [--packages] [--svg] [TARGET]",
        help="print the graph of packages and modules for graphviz, or as SVG",
        description="Print which modules use which, from the last build, in the language of graphviz: "
        "packages are boxes, the critical path (estimated by the sizes of sources) is thick, cycles are "
        "red. It also works for a project that cannot be built because of a cycle.",
    )
    parser.add_argument("target", metavar="TARGET", nargs="?", help="a target (default: the first default target)")
    parser.add_argument("--packages", action="store_true", help="packages only")
    parser.add_argument("--svg", action="store_true", help="as SVG, drawn by the program dot of graphviz")
    parser.set_defaults(execute=execute, takes_scons_arguments=False)


def execute(args: Namespace) -> int:
    import subprocess
    import sys

    from rebel_tools import tools
    from rebel_tools.cli.built import entered
    from rebel_tools.outputs.dot import modules_text, packages_text
    from rebel_tools.outputs.graph import graph_of

    built = entered(())
    text = packages_text(built.project) if args.packages else modules_text(graph_of(built.places, args.target))
    if not args.svg:
        print(text, end="")
        return 0
    sys.stdout.flush()
    drawing = subprocess.run([tools.require("dot"), "-Tsvg"], input=text.encode(), check=False)
    return 2 if drawing.returncode else 0
