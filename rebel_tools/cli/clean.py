"""`rebel clean`: scons -c."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rebel_tools.cli.run_scons import run_scons
from rebel_tools.sconstruct import with_profile

if TYPE_CHECKING:
    from argparse import Namespace

    from rebel_tools.cli.parser import Commands


def configure_parser(commands: Commands) -> None:
    from rebel_tools.cli.parser import add_build_command  # a build does not load it

    add_build_command(
        commands,
        "clean",
        execute,
        "[TARGET ...] [OPTION ...]",
        help="remove everything that a build makes",
        description="Remove what the build of the default target, or of the named ones, makes: `scons -c`.",
    )


def execute(args: Namespace) -> int:
    return run_scons(["-c", *with_profile(args.scons_arguments)])
