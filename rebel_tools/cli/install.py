"""`rebel install`: installs libraries and programs of a project where findlib, dune and users find them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

from rebel_tools.errors import RebelError
from rebel_tools.text import printable

if TYPE_CHECKING:
    from argparse import Namespace

    from rebel_tools.cli.built import Built
    from rebel_tools.cli.parser import Commands
    from rebel_tools.outputs.prefix import Prefix

SWITCH = "OPAM_SWITCH_PREFIX"


def configure_parser(commands: Commands) -> None:
    parser = commands.add_parser(
        "install",
        usage="rebel install [--prefix DIR] [OPTION ...]",
        help="build for release, and install libraries and programs below a prefix",
        description="Build the default targets with the profile release, install libraries and their dependencies in "
        "DIR/lib, where findlib and dune find them, and programs in DIR/bin. Files of an earlier version "
        "are removed; files that rebel has not installed are not touched. Accepts the options of scons.",
        allow_abbrev=False,
    )
    parser.add_argument("--prefix", metavar="DIR", help=f"where to install (default: ${SWITCH}, set by opam)")
    parser.add_argument("--libdir", metavar="DIR", help="the folder for libraries (default: PREFIX/lib)")
    parser.add_argument("--destdir", metavar="DIR", default="", help="a folder to put before all paths, for packaging")
    parser.add_argument("--remove", action="store_true", help="remove what was installed, without building")
    parser.add_argument("--list", action="store_true", help="only print the files that would be installed")
    parser.set_defaults(execute=execute, takes_scons_arguments=True)


def execute(args: Namespace) -> int:
    from rebel_tools.outputs import prefix as prefixes
    from rebel_tools.outputs.library import installed_of

    prefix = _prefix(args)  # before the current folder becomes that of the project
    from rebel_tools.cli.built import entered

    built = entered(args.scons_arguments, profile="release")
    if args.remove:
        _remove(built, prefix)
        return 0
    status = built.build()
    if status or built.is_only_asked:
        return status
    installed = installed_of(built.places, _requirements)
    if args.list:
        print("\n".join(printable(prefix.path(item.place)) for each in installed for item in each.items))
        return 0
    prefixes.install(installed, prefix)
    for each in installed:
        count = len(each.items)
        print(printable(f"Installed {each.name} ({count} file{'s' * (count > 1)}) below {prefix.root}"))
    return 0


def _prefix(args: Namespace) -> Prefix:
    from rebel_tools.outputs.prefix import Prefix

    given = args.prefix or os.environ.get(SWITCH)
    if not given:
        raise RebelError(
            "no prefix to install into was given",
            expected=f"--prefix DIR, or the environment variable {SWITCH}, which opam sets",
        )
    root = os.path.abspath(given)
    lib = os.path.abspath(args.libdir) if args.libdir else os.path.join(root, "lib")
    return Prefix(_below(args.destdir, root), _below(args.destdir, lib))


def _below(destination: str, path: str) -> str:
    return os.path.join(os.path.abspath(destination), path.lstrip(os.sep)) if destination else path


def _remove(built: Built, prefix: Prefix) -> None:
    from rebel_tools.outputs.library import names_of
    from rebel_tools.outputs.prefix import uninstall

    removed = uninstall(names_of(built.project), prefix)
    for name in removed:
        print(printable(f"Removed {name} from {prefix.root}"))
    if not removed:
        print(printable(f"Nothing of this project is installed below {prefix.root}"))


def _requirements(names: Iterable[str]) -> list[str]:
    from rebel_tools import tools
    from rebel_tools.ocaml.toolchain import needed_at_run_time

    wanted = tuple(names)
    path = os.environ.get("PATH", "")
    return needed_at_run_time(wanted, [tools.require("ocamlfind")], path) if wanted else []
