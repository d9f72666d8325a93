"""One build at a time in an output folder: for a run of SCons, or for each build of an interactive one."""

from __future__ import annotations

import os

from rebel_tools.memory.lock import lock, unlock
from rebel_tools.scons.interactive import is_interactive, option, tell
from rebel_tools.text import printable


def alone_in(folder: str, nested: bool = False) -> None:
    """Lock a folder, like `hold`, while this process builds."""
    if is_interactive():
        tell(_Folder(folder, nested))
    else:
        hold(folder, nested)


def hold(folder: str, nested: bool = False) -> bool:
    """Lock a folder against builds and cleaning by other processes; return whether one had it locked.

    SCons is still reading SConscripts, and can be interrupted while this waits. A run that writes nothing does not
    wait, and neither does one that a step of the other build has started (nested).
    """
    if only_looks() or option("clean") and not os.path.isdir(folder):
        return False
    message = printable(f"rebel: another build is running in {os.path.relpath(folder)}; waiting for its end")
    return lock(folder, lambda: print(message, flush=True), nested)


def only_looks() -> bool:
    """Whether this run writes nothing."""
    return any(map(option, ("no_exec", "question", "help")))


class _Folder:
    """The folder in an interactive session, which locks it only while it builds."""

    def __init__(self, folder: str, nested: bool) -> None:
        self.folder = folder
        self.nested = nested

    def begin_again(self) -> None:
        hold(self.folder, self.nested)

    def end(self) -> None:
        unlock(self.folder)
