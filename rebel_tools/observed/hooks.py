"""Records what Python code reads from the system, by replacing functions: of `os`, `open`, processes, clocks and the
environment.

Audit hooks would notice more, but they are called for every event of every kind and cannot be removed: they double the
time that SCons takes to check its files. A replaced function costs time only when it is called. If an SConscript
imports a module for other kinds of access (C extensions, memory maps, the network), there is no manifest.
"""

from __future__ import annotations

import os
import sys
from types import FunctionType
from typing import Any

from rebel_tools.observed.file_hooks import file_hooks, folder_hooks, status_hooks
from rebel_tools.observed.recorder import Recorder
from rebel_tools.observed.world_hooks import (
    chance_hooks,
    clock_hooks,
    environment_class,
    import_hooks,
    process_hooks,
)

_KINDS = (status_hooks, folder_hooks, file_hooks, process_hooks, clock_hooks, chance_hooks, import_hooks)

# The interpreter's own modules keep the originals.
_UNTOUCHED = frozenset(
    ("posix", "_io", "_thread", "time", "_datetime", "_frozen_importlib", "_frozen_importlib_external")
)

_replaced: list[tuple[Any, str, Any]] = []


def install(recorder: Recorder) -> None:
    """Install the replacements, until the process ends or `uninstall` is called."""
    for hooks in _KINDS:
        for owner, name, replacement in hooks(recorder):
            _replace(owner, name, replacement)
    for supported in (os.supports_dir_fd, os.supports_fd, os.supports_follow_symlinks):
        supported.add(os.stat)
    os.environ.__class__ = environment_class(recorder)
    os.environb.__class__ = environment_class(recorder)


def _replace(owner: Any, name: str, replacement: Any) -> None:
    """Put a replacement in place of the original, also where another module has imported it under its own name."""
    original = getattr(owner, name)
    if isinstance(replacement, FunctionType) and not hasattr(original, "__get__"):
        # A class may keep the original as an attribute, as SCons' database did with `open` up to 4.5: a function would
        # become a method there.
        replacement = replacement.__call__
    places = [(owner, name)]
    if not isinstance(owner, type):
        for module in list(sys.modules.values()):
            if module is not owner and getattr(module, "__name__", "posix") not in _UNTOUCHED:
                places += [(module, key) for key, value in list(vars(module).items()) if value is original]
    for place, key in places:
        _replaced.append((place, key, original))
        setattr(place, key, replacement)


def uninstall() -> None:
    """Restore all originals."""
    for owner, name, original in reversed(_replaced):
        setattr(owner, name, original)
    _replaced.clear()
    os.environ.__class__ = os._Environ
    os.environb.__class__ = os._Environ
