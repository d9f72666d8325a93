"""`rebel sconstruct`: where the SConstruct that comes with rebel is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rebel_tools.sconstruct import check_installation, shipped_sconstruct

if TYPE_CHECKING:
    from argparse import Namespace

    from rebel_tools.cli.parser import Commands


def configure_parser(commands: Commands) -> None:
    parser = commands.add_parser(
        "sconstruct",
        help="print the path of rebel's own SConstruct",
        description="Print the path of rebel's own SConstruct, for scons -f $(rebel sconstruct).",
    )
    parser.set_defaults(execute=execute, takes_scons_arguments=False)


def execute(args: Namespace) -> int:
    check_installation()
    print(shipped_sconstruct())
    return 0
