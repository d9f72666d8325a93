"""`rebel build`: scons."""

import os

from rebel_tools.cli.run_scons import run_scons
from rebel_tools.sconstruct import has_own_script


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
    if not has_own_script() and _nothing_to_do(args.scons_arguments):
        print("scons: `.' is up to date.")
        return 0
    return run_scons(args.scons_arguments)


def _nothing_to_do(arguments) -> bool:
    from rebel_tools.plan import glance

    asked = glance.question(arguments, os.environ)
    return asked is not None and glance.nothing_to_do(asked)
