"""Which SConstruct scons reads: that of the folder, or ours where there is none."""

from __future__ import annotations

import os
from collections.abc import Sequence

from rebel_tools.errors import Place, RebelError

OWN_SCRIPTS = ("SConstruct", "Sconstruct", "sconstruct", "SConstruct.py", "Sconstruct.py", "sconstruct.py")
"""The names that scons looks for by itself (SCons manual page, option -f)."""


def shipped_sconstruct() -> str:
    """The absolute path of the SConstruct that comes with this package."""
    return os.path.join(os.path.dirname(os.path.abspath(__file__)), "scons", "SConstruct")


def check_installation() -> None:
    """Errors: RebelError when this package is no folder of files, for SCons reads its SConstruct and tools as such."""
    if not os.path.isfile(shipped_sconstruct()):
        package = os.path.dirname(os.path.abspath(__file__))
        message = "rebel cannot build from inside of an archive"
        raise RebelError(message, place=Place(package), hint="install it into a virtual environment, or unpack it")


def has_own_script() -> bool:
    """Whether the current folder has an SConstruct."""
    return any(map(os.path.isfile, OWN_SCRIPTS))


def scons_arguments(arguments: Sequence[str]) -> list[str]:
    """What scons is given in the current folder: `arguments` as they are, after our SConstruct where it has none."""
    return [*([] if has_own_script() else _our_script()), *arguments]


def rebel_arguments(arguments: Sequence[str]) -> list[str] | None:
    """The inverse: what rebel was given when scons has these arguments; None where it reads another SConstruct."""
    ours = _our_script()
    return list(arguments[len(ours) :]) if list(arguments[: len(ours)]) == ours else None


def _our_script() -> list[str]:
    """The folder is a package then, and no program in Python: no site_scons is read."""
    return ["-f", shipped_sconstruct(), "--no-site-dir"]
