"""`rebel doc`: the documentation of the packages, by odoc."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import Namespace

    from rebel_tools.cli.parser import Commands


def configure_parser(commands: Commands) -> None:
    parser = commands.add_parser(
        "doc",
        help="make HTML documentation from comments in interfaces, with odoc",
        description="Build the project, and make HTML in _build/_doc for the modules of the project and of "
        "its packages, with odoc. Unchanged modules are skipped.",
        allow_abbrev=False,
    )
    parser.set_defaults(execute=execute, takes_scons_arguments=True)


def execute(args: Namespace) -> int:
    import os

    from rebel_tools import tools
    from rebel_tools.cli.built import entered
    from rebel_tools.outputs.documentation import make_documentation
    from rebel_tools.text import printable

    built = entered(args.scons_arguments)
    odoc = tools.require("odoc")
    status = built.build()
    if status or built.is_only_asked:
        return status
    page = make_documentation(built.places, odoc)
    print(printable(f"The documentation is in {os.path.relpath(page)}"))
    return 0
