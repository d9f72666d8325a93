"""Whether everything that OCaml's commands depend on is known, so that other trees can use their results."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from rebel_tools.plan.shared import OUT_OF_SIGHT
from rebel_tools.scons.ocaml import COMMANDS
from rebel_tools.scons.output import spawn


def is_known(env: Any, compilers: Iterable[str], flags: Sequence[str]) -> bool:
    """compilers: the construction variables that name them; flags: of compilations.

    A command line that the user has changed may read anything, and so may a script in place of a compiler.
    """
    own = all(env.get(name) == command for name, command in COMMANDS.items()) and env["SPAWN"] is spawn
    if not own or not OUT_OF_SIGHT.isdisjoint(flags) or env["ENV"].get("OCAMLPARAM"):
        return False
    words = [env.Split(env.subst(f"${name}")) for name in compilers]
    return all(len(each) == 1 and not _is_script(env.WhereIs(each[0])) for each in words)


def _is_script(path: str | None) -> bool:
    if path is None:
        return True
    try:
        with open(path, "rb") as file:
            return file.read(2) == b"#!"
    except OSError:
        return True
