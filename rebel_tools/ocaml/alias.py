"""The module-alias file that gives a package its namespace (OCaml manual, section "Type-level module aliases")."""

from __future__ import annotations

from collections.abc import Mapping

# No dependency on the aliased units, no warnings (for example about aliases whose .cmi does not exist yet), and no
# standard library, so that a package may contain a module `Stdlib`.
FLAGS = ("-no-alias-deps", "-w", "-a", "-nopervasives", "-nostdlib")

HEADER = "(* generated: the modules of this package by their short names *)\n"


def alias_text(namespace: str, modules: Mapping[str, str], without: str | None = None) -> str:
    """The text of the alias file.

    modules: short module name -> name of its compilation unit.
    without: a module left out. A module with the same name as something that it uses (`list.ml` using `List.length`) is
        compiled with an alias file without its own entry; otherwise the name would denote the unit itself.
    """
    lines = []
    for name in sorted(modules):
        if name != without:
            lines.append(f"\n(** @canonical {namespace.rstrip('_')}.{name} *)\nmodule {name} = {modules[name]}")
    return HEADER + "".join(f"{line}\n" for line in lines)
