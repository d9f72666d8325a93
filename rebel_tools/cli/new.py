"""`rebel new NAME`: creates a small project to start from."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from rebel_tools.errors import Place, RebelError
from rebel_tools.sconstruct import check_installation, shipped_sconstruct

if TYPE_CHECKING:
    from argparse import Namespace

    from rebel_tools.cli.parser import Commands

_OCAML = """let () = print_endline (Greeting.hello "world")
"""
_OCAML_GREETING = """let hello name = "Hello, " ^ name ^ "!"
"""
_OCAML_INTERFACE = """val hello : string -> string
(** The greeting for somebody. *)
"""
_REASON = """print_endline(Greeting.hello("world"));
"""
_REASON_GREETING = """let hello = name => "Hello, " ++ name ++ "!";
"""
_REASON_INTERFACE = """/** The greeting for somebody. */
let hello: string => string;
"""

SOURCES = {
    "ml": {"Index.ml": _OCAML, "greeting.ml": _OCAML_GREETING, "greeting.mli": _OCAML_INTERFACE},
    "re": {"Index.re": _REASON, "greeting.re": _REASON_GREETING, "greeting.rei": _REASON_INTERFACE},
}
GITIGNORE = """_build/
node_modules/
.merlin
.sconsign*.dblite
"""


def configure_parser(commands: Commands) -> None:
    parser = commands.add_parser(
        "new",
        help="create a folder with a small project",
        description="Create the folder NAME with a package.json and a program of two modules.",
    )
    parser.add_argument("name", metavar="NAME", help="name of the package and of its folder: letters, digits, - and _")
    parser.add_argument("--reason", action="store_true", help="write Reason (.re) instead of OCaml (.ml)")
    parser.set_defaults(execute=execute, takes_scons_arguments=False)


def execute(args: Namespace) -> int:
    create(args.name, "re" if args.reason else "ml")
    print(f"Created {args.name}. Build and run it:\n\n  cd {args.name}\n  rebel build\n  _build/default/src/app.out")
    return 0


def create(name: str, syntax: str) -> None:
    """Write the project into the new folder `name`; an existing folder must be empty."""
    from rebel_tools.project.names import is_module, is_package, package_module

    check_installation()
    if not is_package(name) or "/" in name or not is_module(package_module(name)):
        raise RebelError(
            f'"{name}" cannot be the name of a package',
            expected="letters, digits, - and _, starting with a letter",
        )
    if os.path.lexists(name) and not (os.path.isdir(name) and not os.listdir(name)):
        raise RebelError("already exists and is not an empty folder", place=Place(name), hint="choose another name")
    package = {"name": name, "version": "0.1.0", "private": True, "dependencies": {}, "rebel": {}}
    files = {"package.json": json.dumps(package, indent=2) + "\n", ".gitignore": GITIGNORE}
    with open(shipped_sconstruct(), encoding="utf-8") as shipped:
        files["SConstruct"] = shipped.read()
    files.update((f"src/{path}", text) for path, text in SOURCES[syntax].items())
    os.makedirs(os.path.join(name, "src"), exist_ok=True)
    for path, text in files.items():
        with open(os.path.join(name, path), "x", encoding="utf-8") as file:
            file.write(text)
