"""`rebel build`: scons."""

from __future__ import annotations

import os
from collections.abc import Sequence

from rebel_tools.cli.run_scons import run_scons
from rebel_tools.memory import up_to_date
from rebel_tools.sconstruct import check_installation, has_own_script


def configure_parser(commands) -> None:
    parser = commands.add_parser(
        "build",
        usage="rebel build [TARGET ...] [OPTION ...]",
        help="build the default target, or the named ones",
        description="Build the default target, or the named ones: `scons`, with the SConstruct that comes with rebel "
        "where the folder has none. Every option of scons can be given: -j 4, -k, --debug=explain, ...",
        allow_abbrev=False,
    )
    parser.set_defaults(execute=execute, takes_scons_arguments=True)


def execute(args) -> int:
    return run(args.scons_arguments)


def run(arguments: Sequence[str]) -> int:
    """Run scons, unless a look at the files tells that there is nothing to do."""
    check_installation()
    if not has_own_script() and _nothing_to_do(arguments):
        print("scons: `.' is up to date.")
        return 0
    return run_scons(arguments)


def _nothing_to_do(arguments: Sequence[str]) -> bool:
    asked = up_to_date.question(arguments, os.environ)
    return asked is not None and up_to_date.nothing_to_do(asked)
