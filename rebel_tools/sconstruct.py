"""Which SConstruct scons reads: that of the folder, or ours where there is none."""

from __future__ import annotations

import os
from collections.abc import Sequence

OWN_SCRIPTS = ("SConstruct", "Sconstruct", "sconstruct", "SConstruct.py", "Sconstruct.py", "sconstruct.py")
"""The names that scons looks for by itself (SCons manual page, option -f)."""


def shipped_sconstruct() -> str:
    """The absolute path of the SConstruct that comes with this package."""
    return os.path.join(os.path.dirname(os.path.abspath(__file__)), "scons", "SConstruct")


def has_own_script() -> bool:
    return any(map(os.path.exists, OWN_SCRIPTS))


def scons_arguments(arguments: Sequence[str]) -> list[str]:
    """What scons is given in the current folder: `arguments` as they are, after our SConstruct where it has none."""
    script = [] if has_own_script() else ["-f", shipped_sconstruct()]
    return [*script, *arguments]
