"""The cache of this machine: where it is."""

from __future__ import annotations

import os
from collections.abc import Mapping

from rebel_tools.cache.folder import FolderStore
from rebel_tools.memory.user_cache import user_cache

SWITCH = "REBEL_CACHE"
"""The environment variable that turns the cache off, if 0, or else holds the absolute path of its folder."""


def is_switched_on(environ: Mapping[str, str]) -> bool:
    """Whether the environment allows builds to use the cache."""
    return environ.get(SWITCH) != "0"


def cache_folder(environ: Mapping[str, str]) -> str:
    """The folder of the cache, which need not exist."""
    chosen = environ.get(SWITCH, "")
    return os.path.normpath(chosen) if os.path.isabs(chosen) else os.path.join(user_cache(environ), "shared")


def folder_store(environ: Mapping[str, str], read_only: bool = False) -> FolderStore:
    """The store in the folder of the cache."""
    return FolderStore(cache_folder(environ), read_only)
