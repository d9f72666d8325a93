"""`rebel check`: scons check."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rebel_tools.cli import build
from rebel_tools.project.targets import CHECK

if TYPE_CHECKING:
    from argparse import Namespace

    from rebel_tools.cli.parser import Commands


def configure_parser(commands: Commands) -> None:
    from rebel_tools.cli.parser import add_build_command  # a build does not load it

    add_build_command(
        commands,
        "check",
        execute,
        "[OPTION ...]",
        help="type-check everything, without native code and linking",
        description="Type-check all modules of the project and of its packages, without native code or linking a "
        "program: `scons check`.",
    )


def execute(args: Namespace) -> int:
    return build.run([CHECK, *args.scons_arguments])
