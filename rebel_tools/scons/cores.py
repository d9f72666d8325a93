"""The values of an extension module's CORE: tables that this build makes, or files from an SDK."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any, NamedTuple

import SCons.Node.FS
import SCons.Util

from rebel_tools.errors import RebelError


class Core(NamedTuple):
    """The node of a verified table, and the files to link against: the library, and an import library or None."""

    table: Any
    library: Any
    implib: Any

    def words(self, for_signature: bool) -> list[str]:
        """The words for the linker.

        `-l:name` makes an ELF module need the library's SONAME, or its bare file name, but never a path of this build.
        """
        file = self.implib or self.library
        path = (file if for_signature else file.rfile()).get_internal_path()
        return [path] if self.implib else [f"-L{os.path.dirname(path) or '.'}", f"-l:{file.name}"]


def cores(env: Any, given: Any) -> Iterator[Core]:
    """The cores in the argument CORE. Errors: RebelError for anything that is not a table."""
    found = False
    for value in SCons.Util.flatten([given]):
        if value is not None:
            found = True
            yield _core(env, value)
    if not found:
        raise _wrong("CORE is missing")


def _core(env: Any, value: Any) -> Core:
    node = env.File(value) if SCons.Util.is_String(value) else value
    if not isinstance(node, SCons.Node.FS.File):
        raise _wrong(f"CORE is {value}")
    library = getattr(node.attributes, "rebel_core", None)
    if library is not None:
        return Core(node, library, node.attributes.rebel_import)
    if node.has_builder():
        raise _wrong(f"CORE is {node}, which env.ExportTable did not make")
    return _delivered(node)


def _delivered(node: Any) -> Core:
    """The core of an existing table, which has the library beside it."""
    from rebel_tools.gate.table import read_library_names

    names = read_library_names(node.rfile().get_abspath())
    library, implib = (node.dir.File(name) if name else None for name in names)
    for file in (library, implib):
        if file is not None and not file.rexists():
            hint = f"copy {file.name} beside the table, or verify the library where it is with env.ExportTable"
            raise RebelError(f"{node} is the table of {file.name}, which is not beside it", hint=hint)
    return Core(node, library, implib)


def _wrong(message: str) -> RebelError:
    return RebelError(message, expected="what env.ExportTable returned, or the path of a table of exports")
