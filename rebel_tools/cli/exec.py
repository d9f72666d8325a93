"""`rebel exec`: build a program and run it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import Namespace

    from rebel_tools.cli.parser import Commands


def configure_parser(commands: Commands) -> None:
    parser = commands.add_parser(
        "exec",
        usage="rebel exec [TARGET] [-- ARGUMENT ...]",
        help="build a program and run it; `rebel run` is the same",
        description="Build a target, or the default one, and run its program in the current folder with the words "
        "after `--`. The exit status is that of the program, or of the build if that fails.",
        allow_abbrev=False,
    )
    parser.add_argument("target", metavar="TARGET", nargs="?", help="a target (default: the default one)")
    parser.set_defaults(execute=execute, takes_scons_arguments=False)


def execute(args: Namespace) -> int:
    return run([args.target] if args.target else [])


def run(words: Sequence[str]) -> int:
    """Build and run the program in the words after `exec`."""
    import os

    from rebel_tools.cli.built import entered
    from rebel_tools.errors import RebelError
    from rebel_tools.outputs.target import program_named

    at = words.index("--") if "--" in words else len(words)
    names = words[:at]
    if len(names) > 1 or any(name.startswith("-") for name in names):
        raise RebelError("rebel exec takes the name of one target", hint="rebel exec TARGET -- ARGUMENT ...")
    folder = os.getcwd()
    built = entered(())
    target = program_named(built.project, names[0] if names else None)
    status = built.build(target.name, "-Q")
    if status:
        return status
    path = built.places.program(target)
    os.chdir(folder)
    os.execv(path, [path, *words[at + 1 :]])
