"""What the plan learns from programs and compiled files: what a source names, and what a compilation consulted."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Protocol

from rebel_tools.memory.atomic import read_regular
from rebel_tools.memory.disk import data_digest
from rebel_tools.memory.hashes import bytes_digest
from rebel_tools.ocaml.annotations import command_of
from rebel_tools.ocaml.imports import Imports, read_imports
from rebel_tools.ocaml.ocamldep import Batch, free_modules
from rebel_tools.ocaml.outline import outline


class Ask(Protocol):
    """Paths are relative to the folder of the build, or absolute."""

    def free_modules(self, work: Sequence[Batch], jobs: int) -> list[dict[str, tuple[str, ...]]]:
        """Free module names by file, for each batch; a file that does not parse is left out."""

    def outline(self, path: str) -> tuple[str, str] | None:
        """Digests of a source and of its outline, if it has one (see `rebel_tools.ocaml.outline`)."""

    def imports(self, path: str) -> Imports:
        """The import tables of a compiled file. Errors: OSError, RebelError."""

    def command(self, path: str, environ: Mapping[str, str] | None) -> str:
        """The command line of the compiler that wrote an annotation file (.cmt, .cmti); '' if it cannot be read."""


class AskPrograms:
    """Runs ocamldep and reads compiled files in the folder `root`."""

    def __init__(self, root: str) -> None:
        self.root = root

    def free_modules(self, work: Sequence[Batch], jobs: int) -> list[dict[str, tuple[str, ...]]]:
        return free_modules(work, jobs, self.root)

    def outline(self, path: str) -> tuple[str, str] | None:
        data = read_regular(os.path.join(self.root, path))
        found = None if data is None else outline(data)
        return None if data is None or found is None else (data_digest(data), bytes_digest(found))

    def imports(self, path: str) -> Imports:
        return read_imports(os.path.join(self.root, path))

    def command(self, path: str, environ: Mapping[str, str] | None) -> str:
        return command_of(path, self.root, environ)
