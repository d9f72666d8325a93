"""`rebel build`: scons."""

from rebel_tools.cli.run_scons import run_scons


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
    return run_scons(args.scons_arguments)
