"""`rebel promote`: makes the output of tests their expected output."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import Namespace

    from rebel_tools.cli.parser import Commands


def configure_parser(commands: Commands) -> None:
    parser = commands.add_parser(
        "promote",
        usage="rebel promote [TEST ...] [OPTION ...]",
        help="accept the output of tests as their expected output",
        description="After `rebel test`: replace the expected output of the tests whose output differs, or "
        "of the named ones.",
        allow_abbrev=False,
    )
    parser.set_defaults(execute=execute, takes_scons_arguments=True)


def execute(args: Namespace) -> int:
    import os

    from rebel_tools.cli.built import entered
    from rebel_tools.cli.test import names_of
    from rebel_tools.outputs.test_results import promote
    from rebel_tools.project.tests import test_names
    from rebel_tools.text import printable

    built = entered(args.scons_arguments)
    names = set(names_of(built.project.tests, built.arguments))
    tests = [test for test in built.project.tests if not names or names.intersection(test_names(test))]
    promoted = promote(built.project, os.path.join(built.places.build, built.places.profile), tests)
    for _, path in promoted:
        print(printable(f"promoted {path}"))
    if not promoted:
        print("Nothing to promote: every test printed the expected output when it last ran")
    return 0
