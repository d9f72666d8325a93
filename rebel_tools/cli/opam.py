"""`rebel opam`: the description of a package for opam."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rebel_tools.errors import RebelError

if TYPE_CHECKING:
    from argparse import Namespace

    from rebel_tools.cli.parser import Commands


def configure_parser(commands: Commands) -> None:
    parser = commands.add_parser(
        "opam",
        help="print the .opam file of a package",
        description="Print a file for opam that builds and installs the package with rebel, from what package.json "
        "says: rebel opam > NAME.opam. opam requires the keys description, author, license, homepage and bugs.",
    )
    parser.add_argument("package", metavar="PACKAGE", nargs="?", help="a member of the workspace, by its name")
    parser.set_defaults(execute=execute, takes_scons_arguments=False)


def execute(args: Namespace) -> int:
    from rebel_tools.nearest import did_you_mean
    from rebel_tools.outputs.opam import opam_text
    from rebel_tools.project import load_project
    from rebel_tools.sconstruct import enter_project
    from rebel_tools.text import quote

    enter_project()
    project = load_project(".")
    names = [package.name for package in project.packages]
    wanted = args.package or project.root.name
    if wanted not in names:
        raise RebelError(f"there is no package {quote(wanted)} in this project", hint=did_you_mean(wanted, names))
    print(opam_text(project.package(wanted), project), end="")
    return 0
