"""`rebel describe`: the project as JSON, for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import Namespace

    from rebel_tools.cli.parser import Commands


def configure_parser(commands: Commands) -> None:
    parser = commands.add_parser(
        "describe",
        help="print packages, modules, flags, targets and tests as JSON",
        description="Print a description of the project, from its package.json files and folders, as one JSON object: "
        "packages with their modules, dependencies and flags, targets, tests. Nothing is built.",
    )
    parser.add_argument("--json", action="store_true", help="as JSON, which is the only format")
    parser.set_defaults(execute=execute, takes_scons_arguments=False)


def execute(args: Namespace) -> int:
    import json

    from rebel_tools.cli.built import entered
    from rebel_tools.outputs.described import described

    print(json.dumps(described(entered(args.scons_arguments).places), indent=2))
    return 0
