"""`rebel sconstruct`: where the SConstruct that comes with rebel is."""

from rebel_tools.sconstruct import check_installation, shipped_sconstruct


def configure_parser(commands) -> None:
    parser = commands.add_parser(
        "sconstruct",
        help="print the path of the SConstruct that comes with rebel",
        description="Print the path of the SConstruct that comes with rebel, for scons -f $(rebel sconstruct).",
    )
    parser.set_defaults(execute=execute, takes_scons_arguments=False)


def execute(args) -> int:
    check_installation()
    print(shipped_sconstruct())
    return 0
