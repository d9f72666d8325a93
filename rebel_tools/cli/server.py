"""`rebel server`: the resident server of the project, which builds without loading SCons again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from rebel_tools.sconstruct import enter_project

if TYPE_CHECKING:
    from argparse import Namespace

    from rebel_tools.cli.parser import Commands


def configure_parser(commands: Commands) -> None:
    parser = commands.add_parser(
        "server",
        help="show or stop the resident server of the project",
        description="The second `rebel build` of a project starts a process that keeps SCons loaded; "
        "later builds use it. It ends after ten minutes without a build. With REBEL_SERVER=0 in "
        "the environment, and in continuous integration (CI=true), no server is started.",
    )
    parser.add_argument("action", choices=["status", "stop"])
    parser.add_argument("--json", action="store_true", help="print the status as JSON")
    parser.set_defaults(execute=execute, takes_scons_arguments=False)


def execute(args: Namespace) -> int:
    from rebel_tools.server import client

    enter_project()
    if args.action == "stop":
        print("stopped" if client.stop() else "no server runs here")
        return 0
    status = client.status()
    if args.json:
        print(json.dumps({"running": status is not None, **(status or {})}))
    elif status is None:
        print("no server runs here")
    else:
        print(f"process {status['process']}, {status['builds']} builds")
    return 0
