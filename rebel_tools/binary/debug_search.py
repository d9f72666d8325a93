"""Where a library's debug information may be: beside it, in folders of debug files, in a cache of debuginfod.

The places and their order are those of GDB, and for the cache those of elfutils. Nothing is downloaded.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

SYSTEM = "/usr/lib/debug"


class DebugPath(NamedTuple):
    """The folders to search besides that of the library: of debug files (with `.build-id` in them), and caches."""

    folders: tuple[str, ...] = (SYSTEM,)
    caches: tuple[str, ...] = ()

    def by_build_id(self, build_id: bytes) -> Iterator[str]:
        """The possible paths of a file of this build."""
        name = build_id.hex()
        yield from (os.path.join(folder, ".build-id", name[:2], f"{name[2:]}.debug") for folder in self.folders)
        yield from (os.path.join(cache, name, "debuginfo") for cache in self.caches)

    def by_link(self, library: str | None, name: str) -> Iterator[str]:
        """The possible paths of the file that a .gnu_debuglink names. `library` is None if it is not on disk."""
        homes = homes_of(library)
        for home in homes:
            yield os.path.join(home, name)
            yield os.path.join(home, ".debug", name)
        for folder in self.folders:
            yield from (os.path.join(folder, os.path.abspath(home).lstrip("/"), name) for home in homes)
            yield os.path.join(folder, name)

    def by_path(self, holder: str | None, path: str) -> Iterator[str]:
        """The possible paths of the file that `holder` names by a path relative to its own folder."""
        yield from (os.path.join(home, path) for home in homes_of(holder) or ([""] if os.path.isabs(path) else []))


ONLY_SYSTEM = DebugPath()


def homes_of(path: str | None) -> list[str]:
    """The folder of a file, before and after symbolic links are followed; none for a file that is not on disk."""
    if path is None:
        return []
    return list(dict.fromkeys(os.path.dirname(each) or "." for each in (path, os.path.realpath(path))))


def debug_path(folders: Iterable[str] = (), environ: Mapping[str, str] = os.environ) -> DebugPath:
    """These folders, that of the system, and the cache that debuginfod's clients fill on this machine."""
    return DebugPath((*folders, SYSTEM), tuple(_caches(environ)))


def _caches(environ: Mapping[str, str]) -> Iterator[str]:
    if environ.get("DEBUGINFOD_CACHE_PATH"):
        yield environ["DEBUGINFOD_CACHE_PATH"]
        return
    home = environ.get("HOME")
    if home:
        yield os.path.join(home, ".debuginfod_client_cache")
    base = environ.get("XDG_CACHE_HOME") or (home and os.path.join(home, ".cache"))
    if base:
        yield os.path.join(base, "debuginfod_client")
