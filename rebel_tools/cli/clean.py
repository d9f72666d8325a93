"""`rebel clean`: scons -c."""

from rebel_tools.cli.run_scons import run_scons
from rebel_tools.sconstruct import with_profile


def configure_parser(commands) -> None:
    from rebel_tools.cli.parser import add_presentation  # a build does not load it

    parser = commands.add_parser(
        "clean",
        usage="rebel clean [TARGET ...] [OPTION ...]",
        help="remove everything that a build makes",
        description="Remove what the build of the default target, or of the named ones, makes: `scons -c`.",
        allow_abbrev=False,
    )
    add_presentation(parser)
    parser.set_defaults(execute=execute, takes_scons_arguments=True)


def execute(args) -> int:
    return run_scons(["-c", *with_profile(args.scons_arguments)])
