"""The linker that `rebel.linker` in package.json selects.

The C compiler starts it as `ld.mold`, `ld.lld` and so on (manual of GCC, "Options for Linking", -fuse-ld).
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from typing import NamedTuple

from rebel_tools.ocaml.named import on_path
from rebel_tools.project.manifest import document_of
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
    if not project.linker:
        return Choice()
    path, looked_for = environ.get("PATH", ""), []
    for name in FAST_LINKERS if project.linker == AUTO else [project.linker]:
        looked_for += on_path(f"ld.{name}", path)
        if shutil.which(f"ld.{name}", path=path):
            return Choice(("-ccopt", f"-fuse-ld={name}"), tuple(looked_for))
    if project.linker != AUTO:
        raise document_of(project.root).error(
            ("rebel", "linker"),
            f"the linker {project.linker} is not installed",
            expected=f"a program ld.{project.linker} on PATH",
            hint=install_hint(f"ld.{project.linker}"),
        )
    return Choice((), tuple(looked_for))
