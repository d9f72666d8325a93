"""`rebel top`: OCaml with all modules of the project."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import Namespace

    from rebel_tools.cli.parser import Commands

UTOP = "--utop"


def configure_parser(commands: Commands) -> None:
    parser = commands.add_parser(
        "top",
        usage="rebel top [--utop] [-- ARGUMENT ...]",
        help="start OCaml with all modules of the project loaded",
        description="Compile everything to bytecode, as `rebel check` does, and start the program ocaml, or utop, with "
        "all modules of the project, of its packages and of their findlib libraries, except entries of programs.",
        allow_abbrev=False,
    )
    parser.add_argument(UTOP, action="store_true", help="start utop instead of ocaml")
    parser.set_defaults(execute=execute, takes_scons_arguments=False)


def execute(args: Namespace) -> int:
    return run([UTOP] if args.utop else [])


def run(words: Sequence[str]) -> int:
    """Start the toplevel with the words after `top`."""
    import os

    from rebel_tools import tools
    from rebel_tools.cli.built import entered
    from rebel_tools.errors import RebelError
    from rebel_tools.outputs.top import top_arguments

    at = words.index("--") if "--" in words else len(words)
    if not set(words[:at]) <= {UTOP}:
        raise RebelError("the only option of rebel top is --utop", hint="rebel top -- ARGUMENT ...")
    built = entered(())
    is_utop = UTOP in words[:at]
    program = tools.require("utop" if is_utop else "ocaml")
    status = built.build("check", "-Q")
    if status:
        return status
    os.execv(
        program, [program, *top_arguments(built.places, tools.require("ocamlfind"), not is_utop), *words[at + 1 :]]
    )
