"""The linker that package.json asks for with `rebel.linker`.

The C compiler starts it as `ld.mold`, `ld.lld` and so on (manual of GCC, "Options for Linking", -fuse-ld).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import NamedTuple

from rebel_tools.ocaml.named import on_path
from rebel_tools.project.document import read_document
from rebel_tools.project.model import AUTO, FAST_LINKERS, Project
from rebel_tools.tools import install_hint

LOOKED_FOR = "_OCAMLLINKERS"
"""The construction variable with `Choice.looked_for`."""


class Choice(NamedTuple):
    """Flags for a link by OCaml's compilers, and the paths that decided on them: where linkers were looked for."""

    words: tuple[str, ...] = ()
    looked_for: tuple[str, ...] = ()


def choose(project: Project, environ: Mapping[str, str]) -> Choice:
    """Errors: RebelError at the key when the linker that it names is not installed."""
    looked_for: list[str] = []
    for name in FAST_LINKERS if project.linker == AUTO else filter(None, [project.linker]):
        places = on_path(f"ld.{name}", environ.get("PATH", ""))
        looked_for += places
        if places and os.access(places[-1], os.X_OK) and os.path.isfile(places[-1]):
            return Choice(("-ccopt", f"-fuse-ld={name}"), tuple(looked_for))
    if project.linker not in ("", AUTO):
        document = read_document(os.path.join(project.folder, "package.json"))
        raise document.error(
            ("rebel", "linker"),
            f"the linker {project.linker} is not installed",
            expected=f"a program ld.{project.linker} on PATH",
            hint=install_hint(f"ld.{project.linker}"),
        )
    return Choice((), tuple(looked_for))
