"""`rebel check`: scons check."""

from rebel_tools.cli.run_scons import run_scons
from rebel_tools.project.targets import CHECK
from rebel_tools.sconstruct import with_profile


def configure_parser(commands) -> None:
    from rebel_tools.cli.parser import add_presentation  # a build does not load it

    parser = commands.add_parser(
        "check",
        usage="rebel check [OPTION ...]",
        help="compile everything to bytecode and link nothing: the errors, soon",
        description="Type all modules of the project and of its packages, and neither make native code nor link a "
        "program: `scons check`.",
        allow_abbrev=False,
    )
    add_presentation(parser)
    parser.set_defaults(execute=execute, takes_scons_arguments=True)


def execute(args) -> int:
    return run_scons([CHECK, *with_profile(args.scons_arguments)])
